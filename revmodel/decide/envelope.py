"""Lines above and below a curve that is convex first and concave after, between two points.

The lowest concave curve above such an S goes straight from its start to where a line from there touches it, and along
the curve from there on. It is what makes a bound out of an S; the closer its ends, the closer it lies.
Source: Falk and Soland 1969; Tawarmalani and Sahinidis 2002, "Convexification and Global Optimization", section 2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from revmodel.decide.surface import Floats

__all__ = ["Curve", "above", "below", "slope_of", "touching"]

Curve = Callable[[Floats], Floats]
STEP = 1e-6  # over which a slope is taken: a secant of a concave curve lies above it everywhere else
GOLDEN = (np.sqrt(5) - 1) / 2
ROUNDS = 24  # of golden section: the place to a hundred thousandth of the range, its slope far closer


def slope_of(curve: Curve, at: Floats, value: Floats) -> Floats:
    """Slope of the secant that begins at each point."""
    step = STEP * (1.0 + at)
    return np.asarray((curve(at + step) - value) / step)


def touching(curve: Curve, low: Floats, high: Floats) -> Floats:
    """Where the line from the curve at ``low`` touches it: the end of its steepest chord; ``high`` where that is."""
    start = curve(low)

    def steepness(at: Floats) -> Floats:
        return np.asarray((curve(at) - start) / np.maximum(at - low, 1e-300))

    left, right = low.copy(), high.copy()
    one, two = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
    at_one, at_two = steepness(one), steepness(two)
    for _ in range(ROUNDS):
        up = at_one < at_two
        left, right = np.where(up, one, left), np.where(up, right, two)
        fresh = np.where(up, left + GOLDEN * (right - left), right - GOLDEN * (right - left))
        at_fresh = steepness(fresh)
        one, two = np.where(up, two, fresh), np.where(up, fresh, one)
        at_one, at_two = np.where(up, at_two, at_fresh), np.where(up, at_fresh, at_one)
    middle = (left + right) / 2
    return np.where(steepness(high) >= steepness(middle), high, middle)


def above(curve: Curve, low: Floats, at: Floats, touch: Floats) -> tuple[Floats, Floats]:
    """Value and slope, at each point, of the lowest concave curve above; low, touch : see ``touching``."""
    value = curve(at)
    slope = slope_of(curve, at, value)
    start, end = curve(low), curve(touch)
    wide = touch - low
    chord = np.where(wide > 1e-12, (end - start) / np.where(wide > 1e-12, wide, 1.0), slope)
    straight = (at < touch) & (wide > 1e-12)
    return np.where(straight, start + chord * (at - low), value), np.where(straight, chord, slope)


def below(curve: Curve, low: Floats, high: Floats, at: Floats, *, concave: bool) -> tuple[Floats, Floats]:
    """Value and slope of the highest convex curve below: of a concave curve its chord.

    An S upside down and back to front is an S: the answer is that of ``above``, turned round.
    """
    if concave:
        start, wide = curve(low), high - low
        chord = np.where(wide > 1e-12, (curve(high) - start) / np.where(wide > 1e-12, wide, 1.0), 0.0)
        return start + chord * (at - low), chord

    def turned(x: Floats) -> Floats:
        return np.asarray(-curve(np.maximum(low + high - x, 0.0)))

    value, slope = above(turned, low, low + high - at, touching(turned, low, high))
    return -value, slope
