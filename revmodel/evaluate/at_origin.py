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
from revmodel.features.build import features_of
from revmodel.features.tables import Features
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.sources.tables import Tables

__all__ = ["STEPS_WEEKS", "checkpoints_of", "forecast_at", "input_at", "known_history", "weekly_answers"]

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
    journeys = reconstruct_journeys(known, config.funnel, origin, config.identity)
    data = BacktestInput(known, config, features_of(journeys, config), horizon_weeks, draws, own)
    data.__dict__["journeys"] = journeys  # worked out once, for features and forecasters
    return data


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
    for horizon in sorted(horizons):
        asked = {
            method: forecaster
            for method, forecaster in forecasters.items()
            if horizon == max(horizons) or method in ASKED_BY_HORIZON
        }
        answers, said = weekly_answers(data.at_horizon(horizon), asked)
        refused += said
        for metric in answers.keys() & quantiles.keys():
            for method, weekly in answers[metric].items():
                fan = fan_of(weekly, checkpoints)
                known = quantiles[metric].get(method, np.full_like(fan, np.nan))
                quantiles[metric][method] = np.where(np.isnan(known), fan, known)
    refused += _without_answer(forecasters, metrics, quantiles, refused)
    return OriginFans(origin, checkpoints, quantiles, known_history(data.features, metrics), tuple(refused))


def weekly_answers(
    data: BacktestInput, forecasters: Mapping[str, Forecaster]
) -> tuple[dict[str, dict[str, Floats]], list[tuple[str, str, str]]]:
    """What each forecaster says, metric → method → (draw, week); and who refused: (method, "all", reason)."""
    answers: dict[str, dict[str, Floats]] = {}
    refused = []
    for method, forecaster in forecasters.items():
        try:
            forecast = forecaster(data)
        except ModelError as error:
            refused.append((method, dims.ALL, str(error)))
            continue
        for metric, weekly in forecast.items():
            horizon_totals(weekly, data.horizon_weeks, f"{method}'s {metric}")
            answers.setdefault(metric, {})[method] = weekly
    return answers, refused


def known_history(features: Features, metrics: Sequence[str]) -> dict[str, Floats]:
    """Weekly totals by metric, oldest first; a metric without a whole week has an empty history."""
    histories: dict[str, Floats] = {}
    for metric in metrics:
        try:
            histories[metric] = weekly_history(features, metric).to_numpy(dtype=float)
        except ModelError:
            histories[metric] = np.zeros(0)
    return histories


def _without_answer(
    methods: Mapping[str, Forecaster], metrics: Sequence[str], answered: Mapping[str, Mapping[str, Floats]],
    refused: Sequence[tuple[str, str, str]],
) -> list[tuple[str, str, str]]:  # fmt: skip
    """(method, metric, reason) of each metric that a method left out; of none, where it refused and said why."""
    silent = {name for name, _, _ in refused}
    reason = "gives no forecast of {}: not one of its metrics, or too little history"
    return [
        (method, metric, reason.format(metric))
        for method in methods
        for metric in metrics
        if method not in answered[metric] and not (method in silent and all(method not in answered[m] for m in metrics))
    ]
