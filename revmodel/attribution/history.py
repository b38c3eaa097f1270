"""The periods of history that contributions are told for: the latest quarters and the last 52 weeks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ModelError
from revmodel.forecast.calendar import periods

__all__ = ["HistoryPeriod", "history_periods"]


@dataclass(frozen=True)
class HistoryPeriod:
    """A run of whole history weeks. weeks: their positions, oldest first; start and end: first and last day."""

    label: str
    weeks: npt.NDArray[np.intp]
    start: pd.Timestamp
    end: pd.Timestamp


def history_periods(
    weeks: pd.DatetimeIndex, fiscal_year_start_month: int = 1, quarters: int = 4
) -> list[HistoryPeriod]:
    """The latest fiscal quarters, oldest first, then the last 52 weeks (fewer where history is shorter).

    weeks : last days of the history's weeks, oldest first, seven days apart
    A week belongs to the quarter of its last day, so quarters add up. The latest quarter may be to date only, the
    oldest may start late: start and end say which days are in.
    """
    if len(weeks) == 0 or (np.diff(weeks.to_numpy()) != np.timedelta64(7, "D")).any():
        raise ModelError(f"history of {len(weeks)} weeks: wanted last days of weeks, oldest first, seven days apart")
    before = (weeks[0] - pd.Timedelta(days=1)).date()
    spanned = (weeks[-1] - weeks[0]).days // 90 + 2
    table = periods(before, spanned, fiscal_year_start_month, "quarter")
    quarter_of_week = np.searchsorted(table["end"].to_numpy(), weeks.to_numpy())
    found = [
        _period(str(table["period"].iloc[quarter]), np.flatnonzero(quarter_of_week == quarter), weeks)
        for quarter in np.unique(quarter_of_week)
    ]
    year = np.arange(max(len(weeks) - 52, 0), len(weeks))
    return [*found[-quarters:], _period(f"last {year.size} weeks", year, weeks)]


def _period(label: str, where: npt.NDArray[np.intp], weeks: pd.DatetimeIndex) -> HistoryPeriod:
    return HistoryPeriod(label, where, weeks[where[0]] - pd.Timedelta(days=6), weeks[where[-1]])
