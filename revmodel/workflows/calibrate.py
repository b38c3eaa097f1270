"""The run's simulation combined with simple methods and recalibrated, by what this company's past forecasts teach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ModelError
from revmodel.evaluate.at_origin import checkpoints_of, known_history, weekly_answers
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.combine import FUNNEL, PRIOR_WEIGHTS
from revmodel.evaluate.fans import LEVELS, OriginFans, fan_of
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.evaluate.learned_words import learned_sentences, learned_table, weights_table
from revmodel.evaluate.stacked import Learned, learn, stacked
from revmodel.forecast.adjust import adjusted, window_totals
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.rollup import metrics_of
from revmodel.forecast.simulation import Simulation
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.workflows.backtest import DRAWS, HORIZONS
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.parts import quarters_ahead
from revmodel.workflows.past_beside import PastForecasts, past_dates

__all__ = ["Calibrated", "calibrate"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibrated:
    """simulation: combined and recalibrated. tables: ``weights`` and ``learned``; empty where nothing was learned."""

    simulation: Simulation
    tables: dict[str, pd.DataFrame]


def calibrate(
    fitted: FittedCompany, simulation: Simulation, *, past: PastForecasts | None = None,
    progress: Callable[[str], None] | None = None,
) -> Calibrated:  # fmt: skip
    """Totals of each quarter ahead get the distribution that the combination says; all parts move with them.

    Learns from forecasts as they would have been at ``forecast.past_origins`` dates (past: begun beside the fit). A
    company too young for any is forecast by the funnel model alone, and the run says so.
    """
    settings = fitted.config.forecast
    if not settings.calibrate:
        return Calibrated(simulation, {})
    try:
        past_dates(fitted)
    except ModelError as error:
        fitted.features.cannot.append(
            f"The forecast is not combined with simple methods, nor its ranges checked: {error}"
        )
        return Calibrated(simulation, {})
    weekly = _weekly_by_method(fitted, simulation)
    forecasts = (past or PastForecasts()).of(fitted, progress)
    told = [one for one, _ in stacked(forecasts, HORIZONS)]
    learned = learn(told, _fans_of_today(fitted, weekly), HORIZONS)
    targets, shares = _targets(fitted, simulation, weekly, learned)
    tables = {"weights": weights_table(learned), "learned": learned_table(told, learned)}
    tables["learned"]["sentence"] = learned_sentences(tables["learned"], tables["weights"])
    return Calibrated(adjusted(simulation, targets, shares, LEVELS), tables)


def _weekly_by_method(fitted: FittedCompany, simulation: Simulation) -> dict[str, dict[str, Floats]]:
    """metric → method → (draw, week), of today: the simulation, and every simple method that may have a weight."""
    known = cut_as_of(fitted.data.tables, fitted.as_of)
    data = BacktestInput(known, fitted.config, fitted.features, quarters_ahead(fitted), DRAWS, fitted.config.seed)
    simple, _ = weekly_answers(data, {name: BASELINES[name] for name in PRIOR_WEIGHTS if name in BASELINES})
    metrics = metrics_of(simulation, fitted.features.realised)
    return {metric: {FUNNEL: simulation.weekly(metric), **simple.get(metric, {})} for metric in metrics}


def _fans_of_today(fitted: FittedCompany, weekly: Mapping[str, Mapping[str, Floats]]) -> OriginFans:
    checkpoints = checkpoints_of(HORIZONS)
    quantiles = {
        metric: {method: fan_of(draws, checkpoints) for method, draws in methods.items()}
        for metric, methods in weekly.items()
    }
    return OriginFans(fitted.as_of, checkpoints, quantiles, known_history(fitted.features, tuple(weekly)))


def _targets(
    fitted: FittedCompany, simulation: Simulation, weekly: Mapping[str, Mapping[str, Floats]], learned: Learned
) -> tuple[dict[str, Floats], Floats]:
    """metric → (quarter, level) quantiles of what is yet to come, and the share of each week in each quarter."""
    settings = fitted.config.forecast
    table = periods(fitted.as_of, settings.quarters, settings.fiscal_year_start_month, "quarter")
    shares = week_shares(table, fitted.as_of, simulation.draws.sizes["week"])
    ends = np.ceil(((table["end"] - pd.Timestamp(fitted.as_of)).dt.days / 7).to_numpy()).astype(int)
    targets = {}
    for metric, methods in weekly.items():
        totals = {method: window_totals(draws, shares) for method, draws in methods.items()}
        rows = np.full((len(table), LEVELS.size), np.nan)
        for window, weeks in enumerate(ends):
            fans = {method: np.quantile(total[:, window], LEVELS) for method, total in totals.items()}
            told = learned.final(metric, int(weeks), fans)
            if told is not None:
                rows[window] = told
        targets[metric] = rows
    return targets, shares
