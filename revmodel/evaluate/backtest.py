"""Rolling-origin backtests: at each past date, forecast with what was known then, and score what really followed."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import cast

import cloudpickle
import numpy as np
import pandas as pd
from joblib.externals.loky import get_reusable_executor

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ConfigError
from revmodel.evaluate.at_origin import forecast_at
from revmodel.evaluate.fans import OriginFans, read_fans, write_fans
from revmodel.evaluate.forecaster import Forecaster, metrics_seen
from revmodel.evaluate.scores import score_fan
from revmodel.evaluate.stacked import stacked
from revmodel.features.build import build_features
from revmodel.sources.tables import Tables

__all__ = ["COLUMNS", "BacktestPlan", "backtest", "forecast_origins", "not_available", "score_origins"]

COLUMNS = [
    *("origin", "horizon", "metric", "model", "actual", "mean"),
    *(f"p{level:02d}" for level in dims.PERCENTILES),
    *("crps", "pinball", "covered_50", "covered_80", "covered_90", "pit"),
]
Progress = Callable[[int, int], None]
GLANCE = 0.2  # seconds from one look to the next at whether this process is free

# Of a process: threads of small matrices cost six times the time, and there is a process for each core.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class BacktestPlan:
    """What is the same at every origin; it travels to worker processes.

    horizons : weeks, at least one. forecasters : method → forecaster. draws : of each forecaster. keep : a folder in
    which fans are kept and from which they are read back; its name must change with data, config and program.
    """

    config: Config
    horizons: tuple[int, ...]
    forecasters: Mapping[str, Forecaster]
    draws: int = 400
    seed: int = 1
    keep: Path | None = None


def backtest(
    tables: Tables, plan: BacktestPlan, origins: Sequence[dt.date], *, observed_until: dt.date | None = None,
    jobs: int = 1, progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Forecast at each origin, combine what was forecast (evaluate.stacked), and score all of it.

    observed_until : the last day that the tables cover; without it the config's as_of. Returns what score_origins does.
    Raises ConfigError where the end of the data is unknown.
    """
    until = observed_until or plan.config.as_of
    if until is None:
        raise ConfigError("as_of is not set, so no horizon is known to be over: set as_of in the config or pass a date")
    observed = [day for day in origins if day + dt.timedelta(weeks=min(plan.horizons)) <= until]
    fans = forecast_origins(tables, plan, observed, jobs=jobs, progress=progress)
    realised = build_features(tables, plan.config, until).realised
    scored = score_origins([one for one, _ in stacked(fans, plan.horizons)], realised, plan.horizons, until)
    for day in sorted(set(origins) - set(observed)):
        end = day + dt.timedelta(weeks=min(plan.horizons))
        scored.attrs["not_available"].append(_unobserved(pd.Timestamp(day), min(plan.horizons), end, until))
    return scored


def forecast_origins(
    tables: Tables, plan: BacktestPlan, origins: Sequence[dt.date], *, jobs: int = 1, free: Event | None = None,
    progress: Progress | None = None,
) -> list[OriginFans]:  # fmt: skip
    """What every forecaster said at each origin, oldest first. Each sees only what was recorded by the origin.

    jobs : processes to spread the origins over; the numbers do not depend on it. free : this process, one of them, has
    other work until this is set. progress : called with how many of how many origins are done, first with those kept.
    """
    wanted = sorted(set(origins))
    done = {origin: read_fans(file) for origin in wanted if (file := _kept_file(plan, origin)) and file.exists()}
    say = progress or (lambda *_: None)
    say(len(done), len(wanted))
    for fans in _run(tables, plan, [origin for origin in wanted if origin not in done], jobs, free):
        done[fans.origin] = fans
        say(len(done), len(wanted))
    return [done[origin] for origin in wanted]


def score_origins(
    origins: Sequence[OriginFans], realised: pd.DataFrame, horizons: Sequence[int], observed_until: dt.date
) -> pd.DataFrame:
    """Score each method's total over each horizon after each origin.

    realised : what happened, as known at ``observed_until``: metric, date, value (see features.tables.Features).
    Returns one row an origin × horizon × metric × model, columns COLUMNS: horizon in weeks; actual, mean, p05 … p95,
    crps and pinball in the unit of the metric; covered_50/80/90 (bool); pit in [0, 1]. An origin whose horizon is not
    over is left out. ``.attrs["not_available"]`` holds what was not forecast or not observed; see not_available().
    """
    rows: list[dict[str, object]] = []
    missing: list[dict[str, object]] = []
    seen = metrics_seen(realised)
    for fans in origins:
        origin = pd.Timestamp(fans.origin)
        missing += [
            {"origin": origin, "model": method, "metric": metric, "reason": reason}
            for method, metric, reason in fans.refused
        ]
        for horizon in horizons:
            end = fans.origin + dt.timedelta(weeks=horizon)
            if end > observed_until:
                missing.append(_unobserved(origin, horizon, end, observed_until))
                continue
            actual = _actuals(realised, seen, fans.origin, end)
            rows += _rows(fans, origin, horizon, actual)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame.attrs["not_available"] = missing
    return frame


