"""The future as a copy of the past: the same weeks a year ago, with or without growth, or the period just before.

Errors are kept on the square-root scale, where counts have a constant spread, and stay together over neighbouring
weeks, because a level that moved stays moved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from revmodel.errors import ModelError
from revmodel.evaluate.forecaster import BacktestInput, Floats, per_metric

__all__ = ["last_period", "last_year", "seasonal_naive"]

YEAR_WEEKS = 52
SEASONAL_FROM_WEEKS = 60  # a year, and eight weeks to measure growth on
LEVEL_WEEKS = 13
BLOCK_WEEKS = 4
MOST_GROWTH = 2.0
FEWEST_PAST_RUNS = 4  # fewer runs of errors than this give no interval worth the name

PointForecast = Callable[[Floats, int], Floats]  # (history (week,), horizon_weeks) → (week,)


def last_period(data: BacktestInput) -> dict[str, Floats]:
    """The last ``horizon_weeks`` weeks once more; interval: its own past errors, in whole runs.

    The forecast is made again at every earlier week, and each draw adds the errors of one of those.
    Returns metric → (draw, week). Raises ModelError below horizon + 5 weeks of history.
    """
    horizon = data.horizon_weeks
    return per_metric(data, lambda history, rng: _with_past_errors(history, _repeat, horizon, horizon, data.draws, rng))


def last_year(data: BacktestInput) -> dict[str, Floats]:
    """The same weeks a year ago as they were; interval: its own past errors, in whole runs.

    Returns metric → (draw, week). Raises ModelError below 57 weeks of history.
    """
    horizon = data.horizon_weeks
    return per_metric(
        data, lambda history, rng: _with_past_errors(history, _a_year_ago, YEAR_WEEKS, horizon, data.draws, rng)
    )


def seasonal_naive(data: BacktestInput) -> dict[str, Floats]:
    """The same weeks a year ago × growth; with less than 60 weeks of history, the mean of the last 13 weeks.

    Growth: the latest weeks (at most 13) over the same weeks a year before, taken as at most double and at least half
    (more says that the company was starting then). Interval: growth is measured again on
    those weeks resampled with replacement, and errors of such forecasts of weeks already seen are added in blocks of
    four weeks; with less than 60 weeks, runs of the 13-week mean's own past errors.
    Returns metric → (draw, week). Raises ModelError below 18 weeks of history.
    """
    return per_metric(data, lambda history, rng: _seasonal_or_level(history, data.horizon_weeks, data.draws, rng))


def _seasonal_or_level(history: Floats, horizon_weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    if history.size < SEASONAL_FROM_WEEKS:
        return _with_past_errors(history, _level, LEVEL_WEEKS, horizon_weeks, draws, rng)
    window = min(LEVEL_WEEKS, history.size - YEAR_WEEKS)
    picks = rng.integers(window, size=(draws, window))
    recent, year_ago = history[-window:], history[-window - YEAR_WEEKS : -YEAR_WEEKS]
    forecast = _growth(recent[picks], year_ago[picks])[:, None] * np.resize(history[-YEAR_WEEKS:], horizon_weeks)
    seen = history[YEAR_WEEKS:]
    errors = np.sqrt(seen) - np.sqrt(_growth(seen, history[:-YEAR_WEEKS]) * history[:-YEAR_WEEKS])
    blocks = rng.integers(errors.size, size=(draws, -(-horizon_weeks // BLOCK_WEEKS), 1)) + np.arange(BLOCK_WEEKS)
    added = errors[blocks.reshape(draws, -1)[:, :horizon_weeks] % errors.size]
    return _plus(forecast, added)


def _plus(forecast: Floats, root_errors: Floats) -> Floats:
    return np.asarray(np.square(np.maximum(np.sqrt(forecast) + root_errors, 0.0)))


def _growth(recent: Floats, year_ago: Floats) -> Floats:
    """Bounded ratio of sums over the last axis; a mean week is added to both, so that none is divided by 0."""
    week = (recent.mean(axis=-1) + year_ago.mean(axis=-1)) / 2
    ratio = (recent.sum(axis=-1) + week) / np.maximum(year_ago.sum(axis=-1) + week, np.finfo(float).tiny)
    return np.asarray(np.clip(ratio, 1 / MOST_GROWTH, MOST_GROWTH))


def _level(history: Floats, horizon_weeks: int) -> Floats:
    return np.full(horizon_weeks, history[-LEVEL_WEEKS:].mean())


def _a_year_ago(history: Floats, horizon_weeks: int) -> Floats:
    return np.resize(history[-YEAR_WEEKS:], horizon_weeks)


def _repeat(history: Floats, horizon_weeks: int) -> Floats:
    return history[-horizon_weeks:]


def _with_past_errors(
    history: Floats, point: PointForecast, train_weeks: int, horizon_weeks: int, draws: int, rng: np.random.Generator
) -> Floats:
    """The point forecast plus runs of its own past errors. Returns (draw, week), ≥ 0."""
    fewest = train_weeks + FEWEST_PAST_RUNS + 1
    if history.size < fewest:
        raise ModelError(f"{history.size} weeks of history: wanted at least {fewest}; take a later origin")
    forecast = point(history, horizon_weeks)
    runs = _past_error_runs(history, point, train_weeks, horizon_weeks)
    blocks = -(-horizon_weeks // runs.shape[1])
    picks = rng.integers(runs.shape[0], size=(draws, blocks))
    errors = runs[picks].reshape(draws, -1)[:, :horizon_weeks]
    return _plus(forecast, errors)


def _past_error_runs(history: Floats, point: PointForecast, train_weeks: int, horizon_weeks: int) -> Floats:
    """√actual − √forecast of forecasts made at each earlier week, (run, week).

    A run is as long as the horizon, or shorter where the history would leave fewer than FEWEST_PAST_RUNS of them.
    """
    run_weeks = min(horizon_weeks, history.size - train_weeks - FEWEST_PAST_RUNS + 1)
    ends = range(train_weeks, history.size - run_weeks + 1)
    forecasts = np.array([point(history[:end], horizon_weeks)[:run_weeks] for end in ends])
    actuals = np.array([history[end : end + run_weeks] for end in ends])
    return np.sqrt(actuals) - np.sqrt(forecasts)
