"""Where in the calendar a week ends: in which phase of the fiscal quarter, and how long before the as-of date."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["PHASES", "WEEK_BLOCKS", "quarter_phase", "week_block"]

PHASES = ("m1", "m2", "m3", "end")
END_DAYS = 14  # the quarter's last two weeks

# How finely history is told apart: (weeks before the as-of date from which it holds, weeks counted together). The
# latest half year week by week, because it decides where a forecast starts; what is older than three years is one
# block.
WEEK_BLOCKS = ((0, 1), (26, 4), (78, 13), (156, 10_000))


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


def week_block(weeks_ago: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """First week (counted back from the as-of date) of the block of weeks that are counted together.

    >>> week_block(np.array([0, 25, 26, 29, 30, 90, 91, 400])).tolist()
    [0, 25, 26, 26, 30, 78, 91, 156]
    """
    block = np.asarray(weeks_ago, dtype=np.int64).copy()
    for start, together in WEEK_BLOCKS:
        older = weeks_ago >= start
        block[older] = start + (weeks_ago[older] - start) // together * together
    return block
