"""80 % ranges of shares, of ratios of counts, of what a thing costs, and of means. Elementwise on arrays.

A count of the past is a fact; a share of it is also an estimate of what such records do, and few records say little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["LEVEL", "cost_interval", "mean_interval", "ratio_interval", "share_interval"]

LEVEL = 0.8
Floats = npt.NDArray[np.float64]
Range = tuple[Floats, Floats]


def share_interval(of: Floats, among: Floats, level: float = LEVEL) -> Range:
    """Wilson's range of a share ``of / among``; NaN where ``among`` is 0.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001, eq. 4.

    >>> low, high = share_interval(np.array([5.0]), np.array([10.0]), 0.95)
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.237, 0.763)
    """
    z = float(special.ndtri((1 + level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = of / among
        centre = (share + z**2 / (2 * among)) / (1 + z**2 / among)
        half = z / (1 + z**2 / among) * np.sqrt(share * (1 - share) / among + z**2 / (4 * among**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def ratio_interval(of: Floats, per: Floats, level: float = LEVEL) -> Range:
    """Range of the ratio of two counts that may exceed 1: the share of ``of`` in both together, told as odds.

    Given their sum, one of two Poisson counts is binomial.
    """
    low, high = share_interval(of, of + per, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _known(low / (1 - low), per), _known(high / (1 - high), per)


def cost_interval(amount: Floats, count: Floats, level: float = LEVEL) -> Range:
    """Range of ``amount / count`` where the amount is known and the count is Poisson: Jeffreys' range of its rate."""
    tail = (1 - level) / 2
    fewest = np.where(count > 0, special.gammaincinv(count + 0.5, tail), np.nan)
    most = np.where(count > 0, special.gammaincinv(count + 0.5, 1 - tail), np.nan)
    with np.errstate(invalid="ignore"):
        return amount / most, amount / fewest


def mean_interval(n: Floats, total: Floats, squares: Floats, level: float = LEVEL) -> Range:
    """Student's range of a mean from n, Σx and Σx²; NaN for fewer than two."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        variance = np.maximum(squares - n * mean**2, 0) / (n - 1)
        half = special.stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * np.sqrt(variance / n)
    half = np.where(n > 1, half, np.nan)
    return mean - half, mean + half


def _known(values: Floats, per: Floats) -> Floats:
    return np.where(per > 0, values, np.nan)
