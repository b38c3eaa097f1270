"""What has happened by the as-of date, by day: the measure of every forecast."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import BOOKINGS, GROUP_DIMS, LEADS, PIPELINE_CREATED, WINS
from revmodel.journeys.events import WON_STAGE
from revmodel.journeys.reconstruct import Journeys

__all__ = ["RealisedBuilder", "opportunities"]

_KEYS = ["metric", "date", *GROUP_DIMS]


class RealisedBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → realised events, one row a metric × day × group (dims.GROUP_DIMS).

    leads: records that entered the funnel in a lead stage, at entry.
    pipeline_created: records at their first entry into a deal stage (at the win if they skipped all of them), worth
        the amount first on file; one that never had an amount is worth the mean of those that had.
    wins: records whose latest event is a win, at that win.
    bookings: the amount on file of those; a win without an amount adds nothing.
    A company without any amount has counts in place of money. A funnel without deals has neither pipeline nor
    bookings. After ``fit``: has_amounts_.
    """

    def fit(self, journeys: Journeys, y: None = None) -> RealisedBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn whether any amount is known."""
        self.has_amounts_ = bool(journeys.records.first_amount.count().to_pyarrow().as_py())
        return self

    def transform(self, journeys: Journeys) -> pd.DataFrame:
        """Columns metric, date (Timestamp), the dimensions of groups, value."""
        each = journeys.records
        won = each.filter(each.last_stage == WON_STAGE)
        one = ibis.literal(1.0)
        parts = [_rows(won, WINS, won.last_at, one)]
        if journeys.funnel.lead_stages:
            leads = each.filter(each.first_stage.isin(journeys.funnel.lead_stages) & ~each.grown_from_lead)
            parts.append(_rows(leads, LEADS, leads.first_at, one))
        if journeys.funnel.deal_stages:
            made = opportunities(each, journeys)
            worth = made.first_amount.fill_null(made.first_amount.mean().over()) if self.has_amounts_ else one
            parts.append(_rows(made, PIPELINE_CREATED, made.made_at, worth))
            parts.append(_rows(won, BOOKINGS, won.last_at, won.amount if self.has_amounts_ else one))
        rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
        known = rows.filter(rows.value.notnull())  # noqa: PD004 (ibis, not pandas)
        totals = known.group_by(_KEYS).aggregate(value=lambda t: t.value.sum())
        frame: pd.DataFrame = totals.order_by(_KEYS).to_pyarrow().to_pandas()
        return frame.assign(date=pd.to_datetime(frame["date"]))

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array([*_KEYS, "value"], dtype=object)


def opportunities(each: ir.Table, journeys: Journeys) -> ir.Table:
    """Records with the time at which they became pipeline."""
    events = journeys.events
    counts_as_made = events.stage.isin([*journeys.funnel.deal_stages, WON_STAGE]) & events.handed_to.isnull()  # noqa: PD003 (ibis, not pandas)
    made = events.filter(counts_as_made)
    first = made.group_by(["record_type", "record_id"]).aggregate(made_at=made["at"].min())
    return each.inner_join(first, ["record_type", "record_id"])


def _rows(table: ir.Table, metric: str, moment: ir.Column, value: ir.Value) -> ir.Table:
    return table.select(*GROUP_DIMS, metric=ibis.literal(metric), date=moment.date(), value=value.cast("float64"))
