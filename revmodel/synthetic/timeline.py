"""The simulation's clock: days since the first Monday, weeks that start on Mondays, calendar quarters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from revmodel.synthetic.profile import Floats, Ints

__all__ = ["BURN_IN_WEEKS", "FUTURE_WEEKS", "Timeline", "office_hours", "working_time"]

BURN_IN_WEEKS = 26  # spend before the records begin: its carry-over reaches into them
FUTURE_WEEKS = 52


@dataclass(frozen=True)
class Timeline:
    """Days are floats since ``start`` (a Monday, midnight); the burn-in is negative.

    cut: the end of the as-of day. Weeks run from Monday to Sunday, burn-in first, then history, then the future.
    """

    start: dt.date
    as_of: dt.date

    @classmethod
    def ending(cls, as_of: dt.date, years: float) -> Timeline:
        """About ``years`` of history up to and including ``as_of``."""
        first = as_of - dt.timedelta(days=round(years * 365.25))
        return cls(first - dt.timedelta(days=first.weekday()), as_of)

    @property
    def cut(self) -> int:
        """Days from the start to the end of the as-of day."""
        return (self.as_of - self.start).days + 1

    @property
    def history_weeks(self) -> int:
        """Mondays from the start up to and including the as-of day."""
        return -(-self.cut // 7)

    @property
    def weeks(self) -> int:
        """All weeks, burn-in and future included; they cover at least 364 days after the cut."""
        return BURN_IN_WEEKS + self.history_weeks + FUTURE_WEEKS

    @cached_property
    def mondays(self) -> pd.DatetimeIndex:
        """The Monday of every week."""
        first = pd.Timestamp(self.start) - pd.Timedelta(weeks=BURN_IN_WEEKS)
        return pd.date_range(first, periods=self.weeks, freq="7D", unit="s")

    @property
    def history(self) -> slice:
        """The weeks of history among all weeks."""
        return slice(BURN_IN_WEEKS, BURN_IN_WEEKS + self.history_weeks)

    @property
    def future(self) -> slice:
        """The planned weeks, whose Mondays lie after the as-of day."""
        return slice(BURN_IN_WEEKS + self.history_weeks, self.weeks)

    @cached_property
    def day_of_year(self) -> Floats:
        """(week × 7,): the day of the year of every day of every week, 0 … 365."""
        days = pd.date_range(self.mondays[0], periods=self.weeks * 7, freq="D")
        return days.day_of_year.to_numpy().astype(float) - 1

    def week_of(self, day: Floats) -> Ints:
        """Index among all weeks of days since the start; beyond the last week, the last."""
        week = np.floor(day / 7).astype(np.int64) + BURN_IN_WEEKS
        return np.clip(week, 0, self.weeks - 1)

    def stamp(self, day: Floats) -> pd.DatetimeIndex:
        """Days since the start as timestamps, to the second."""
        seconds = np.round(np.nan_to_num(day) * 86_400).astype("timedelta64[s]")
        stamps = np.datetime64(self.start, "s") + seconds
        stamps[np.isnan(day)] = np.datetime64("NaT", "s")
        return pd.DatetimeIndex(stamps)

    def day(self, date: dt.date) -> float:
        """Days from the start to midnight of a date."""
        return float((date - self.start).days)

    def quarter_bounds(self, day: Floats) -> tuple[Floats, Floats]:
        """First day of the calendar quarter of each day, and of the quarter that follows."""
        firsts = pd.date_range(f"{self.start.year - 2}-01-01", f"{self.as_of.year + 12}-01-01", freq="QS")
        edges = (firsts - pd.Timestamp(self.start)).days.to_numpy().astype(float)
        after = np.clip(np.searchsorted(edges, day, side="right"), 1, len(edges) - 1)
        return edges[after - 1], edges[after]

    def quarter_names(self, day: Floats) -> pd.Index:
        """Calendar quarters as 2026Q3."""
        stamps = self.stamp(day)
        return pd.Index(stamps.year.astype(str) + "Q" + stamps.quarter.astype(str))


def office_hours(day: Floats) -> Floats:
    """The same days in the same order, between 8 and 18 o'clock."""
    whole = np.floor(day)
    return whole + 1 / 3 + (day - whole) * 10 / 24


def working_time(day: Floats) -> Floats:
    """Weekends moved to the next Monday's first hours and all into office hours, order kept.

    day : days since a Monday. Mondays begin with what the weekend left, so no two events change places.
    """
    whole = np.floor(day)
    fraction = day - whole
    weekday = np.mod(whole, 7)
    weekend = weekday >= 5
    left_over = 0.3 * (weekday - 5 + fraction) / 2
    moved = np.where(weekend, whole + 7 - weekday + left_over, day)
    monday = weekday == 0
    return office_hours(np.where(monday, whole + 0.3 + 0.7 * fraction, moved))
