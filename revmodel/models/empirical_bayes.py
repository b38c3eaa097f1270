"""Learning the spreads of effects beside the effects: what every model's type-II maximum a posteriori shares.

Given the mode and covariance of standardised effects z, E[z²] says whether their spread is too small or too large
(Laplace-EM; Laird & Ware 1982). Student-t effects are normal ones with a weight each (Lange et al. 1989).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["OVER_RELAXATION", "ROUNDS", "TOLERANCE", "spread_change", "t_weights"]

Floats = npt.NDArray[np.float64]
ROUNDS = 12
TOLERANCE = 0.05  # of the log spread: five per cent of a spread moves no forecast
OVER_RELAXATION = 1.6  # EM for variances creeps; longer steps along its direction converge sooner


def spread_change(
    squares: Floats, count: npt.ArrayLike, log_spread: Floats, median: npt.ArrayLike, log_sd: npt.ArrayLike
) -> Floats:
    """The change r of each log spread that maximises −n·r − Σz²·exp(−2r)/2 + log prior, by Newton's method.

    squares : (spread,), Σ E[z²] at the spread as it is. count : how many effects each has. median, log_sd : of the
    LogNormal prior. All but squares and log_spread may be one number for all.
    """
    change, precision = np.zeros_like(log_spread), np.asarray(log_sd, dtype=float) ** -2
    for _ in range(20):
        shrink = squares * np.exp(-2 * change)
        gradient = -np.asarray(count) + shrink - (log_spread + change - np.log(median)) * precision
        change = change + np.clip(gradient / (2 * shrink + precision), -0.5, 0.5)
    return change


def t_weights(second: Floats, log_spread: Floats, degrees_of_freedom: float) -> Floats:
    """(series, effect): precision of each effect against its spread's; small for a break, one where effects are normal.

    second : (series, effect), E[e²] of effects in the unit of the spread.
    """
    if np.isinf(degrees_of_freedom):
        return np.ones_like(second)
    relative = second * np.exp(-2 * log_spread)[:, None]
    return np.asarray((degrees_of_freedom + 1) / (degrees_of_freedom + relative))
