"""Rolling-origin backtests: at each past date, forecast with what was known then, and score what really followed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
import pandas as pd

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ConfigError, ModelError
from revmodel.evaluate.forecaster import BacktestInput, Floats, Forecaster, horizon_totals, metrics_seen
from revmodel.evaluate.scores import score_draws
from revmodel.features.build import build_features
from revmodel.features.realised import RealisedBuilder
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.sources.tables import Tables

__all__ = ["COLUMNS", "backtest", "not_available", "realised_between"]

COLUMNS = [
    *("origin", "horizon", "metric", "model", "actual", "mean"),
    *(f"p{level:02d}" for level in dims.PERCENTILES),
    *("crps", "pinball", "covered_50", "covered_80", "covered_90", "pit"),
]

Row = dict[str, Any]


@dataclass(frozen=True)
class _Plan:
    """What is the same at every origin; it travels to worker processes."""

    config: Config
    horizon_weeks: int
    forecasters: Mapping[str, Forecaster]
    draws: int
    seed: int


@dataclass
class _Record:
    """What one origin gave."""

    origin: dt.date
    rows: list[Row] = field(default_factory=list)
    missing: list[Row] = field(default_factory=list)


def backtest(
    tables: Tables,
    config: Config,
    origins: Sequence[dt.date],
    horizon_weeks: int,
    forecasters: Mapping[str, Forecaster],
    *,
    draws: int = 1000,
    seed: int = 1,
    jobs: int = 1,
    observed_until: dt.date | None = None,
    progress: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Score each forecaster's total over the horizon after each origin.

    Every forecaster sees only what was recorded by the origin. The actual is what had happened in
    (origin, origin + horizon] as known at origin + horizon, counted exactly as the features count it.
    observed_until : the last day the tables cover; without it ``config.as_of``. jobs : processes to spread the
    origins over; the numbers do not depend on it. progress : called with one sentence an origin.

    Returns one row an origin × metric × model, columns COLUMNS: horizon in weeks; actual, mean, p05 … p95, crps and
    pinball in the unit of the metric; covered_50/80/90 (bool); pit in [0, 1]. ``.attrs["not_available"]`` holds a
    dict (origin, model, metric, reason) for each forecast that a forecaster could not give; see not_available().
    Raises ConfigError where the end of the data is unknown.
    """
    until = observed_until or config.as_of
    if until is None:
        raise ConfigError("as_of is not set, so no horizon is known to be over: set as_of in the config or pass a date")
    plan = _Plan(config, horizon_weeks, dict(forecasters), draws, seed)
    observed = [origin for origin in origins if origin + dt.timedelta(weeks=horizon_weeks) <= until]
    records = [_unobserved(origin, horizon_weeks, until) for origin in origins if origin not in observed]
    for done, record in enumerate(_run(tables, plan, observed, jobs), start=1):
        records.append(record)
        if progress is not None:
            progress(f"forecast from {record.origin} scored ({done} of {len(observed)})")
    records.sort(key=lambda record: record.origin)
    frame = pd.DataFrame([row for record in records for row in record.rows], columns=COLUMNS)
    frame.attrs["not_available"] = [row for record in records for row in record.missing]
    return frame


def not_available(scored: pd.DataFrame) -> pd.DataFrame:
    """What a backtest lacks: model, metric, reason, and at how many origins (origins, first, last)."""
    notes = pd.DataFrame(scored.attrs.get("not_available", []), columns=["origin", "model", "metric", "reason"])
    grouped = notes.groupby(["model", "metric", "reason"], sort=True)["origin"]
    return grouped.agg(origins="count", first="min", last="max").reset_index()


def realised_between(tables: Tables, config: Config, origin: dt.date, until: dt.date) -> dict[str, float]:
    """metric → total of what happened after ``origin`` and by ``until``, as known at ``until``; in the metric's unit.

    Holds every metric that this data has ever shown by ``until``, zero where nothing happened in the window.
    """
    journeys = reconstruct_journeys(tables, config.funnel, until, config.identity)
    realised = RealisedBuilder().fit_transform(journeys)
    inside = realised[(realised["date"] > pd.Timestamp(origin)) & (realised["date"] <= pd.Timestamp(until))]
    totals = inside.groupby("metric")["value"].sum()
    return {metric: float(totals.get(metric, 0.0)) for metric in metrics_seen(realised)}


def _run(tables: Tables, plan: _Plan, origins: Sequence[dt.date], jobs: int) -> Iterator[_Record]:
    """One record an origin, as they finish. Tables carry their rows into another process, connections stay here."""
    if jobs == 1 or len(origins) < 2:
        yield from (_one_origin(tables, plan, origin) for origin in origins)
        return
    workers = joblib.Parallel(n_jobs=min(jobs, len(origins)), return_as="generator_unordered")
    yield from workers(joblib.delayed(_one_origin)(tables, plan, origin) for origin in origins)


def _one_origin(tables: Tables, plan: _Plan, origin: dt.date) -> _Record:
    known = _stored(cut_as_of(tables, origin))
    features = build_features(known, plan.config, origin)
    data = BacktestInput(known, plan.config, features, plan.horizon_weeks, plan.draws, _seed_of(plan.seed, origin))
    actual = realised_between(tables, plan.config, origin, origin + dt.timedelta(weeks=plan.horizon_weeks))
    record = _Record(origin)
    for model, forecaster in plan.forecasters.items():
        try:
            forecast = forecaster(data)
        except ModelError as error:
            record.missing.append(_missing(origin, model, dims.ALL, str(error)))
            continue
        _score(record, model, forecast, actual, plan.horizon_weeks)
    return record


def _score(
    record: _Record, model: str, forecast: Mapping[str, Floats], actual: Mapping[str, float], horizon_weeks: int
) -> None:
    """Add a row for each metric that both happened and was forecast, and a note for each that was not forecast."""
    for metric, value in actual.items():
        if metric not in forecast:
            record.missing.append(
                _missing(
                    record.origin,
                    model,
                    metric,
                    f"gives no forecast of {metric}: not one of its metrics, or too little history",
                )
            )
            continue
        totals = horizon_totals(forecast[metric], horizon_weeks, f"{model}'s {metric}")
        names = {"origin": pd.Timestamp(record.origin), "horizon": horizon_weeks, "metric": metric, "model": model}
        record.rows.append(names | score_draws(totals, value))


def _stored(tables: Tables) -> Tables:
    """The same tables, worked out once in their engine instead of at every use."""
    return tables.replace(**{name: tables[name].cache() for name in tables.names})


def _seed_of(seed: int, origin: dt.date) -> int:
    """A seed of its own for each origin, whatever else runs beside it."""
    return int(np.random.SeedSequence([seed, origin.toordinal()]).generate_state(1)[0])


def _missing(origin: dt.date, model: str, metric: str, reason: str) -> Row:
    return {"origin": pd.Timestamp(origin), "model": model, "metric": metric, "reason": reason}


def _unobserved(origin: dt.date, horizon_weeks: int, until: dt.date) -> _Record:
    end = origin + dt.timedelta(weeks=horizon_weeks)
    reason = f"what follows is known only until {until}, and the horizon ends on {end}"
    return _Record(origin, missing=[_missing(origin, dims.ALL, dims.ALL, reason)])
