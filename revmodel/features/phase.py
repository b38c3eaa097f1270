"""Where in the fiscal quarter a week ends: closings bunch up at the end of it."""

from __future__ import annotations

import pandas as pd

__all__ = ["PHASES", "quarter_phase"]

PHASES = ("m1", "m2", "m3", "end")
END_DAYS = 14  # the quarter's last two weeks


def quarter_phase(week_ends: pd.DatetimeIndex, fiscal_year_start_month: int = 1) -> list[str]:
    """Phase of the fiscal quarter for each week, by its last day: first, second, third month, or the last 14 days.

    >>> quarter_phase(pd.DatetimeIndex(["2026-01-15", "2026-03-10", "2026-03-20"]))
    ['m1', 'm3', 'end']
    """
    month_in_quarter = (week_ends.month - fiscal_year_start_month) % 3
    last_day = (week_ends.to_period("M") + (2 - month_in_quarter)).to_timestamp(how="end").normalize()
    days_left = (last_day - week_ends).days
    return [
        "end" if left < END_DAYS else PHASES[month] for left, month in zip(days_left, month_in_quarter, strict=True)
    ]
