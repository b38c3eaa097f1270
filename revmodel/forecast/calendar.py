"""Fiscal years and quarters, months and weeks, and how simulated weeks fall into them.

Simulated weeks are anchored at the as-of date and straddle the ends of months and quarters. A straddling week is split
by the share of its days in each period: proportionally, not by thinning its counts, so that every grain is a sum of the
same draws and months add up to their quarter exactly. The price: counts of a part of a week are fractions, and the
chance with which single events of that week fall on either side is averaged, not drawn.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ConfigError, ModelError
from revmodel.features.fiscal import Grain, period_label, period_of

__all__ = ["Grain", "periods", "week_shares", "weeks_needed"]


def periods(as_of: dt.date, quarters: int, fiscal_year_start_month: int, grain: Grain) -> pd.DataFrame:
    """Periods of ``quarters`` fiscal quarters, the first of which holds the day after ``as_of``.

    Columns: period, start, end (inclusive). Labels: years "FY2026", quarters "2026Q4", months "2026-10", weeks by their
    last day "2026-10-07". A fiscal year is named after the calendar year it ends in. Weeks are whole and start after
    the as-of date; the last may run past the last quarter's end. The first month is that of the day after ``as_of``.
    Years are those that end with one of the quarters: there may be none. Quarters are three calendar months each; a
    calendar of 4, 4 and 5 weeks is not known.
    Raises ConfigError: quarters below 1, a month outside 1–12, or an unknown grain.

    >>> periods(dt.date(2026, 9, 30), 1, 1, "quarter").iloc[0]["period"]
    '2026Q4'
    """
    if quarters < 1 or not 1 <= fiscal_year_start_month <= 12:
        raise ConfigError(
            f"quarters {quarters} and fiscal_year_start_month {fiscal_year_start_month} came, wanted quarters of at "
            "least 1 and a month from 1 to 12: mend the section 'forecast' of the config"
        )
    first = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    opening = period_of(pd.Series([first]), "quarter", fiscal_year_start_month)[0]
    end = opening + pd.DateOffset(months=3 * quarters) - pd.Timedelta(days=1)
    match grain:
        case "quarter":
            starts = [opening + pd.DateOffset(months=3 * i) for i in range(quarters)]
            labels = [period_label(start, "quarter", fiscal_year_start_month) for start in starts]
            return _frame(labels, starts, [start + pd.DateOffset(months=3, days=-1) for start in starts])
        case "month":
            starts = list(pd.date_range(first.replace(day=1), end, freq="MS"))
            return _frame([f"{s:%Y-%m}" for s in starts], starts, [s + pd.offsets.MonthEnd(1) for s in starts])
        case "year":
            ends = [start + pd.DateOffset(months=3) for start in pd.date_range(opening, end, freq="MS")[::3]]
            starts = [last - pd.DateOffset(years=1) for last in ends if last.month == fiscal_year_start_month]
            labels = [period_label(start, "year", fiscal_year_start_month) for start in starts]
            return _frame(labels, starts, [start + pd.DateOffset(years=1, days=-1) for start in starts])
        case "week":
            starts = list(pd.date_range(first, end, freq="7D"))
            ends = [start + pd.Timedelta(days=6) for start in starts]
            return _frame([f"{day:%Y-%m-%d}" for day in ends], starts, ends)
    raise ConfigError(f"grain came as {grain!r}, wanted week, month, quarter or year")


def weeks_needed(as_of: dt.date, quarters: int, fiscal_year_start_month: int) -> int:
    """Whole weeks after ``as_of`` that reach the end of the last of ``quarters`` quarters."""
    last = periods(as_of, quarters, fiscal_year_start_month, "quarter")["end"].max()
    return math.ceil((pd.Timestamp(last) - pd.Timestamp(as_of)).days / 7)


def week_shares(table: pd.DataFrame, as_of: dt.date, weeks: int) -> npt.NDArray[np.float64]:
    """Share of each simulated week's seven days in each period: (period, week), each in [0, 1].

    Raises ModelError: the periods reach further than ``weeks`` weeks.
    """
    begin = (table["start"] - pd.Timestamp(as_of)).dt.days.to_numpy()[:, None] - 1  # days after as_of + 1
    end = (table["end"] - pd.Timestamp(as_of)).dt.days.to_numpy()[:, None]
    if int(end.max(initial=0)) > 7 * weeks:
        raise ModelError(
            f"periods reach {int(end.max())} days past the as-of date, but only {weeks} weeks were simulated: "
            f"simulate at least {math.ceil(end.max() / 7)} weeks"
        )
    week_begin = 7 * np.arange(weeks)[None, :]
    days = np.minimum(end, week_begin + 7) - np.maximum(begin, week_begin)
    return np.asarray(np.clip(days, 0, 7) / 7.0, dtype=np.float64)


def _frame(labels: list[str], starts: list[pd.Timestamp], ends: list[pd.Timestamp]) -> pd.DataFrame:
    return pd.DataFrame({"period": labels, "start": pd.DatetimeIndex(starts), "end": pd.DatetimeIndex(ends)})
