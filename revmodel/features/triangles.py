"""Cohort development triangles: of those who came in one week or month, how many had moved on by each age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ADVANCE, LOST
from revmodel.errors import JourneyError
from revmodel.features.at_risk import followed_counts, named, risk_table
from revmodel.features.passages import WON, passages
from revmodel.features.survival import survival_table
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys

__all__ = ["AHEAD", "COMPLETE", "PARTIAL", "UNRECORDED", "CohortTriangle", "CohortTriangleBuilder"]

COMPLETE, PARTIAL, AHEAD, UNRECORDED = "complete", "partial", "ahead", "unrecorded"
_CAUSES = (ADVANCE, LOST)


@dataclass(frozen=True)
class CohortTriangle:
    """Development of cohorts from one stage to another.

    frame: one row a group, cohort and age, columns
        channel, segment (those asked for)
        cohort : Timestamp of the cohort's first day
        age : int, whole steps (weeks of 7 days, or blocks of 28) since each member's own entry
        size : members; at_risk : members followed at this age who were still there; advance, lost : exits at this age
        exited : left at an earlier age; censored : not followed so far (it lies ahead of the as-of date, or beyond the
            zombie limit); delayed : this age was before exits were recorded. size is the sum of these four.
        share : of the cohort, the part that had advanced by the end of this age (Aalen–Johansen), NaN where nobody is
            followed
        status : "complete" all members followed or gone, "partial" some, "ahead" or "unrecorded" none
    """

    frame: pd.DataFrame

    def wide(self, what: str = ADVANCE) -> pd.DataFrame:
        """(cohort × age) of one column over all groups, NaN in cells that are not complete. Counts only add up."""
        seen = self.frame.assign(value=self.frame[what].where(self.frame["status"] == COMPLETE))
        totals = seen.groupby(["cohort", "age"])["value"].agg(lambda cells: cells.sum(skipna=False))
        return totals.unstack("age")  # noqa: PD010


class CohortTriangleBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → CohortTriangle from ``start`` (None: entry into the funnel) to ``goal`` ("won" or a stage).

    cohort: "week" (seven days, the last ends on the as-of date) or "month" (calendar months). step_days: days of one
    age step. by: "channel", "segment" or both. See features/passages.py for what counts as reaching a goal.
    """

    def __init__(
        self,
        start: str | None = None,
        goal: str = WON,
        cohort: Literal["week", "month"] = "month",
        step_days: int = DAYS_PER_WEEK,
        by: Sequence[str] = (),
    ) -> None:
        self.start = start
        self.goal = goal
        self.cohort = cohort
        self.step_days = step_days
        self.by = by

    def fit(self, journeys: Journeys, y: None = None) -> CohortTriangleBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Check what is asked for. Raises JourneyError: cohorts of another kind, or an unknown group."""
        if self.cohort not in ("week", "month") or self.step_days < 1:
            raise JourneyError(
                f"cohort is {self.cohort!r} in steps of {self.step_days}: wanted week or month, 1 or more"
            )
        if set(self.by) - {"channel", "segment"} or isinstance(self.by, str):
            raise JourneyError(f"triangles cannot be told by {self.by!r}: take a list of channel, segment")
        self.columns_ = (*self.by, *_COLUMNS)
        return self

    def transform(self, journeys: Journeys) -> CohortTriangle:
        """Count members by cohort, age and what became of them. Raises JourneyError: the funnel has no such stage."""
        stays = passages(journeys, self.start, self.goal)
        keys = [*self.by, "cohort"]
        counts = followed_counts(
            stays.mutate(cohort=self._cohort(stays, journeys)), keys, journeys.as_of, self.step_days
        )
        counts["cohort"] = self._first_day(counts["cohort"], journeys)
        risk = survival_table(risk_table(counts, keys, _CAUSES), keys, _CAUSES)
        cells = _members(counts, keys).merge(risk, on=[*keys, "age"], how="left")
        known = cells.fillna({"at_risk": 0, ADVANCE: 0, LOST: 0})
        frame = known.assign(
            **{name: known[name].astype(np.int64) for name in ("at_risk", ADVANCE, LOST)},
            share=known.groupby(keys)[f"incidence_{ADVANCE}"].ffill(),
        )
        frame["status"] = _status(frame)
        frame["share"] = frame["share"].where(frame["status"].isin([COMPLETE, PARTIAL]))
        return CohortTriangle(frame[list(self.columns_)].sort_values([*keys, "age"], ignore_index=True))

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array(self.columns_, dtype=object)

    def _cohort(self, stays: ir.Table, journeys: Journeys) -> ir.IntegerColumn:
        """Weeks before the as-of date, or months since the year 0."""
        if self.cohort == "week":
            return days_before(journeys.as_of, stays.entered_at) // DAYS_PER_WEEK
        return (stays.entered_at.year() * 12 + stays.entered_at.month() - 1).cast("int64")

    def _first_day(self, cohort: pd.Series[int], journeys: Journeys) -> pd.Series[pd.Timestamp]:
        if self.cohort == "week":
            last_day = pd.Timestamp(journeys.as_of).as_unit("s")
            return last_day - pd.to_timedelta((cohort + 1) * DAYS_PER_WEEK - 1, unit="D")
        months = pd.DataFrame({"year": cohort // 12, "month": cohort % 12 + 1, "day": 1})
        return pd.to_datetime(months).astype("datetime64[s]")


_COLUMNS = ("cohort", "age", "size", "at_risk", ADVANCE, LOST, "exited", "censored", "delayed", "share", "status")


def _members(counts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """keys, age, size, exited, censored, delayed for every age up to the oldest of any cohort."""
    ages = np.arange(max(1, int(counts["end_step"].max()))) if len(counts) else np.arange(0)
    parts = []
    for values, rows in counts.groupby(keys, sort=True):
        n, first, end = (rows[name].to_numpy(dtype=np.int64)[:, None] for name in ("n", "first_step", "end_step"))
        left = rows["cause"].notna().to_numpy()[:, None]
        delayed = (n * (first > ages)).sum(axis=0)
        gone = (end <= ages) & (first <= ages)
        part = pd.DataFrame({"age": ages, "size": int(n.sum()), "delayed": delayed})
        part = part.assign(exited=(n * (gone & left)).sum(axis=0), censored=(n * (gone & ~left)).sum(axis=0))
        parts.append(part.assign(**named(keys, values)))
    if not parts:
        return pd.DataFrame(columns=[*keys, "age", "size", "delayed", "exited", "censored"])
    return pd.concat(parts, ignore_index=True)


def _status(cells: pd.DataFrame) -> npt.NDArray[np.object_]:
    unseen = cells["censored"] + cells["delayed"]
    conditions = [unseen == 0, cells["at_risk"] > 0, cells["delayed"] >= cells["censored"]]
    return np.select([condition.to_numpy() for condition in conditions], [COMPLETE, PARTIAL, UNRECORDED], AHEAD)
