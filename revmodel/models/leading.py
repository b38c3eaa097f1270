"""Leading indicators: how they enter the arrivals model, and their own forecasts.

An indicator's log (or its value, where it is not positive) is split into what spend and the calendar explain and the
rest. Spend that brings visits that bring records is spend's doing: the part it explains is a mediator, and holding it
constant would take the credit from spend, while letting it follow the plan would count planned spend twice. So only the
rest enters, as a control, and its forecast does not depend on the plan; season and holidays are the arrivals' own. The
rest enters by lag, smoothed over neighbouring weeks; the size of each lag's effect is learned (models/steps.py) with
tails so long that most effects vanish and one may stand out (a Cauchy prior as a mixture of normals: automatic
relevance determination, MacKay 1994; Tipping 2001).

Ahead of the as-of date an indicator is known for as many weeks as its lag is long; then its own forecast takes over: a
level that is smoothed and drawn back to its mean, as far as its past says (damped exponential smoothing, its constants
by least squares, Hyndman et al. 2008), whose errors are drawn from its past ones, week by week for all indicators
together, so that they stay correlated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.tables import WeeklyPanel
from revmodel.media.carry_over import geometric_weights
from revmodel.media.lags import lagged
from revmodel.media.saturation import michaelis_menten
from revmodel.models.calendar_columns import days_lost, fourier, season_support

__all__ = ["LAG_CENTRES", "Leading", "lag_columns", "leading_indicators", "paths_ahead"]

Floats = npt.NDArray[np.float64]
# Weeks; each effect covers its lag and half of both neighbours. What goes with records in the same week leads nothing:
# it would stand in for their own level and say no more of the weeks ahead.
LAG_CENTRES = np.arange(2, 13, 2)
MAX_LAG = 13
FEWEST_WEEKS = 26  # of values, to say anything of an indicator
WEEKS_PER_CHANNEL = 8  # with fewer weeks a channel, spend would explain anything
CALENDAR_RIDGE = 0.2  # against a wave that a few odd weeks suggest, and next to nothing where waves were seen twice
RIDGE = 2.0  # weeks' worth of prior against spend explaining the indicator
SMOOTHING = np.linspace(0.1, 1.0, 10)
DAMPING = np.array([0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])  # a week: what a level keeps of its distance from the mean


@dataclass(frozen=True)
class Leading:
    """values : (indicator, week), standardised, without what spend explains; missing weeks filled by their forecast.

    known_weeks : (indicator,), weeks up to the last value on record; later ones are forecasts. smoothing :
    (indicator,), share of an error that stays. damping : (indicator,), what is left of the level a week later.
    level : (indicator,), the smoothed level after the last week on record. errors : (week, indicator), one-week-ahead
    errors.
    """

    names: tuple[str, ...]
    values: Floats
    known_weeks: npt.NDArray[np.int64]
    smoothing: Floats
    damping: Floats
    level: Floats
    errors: Floats


def leading_indicators(panel: WeeklyPanel, weeks: pd.DatetimeIndex, holidays_country: str | None = None) -> Leading:
    """The panel's indicators with at least FEWEST_WEEKS values and any variation, over ``weeks``."""
    frame = panel.indicators.reindex(weeks)
    names = [str(n) for n in frame.columns if frame[n].notna().sum() >= FEWEST_WEEKS and frame[n].std() > 0]
    calendar = _calendar_columns(weeks, holidays_country)
    explained_by = _spend_carried(panel.spend.reindex(weeks).fillna(0.0).to_numpy(float).T)
    series, known, smoothing, damping, level, errors = [], [], [], [], [], []
    for name in names:
        raw = frame[name].to_numpy(float)
        first, last = (int(np.flatnonzero(np.isfinite(raw))[at]) for at in (0, -1))
        filled = pd.Series(raw).interpolate(limit_direction="both").to_numpy(float)
        inside = slice(first, last + 1)
        rest = _without_calendar(np.log(filled) if (filled > 0).all() else filled, calendar, inside)
        rest = _without_spend(rest, explained_by, inside)
        spread = rest[inside].std()
        rest = (rest - rest[inside].mean()) / (spread if spread > 0 else 1.0)
        alpha, phi, end, error = _damped_level(rest[inside])
        rest[last + 1 :], rest[:first] = end * phi ** np.arange(1, len(rest) - last), 0.0
        series.append(rest)
        known.append(last + 1)
        smoothing.append(alpha)
        damping.append(phi)
        level.append(end)
        errors.append(np.concatenate([np.full(first + 1, np.nan), error, np.full(len(raw) - last - 1, np.nan)]))
    if not names:
        none = np.zeros(0)
        return Leading((), np.zeros((0, len(weeks))), none.astype(np.int64), none, none, none, np.zeros((0, 0)))
    together = np.stack(errors, axis=1)
    together = together[np.isfinite(together).all(1)]
    return Leading(
        tuple(names), np.stack(series), np.array(known), np.array(smoothing), np.array(damping), np.array(level),
        together if len(together) else np.zeros((1, len(names))),
    )  # fmt: skip


