"""Correlation of two weekly series at a lag, with an interval that allows for autocorrelation."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["lagged_correlation"]

Floats = npt.NDArray[np.float64]
_LARGEST = 0.9999  # Fisher's transform of 1 is infinite


def lagged_correlation(
    x: Floats, y: Floats, lag_weeks: int, level: float = 0.95
) -> tuple[float, float, float, int, float]:
    """Correlation of x with y ``lag_weeks`` later: r, low, high, weeks n, effective weeks m.

    x, y : (week,), oldest first, NaN where not known. Weeks in which either is missing are left out, straight trends
    are taken out of both. Neighbouring weeks resemble each other, so n weeks say as much as m independent ones:

        m = n / (1 + 2 Σ_{k=1…n/4} (1 − k/n) ρ_x(k) ρ_y(k)),  at most n
        low, high = tanh( artanh r ± z √(1 / (m − 3)) ),  z the normal quantile of (1 + level) / 2

    NaN where fewer than eight weeks are left or a series does not vary. It says that two series move together, not
    that one moves the other. Sources: Bartlett 1946; Pyper and Peterman 1998, eq. 1; Fisher 1921.
    """
    later = y[lag_weeks:]
    earlier = x[: len(later)]
    both = np.isfinite(earlier) & np.isfinite(later)
    n = int(both.sum())
    nothing = float("nan")
    if n < 8:
        return nothing, nothing, nothing, n, nothing
    a, b = _without_trend(earlier[both]), _without_trend(later[both])
    size = math.sqrt(float(a @ a) * float(b @ b))
    if size <= 1e-12 * max(1.0, float(np.abs(earlier[both]).max() * np.abs(later[both]).max())):
        return nothing, nothing, nothing, n, nothing
    r = float(a @ b) / size
    alike = sum((1 - k / n) * _autocorrelation(a, k) * _autocorrelation(b, k) for k in range(1, n // 4 + 1))
    effective = max(4.0, min(n / max(1 + 2 * alike, 1e-9), float(n)))
    half = NormalDist().inv_cdf((1 + level) / 2) / math.sqrt(effective - 3)
    middle = math.atanh(max(-_LARGEST, min(r, _LARGEST)))
    return r, math.tanh(middle - half), math.tanh(middle + half), n, effective


def _without_trend(values: Floats) -> Floats:
    time = np.arange(len(values)) - (len(values) - 1) / 2
    centred: Floats = values - values.mean()
    rest: Floats = centred - time * float(time @ centred) / float(time @ time)
    return rest


def _autocorrelation(values: Floats, lag: int) -> float:
    return float(values[lag:] @ values[:-lag]) / float(values @ values)
