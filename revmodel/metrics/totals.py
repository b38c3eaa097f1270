"""Facts summed by period and level, in the engine: what comes out are a few numbers a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import ALL
from revmodel.metrics.periods import Grain, period_of

__all__ = ["COLUMNS", "DAYS_PER_MONTH", "Cells", "cells_of", "folded", "sums_by", "sums_in_windows"]

Floats = npt.NDArray[np.float64]
Sums = tuple[Floats, Floats, Floats]
Window = tuple[pd.Timestamp, pd.Timestamp]
COLUMNS = ("measure", "start", "level", "n", "total", "squares")
DAYS_PER_MONTH = 365.25 / 12
_KEYS = ["measure", "start", "level"]


def sums_by(facts: Sequence[ir.Table], grain: Grain) -> pd.DataFrame:
    """Facts (measure, date, value, level) by week or month: COLUMNS, start being the period's first day.

    Quarters and years are folded from months, see folded.
    """
    unit = "W" if grain == "week" else "M"
    parts = [part.mutate(start=part.date.truncate(unit)).select("measure", "start", "level", "value") for part in facts]
    return _summed(parts)


def sums_in_windows(facts: Sequence[ir.Table], windows: Sequence[Window]) -> pd.DataFrame:
    """The same within windows of days, both ends included; start is the window's first day."""
    parts = []
    for part in facts:
        for first, last in windows:
            inside = part.filter((part.date >= first.date()) & (part.date <= last.date()))
            start = ibis.literal(first.date(), type="date")
            parts.append(inside.select("measure", "level", "value", start=start))
    return _summed(parts)


def _summed(parts: Sequence[ir.Table]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    same = [part.select("measure", "level", "value", start=part.start.cast("date")) for part in parts]
    rows = ibis.union(*same) if len(same) > 1 else same[0]
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
        return np.sum([self.sums[name][which] if name in self.sums else nothing for name in measures], axis=0)


def cells_of(sums: pd.DataFrame, grain: Grain, periods: pd.DataFrame, levels: Sequence[str] = ()) -> Cells:
    """Sums (COLUMNS) laid out as arrays; ``levels`` are there whether anything happened at them or not."""
    names = tuple(sorted(set(levels) | set(sums["level"]))) or (ALL,)
    place = {start: i for i, start in enumerate(periods["start"])}
    column = sums["start"].map(place)
    row = sums["level"].map({name: i for i, name in enumerate(names)})
    laid: dict[str, Sums] = {}
    for measure, part in sums.groupby("measure", sort=False):
        inside = column.loc[part.index].notna()
        at = (row.loc[part.index][inside].to_numpy(), column.loc[part.index][inside].to_numpy(dtype=int))
        laid[str(measure)] = _laid(part[inside], at, (len(names), len(periods)))
        earlier = part[part["start"] < periods["start"].iloc[0]]
        first = (row.loc[earlier.index].to_numpy(), np.zeros(len(earlier), dtype=int))
        laid[f"opening|{measure}"] = _laid(earlier, first, (len(names), len(periods)))
    return Cells(grain, periods, names, laid)


def _laid(part: pd.DataFrame, at: tuple[npt.NDArray[np.int64], ...], shape: tuple[int, int]) -> Sums:
    arrays = {name: np.zeros(shape) for name in ("n", "total", "squares")}
    for name, array in arrays.items():
        np.add.at(array, at, part[name].to_numpy(dtype=np.float64))
    return arrays["n"], arrays["total"], arrays["squares"]