def lag_columns(values: Floats) -> Floats:
    """(…, indicator, week) → (…, indicator × lag, week): each lag's value with half of both neighbouring weeks' weight.

    Weeks before the first are taken as average (zero).
    """
    flat = values.reshape(-1, values.shape[-1])
    by_lag = lagged(flat, MAX_LAG)  # (…·indicator, lag, week)
    tent = np.maximum(0, 1 - np.abs(np.arange(MAX_LAG + 1)[None, :] - LAG_CENTRES[:, None]) / 2)
    tent = tent / tent.sum(1, keepdims=True)
    columns = np.einsum("cl,ilw->icw", tent, by_lag)
    out: Floats = columns.reshape(*values.shape[:-2], values.shape[-2] * len(LAG_CENTRES), values.shape[-1])
    return out


def paths_ahead(leading: Leading, weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    """Indicators over their past and ``weeks`` weeks ahead, (draw, indicator, past + week); unknown weeks are drawn."""
    count, past = leading.values.shape
    paths = np.repeat(np.pad(leading.values, ((0, 0), (0, weeks)))[None], draws, axis=0)
    if not count:
        return paths
    start = int(leading.known_weeks.min())
    level = np.repeat(leading.level[None], draws, axis=0)
    errors = leading.errors[rng.integers(len(leading.errors), size=(draws, past + weeks - start))]
    for step, week in enumerate(range(start, past + weeks)):
        unknown = week >= leading.known_weeks
        expected = leading.damping * level
        paths[:, unknown, week] = (expected + errors[:, step])[:, unknown]
        level[:, unknown] = (expected + leading.smoothing * errors[:, step])[:, unknown]
    return paths


def _spend_carried(spend: Floats) -> Floats:
    """(week, channel): spend of channels with any, carried over and saturated at the prior's middle, standardised."""
    spend = spend[spend.sum(1) > 0] if len(spend) else spend
    if not len(spend) or spend.shape[1] < WEEKS_PER_CHANNEL * len(spend):
        return np.zeros((spend.shape[1], 0))
    lags = np.arange(9.0)
    scaled = spend / spend.mean(1, keepdims=True)
    carried = np.einsum("clw,l->cw", lagged(scaled, 8), geometric_weights(np.array(1.35), lags))
    curves = michaelis_menten(carried, 1.65).T
    spread = curves.std(0)
    return np.asarray((curves - curves.mean(0)) / np.where(spread > 0, spread, 1.0))


def _calendar_columns(weeks: pd.DatetimeIndex, holidays_country: str | None) -> Floats:
    """(week, column): days lost to holidays, and yearly waves as far as the history supports a season."""
    return np.column_stack([days_lost(weeks, holidays_country), fourier(weeks) * season_support(len(weeks))])


def _without_calendar(series: Floats, calendar: Floats, inside: slice) -> Floats:
    """Holidays and season, found beside a straight line, taken out."""
    line = np.column_stack([np.ones(len(series)), np.linspace(-1, 1, len(series))])
    columns = np.column_stack([line, calendar])[inside]
    ridge = np.diag([1e-6, 1e-6, *([CALENDAR_RIDGE] * calendar.shape[1])])
    coefficient = np.linalg.solve(columns.T @ columns + ridge, columns.T @ series[inside])
    rest: Floats = series - calendar @ coefficient[2:]
    return rest


def _without_spend(series: Floats, spend: Floats, inside: slice) -> Floats:
    """What spend does not explain: week-to-week changes are regressed, so that two trends do not explain each other."""
    if not spend.shape[1]:
        return series.copy()
    x, y = np.diff(spend[inside], axis=0), np.diff(series[inside])
    coefficient = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
    rest: Floats = series - spend @ coefficient
    return rest


def _damped_level(series: Floats) -> tuple[float, float, float, Floats]:
    """Smoothing, damping, the level after the last week, and the errors of all but the first, by least squares."""
    best = (np.inf, 1.0, 1.0, float(series[-1]), np.diff(series))
    for damping in DAMPING:
        for alpha in SMOOTHING:
            level, errors = series[0], np.empty(len(series) - 1)
            for i, value in enumerate(series[1:]):
                errors[i] = value - damping * level
                level = damping * level + alpha * errors[i]
            loss = float((errors**2).sum())
            if loss < best[0]:
                best = (loss, float(alpha), float(damping), float(level), errors)
    return best[1:]
