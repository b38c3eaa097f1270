"""Spend rows laid over the days that they pay for: a row a day, a week or a month apart is read as such."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["MONTH", "cadence_days", "channel_cadences", "days_covered", "spend_by_week", "spread"]

MONTH = 0  # rows a calendar month apart: each covers the days to the same day of the next month
_LEAST_DATES = 3  # fewer say nothing about how far apart rows are
_LEAST_MONTH_GAP = 20  # invoices about a month apart may come early
_WEEK = 7

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def spend_by_week(spend: pd.DataFrame, week_ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Spend by week and channel, currency per week: (week × channel), channels sorted.

    spend: date, channel, spend; one row a date and channel. A row covers as many days from its date on as rows of its
    channel are apart, in equal parts; a channel with fewer than three dates is read like all channels together.
    Days outside the weeks are left out, so the part of the last rows that lies ahead of the as-of date is not counted.
    """
    if spend.empty:
        return pd.DataFrame(index=week_ends)
    cadence = channel_cadences(spend)
    columns = {
        str(channel): spread(pd.DatetimeIndex(rows["date"]), rows["spend"].to_numpy(), cadence[str(channel)], week_ends)
        for channel, rows in spend.groupby("channel", sort=True)
    }
    return pd.DataFrame(columns, index=week_ends)


def channel_cadences(spend: pd.DataFrame) -> dict[str, int]:
    """Channel → days that each of its rows covers. spend: date, channel; see spend_by_week."""
    common = cadence_days(pd.DatetimeIndex(spend["date"].unique()))
    return {
        str(channel): cadence_days(pd.DatetimeIndex(dates)) if dates.nunique() >= _LEAST_DATES else common
        for channel, dates in spend.groupby("channel", sort=True)["date"]
    }


def cadence_days(dates: pd.DatetimeIndex) -> int:
    """Days that a row covers, from how far apart the distinct dates of rows are; MONTH for calendar months.

    Evenly spaced rows cover the space between them. Rows on one weekday only are weekly, however many weeks are left
    out; rows on one day of the month, on the last days of months, or about 30 days apart are monthly. Others are of
    that day.

    >>> cadence_days(pd.DatetimeIndex(["2026-01-05", "2026-01-12", "2026-02-09"]))
    7
    """
    dates = dates.unique().sort_values()
    if len(dates) < _LEAST_DATES:
        return 1
    gaps = np.diff(dates.to_numpy().astype("datetime64[D]")).astype(np.int64)
    if gaps.min() == gaps.max():
        return int(gaps[0]) if int(gaps[0]) not in (30, 31) else MONTH
    if (gaps % _WEEK == 0).all():
        return _WEEK
    same_day = bool((dates.day == dates.day[0]).all()) or bool(dates.is_month_end.all())
    about_a_month = int(gaps.min()) >= _LEAST_MONTH_GAP and 27 <= np.median(gaps) <= 32
    return MONTH if same_day or about_a_month else 1


def spread(dates: pd.DatetimeIndex, amounts: Floats, cadence: int, week_ends: pd.DatetimeIndex) -> Floats:
    """(week,): each row's amount in equal parts on its days, summed by week; days outside the weeks are left out."""
    first, days = days_covered(dates, cadence)
    row = np.repeat(np.arange(len(amounts)), days)
    day_of_row = np.arange(row.size) - np.repeat(np.cumsum(days) - days, days)
    last_day = int(week_ends[-1].to_datetime64().astype("datetime64[D]").astype(np.int64))
    week = len(week_ends) - 1 - (last_day - (first[row] + day_of_row)) // _WEEK
    inside = (week >= 0) & (week < len(week_ends))
    per_day = (amounts.astype(np.float64) / days)[row]
    return np.bincount(week[inside], weights=per_day[inside], minlength=len(week_ends)).astype(np.float64)


def days_covered(dates: pd.DatetimeIndex, cadence: int) -> tuple[Ints, Ints]:
    """First day (days since 1970) and number of days of each row; a month's last day stands for that month."""
    if cadence == MONTH:
        closes = bool(dates.is_month_end.all())
        start = dates - pd.offsets.MonthBegin(1) if closes else dates
        days = (start + pd.DateOffset(months=1) - start).days.to_numpy(dtype=np.int64)
    else:
        start, days = dates, np.full(len(dates), cadence, dtype=np.int64)
    return start.to_numpy().astype("datetime64[D]").astype(np.int64), days
