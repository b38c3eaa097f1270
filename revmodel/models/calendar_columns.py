"""What the calendar does to arrivals: season, holidays, annotations and the trend, as columns for any weeks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.tables import WeeklyPanel
from revmodel.models import priors
from revmodel.models.public_holidays import public_holidays

__all__ = ["SEASONS", "days_lost", "event_frame", "event_priors", "fourier", "season_support"]

Floats = npt.NDArray[np.float64]
SEASONS = 3  # pairs of Fourier terms a year
NO_SEASON_WEEKS, FULL_SEASON_WEEKS = 60, 104  # below: a season cannot be told from drift; above: seen twice
TREND_LASTS_WEEKS = 26  # ahead, the trend fades with this time constant
HOLIDAYS, TREND = "holidays", "trend"


def fourier(weeks: pd.DatetimeIndex) -> Floats:
    """Yearly sines and cosines, (week, 2·SEASONS)."""
    angle = 2 * np.pi * weeks.day_of_year.to_numpy() / 365.25
    waves = [wave(k * angle) for k in range(1, SEASONS + 1) for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1)


def season_support(weeks: int) -> Floats:
    """(2·SEASONS,): prior sd of each Fourier coefficient where the season's spread is one.

    Faster waves are smaller. A history of little more than a year gets next to no season, two years a full one.
    """
    share = np.clip((weeks - NO_SEASON_WEEKS) / (FULL_SEASON_WEEKS - NO_SEASON_WEEKS), 0.01, 1.0)
    return np.asarray(share / np.repeat(np.arange(1, SEASONS + 1), 2))


def event_frame(
    panel: WeeklyPanel, weeks: pd.DatetimeIndex, holidays_country: str | None
) -> tuple[Floats, tuple[str, ...]]:
    """Columns beside level and season, (week, event), and their names.

    Trend: years after the last week of the panel, fading ahead of it. Holidays: working days lost ÷ 5 in the country's
    calendar; without a country those from Christmas Eve to New Year's Day, when offices are empty nearly everywhere.
    Annotations: share of the week covered.
    """
    columns = {TREND: _trend(panel.weeks[-1], weeks), HOLIDAYS: days_lost(weeks, holidays_country)}
    for name in panel.annotations.columns:
        share = panel.annotations[name].reindex(weeks).fillna(0.0).to_numpy(float)
        columns[f"annotation:{name}"] = share
    return np.stack(list(columns.values()), axis=1), tuple(columns)


def event_priors(names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Prior mean and sd of the effect of each column on log volume, (event,) each."""
    known = {TREND: (0.0, priors.TREND_YEAR_SD), HOLIDAYS: (priors.HOLIDAY_MEAN, priors.EVENT_SD)}
    both = np.array([known.get(name, (0.0, priors.EVENT_SD)) for name in names])
    return both[:, 0], both[:, 1]


def _trend(last: pd.Timestamp, weeks: pd.DatetimeIndex) -> Floats:
    ahead = (weeks - last).days.to_numpy() / 7
    fading = TREND_LASTS_WEEKS * -np.expm1(-np.maximum(ahead, 0) / TREND_LASTS_WEEKS)
    return np.asarray(np.where(ahead > 0, fading, ahead) / 52.18)


def days_lost(weeks: pd.DatetimeIndex, country: str | None) -> Floats:
    """Working days lost to holidays ÷ 5, (week,); see event_frame. Raises ModelError: a country without a calendar."""
    calendar = None if country is None else public_holidays(country, weeks)

    def is_lost(day: pd.Timestamp) -> bool:
        if calendar is None:
            return (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1)
        return day.date() in calendar

    lost = [
        sum(is_lost(day) and day.day_of_week < 5 for day in pd.date_range(end - pd.Timedelta(days=6), end))
        for end in weeks
    ]
    return np.asarray(lost, dtype=float) / 5
