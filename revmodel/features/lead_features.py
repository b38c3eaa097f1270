"""What was known of each lead at the moment of a decision, and what became of it: the material of a lead score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ADVANCE, UNKNOWN
from revmodel.errors import JourneyError
from revmodel.features.lead_history import account_counts, behaviour, behaviour_columns, stage_place
from revmodel.features.passages import passages
from revmodel.journeys.events import LEAD
from revmodel.journeys.reconstruct import Journeys

__all__ = ["SIZE_BANDS", "LeadFeatureBuilder", "LeadFeatures"]

SIZE_BANDS = ((10, "1-10"), (50, "11-50"), (200, "51-200"), (1000, "201-1000"))  # employees up to → band
LARGEST = "1001+"
_FACTS = ["channel", "campaign", "segment", "region", "industry", "size_band"]
_COUNTS = ["stage_place", "days_since_created", "other_leads", "earlier_deals"]
_ABOUT = ["lead_id", "created_at", "decided_at", "label"]


@dataclass(frozen=True)
class LeadFeatures:
    """frame: (lead × feature), index lead_id. label: 1 reached the goal in the horizon, 0 did not, NaN not known yet.

    decided_at: Timestamp of each decision; nothing recorded after it is in the frame.
    """

    frame: pd.DataFrame
    label: pd.Series[float]
    decided_at: pd.Series[pd.Timestamp]


class LeadFeatureBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → LeadFeatures of the leads that are open when a decision about them is made.

    goal: the stage (or "won") to be reached. decide_after_days: the decision is so many days after a lead was created;
    None: at the end of the as-of date, for scoring. horizon_weeks: for the label, from the decision on.

    Features: channel, campaign, segment, region of the lead; industry and size_band of its account ("unknown" where
    they are not on record); stage_place (furthest open stage on record, 0 = the first), days_since_created; touches by
    kind of the last 7, 28 and 90 days, last_touch_days (NaN without), contents_90d and active_days_90d (distinct);
    other_leads and earlier_deals of its account.

    What a feature is made of was recorded by the decision: touches, stage changes, other leads and deals recorded or
    dated later do not count, nor touches of an anonymous visitor who was linked to the lead only later; a lead whose
    own row was recorded or last corrected later is left out, for what it said before is not known. The label of every
    lead whose horizon is not over by the as-of date is unknown, also where it reached the goal already: keeping those
    alone would make recent leads look better than they are. Whether a lead is open is judged by when things happened.
    After ``fit``: columns_.
    """

    def __init__(self, goal: str, decide_after_days: int | None = 7, horizon_weeks: int = 13) -> None:
        self.goal = goal
        self.decide_after_days = decide_after_days
        self.horizon_weeks = horizon_weeks

    def fit(self, journeys: Journeys, y: None = None) -> LeadFeatureBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Check what is asked for. Raises JourneyError: no leads, or a goal that the funnel does not name."""
        if "leads" not in journeys.tables or not journeys.funnel.lead_stages:
            raise JourneyError("lead features need a leads table and funnel stages before first_deal_stage")
        self.columns_ = (*_FACTS, *_COUNTS, *behaviour_columns())
        return self

    def transform(self, journeys: Journeys) -> LeadFeatures:
        """The open leads with features and labels, by lead. Raises JourneyError: the funnel has no such goal."""
        rows = self.expression(journeys).order_by("lead_id").to_pyarrow().to_pandas().set_index("lead_id")
        return LeadFeatures(rows[list(self.columns_)], rows["label"].astype(np.float64), rows["decided_at"])

    def expression(self, journeys: Journeys) -> ir.Table:
        """The same as a table of the engine: lead_id, created_at, decided_at, label and the features."""
        decided = self._decisions(journeys).cache()
        joined = decided
        for part in (
            _account_facts(journeys, decided),
            stage_place(journeys, decided),
            account_counts(journeys, decided),
            behaviour(journeys, decided),
        ):
            joined = joined.left_join(part, "lead_id").drop("lead_id_right")
        since = joined.decided_at.date().delta(joined.created_at.date(), unit="day").cast("int64")
        counts = {
            name: joined[name].fill_null(0).cast("int64")
            for name in (*_COUNTS, *behaviour_columns()[1:])
            if name != "days_since_created"
        }
        facts = {name: joined[name].fill_null(UNKNOWN) for name in _FACTS}
        return joined.mutate(**facts, **counts, days_since_created=since).select(*_ABOUT, *self.columns_)

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array([*_FACTS, *_COUNTS, *behaviour_columns()], dtype=object)

    def _decisions(self, journeys: Journeys) -> ir.Table:
        """Open leads on record at their decision: lead_id, account_id, created_at, decided_at, label, own facts."""
        leads = journeys.tables["leads"]
        end = ibis.literal(dt.datetime.combine(journeys.as_of + dt.timedelta(days=1), dt.time()), type="timestamp(6)")
        moment = (
            end if self.decide_after_days is None else leads.created_at + ibis.interval(days=self.decide_after_days)
        )
        leads = leads.mutate(decided_at=moment.cast("timestamp(6)"))
        on_record = ibis.coalesce(leads.recorded_at, leads.created_at) <= leads.decided_at
        leads = leads.filter((leads.decided_at <= end) & on_record)
        ways = passages(journeys, goal=self.goal)
        ways = ways.filter(ways.record_type == LEAD).select(of_lead="record_id", left_at="left_at", outcome="outcome")
        joined = leads.inner_join(ways, leads.lead_id == ways.of_lead)
        joined = joined.filter((joined.left_at > joined.decided_at).fill_null(True))
        horizon = joined.decided_at + ibis.interval(weeks=self.horizon_weeks)
        reached = ((joined.outcome == ADVANCE) & (joined.left_at <= horizon)).fill_null(False)
        label = ibis.ifelse(horizon <= end, reached.ifelse(1.0, 0.0), ibis.null().cast("float64"))
        return joined.mutate(label=label).select(*_ABOUT, "account_id", "channel", "campaign", "segment", "region")


def _account_facts(journeys: Journeys, decided: ir.Table) -> ir.Table:
    """lead_id, industry, size_band: of accounts that were on record at the decision."""
    if "accounts" not in journeys.tables:
        nothing = ibis.null().cast("string")
        return decided.select("lead_id", industry=nothing, size_band=nothing)
    accounts = journeys.tables["accounts"].select("industry", "employees", of_account="account_id", opened="created_at")
    joined = decided.inner_join(accounts, decided.account_id == accounts.of_account)
    joined = joined.filter((joined.opened <= joined.decided_at).fill_null(True))
    bands = [(joined.employees <= most, band) for most, band in SIZE_BANDS]
    known = ibis.cases(*bands, else_=LARGEST)
    size = ibis.ifelse(joined.employees.isnull(), ibis.null().cast("string"), known)  # noqa: PD003 (ibis, not pandas)
    return joined.select("lead_id", "industry", size_band=size)
