"""What the calendar does to exits from a stage: phase of the quarter, ends of months and years, working days."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.phase import PHASES, quarter_phase
from revmodel.models import priors
from revmodel.models.public_holidays import public_holidays

__all__ = ["CALENDAR_COLUMNS", "calendar_columns", "calendar_scales", "working_days_offset"]

Floats = npt.NDArray[np.float64]
MONTH_END_DAYS = 5  # the month's last days, in which closings bunch up
LEAST_SUPPORT, FULL_SUPPORT_CYCLES = 0.1, 4.0
CALENDAR_COLUMNS = (*PHASES, "month_end", "year_end", "working_days")


def calendar_columns(week_ends: pd.DatetimeIndex, fiscal_year_start_month: int, country: str | None) -> Floats:
    """(week, column of CALENDAR_COLUMNS) for the seven days up to each date.

    Phases: 1 in that phase. month_end: share of the week among its month's last five days. year_end: 1 in the last two
    weeks of the fiscal year, beside the phase. working_days: log of the share of Monday to Friday that is worked in the
    country; 0 without a country.
    """
    phase = np.array([PHASES.index(name) for name in quarter_phase(week_ends, fiscal_year_start_month)])
    by_phase = np.eye(len(PHASES))[phase]
    days = week_ends.to_numpy()[:, None] - np.arange(7).astype("timedelta64[D]")[None, :]
    flat = pd.DatetimeIndex(days.ravel())
    late = (flat.days_in_month - flat.day < MONTH_END_DAYS).reshape(days.shape)
    last_month = (fiscal_year_start_month + 10) % 12 + 1
    year_end = by_phase[:, PHASES.index("end")] * (week_ends.month == last_month)
    worked = working_days_offset(week_ends, country)
    return np.column_stack([by_phase, late.mean(axis=1), year_end, worked])


def working_days_offset(week_ends: pd.DatetimeIndex, country: str | None) -> Floats:
    """(week,): log of worked days ÷ 5 in the seven days up to each date; at least one day in five is taken as worked.

    Raises ModelError: there is no calendar for the country.
    """
    if country is None or len(week_ends) == 0:
        return np.zeros(len(week_ends))
    calendar = public_holidays(country, week_ends)
    first, last = week_ends.min() - pd.Timedelta(days=6), week_ends.max()
    days = pd.date_range(first, last)
    is_worked = np.array([day.day_of_week < 5 and day.date() not in calendar for day in days])
    until = np.concatenate([[0], np.cumsum(is_worked)])
    at = np.asarray((week_ends - first).days)
    worked = until[at + 1] - until[at - 6]
    return np.asarray(np.log(np.maximum(worked, 1) / 5.0))


def calendar_scales(history_weeks: int) -> Floats:
    """(column,): prior sd of the effect of each calendar column on log-odds.

    What comes once a quarter, a month or a year can only be told from drift once it has come back: a phase seen
    in one quarter alone gets next to no effect of its own, one seen in four quarters a full one; likewise the others.
    """
    cycles = history_weeks / np.array([13.0] * len(PHASES) + [52.18 / 12, 52.18])
    support = np.clip((cycles - 1) / (FULL_SUPPORT_CYCLES - 1), LEAST_SUPPORT, 1.0)
    scales = np.array([priors.PHASE_SD] * len(PHASES) + [priors.MONTH_END_SD, priors.YEAR_END_SD])
    return np.append(support * scales, priors.WORKING_DAYS_SD)
