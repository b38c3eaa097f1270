"""Deals won by the as-of date: what they brought, what was first expected of them, how long they took."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import GROUP_DIMS
from revmodel.features.tables import WonDeals
from revmodel.journeys.events import WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.records import NEW

__all__ = ["WonDealBuilder"]

_COLUMNS = ["deal_id", *GROUP_DIMS, "deal_type", "won_at", "amount", "first_amount", "cycle_days"]


class WonDealBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → WonDeals: one row a record whose latest event is a win.

    A deal that was won and later reopened is not won. amount is the latest on file by the as-of date, so corrections
    made after the win count; NaN where none is. cycle_days runs from the record's first entry to its win. A record
    that is won without being a deal (a funnel of leads only) has its own id and no amount. deal_type is "new" where
    the deal does not say.
    """

    def fit(self, journeys: Journeys, y: None = None) -> WonDealBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Nothing to learn beyond the columns."""
        self.columns_ = tuple(_COLUMNS)
        return self

    def transform(self, journeys: Journeys) -> WonDeals:
        """The won deals, in order of their win."""
        won = journeys.records.filter(journeys.records.last_stage == WON_STAGE)
        days = won.last_at.date().delta(won.first_at.date(), unit="day")
        wanted = won.mutate(
            deal_id=won.record_id, won_at=won.last_at, cycle_days=days, deal_type=won.type_on_file.fill_null(NEW)
        )
        return WonDeals(wanted.select(*_COLUMNS).order_by("won_at", "deal_id").to_pyarrow().to_pandas())

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array(_COLUMNS, dtype=object)
