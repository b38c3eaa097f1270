"""From posteriors to the weeks ahead: hazards and arrivals as the draws that the forecast runs on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import PHASES, quarter_phase
from revmodel.models import priors
from revmodel.models.draws import FunnelDraws
from revmodel.models.hazards import FittedStage, StageHazards

__all__ = ["future_weeks", "predict_funnel"]

Floats = npt.NDArray[np.float64]
WEEKS_PER_PERIOD = 4
NEVER = -40.0  # log-odds of a way out that history never saw: it is not forecast


def future_weeks(as_of: pd.Timestamp, weeks: int) -> pd.DatetimeIndex:
    """Last days of the weeks after the as-of date: week 0 ends seven days after it."""
    return pd.date_range(as_of + pd.Timedelta(days=7), periods=weeks, freq="7D")


def predict_funnel(
    hazards: StageHazards, as_of: pd.Timestamp, weeks: int, draws: int, fiscal_year_start_month: int, seed: int
) -> FunnelDraws:
    """Weekly hazards of every stage for the weeks ahead (models/draws.py: FunnelDraws).

    Drift steps forward from the as-of date by Student-t steps and every four weeks share a shock; the spreads of both
    are drawn from their own uncertainty, so that a short history gives a wide future.
    """
    rng = np.random.default_rng(seed)
    phases = [PHASES.index(q) for q in quarter_phase(future_weeks(as_of, weeks), fiscal_year_start_month)]
    stages = list(hazards.stages_.values())
    log_odds, calendar = [], []
    for fitted in stages:
        pick = np.linspace(0, len(fitted.posterior.thetas) - 1, draws).round().astype(int)
        odds = fitted.derived["log_odds"][pick]
        for k, cause in enumerate(dims.CAUSES):
            if cause in fitted.never_seen:
                odds[:, k] = NEVER
        log_odds.append(odds)
        calendar.append(fitted.derived["phase_effect"][pick][:, :, phases] + _drift(fitted, weeks, draws, rng))
    layout = hazards.layout_
    return FunnelDraws(
        stages=tuple(s.stage for s in stages),
        groups=layout.groups,
        age_edges_weeks=layout.age_edges_weeks,
        log_odds=np.stack(log_odds, axis=1),
        calendar=np.stack(calendar, axis=1),
        destination=_destinations(hazards, draws, rng),
        again=np.zeros((draws, len(stages), len(dims.CAUSES))),
        first_week=np.full((draws, len(stages), 7), 1 / 7),
    )


def _drift(fitted: FittedStage, weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    """Future drift and shocks, (draw, cause, week)."""
    periods = -(-weeks // WEEKS_PER_PERIOD)
    causes = len(dims.CAUSES)
    # spread 1 is the drift's, spread 2 the shock's (models/hazards.py: SPREADS)
    noise = rng.standard_normal((draws, 2, causes))
    sd = np.exp(fitted.log_spread[1:] + fitted.log_spread_se[1:] * noise)
    steps = sd[:, 0, :, None] * rng.standard_t(priors.STEP_DEGREES_OF_FREEDOM, (draws, causes, periods))
    shocks = sd[:, 1, :, None] * rng.standard_normal((draws, causes, periods))
    ends = np.concatenate([np.zeros((draws, causes, 1)), np.cumsum(steps, axis=2)], axis=2)
    week = np.arange(weeks)
    period, inside = week // WEEKS_PER_PERIOD, (week % WEEKS_PER_PERIOD + 0.5) / WEEKS_PER_PERIOD
    walk = ends[:, :, period] * (1 - inside) + ends[:, :, period + 1] * inside
    return walk + shocks[:, :, period]


def _destinations(hazards: StageHazards, draws: int, rng: np.random.Generator) -> Floats:
    """Where exits go, (draw, stage, cause, to): Dirichlet posterior over the moves that were ever seen."""
    cells, causes = hazards.cells_, dims.CAUSES
    ends = [*cells.stages, "won", "lost"]
    out = np.zeros((draws, len(cells.stages), len(causes), len(ends)))
    moves = cells.destinations
    for i, stage in enumerate(cells.stages):
        for k, cause in enumerate(causes):
            seen = moves[(moves["stage"] == stage) & (moves["cause"] == cause) & (moves["count"] > 0)]
            if cause == dims.LOST:
                out[:, i, k, ends.index("lost")] = 1.0
            elif len(seen):
                at = [ends.index(to) for to in seen["to_stage"]]
                out[:, i, k, at] = rng.dirichlet(seen["count"].to_numpy(float), draws)
            else:  # never taken: its hazard is nil, but the probabilities must add up
                out[:, i, k, i + 1 if cause == dims.ADVANCE else max(i - 1, 0)] = 1.0
    return out