def not_available(scored: pd.DataFrame) -> pd.DataFrame:
    """What a backtest lacks: model, metric, reason, and at how many origins (origins, first, last)."""
    notes = pd.DataFrame(scored.attrs.get("not_available", []), columns=["origin", "model", "metric", "reason"])
    grouped = notes.groupby(["model", "metric", "reason"], sort=True)["origin"]
    return grouped.agg(origins="nunique", first="min", last="max").reset_index()


def _run(
    tables: Tables, plan: BacktestPlan, origins: Sequence[dt.date], jobs: int, free: Event | None
) -> Iterator[OriginFans]:  # fmt: skip
    """Fans as they come. Tables carry their rows into other processes, once; connections stay here.

    While this process has other work the others are one fewer; once it is free it forecasts what none has begun.
    """
    if not origins or (free is None and (jobs == 1 or len(origins) < 2)):
        yield from (_one_origin(tables, plan, origin) for origin in origins)
        return
    workers = min(jobs - (free is not None), len(origins))
    processes = get_reusable_executor(max_workers=workers, env=ONE_THREAD)
    packed = cloudpickle.dumps((tables, plan))
    left, running = deque(origins), set[Future[OriginFans]]()
    try:
        while left or running:
            while left and len(running) <= workers:  # one more than run at a time, so that none waits for this process
                running.add(processes.submit(_one_origin_of, packed, left.popleft()))
            if left and free is not None and free.is_set():
                yield _one_origin(tables, plan, left.popleft())
            done, running = wait(running, GLANCE if left else None, FIRST_COMPLETED)
            yield from (one.result() for one in done)
    finally:
        for one in running:  # after an error, or where nobody reads on
            one.cancel()


def _one_origin_of(packed: bytes, origin: dt.date) -> OriginFans:
    return _one_origin(*_unpacked(packed), origin)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> tuple[Tables, BacktestPlan]:
    """In a worker process, which forecasts at several origins."""
    return cast(tuple[Tables, BacktestPlan], cloudpickle.loads(packed))


def _one_origin(tables: Tables, plan: BacktestPlan, origin: dt.date) -> OriginFans:
    fans = forecast_at(
        tables, plan.config, origin, plan.horizons, plan.forecasters, draws=plan.draws, seed=plan.seed
    )  # fmt: skip
    file = _kept_file(plan, origin)
    if file is not None:
        write_fans(fans, file)
        return read_fans(file)  # the numbers of a kept origin and of a fresh one are the same
    return fans


def _kept_file(plan: BacktestPlan, origin: dt.date) -> Path | None:
    return None if plan.keep is None else plan.keep / f"{origin}.npz"


def _actuals(realised: pd.DataFrame, metrics: Sequence[str], origin: dt.date, end: dt.date) -> dict[str, float]:
    """metric → what happened after ``origin`` and by ``end``: zero where nothing did."""
    day = pd.to_datetime(realised["date"]).dt.normalize()
    inside = realised[(day > pd.Timestamp(origin)) & (day <= pd.Timestamp(end))]
    totals = inside.groupby("metric")["value"].sum()
    return {metric: float(totals.get(metric, 0.0)) for metric in metrics}


def _rows(fans: OriginFans, origin: pd.Timestamp, horizon: int, actual: Mapping[str, float]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for metric, value in actual.items():
        for method in fans.quantiles.get(metric, {}):
            fan = fans.fan(metric, method, horizon)
            if np.isfinite(fan).all():
                names = {"origin": origin, "horizon": horizon, "metric": metric, "model": method}
                rows.append({**names, **score_fan(fan, value)})
    return rows


def _unobserved(origin: pd.Timestamp, horizon: int, end: dt.date, until: dt.date) -> dict[str, object]:
    reason = f"what follows is known only until {until}, and the horizon of {horizon} weeks ends on {end}"
    return {"origin": origin, "model": dims.ALL, "metric": dims.ALL, "reason": reason}
