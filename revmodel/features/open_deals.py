"""The open pipeline, deal by deal: age, how its date and amount have moved, who has been in touch."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.features.deal_history import on_file
from revmodel.features.touch_links import KINDS, UNKNOWN_KIND, touches_of_deals
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.events import DEAL
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN

__all__ = ["RECENT_DAYS", "OpenDealFeatureBuilder"]

RECENT_DAYS = 28
_FACTS = ["deal_id", "stage", "channel", "segment", "owner", "amount", "close_date"]
_AGES = ["age_days", "days_in_stage", "weeks_in_stage", "attempt", "zombie"]
_HISTORY = {
    "pushes": "int64", "pulls": "int64", "days_pushed": "int64", "amount_changes": "int64",
    "amount_ratio": "float64", "forecast_category": "string", "category_changes": "int64",
}  # fmt: skip
_RECENT = [f"{kind}_4w" for kind in (*KINDS, UNKNOWN_KIND)]
_TOUCHES = ["last_touch_days", "touches", "people", "touches_4w", "people_4w", *_RECENT]
_COUNTED = [*_FACTS, *_AGES, "days_to_close_date", *_HISTORY, *_TOUCHES]
_COLUMNS = ["amount_log_ratio" if name == "amount_ratio" else name for name in _COUNTED]


class OpenDealFeatureBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → one row a deal that is open at the as-of date, all of it as on record by then.

    Facts: deal_id, stage, channel, segment, owner, amount and close_date on file.
    Age: age_days since its first entry, days_in_stage, weeks_in_stage (completed weeks), attempt (1 = first time in
        this stage), zombie, days_to_close_date (negative where it has passed).
    History of the deal, all 0 without deal_history: pushes and pulls (times that the close date moved later, earlier),
        days_pushed (sum of all moves later), amount_changes, amount_log_ratio (log of amount now over the first
        positive amount; NaN without), forecast_category now, category_changes.
    Touches of its account or its lead: last_touch_days (NaN where there was none), touches, people (leads who
        touched), both also of the latest 28 days (_4w), and <kind>_4w for each kind of touch.
    After ``fit``: columns_.
    """

    def fit(self, journeys: Journeys, y: None = None) -> OpenDealFeatureBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Nothing to learn beyond the columns."""
        self.columns_ = tuple(_COLUMNS)
        return self

    def transform(self, journeys: Journeys) -> pd.DataFrame:
        """The open deals, by id."""
        deals = _open_deals(journeys).cache()
        history = _history_of(journeys, deals)
        touched = _touches_of(journeys, deals)
        joined = deals.left_join(history, "deal_id").drop("deal_id_right")
        joined = joined.left_join(touched, "deal_id").drop("deal_id_right")
        counts = [*(name for name, kind in _HISTORY.items() if kind == "int64"), *_TOUCHES[1:]]
        filled = joined.mutate(**{name: joined[name].fill_null(0).cast("int64") for name in counts})
        frame: pd.DataFrame = filled.select(*_COUNTED).order_by("deal_id").to_pyarrow().to_pandas()
        log_ratio = np.log(frame["amount_ratio"].astype("float64"))  # here: engines differ in a logarithm's last bit
        mended = frame.assign(close_date=pd.to_datetime(frame["close_date"]), amount_ratio=log_ratio)
        return mended.set_axis(_COLUMNS, axis="columns")

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array(_COLUMNS, dtype=object)


def _open_deals(journeys: Journeys) -> ir.Table:
    """Facts and ages, with account_id and lead_id."""
    spells = journeys.spells.filter((journeys.spells.outcome == OPEN) & (journeys.spells.record_type == DEAL))
    of_record = journeys.records.select("record_type", "record_id", "first_at", "owner_on_file", "amount", "close_date")
    joined = spells.inner_join(of_record, ["record_type", "record_id"])
    in_stage = days_before(journeys.as_of, joined.entered_at).cast("int64")
    deals = joined.mutate(
        deal_id=joined.record_id,
        age_days=days_before(journeys.as_of, joined.first_at).cast("int64"),
        days_in_stage=in_stage,
        weeks_in_stage=(in_stage + 1) // DAYS_PER_WEEK,
        days_to_close_date=-days_before(journeys.as_of, joined.close_date.cast("timestamp(6)")).cast("int64"),
        attempt=joined.attempt.cast("int64"),
    )
    deals = deals.mutate(owner=deals.owner_on_file).select(*_FACTS, *_AGES, "days_to_close_date")
    if "deals" not in journeys.tables:
        nothing = ibis.null().cast("string")
        return deals.mutate(account_id=nothing, lead_id=nothing)
    tables = journeys.tables
    links = tables["deals"].select(of_deal="deal_id", account_id="account_id", lead_id="lead_id")
    if "leads" in tables:
        leads = tables["leads"].select(of_lead="lead_id", lead_account="account_id")
        links = links.left_join(leads, links.lead_id == leads.of_lead)
        links = links.mutate(account_id=ibis.coalesce(links.account_id, links.lead_account))
    joined = deals.left_join(links.select("of_deal", "account_id", "lead_id"), deals.deal_id == links.of_deal)
    return joined.drop("of_deal")


def _history_of(journeys: Journeys, deals: ir.Table) -> ir.Table:
    """deal_id and the columns of _HISTORY, as on file at the as-of date."""
    state = on_file(journeys, deals.select("deal_id", ago=ibis.literal(0).cast("int64")))
    return state.select("deal_id", *_HISTORY)


def _touches_of(journeys: Journeys, deals: ir.Table) -> ir.Table:
    """deal_id and the columns of _TOUCHES; deals without a touch have no row."""
    if "touches" not in journeys.tables:
        return deals.select("deal_id", **{name: ibis.null().cast("int64") for name in _TOUCHES})
    touches = touches_of_deals(journeys.tables, deals)
    ago = days_before(journeys.as_of, touches.occurred_at).cast("int64")
    touches = touches.mutate(days_ago=ago, recent=ago < RECENT_DAYS)
    nobody = ibis.null().cast("string")
    recent = touches.recent.ifelse(1, 0)
    of_kind = {
        f"{kind}_4w": (touches.recent & (touches.kind == kind)).ifelse(1, 0).sum() for kind in (*KINDS, UNKNOWN_KIND)
    }
    return touches.group_by("deal_id").aggregate(
        last_touch_days=touches.days_ago.min(),
        touches=touches.count(),
        people=touches.lead_id.nunique(),
        touches_4w=recent.sum(),
        people_4w=ibis.ifelse(touches.recent, touches.lead_id, nobody).nunique(),
        **of_kind,
    )
