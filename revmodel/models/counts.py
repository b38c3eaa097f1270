"""The log probability of counts that scatter more than Poisson's, written for a gradient that costs little.

The gamma function's logarithm and its derivative took half of the arrivals model's time. Here both come from Stirling's
series, exact to a few units of the last digit from SHIFT upward; below, log Γ(x) = log Γ(x + n) − log x(x+1)…(x+n−1).
Source of both: Abramowitz & Stegun 1964, 6.1.15 and 6.1.41.
"""

from __future__ import annotations

import math
from typing import Any

import pytensor.tensor as pt

__all__ = ["log_gamma", "log_negative_binomial"]

SHIFT = 8
# B₂ₖ / (2k (2k − 1)), of 1/x, 1/x³, …: the first left out is below 1e-15 from SHIFT upward.
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


def log_gamma(x: Any) -> Any:
    """log Γ(x) of a positive tensor below 1e30, of any shape."""
    product = x
    for step in range(1, SHIFT):
        product = product * (x + step)
    far = x + SHIFT
    inverse = 1 / far
    squared, series = inverse * inverse, STIRLING[-1]
    for term in STIRLING[-2::-1]:
        series = series * squared + term
    return (far - 0.5) * pt.log(far) - far + HALF_LOG_TAU + series * inverse - pt.log(product)


def log_negative_binomial(count: Any, mean: Any, size: Any) -> Any:
    """Log probability of ``count`` up to log(count!), which no parameter moves; variance mean + mean² / size.

    Tensors of shapes that fit each other; count ≥ 0, mean > 0, size > 0.
    """
    chosen = count * (pt.log(mean) - pt.log(size)) - (count + size) * pt.log1p(mean / size)
    return log_gamma(count + size) - log_gamma(size) + chosen
