"""Spend of this and of past weeks side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["lagged"]

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
