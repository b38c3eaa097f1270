"""One origin of a backtest: cut what was known then, let every method forecast, keep the fans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ModelError
from revmodel.evaluate.baselines import ASKED_BY_HORIZON
from revmodel.evaluate.fans import OriginFans, fan_of
from revmodel.evaluate.forecaster import BacktestInput, Floats, Forecaster, horizon_totals, metrics_seen, weekly_history
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.sources.tables import Tables

__all__ = ["STEPS_WEEKS", "checkpoints_of", "forecast_at", "input_at"]

STEPS_WEEKS = (1, 2, 4, 6, 9, 13, 17, 21, 26, 32, 39, 52)  # where fans are kept, beside the horizons asked for


def checkpoints_of(horizons: Sequence[int]) -> tuple[int, ...]:
    """Weeks after the origin at which fans are kept: the horizons, and steps on the way to the longest."""
    longest = max(horizons)
    return tuple(sorted({*horizons, *(step for step in STEPS_WEEKS if step <= longest)}))


def input_at(
    tables: Tables, config: Config, origin: dt.date, horizon_weeks: int, draws: int, seed: int
) -> BacktestInput:
    """What a forecaster may see at ``origin``. ``seed`` is made the origin's own."""
    known = cut_as_of(tables, origin)
    known = known.replace(**{name: known[name].cache() for name in known.names})  # worked out once in their engine
    own = int(np.random.SeedSequence([seed, origin.toordinal()]).generate_state(1)[0])
    return BacktestInput(known, config, build_features(known, config, origin), horizon_weeks, draws, own)


def forecast_at(
    tables: Tables, config: Config, origin: dt.date, horizons: Sequence[int], forecasters: Mapping[str, Forecaster],
    *, draws: int = 400, seed: int = 1,
) -> OriginFans:  # fmt: skip
    """The fans of every forecaster at ``origin``, with what was recorded by then and nothing else.

    A method whose answer depends on the horizon that it is asked for (baselines.ASKED_BY_HORIZON) is asked for each;
    the others once, for the longest. A method that raises ModelError is noted as having refused.
    """
    data = input_at(tables, config, origin, max(horizons), draws, seed)
    checkpoints = checkpoints_of(horizons)
    metrics = metrics_seen(data.features.realised)
    quantiles: dict[str, dict[str, Floats]] = {metric: {} for metric in metrics}
    refused: list[tuple[str, str, str]] = []
    for method, forecaster in forecasters.items():
        asked = sorted(horizons) if method in ASKED_BY_HORIZON else [max(horizons)]
        told = {metric: np.full((len(checkpoints), 100), np.nan) for metric in metrics}
        for horizon in asked:
            try:
                forecast = forecaster(data.at_horizon(horizon))
            except ModelError as error:
                refused.append((method, dims.ALL, str(error)))
                continue
            for metric in told.keys() & forecast.keys():
                horizon_totals(forecast[metric], horizon, f"{method}'s {metric}")
                fan = fan_of(forecast[metric], checkpoints)
                told[metric] = np.where(np.isnan(told[metric]), fan, told[metric])
        answered = {metric: fan for metric, fan in told.items() if np.isfinite(fan).any()}
        refused += _without_answer(method, metrics, answered, refused)
        for metric, fan in answered.items():
            quantiles[metric][method] = fan
    return OriginFans(origin, checkpoints, quantiles, _history(data.features, metrics), tuple(refused))


def _without_answer(
    method: str, metrics: Sequence[str], answered: Mapping[str, Floats], refused: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    if not answered and any(name == method for name, _, _ in refused):
        return []  # it said why
    reason = "gives no forecast of {}: not one of its metrics, or too little history"
    return [(method, metric, reason.format(metric)) for metric in metrics if metric not in answered]


def _history(features: Features, metrics: Sequence[str]) -> dict[str, Floats]:
    """Weekly totals by metric; a metric without a whole week has an empty history."""
    histories: dict[str, Floats] = {}
    for metric in metrics:
        try:
            histories[metric] = weekly_history(features, metric).to_numpy(dtype=float)
        except ModelError:
            histories[metric] = np.zeros(0)
    return histories
