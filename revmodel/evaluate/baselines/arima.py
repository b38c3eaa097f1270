"""ARIMA on the weekly totals, its orders chosen by AICc (statsforecast's AutoARIMA)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError
from revmodel.evaluate.forecaster import BacktestInput, Floats, per_metric

__all__ = ["auto_arima"]

FEWEST_WEEKS = 20
LONGEST_WEEKS = 156  # older weeks cost time and say little of today


def auto_arima(data: BacktestInput) -> dict[str, Floats]:
    """AutoARIMA without season on the square root of the weekly totals; orders up to (2, 1, 2), searched stepwise.

    A yearly season of 52 steps would be searched for minutes and wants more years than companies have. Draws are
    sample paths with normal innovations, through the model's psi weights, so sums over weeks have the right spread.
    Returns metric → (draw, week). Raises ModelError below 20 weeks of history.
    Source: Hyndman and Khandakar 2008, J. Stat. Softw. 27(3); psi weights: Box, Jenkins and Reinsel 2008, ch. 5.
    """
    return per_metric(data, lambda history, rng: _paths(history, data.horizon_weeks, data.draws, rng))


def _paths(history: Floats, horizon_weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    if history.size < FEWEST_WEEKS:
        raise ModelError(
            f"{history.size} weeks of history: AutoARIMA wants at least {FEWEST_WEEKS}; take a later origin"
        )
    from statsforecast.models import AutoARIMA

    roots = np.sqrt(history[-LONGEST_WEEKS:])
    if np.ptp(roots) == 0:
        return np.full((draws, horizon_weeks), history[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # orders that do not converge are tried, and not chosen
        fitted = AutoARIMA(
            season_length=1, max_p=2, max_q=2, max_d=1, stepwise=True, approximation=True, allowdrift=False, nmodels=12
        ).fit(roots)
    mean = np.asarray(fitted.predict(h=horizon_weeks)["mean"], dtype=float)
    psi = _psi_weights(fitted.model_, horizon_weeks)
    innovations = rng.normal(0.0, np.sqrt(fitted.model_["sigma2"]), (draws, horizon_weeks))
    reach = np.array([[psi[t - s] if t >= s else 0.0 for t in range(horizon_weeks)] for s in range(horizon_weeks)])
    return np.asarray(np.square(np.maximum(mean + innovations @ reach, 0.0)))


def _psi_weights(model: dict[str, Any], count: int) -> Floats:
    """ψ_0 … of the fitted model: how an innovation shows in this and later weeks."""
    p, q, _, _, _, d, _ = model["arma"]
    coefficients = model["coef"]
    ar = np.array([coefficients[f"ar{i + 1}"] for i in range(p)], dtype=float)
    ma = np.array([coefficients[f"ma{i + 1}"] for i in range(q)], dtype=float)
    polynomial: npt.NDArray[np.float64] = np.concatenate([[1.0], -ar])
    for _ in range(d):
        polynomial = np.convolve(polynomial, [1.0, -1.0])
    moving = np.concatenate([[1.0], ma])
    psi = np.zeros(count)
    for j in range(count):
        back = min(j, polynomial.size - 1)
        past = sum(polynomial[i] * psi[j - i] for i in range(1, back + 1))
        psi[j] = (moving[j] if j < moving.size else 0.0) - past
    return psi
