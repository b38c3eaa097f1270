"""Carry-over and saturation of spend, each one formula, for NumPy arrays and PyTensor graphs alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["geometric_weights", "lagged", "michaelis_menten"]

Floats = npt.NDArray[np.float64]


def lagged(spend: Floats, max_lag_weeks: int) -> Floats:
    """Spend of this and of past weeks side by side: (channel, week) → (channel, lag, week), zero before the start.

    >>> lagged(np.array([[1.0, 2.0, 3.0]]), 1).tolist()
    [[[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]]]
    """
    channels, weeks = spend.shape
    out = np.zeros((channels, max_lag_weeks + 1, weeks))
    for lag in range(min(max_lag_weeks + 1, weeks)):
        out[:, lag, lag:] = spend[:, : weeks - lag]
    return out


def geometric_weights(half_life_weeks: Any, lags: Any) -> Any:
    """Weights of carry-over, ∝ ½^(lag / half-life), summing to 1 over the last axis.

    half_life_weeks : (…,) > 0. lags : (lag,), weeks. Returns (…, lag). Source: Jin et al. 2017, eq. 1.

    >>> geometric_weights(np.array([1.0]), np.arange(2)).round(3).tolist()
    [[0.667, 0.333]]
    """
    weights = 0.5 ** (lags / half_life_weeks[..., None])
    return weights / weights.sum(-1)[..., None]


def michaelis_menten(spend: Any, half_saturation: Any) -> Any:
    """Saturation x / (x + k): half of the ceiling at x = k, concave. Source: Michaelis & Menten 1913; Hill, slope 1.

    >>> float(michaelis_menten(np.float64(2.0), np.float64(2.0)))
    0.5
    """
    return spend / (spend + half_saturation)
