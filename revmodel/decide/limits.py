"""The limits of a plan: bounds by line, fixed lines and the total, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.decide.surface import AnySurface, Floats
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["ROUNDING", "Limits", "amount_in_words", "lines_named", "resolve_limits"]

ROUNDING = 1e-9  # share of the budget by which limits may miss it before they clash


@dataclass(frozen=True)
class Limits:
    """What bounds a plan of (line, period), currency.

    lower, upper : (line,), of totals over the window. low, high : (line, period), of each period. fixed : (line,),
    lines that may not move. budget : the total over the window.
    """

    lower: Floats
    upper: Floats
    low: Floats
    high: Floats
    fixed: npt.NDArray[np.bool_]
    budget: float
    at_most: bool


def resolve_limits(
    surface: AnySurface,
    budget: float,
    lower: Floats,
    upper: Floats,
    fixed: Mapping[str, float] | None,
    at_most: bool,
) -> Limits:
    """Bounds with the fixed lines put in, known to leave room for the budget.

    lower, upper : (line,) over the window, or (line, period). A fixed line keeps its present pace.
    Raises InfeasibleError where limits clash, ModelError where they reach beyond the surface.
    """
    lows, highs = (np.asarray(bound, dtype=float) for bound in (lower, upper))
    totals, periods = surface.now.sum(1), surface.now.shape[1]
    if lows.ndim == 2 and highs.ndim == 2:
        low, high, lows, highs = lows.copy(), highs.copy(), lows.sum(1), highs.sum(1)
    else:
        lows, highs = (np.array(np.broadcast_to(bound, totals.shape)) for bound in (lows, highs))
        low = lows[:, None] if periods == 1 else np.zeros(surface.now.shape)
        high = highs[:, None] if periods == 1 else np.minimum(np.tile(highs[:, None], periods), surface.most)
        low, high = low.copy(), high.copy()
    is_fixed = np.zeros(len(surface.channels), dtype=bool)
    for name, amount in (fixed or {}).items():
        at = lines_named(surface, name, "fixed")
        is_fixed[at] = True
        low[at] = high[at] = _as_now(surface.now[at], amount)
        lows[at] = highs[at] = low[at].sum(1)
    limits = Limits(lows, highs, low, high, is_fixed, float(budget), at_most)
    _check_each(surface, limits)
    _check_total(surface, limits)
    return limits


def lines_named(surface: AnySurface, name: str, rule: str) -> list[int]:
    """Places of the lines that a name stands for: a channel's in all regions, or one. Raises InfeasibleError: none."""
    found = [i for i, (line, of) in enumerate(zip(surface.channels, surface.belongs_to, strict=True))
             if name in (line, of)]  # fmt: skip
    if not found:
        known = ", ".join(dict.fromkeys((*surface.belongs_to, *surface.channels)))
        raise InfeasibleError(f"{name} is {rule} but is no channel here: {known}")
    return found


def amount_in_words(amount: float) -> str:
    """1.2m, 340k, 57.5: short enough for a sentence.

    >>> amount_in_words(1_250_000), amount_in_words(-340_000), amount_in_words(0.25)
    ('1.25m', '-340k', '0.25')
    """
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{amount / size:.4g}{letter}"
    return f"{amount:.4g}"


def _as_now(now: Floats, amount: float) -> Floats:
    """(line, period): ``amount`` spread as present spend is; evenly where there is none."""
    total = float(now.sum())
    return now / total * amount if total > 0 else np.full(now.shape, amount / now.size)


def _check_each(surface: AnySurface, limits: Limits) -> None:
    if not (np.isfinite(limits.budget) and limits.budget >= 0):
        raise InfeasibleError(f"the budget is {limits.budget}: wanted a total over the window, 0 or more")
    if limits.low.shape != surface.now.shape or limits.high.shape != surface.now.shape:
        raise ModelError(f"bounds by period have shape {limits.low.shape}, wanted (line, period) {surface.now.shape}")
    for i, channel in enumerate(surface.channels):
        low, high = limits.lower[i], limits.upper[i]
        if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or low > high or (limits.low[i] < 0).any():
            raise InfeasibleError(f"limits of {channel}: lower {low:g} and upper {high:g} need 0 ≤ lower ≤ upper")
        over = np.flatnonzero(limits.high[i] > surface.most[i] * (1 + ROUNDING))
        if over.size:
            raise ModelError(
                f"the upper limit of {channel} is {amount_in_words(limits.high[i, over[0]])} but its response is known "
                f"only up to {amount_in_words(surface.most[i, over[0]])}: build the surface on a wider grid or lower "
                "the limit"
            )
        under = np.flatnonzero(limits.low[i] < surface.least[i] * (1 - ROUNDING))
        if under.size:
            raise ModelError(
                f"the lower limit of {channel} is {amount_in_words(limits.low[i, under[0]])} but its response is known "
                f"only from {amount_in_words(surface.least[i, under[0]])}: start the grid at zero"
            )


def _check_total(surface: AnySurface, limits: Limits) -> None:
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


def _by_size(surface: AnySurface, bound: Floats, limits: Limits) -> str:
    """The lines behind a clash, the largest limit first."""
    named = [
        f"{surface.channels[c]} {amount_in_words(bound[c])}{' (fixed)' if limits.fixed[c] else ''}"
        for c in np.argsort(-bound, kind="stable")
        if bound[c] > 0
    ]
    more = f" and {len(named) - 6} more" if len(named) > 6 else ""
    return ", ".join(named[:6]) + more if named else "all of them are zero"
