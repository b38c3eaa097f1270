"""Saturation: how the effect of spend falls off, as a share of a ceiling, 0 without spend.

Every family but "none" has the half-saturation: the spend at which half of the ceiling is reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from revmodel.media.family import HALF_SATURATION, Family, Parameter, register

__all__ = ["SATURATIONS", "Saturation", "michaelis_menten"]

SATURATIONS: dict[str, Saturation] = {}
TINY = 1e-9  # nothing to a power that is learned has no derivative
SLOPE = Parameter("slope", 0.3, 0.35, "", "one is concave; above, several contacts are needed first: 1.35, 0.7 to 2.7")


@dataclass(frozen=True)
class Saturation(Family):
    """of(spend, **parameters): spend (…) ≥ 0 and parameters that broadcast with it, returns (…)."""

    known: ClassVar[dict[str, Any]] = SATURATIONS
    kind: ClassVar[str] = "saturation"


def michaelis_menten(spend: Any, half_saturation: Any) -> Any:
    """x / (x + k): half of the ceiling at x = k, concave. Source: Michaelis & Menten 1913; Hill, slope 1.

    >>> michaelis_menten(2.0, 2.0)
    0.5
    """
    return spend / (spend + half_saturation)


def _hill(spend: Any, half_saturation: Any, slope: Any) -> Any:
    """xⁿ / (xⁿ + kⁿ): S-shaped for n > 1. Source: Hill 1910; Jin et al. 2017, eq. 4."""
    return spend / (spend + half_saturation * (half_saturation / (spend + TINY)) ** (slope - 1.0))


def _logistic(spend: Any, half_saturation: Any) -> Any:
    """(1 − e^(−λx)) / (1 + e^(−λx)), λ = ln 3 / k. Source: Dew et al. 2024; the same curve as tanh(λx / 2)."""
    left = 3.0 ** (-spend / half_saturation)
    return (1.0 - left) / (1.0 + left)


def _exponential_reach(spend: Any, half_saturation: Any) -> Any:
    """1 − ½^(x / k): each contact reaches somebody at random. Source: Rice 1974, random-duplication reach."""
    return 1.0 - 0.5 ** (spend / half_saturation)


def _none(spend: Any) -> Any:
    """x: no saturation."""
    return spend


for _family in (
    Saturation("michaelis_menten", (HALF_SATURATION,), michaelis_menten),
    Saturation("hill", (HALF_SATURATION, SLOPE), _hill),
    Saturation("logistic", (HALF_SATURATION,), _logistic),
    Saturation("tanh", (HALF_SATURATION,), _logistic),
    Saturation("exponential_reach", (HALF_SATURATION,), _exponential_reach),
    Saturation("none", (), _none),
):
    register(_family)
