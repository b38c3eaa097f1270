"""The limits of a plan: bounds by channel, fixed lines and the total, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["ROUNDING", "Limits", "amount_in_words", "resolve_limits"]

ROUNDING = 1e-9  # share of the budget by which limits may miss it before they clash


@dataclass(frozen=True)
class Limits:
    """Bounds (channel,) and the budget, all totals over the window in currency. fixed: channels that may not move."""

    lower: Floats
    upper: Floats
    fixed: npt.NDArray[np.bool_]
    budget: float
    at_most: bool

    def admits(self, plan: Floats) -> bool:
        """Whether ``plan`` (channel,) keeps every bound and the total."""
        slack = ROUNDING * max(self.budget, float(self.upper.max()))
        inside = bool((plan >= self.lower - slack).all() and (plan <= self.upper + slack).all())
        left = self.budget - float(plan.sum())
        return inside and (left >= -slack if self.at_most else abs(left) <= slack)


def resolve_limits(
    surface: ResponseSurface,
    budget: float,
    lower: Floats,
    upper: Floats,
    fixed: Mapping[str, float] | None,
    at_most: bool,
) -> Limits:
    """Bounds with the fixed lines put in, known to leave room for the budget.

    Raises InfeasibleError where limits clash, ModelError where they reach beyond the surface.
    """
    bounds = [np.array(np.broadcast_to(bound, surface.current.shape), dtype=float) for bound in (lower, upper)]
    is_fixed = np.zeros(len(surface.channels), dtype=bool)
    for name, amount in (fixed or {}).items():
        if name not in surface.channels:
            raise InfeasibleError(f"{name} is fixed but is no channel here: {', '.join(surface.channels)}")
        place = surface.channels.index(name)
        is_fixed[place] = True
        bounds[0][place] = bounds[1][place] = amount
    limits = Limits(bounds[0], bounds[1], is_fixed, float(budget), at_most)
    _check_each(surface, limits)
    _check_total(surface, limits)
    return limits


def amount_in_words(amount: float) -> str:
    """1.2m, 340k, 57.5: short enough for a sentence.

    >>> amount_in_words(1_250_000), amount_in_words(-340_000), amount_in_words(0.25)
    ('1.25m', '-340k', '0.25')
    """
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{amount / size:.4g}{letter}"
    return f"{amount:.4g}"


def _check_each(surface: ResponseSurface, limits: Limits) -> None:
    if not (np.isfinite(limits.budget) and limits.budget >= 0):
        raise InfeasibleError(f"the budget is {limits.budget}: wanted a total over the window, 0 or more")
    for channel, low, high, top in zip(surface.channels, limits.lower, limits.upper, surface.highest, strict=True):
        if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or low > high:
            raise InfeasibleError(f"limits of {channel}: lower {low:g} and upper {high:g} need 0 ≤ lower ≤ upper")
        if high > top * (1 + ROUNDING):
            raise ModelError(
                f"the upper limit of {channel} is {amount_in_words(high)} but its response is known only up to "
                f"{amount_in_words(top)}: build the surface on a wider grid or lower the limit"
            )
    low_end = surface.spend[:, 0]
    below = np.flatnonzero(limits.lower < low_end * (1 - ROUNDING))
    if below.size:
        place = int(below[0])
        raise ModelError(
            f"the lower limit of {surface.channels[place]} is {amount_in_words(limits.lower[place])} but its response "
            f"is known only from {amount_in_words(low_end[place])}: start the grid at zero"
        )


def _check_total(surface: ResponseSurface, limits: Limits) -> None:
    least, most = float(limits.lower.sum()), float(limits.upper.sum())
    slack = ROUNDING * max(limits.budget, most)
    if least > limits.budget + slack:
        raise InfeasibleError(
            f"lower limits add up to {amount_in_words(least)}, more than the budget "
            f"{amount_in_words(limits.budget)}: {_by_size(surface, limits.lower, limits)}; "
            f"raise the budget or lower limits by {amount_in_words(least - limits.budget)}"
        )
    if not limits.at_most and most < limits.budget - slack:
        raise InfeasibleError(
            f"upper limits add up to {amount_in_words(most)}, less than the budget "
            f"{amount_in_words(limits.budget)}: {_by_size(surface, limits.upper, limits)}; "
            f"lower the budget or raise limits by {amount_in_words(limits.budget - most)}, or let money be left over"
        )


def _by_size(surface: ResponseSurface, bound: Floats, limits: Limits) -> str:
    """The channels behind a clash, the largest limit first."""
    named = [
        f"{surface.channels[c]} {amount_in_words(bound[c])}{' (fixed)' if limits.fixed[c] else ''}"
        for c in np.argsort(-bound, kind="stable")
        if bound[c] > 0
    ]
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return ", ".join(named[:6]) + more if named else "all of them are zero"
