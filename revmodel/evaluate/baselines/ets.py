"""Exponential smoothing of the weekly totals, chosen by AICc (statsforecast's AutoETS)."""

from __future__ import annotations

import numpy as np

from revmodel.errors import ModelError
from revmodel.evaluate.forecaster import BacktestInput, Floats, per_metric

__all__ = ["auto_ets", "ets_paths"]

FEWEST_WEEKS = 20


def auto_ets(data: BacktestInput) -> dict[str, Floats]:
    """AutoETS without season (ETS has none longer than 24 steps) on the square root of the weekly totals.

    The square root gives counts a constant spread and keeps draws ≥ 0. Draws are sample paths of the fitted
    state-space model with normal innovations, so sums over weeks have the right spread.
    Returns metric → (draw, week). Raises ModelError below 20 weeks of history.
    Source: Hyndman et al. 2008, "Forecasting with Exponential Smoothing", ch. 2 (state space form).
    """
    return per_metric(data, lambda history, rng: ets_paths(history, data.horizon_weeks, data.draws, rng))


def ets_paths(history: Floats, horizon_weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    """Sample paths of the weeks ahead, (draw, week), of weekly totals (week,). Raises ModelError below 20 weeks."""
    if history.size < FEWEST_WEEKS:
        raise ModelError(f"{history.size} weeks of history: AutoETS wants at least {FEWEST_WEEKS}; take a later origin")
    from statsforecast.models import AutoETS

    roots = np.sqrt(history)
    if np.ptp(roots) == 0:  # nothing to smooth, and AutoETS would divide by a spread of zero
        return np.full((draws, horizon_weeks), history[0])
    model = AutoETS(season_length=1, model="AZN").fit(roots).model_
    alpha, beta, _, phi = np.nan_to_num(model["par"][:4], nan=0.0)
    damping = phi if phi > 0 else 1.0
    state = model["states"][-1]
    level = np.full(draws, state[0])
    trend = np.full(draws, state[1] if model["components"][1] != "N" else 0.0)
    innovations = rng.normal(0.0, np.sqrt(model["sigma2"]), (horizon_weeks, draws))
    paths = np.empty((draws, horizon_weeks))
    for week, innovation in enumerate(innovations):
        one_ahead = level + damping * trend
        paths[:, week] = one_ahead + innovation
        level, trend = one_ahead + alpha * innovation, damping * trend + beta * innovation
    return np.square(np.maximum(paths, 0.0))
