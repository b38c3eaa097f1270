"""What is open at the as-of date: the pipeline and the leads on the way to it."""

from __future__ import annotations

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, GROUP_DIMS
from revmodel.features.tables import OpenRecords
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN

__all__ = ["OpenRecordBuilder"]

# fmt: off
_COLUMNS = [
    "record_id", "record_type", "stage", *GROUP_DIMS, "entered_at", "created_at", "age_weeks", "attempt",
    "amount", "close_date", "zombie",
]
# fmt: on


class OpenRecordBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → OpenRecords: one row a record that is open at the as-of date.

    age_weeks counts weeks back from the as-of date: 0 for a record that entered its stage on the last seven days, the
    as-of date included, 1 for the seven before.
    """

    def fit(self, journeys: Journeys, y: None = None) -> OpenRecordBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Nothing to learn beyond the columns."""
        self.columns_ = tuple(_COLUMNS)
        return self

    def transform(self, journeys: Journeys) -> OpenRecords:
        """The open records, in order of stage, entry and id."""
        spells = journeys.spells.filter(journeys.spells.outcome == OPEN)
        of_record = journeys.records.select("record_type", "record_id", "created_at", "amount", "close_date")
        joined = spells.inner_join(of_record, ["record_type", "record_id"])
        age_weeks = days_before(journeys.as_of, joined.entered_at) // DAYS_PER_WEEK
        unsaid = {name: ibis.literal(ALL) for name in GROUP_DIMS if name not in joined.columns}
        wanted = joined.mutate(**unsaid).mutate(age_weeks=age_weeks.cast("int64"), attempt=joined.attempt.cast("int64"))
        place = wanted.stage.cases(*((stage, i) for i, stage in enumerate(journeys.funnel.stages)), else_=-1)
        in_order = wanted.order_by(place, "entered_at", "record_type", "record_id")
        frame = in_order.select(*_COLUMNS).to_pyarrow().to_pandas()
        frame["close_date"] = pd.to_datetime(frame["close_date"])
        return OpenRecords(frame)

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array(_COLUMNS, dtype=object)
