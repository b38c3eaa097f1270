"""Weeks from Monday, months, fiscal quarters and fiscal years, and which of them the data cover."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pandas as pd

__all__ = ["GRAINS", "PER_YEAR", "Grain", "period_label", "period_of", "periods_between", "shifted"]

Grain = Literal["week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("week", "month", "quarter", "year")
PER_YEAR: dict[Grain, int] = {"week": 52, "month": 12, "quarter": 4, "year": 1}
_COVERED = 0.9  # a first period is told when the data begin within its first tenth
_MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}


def period_of(days: pd.Series[pd.Timestamp], grain: Grain, fiscal_year_start_month: int = 1) -> pd.Series[pd.Timestamp]:
    """The first day of the period that holds each day.

    >>> period_of(pd.Series(pd.to_datetime(["2026-09-30"])), "week")[0].date().isoformat()
    '2026-09-28'
    >>> period_of(pd.Series(pd.to_datetime(["2026-01-31"])), "quarter", 2)[0].date().isoformat()
    '2025-11-01'
    """
    days = days.dt.normalize()
    if grain == "week":
        return days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    month = days.dt.year * 12 + days.dt.month - 1
    start = month - (month - (fiscal_year_start_month - 1)) % _MONTHS[grain]
    return pd.to_datetime(pd.DataFrame({"year": start // 12, "month": start % 12 + 1, "day": 1}))


def shifted(start: pd.Timestamp, grain: Grain, periods: int) -> pd.Timestamp:
    """The first day of the period so many periods later.

    >>> shifted(pd.Timestamp("2026-07-01"), "quarter", -4).date().isoformat()
    '2025-07-01'
    """
    if grain == "week":
        return start + pd.Timedelta(weeks=periods)
    return start + pd.DateOffset(months=periods * _MONTHS[grain])


def period_label(start: pd.Timestamp, grain: Grain, fiscal_year_start_month: int = 1) -> str:
    """How a period is named in targets and on pages: "2026-W40", "2026-09", "2026Q3", "FY2026".

    A fiscal year is named after the calendar year it ends in.

    >>> period_label(pd.Timestamp("2026-07-01"), "quarter"), period_label(pd.Timestamp("2025-11-01"), "quarter", 2)
    ('2026Q3', '2026Q4')
    """
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if grain == "month":
        return f"{start:%Y-%m}"
    months_in = (start.month - fiscal_year_start_month) % 12
    year_end = start + pd.DateOffset(months=11 - months_in)
    return f"FY{year_end.year}" if grain == "year" else f"{year_end.year}Q{months_in // 3 + 1}"


def periods_between(first: dt.date, as_of: dt.date, grain: Grain, fiscal_year_start_month: int = 1) -> pd.DataFrame:
    """Periods from ``first`` to the one that holds ``as_of``, oldest first.

    Columns: period, start, end (its last day), complete (over by the as-of date). A first period of which the data miss
    more than a tenth is left out, for it would look like growth; the period that holds the as-of date never is.
    """
    ends = period_of(pd.Series(pd.to_datetime([first, as_of])), grain, fiscal_year_start_month)
    starts = [ends[0]]
    while starts[-1] < ends[1]:
        starts.append(shifted(starts[-1], grain, 1))
    lasts = [shifted(start, grain, 1) - pd.Timedelta(days=1) for start in starts]
    missed = (pd.Timestamp(first).normalize() - starts[0]).days / ((lasts[0] - starts[0]).days + 1)
    table = pd.DataFrame(
        {
            "period": [period_label(start, grain, fiscal_year_start_month) for start in starts],
            "start": pd.DatetimeIndex(starts).as_unit("us"),
            "end": pd.DatetimeIndex(lasts).as_unit("us"),
        }
    )
    table["complete"] = table["end"] <= pd.Timestamp(as_of)
    return table.iloc[1 if missed > 1 - _COVERED and len(table) > 1 else 0 :].reset_index(drop=True)
