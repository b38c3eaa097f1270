"""Weeks from Monday, months, fiscal quarters and fiscal years: where they start, and what they are called."""

from __future__ import annotations

from typing import Literal

import pandas as pd

__all__ = ["Grain", "period_label", "period_of", "shifted"]

Grain = Literal["week", "month", "quarter", "year"]
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
