"""Facts summed by period and level, in the engine: what comes out are a few numbers a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import ALL
from revmodel.features.fiscal import Grain, period_of

__all__ = ["COLUMNS", "DAYS_PER_MONTH", "Cells", "cells_of", "folded", "sums_by"]

Floats = npt.NDArray[np.float64]
Sums = tuple[Floats, Floats, Floats]
Window = tuple[pd.Timestamp, pd.Timestamp]
COLUMNS = ("measure", "start", "level", "n", "total", "squares")
DAYS_PER_MONTH = 365.25 / 12
_KEYS = ["measure", "start", "level"]


def sums_by(facts: Sequence[ir.Table], unit: Literal["day", "week", "month"]) -> pd.DataFrame:
    """Facts (measure, date, value, level) by day, week or month: COLUMNS, start being the first day.

    Quarters and years are folded from months, see folded.
    """
    names: dict[str, Literal["D", "W", "M"]] = {"day": "D", "week": "W", "month": "M"}
    rows = ibis.union(*facts) if len(facts) > 1 else facts[0]
    rows = rows.mutate(start=rows.date.truncate(names[unit]).cast("date"))
    sums = rows.group_by(_KEYS).aggregate(
        n=rows.count().cast("float64"), total=rows.value.sum(), squares=(rows.value * rows.value).sum()
    )
    frame: pd.DataFrame = sums.order_by(_KEYS).to_pyarrow().to_pandas()
    return frame.assign(start=pd.to_datetime(frame["start"]), level=frame["level"].astype(str)).fillna({"total": 0.0})


def folded(sums: pd.DataFrame, grain: Grain, fiscal_year_start_month: int) -> pd.DataFrame:
    """Sums by month as sums by quarter or year; those of weeks and months as they are."""
    if grain in ("week", "month") or sums.empty:
        return sums
    start = period_of(sums["start"], grain, fiscal_year_start_month)
    return sums.assign(start=start).groupby(_KEYS, as_index=False)[["n", "total", "squares"]].sum()


@dataclass(frozen=True)
class Cells:
    """Measures by period and level, each as a (level, period) array; a measure without an event is zero.

    n, total, squares: Σ1, Σx, Σx² of a measure. periods: see metrics.periods; levels: sorted names.
    "opening|name" holds, in its first period, what happened before that period began: for what is cumulated.
    clocks: (clock, share) → answers of quantiles.
    """

    grain: Grain
    periods: pd.DataFrame
    levels: tuple[str, ...]
    sums: dict[str, Sums]
    clocks: dict[tuple[str, float], Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """(levels, periods)."""
        return len(self.levels), len(self.periods)

    @property
    def months(self) -> Floats:
        """Length of each period in months, (1, period); of one that is not over, its days so far."""
        ends = self.periods["last"] if "last" in self.periods else self.periods["end"]
        days = (ends - self.periods["start"]).dt.days.to_numpy() + 1
        return np.asarray(days / DAYS_PER_MONTH, dtype=np.float64)[None, :]

    def n(self, *measures: str) -> Floats:
        """How many events, of the measures together."""
        return self._sum(measures, 0)

    def total(self, *measures: str) -> Floats:
        """Sum of the values, of the measures together."""
        return self._sum(measures, 1)

    def squares(self, measure: str) -> Floats:
        """Sum of the squared values."""
        return self._sum((measure,), 2)

    def _sum(self, measures: Sequence[str], which: int) -> Floats:
        nothing = np.zeros(self.shape)
        total: Floats = np.sum([self.sums[name][which] if name in self.sums else nothing for name in measures], axis=0)
        return total


def cells_of(sums: pd.DataFrame, grain: Grain, periods: pd.DataFrame, levels: Sequence[str] = ()) -> Cells:
    """Sums (COLUMNS) laid out as arrays; ``levels`` are there whether anything happened at them or not."""
    names = tuple(sorted(set(levels) | set(sums["level"]))) or (ALL,)
    place, measures = pd.Index(periods["start"]), pd.Index(sums["measure"].unique())
    column = place.get_indexer(pd.Index(sums["start"]))
    earlier = sums["start"].to_numpy() < periods["start"].iloc[0]
    row, which = pd.Index(names).get_indexer(pd.Index(sums["level"])), measures.get_indexer(pd.Index(sums["measure"]))
    laid = _laid(sums, column >= 0, (which, row, column), (len(measures), len(names), len(periods)))
    opening = _laid(sums, earlier, (which, row, np.zeros_like(column)), (len(measures), len(names), len(periods)))
    found = {str(name): (laid[0][i], laid[1][i], laid[2][i]) for i, name in enumerate(measures)}
    found |= {f"opening|{name}": (opening[0][i], opening[1][i], opening[2][i]) for i, name in enumerate(measures)}
    return Cells(grain, periods, names, found)


def _laid(
    sums: pd.DataFrame, kept: npt.NDArray[np.bool_], at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int, int]
) -> Sums:
    """n, total and squares of the rows that are kept, as (measure, level, period) arrays."""
    places = tuple(axis[kept] for axis in at)
    arrays = [np.zeros(shape) for _ in range(3)]
    for name, array in zip(("n", "total", "squares"), arrays, strict=True):
        np.add.at(array, places, sums[name].to_numpy(dtype=np.float64)[kept])
    return arrays[0], arrays[1], arrays[2]
