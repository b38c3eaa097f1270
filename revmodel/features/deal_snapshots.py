"""Open deals as they stood every four weeks, and what came of each: what a deal's own state says of its chances."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, GROUP_DIMS
from revmodel.features.deal_history import HISTORY, on_file
from revmodel.features.touch_links import touches_of_deals
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.events import DEAL, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.dialect import whole_numbers

__all__ = ["SNAPSHOT_DAYS", "DealSnapshotBuilder"]

SNAPSHOT_DAYS = 28  # a snapshot's outcome is what happens until the next one
SNAPSHOTS = 39  # three years: older practice says little about today's
_STAY = ["deal_id", "ago", "stage", "attempt", *GROUP_DIMS, "type_on_file", "owner_on_file"]
_OUTCOME = ["age_weeks", "age_days", "exposure_weeks", "outcome", "won_amount", "won_in_days"]
_TOUCHES = ["last_touch_days", "touches_4w"]
_COUNTS = ["pushes", "pulls", "days_pushed", "amount_changes", "category_changes", "touches_4w"]
_COLUMNS = [*_STAY, *_OUTCOME, *HISTORY, "days_to_close_date", *_TOUCHES]


class DealSnapshotBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → one row a deal and snapshot on which it was open; ago = days of the snapshot before the as-of date.

    The rows of ago 0 are the deals open now, built by the same lines as the past they are compared with.
    Stay: stage, attempt, the dimensions of Groups, type_on_file and owner_on_file, age_weeks in the stage (completed),
        age_days since the deal began.
    Outcome until the next snapshot, as known at the as-of date: outcome ("advance", "lost", "recycled"; "open" where
        it stayed), exposure_weeks that it was there; 0 for ago 0. won_amount, won_in_days: NaN unless it was won by
        the as-of date, with the amount on file in the end.
    State as recorded by the snapshot: see deal_history.on_file, days_to_close_date (negative where it had passed),
        last_touch_days (NaN without any), touches_4w.
    Weeks that tell nothing (before exits were recorded, or beyond the longest plausible stay) are left out.
    """

    def __init__(self, snapshots: int = SNAPSHOTS) -> None:
        self.snapshots = snapshots

    def fit(self, journeys: Journeys, y: None = None) -> DealSnapshotBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Nothing to learn beyond the columns."""
        self.columns_ = tuple(_COLUMNS)
        return self

    def transform(self, journeys: Journeys) -> pd.DataFrame:
        """The snapshots, oldest first, by deal."""
        rows = self._rows(journeys).cache()
        state = on_file(journeys, rows)
        joined = rows.left_join(state, ["deal_id", "ago"]).drop("deal_id_right", "ago_right")
        joined = joined.left_join(_touches_at(journeys, rows), ["deal_id", "ago"]).drop("deal_id_right", "ago_right")
        to_close = joined.ago - days_before(journeys.as_of, joined.close_date.cast("timestamp(6)"))
        filled = joined.mutate(
            days_to_close_date=to_close.cast("float64"),
            **{name: joined[name].fill_null(0).cast("int64") for name in _COUNTS},
        )
        in_order = filled.order_by(ibis.desc("ago"), "deal_id")
        frame: pd.DataFrame = in_order.select(*_COLUMNS).to_pyarrow().to_pandas()
        return frame.assign(close_date=pd.to_datetime(frame["close_date"]))

    def _rows(self, journeys: Journeys) -> ir.Table:
        """Stays of deals on the days of the snapshots, and how they ended."""
        stays = journeys.spells.filter(journeys.spells.record_type == DEAL)
        unsaid = {name: ibis.literal(ALL) for name in GROUP_DIMS if name not in stays.columns}
        as_of = journeys.as_of
        stays = stays.mutate(
            entered_ago=days_before(as_of, stays.entered_at).cast("int64"),
            left_ago=days_before(as_of, stays.left_at).cast("int64"),
            **unsaid,
        )
        records = journeys.records.filter(journeys.records.record_type == DEAL)
        is_won = records.last_stage == WON_STAGE
        facts = records.select(
            "type_on_file",
            "owner_on_file",
            of_record="record_id",
            began_ago=days_before(as_of, records.first_at).cast("int64"),
            final_amount=is_won.ifelse(records.amount, ibis.null().cast("float64")),
            won_ago=is_won.ifelse(days_before(as_of, records.last_at).cast("int64"), ibis.null().cast("int64")),
        )
        stays = stays.inner_join(facts, stays.record_id == facts.of_record)
        days = whole_numbers(self.snapshots + 1).select(ago=lambda t: t.number * SNAPSHOT_DAYS)
        there = (stays.left_ago < days.ago) | stays.left_ago.isnull()  # noqa: PD003 (ibis, not pandas)
        rows = stays.inner_join(days, [stays.entered_ago >= days.ago, there])
        age = (rows.entered_ago - rows.ago) // DAYS_PER_WEEK
        tells = (age >= rows.entry_delay_weeks) & (age < rows.zombie_after_weeks).fill_null(True)
        return _with_outcome(rows.mutate(age=age).filter(tells))

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array(_COLUMNS, dtype=object)


def _with_outcome(rows: ir.Table) -> ir.Table:
    """What happened until the next snapshot, or nothing yet."""
    days = rows.ago - rows.left_ago
    leaves = (days <= SNAPSHOT_DAYS).fill_null(False)
    window = ibis.ifelse(rows.ago > 0, SNAPSHOT_DAYS, 0)
    return rows.select(
        *(name for name in _STAY if name not in ("deal_id", "attempt")),
        deal_id=rows.record_id,
        attempt=rows.attempt.cast("int64"),
        age_weeks=rows.age.cast("int64"),
        age_days=(rows.began_ago - rows.ago).cast("int64"),
        # An exit happens inside its day: half of it counts. In half days, since Spark reads 0.5 as a decimal.
        exposure_weeks=ibis.ifelse(leaves, 2 * days - 1, 2 * window) / (2 * DAYS_PER_WEEK),
        outcome=ibis.ifelse(leaves, rows.outcome, "open"),
        won_amount=rows.final_amount,
        won_in_days=(rows.ago - rows.won_ago).cast("float64"),
    )


def _touches_at(journeys: Journeys, rows: ir.Table) -> ir.Table:
    """deal_id, ago and the columns of _TOUCHES; no row where there was no touch by then."""
    if "touches" not in journeys.tables or "deals" not in journeys.tables:
        return rows.select("deal_id", "ago", **{name: ibis.null().cast("int64") for name in _TOUCHES})
    deals = journeys.tables["deals"].select("deal_id", "account_id", "lead_id")
    if "leads" in journeys.tables:
        leads = journeys.tables["leads"].select(of_lead="lead_id", lead_account="account_id")
        joined = deals.left_join(leads, deals.lead_id == leads.of_lead)
        deals = joined.select("deal_id", "lead_id", account_id=ibis.coalesce(joined.account_id, joined.lead_account))
    touches = touches_of_deals(journeys.tables, deals)
    touches = touches.select("deal_id", touched_ago=days_before(journeys.as_of, touches.occurred_at).cast("int64"))
    days = rows.select(of_deal="deal_id", ago="ago")
    seen = touches.inner_join(days, [touches.deal_id == days.of_deal, touches.touched_ago >= days.ago])
    recent = (seen.touched_ago - seen.ago < SNAPSHOT_DAYS).ifelse(1, 0)
    return seen.group_by(["deal_id", "ago"]).aggregate(
        last_touch_days=(seen.touched_ago - seen.ago).min(), touches_4w=recent.sum()
    )
