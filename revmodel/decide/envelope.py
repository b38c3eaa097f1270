"""Lines above and below a curve that is convex first and concave after, between two points.

The lowest concave curve above such an S goes straight from its start to where a line from there touches it, and along
the curve from there on. It is what makes a bound out of an S; the closer its ends, the closer it lies.
Source: Falk and Soland 1969; Tawarmalani and Sahinidis 2002, "Convexification and Global Optimization", section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from revmodel.decide.surface import Floats

__all__ = ["Cap", "Curve", "below", "slope_of"]

Curve = Callable[[Floats], Floats]
STEP = 1e-6  # over which a slope is taken: a secant of a concave curve lies above it everywhere else
GOLDEN = (np.sqrt(5) - 1) / 2
POINT = 1e-12  # a range as narrow as this has no straight part
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


@dataclass(frozen=True)
class Cap:
    """The lowest concave curve above a curve between two points: straight from ``low`` to ``touch``, then the curve.

    start : the curve at ``low``. chord : slope of the straight part. All of one shape.
    """

    curve: Curve
    low: Floats
    touch: Floats
    start: Floats
    chord: Floats

    @classmethod
    def over(cls, curve: Curve, low: Floats, high: Floats) -> Cap:
        """That of a curve which is convex first and concave after, between ``low`` and ``high``."""
        touch, start = touching(curve, low, high), curve(low)
        wide = touch - low
        chord = np.where(wide > POINT, (curve(touch) - start) / np.where(wide > POINT, wide, 1.0), 0.0)
        return cls(curve, low, np.where(wide > POINT, touch, -np.inf), start, chord)

    def at(self, x: Floats, value: Floats) -> tuple[Floats, Floats]:
        """Value and slope at each point, where the curve itself is ``value``."""
        straight, line = x < self.touch, self.start + self.chord * (x - self.low)
        slope = slope_of(self.curve, x, value)
        return np.where(straight, line, value), np.where(straight, self.chord, slope)


def below(curve: Curve, low: Floats, high: Floats, at: Floats, *, concave: bool) -> tuple[Floats, Floats]:
    """Value and slope of the highest convex curve below: of a concave curve its chord.

    An S upside down and back to front is an S: the answer is its cap, turned round.
    """
    if concave:
        start, wide = curve(low), high - low
        chord = np.where(wide > 1e-12, (curve(high) - start) / np.where(wide > 1e-12, wide, 1.0), 0.0)
        return start + chord * (at - low), chord

    def turned(x: Floats) -> Floats:
        return np.asarray(-curve(np.maximum(low + high - x, 0.0)))

    back = low + high - at
    value, slope = Cap.over(turned, low, high).at(back, turned(back))
    return -value, slope
