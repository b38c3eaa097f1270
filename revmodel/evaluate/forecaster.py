"""What every forecaster under test is given and must give back: models and baselines alike.

A forecaster is a function of one BacktestInput. It sees only what was recorded by the origin, because that is all
the input holds. It returns draws of weekly totals for the metrics that it can answer for, and raises ModelError
where it can answer for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ModelError
from revmodel.features.tables import Features
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.sources.tables import Tables

__all__ = ["BacktestInput", "Floats", "Forecaster", "horizon_totals", "metrics_seen", "per_metric", "weekly_history"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BacktestInput:
    """Everything known at one origin.

    tables: the canonical tables cut as of the origin. features: built from them. horizon_weeks: how many weeks after
    the origin to forecast; week 0 covers origin+1 … origin+7. draws: how many. seed: all the randomness there may be.
    """

    tables: Tables
    config: Config
    features: Features
    horizon_weeks: int
    draws: int
    seed: int

    @cached_property
    def journeys(self) -> Journeys:
        """The journeys of the tables as of the origin, worked out when first asked for and shared by forecasters."""
        return reconstruct_journeys(self.tables, self.config.funnel, self.features.as_of, self.config.identity)

    def at_horizon(self, weeks: int) -> BacktestInput:
        """The same for another horizon; journeys are worked out once for all."""
        other = replace(self, horizon_weeks=weeks)
        other.__dict__["journeys"] = self.journeys
        return other


# metric (of dims.METRICS) → weekly totals, (draw, week)
Forecaster = Callable[[BacktestInput], Mapping[str, Floats]]


def metrics_seen(realised: pd.DataFrame) -> tuple[str, ...]:
    """Metrics that have happened at least once (realised as in Features), in the order of dims.METRICS."""
    seen = set(realised["metric"])
    return tuple(metric for metric in dims.METRICS if metric in seen)


def weekly_history(features: Features, metric: str) -> pd.Series:
    """Totals of a metric by whole week, oldest first, ending on the as-of date; index: the week's last day.

    Begins with the first whole week after the metric was first seen: what came before may not have been recorded
    (a CRM that began to note wins late), and zeros there would be read as a low level.
    Raises ModelError where there is no such week.
    """
    rows = features.realised[features.realised["metric"] == metric]
    end = pd.Timestamp(features.as_of)
    weeks_back = (end - pd.to_datetime(rows["date"]).dt.normalize()).dt.days // 7
    count = int(weeks_back.max()) if len(rows) else 0
    if count < 1:
        raise ModelError(
            f"{metric} has no whole week of history before {features.as_of}: wanted at least one; choose a later date"
        )
    totals = rows["value"].groupby(weeks_back).sum().reindex(range(count - 1, -1, -1), fill_value=0.0)
    last_days = pd.date_range(end=end, periods=count, freq="7D", name=dims.WEEK)
    return pd.Series(totals.to_numpy(dtype=float), index=last_days, name=metric)


def horizon_totals(weekly: Floats, horizon_weeks: int, what: str) -> Floats:
    """Totals over the horizon, (draw,), of weekly draws, (draw, week). Raises ModelError: they have another shape."""
    draws = np.asarray(weekly, dtype=float)
    if draws.ndim != 2 or draws.shape[1] != horizon_weeks:
        raise ModelError(f"{what} came in shape {draws.shape}: wanted (draw, week), {horizon_weeks} weeks")
    totals: Floats = draws.sum(axis=1)
    return totals


def per_metric(data: BacktestInput, forecast_one: Callable[[Floats, np.random.Generator], Floats]) -> dict[str, Floats]:
    """Run a forecaster of single series on each metric seen so far.

    forecast_one : (weekly history (week,), generator) → draws (draw, week).
    A metric whose history is too short is left out (the backtest notes it); where all are, raises their ModelError.
    """
    answers: dict[str, Floats] = {}
    refusals: list[str] = []
    for position, metric in enumerate(metrics_seen(data.features.realised)):
        rng = np.random.default_rng([data.seed, position])
        try:
            history = weekly_history(data.features, metric).to_numpy(dtype=float)
            answers[metric] = forecast_one(history, rng)
        except ModelError as error:
            refusals.append(f"{metric}: {error}")
    if not answers:
        raise ModelError("; ".join(refusals) or f"nothing has happened by {data.features.as_of}: choose a later date")
    return answers
