"""How good a forecast was: proper scores and calibration of draws against what happened.

All take draws of one number, shape (draw,), and the number that was observed; scores are in the unit of that number
and smaller is better. The CRPS is written out here because importing scoringrules takes six seconds; a slow test
holds it to scoringrules' fair estimator.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.fans import LEVELS, quantile_crps

__all__ = ["bias", "covered", "crps", "interval_score", "pinball", "pit", "score_fan", "wape"]

Floats = npt.NDArray[np.float64]


def crps(draws: Floats, actual: float) -> float:
    """Continuous ranked probability score, fair estimate from an ensemble: E|X − y| − ½ E|X − X′|.

    draws : (draw,), any unit; actual : same unit. Returns the same unit, ≥ 0 in expectation; for a point forecast
    (one draw, or all draws equal) it is the absolute error. "Fair": X and X′ are different draws, so the score does
    not depend on how many were taken.
    Source: Ferro 2014, "Fair scores for ensemble forecasts"; computed from the sorted ensemble (probability-weighted
    moments) as surveyed by Zamo and Naveau 2018. Definition: Jordan, Krüger and Lerch 2019, J. Stat. Softw. 90(12).

    >>> crps(np.array([1.0, 3.0]), 2.0)
    0.0
    >>> crps(np.array([5.0]), 2.0)
    3.0
    """
    ordered = np.sort(_checked(draws))
    size = ordered.size
    distance = float(np.abs(ordered - actual).mean())
    if size == 1:
        return distance
    weights = 2 * np.arange(size) - (size - 1)  # Σ_{i<j} (x_j − x_i) = Σ_i weights_i · x_i
    return distance - float(weights @ ordered) / (size * (size - 1))


def pinball(draws: Floats, actual: float, levels: npt.ArrayLike = dims.PERCENTILES) -> float:
    """Mean quantile loss over ``levels`` (percent): (1{y ≤ q} − p)·(q − y). Source: Koenker and Bassett 1978.

    >>> pinball(np.array([10.0]), 12.0, levels=[50])
    1.0
    """
    percent = np.asarray(levels, dtype=float)
    error = actual - np.percentile(_checked(draws), percent)
    return float(np.maximum(percent / 100 * error, (percent / 100 - 1) * error).mean())


def interval_score(draws: Floats, actual: float, percent: float = 80) -> float:
    """Width of the central interval plus 2/α for each unit by which it was missed, α = 1 − percent/100.

    Source: Gneiting and Raftery 2007, eq. 43.
    """
    low, high = _interval(draws, percent)
    miss = max(low - actual, 0.0) + max(actual - high, 0.0)
    return high - low + 2 / (1 - percent / 100) * miss


def covered(draws: Floats, actual: float, percent: float) -> bool:
    """Whether the central ``percent`` interval of the draws holds the actual, ends included."""
    low, high = _interval(draws, percent)
    return low <= actual <= high


def pit(draws: Floats, actual: float) -> float:
    """Probability integral transform: the share of draws below the actual, ties counted half, in [0, 1].

    Uniform over many forecasts when intervals hold. Source: Czado, Gneiting and Held 2009 (ties of counts).
    """
    checked = _checked(draws)
    return float((checked < actual).mean() + 0.5 * (checked == actual).mean())


def wape(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Weighted absolute percentage error: Σ|forecast − actual| / Σ|actual|; NaN where all actuals are zero."""
    predicted, observed = np.asarray(forecast, dtype=float), np.asarray(actual, dtype=float)
    return _ratio(np.abs(predicted - observed).sum(), np.abs(observed).sum())


def bias(forecast: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Σ(forecast − actual) / Σ|actual|: +0.1 is 10 % too high; NaN where all actuals are zero."""
    predicted, observed = np.asarray(forecast, dtype=float), np.asarray(actual, dtype=float)
    return _ratio((predicted - observed).sum(), np.abs(observed).sum())


def score_fan(quantiles: Floats, actual: float) -> dict[str, float | bool]:
    """One forecast as a row of the ``backtest`` table: actual, mean, p05 … p95, crps, pinball, covered_*, pit.

    quantiles : (level,), the forecast's quantiles at evaluate.fans.LEVELS. They are scored as the forecast itself: its
    CRPS is twice the mean pinball loss over the levels.
    """
    checked = _checked(quantiles)
    at = dict(zip(dims.PERCENTILES, np.interp(np.array(dims.PERCENTILES) / 100, LEVELS, checked), strict=True))
    row: dict[str, float | bool] = {"actual": actual, "mean": float(checked.mean())}
    row |= {f"p{level:02d}": float(value) for level, value in at.items()}
    row |= {"crps": float(quantile_crps(checked, actual)), "pinball": _pinball_at(at, actual)}
    for percent in (50, 80, 90):
        tail = (100 - percent) // 2
        row[f"covered_{percent}"] = bool(at[tail] <= actual <= at[100 - tail])
    return row | {"pit": pit(checked, actual)}


def _pinball_at(at: Mapping[int, float], actual: float) -> float:
    losses = [max(level / 100 * (actual - q), (level / 100 - 1) * (actual - q)) for level, q in at.items()]
    return float(np.mean(losses))


def _interval(draws: Floats, percent: float) -> tuple[float, float]:
    tail = (100 - percent) / 2
    low, high = np.percentile(_checked(draws), [tail, 100 - tail])
    return float(low), float(high)


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0 else float("nan")


def _checked(draws: Floats) -> Floats:
    values = np.asarray(draws, dtype=float)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise ModelError(
            f"got draws of shape {values.shape} with {bad} not finite: wanted one axis of at least one finite draw; "
            "sum the weeks before scoring and look for the model that gave NaN"
        )
    return values
