"""Lines above and below a curve that is convex first and concave after, between two points.

The lowest concave curve above such an S goes straight from its start to where a line from there touches it, and along
the curve from there on. It is what makes a bound out of an S; the closer its ends, the closer it lies.

Where the line touches is sought from scratch by golden section, or near where a table of the same curve has it.
Source: Falk and Soland 1969; Tawarmalani and Sahinidis 2002, "Convexification and Global Optimization", section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from revmodel.decide.surface import Floats

__all__ = ["Cap", "Curve", "Tangents", "below", "slope_of"]

Curve = Callable[[Floats], Floats]
STEP = 1e-6  # over which a slope is taken: a secant of a concave curve lies above it everywhere else
GOLDEN = (np.sqrt(5) - 1) / 2
POINT = 1e-12  # a range as narrow as this has no straight part
ROUNDS = 24  # of golden section: the place to a hundred thousandth of the range, its slope far closer
NEAR = 1e-5  # of the range: a chord is at least as long
STEPS = (5e-3, 3e-4)  # of the range, between three points of one round near where a table says
FURTHEST = 3.0  # such steps that one round may go
STARTS = 17  # of a table


def slope_of(curve: Curve, at: Floats, value: Floats) -> Floats:
    """Slope of the secant that begins at each point."""
    step = STEP * (1.0 + at)
    return np.asarray((curve(at + step) - value) / step)


@dataclass(frozen=True)
class Tangents:
    """Where lines from points of a curve touch it further up.

    bend : (draw,), where the curve turns from convex to concave; beyond it lines touch where they begin.
    touch : (draw, STARTS), of starts that lie evenly between nought and ``bend``
    """

    bend: Floats
    touch: Floats

    @classmethod
    def of(cls, curve: Curve, top: Floats) -> Tangents:
        """Those of a curve (draw, …) which is convex first and concave after, up to ``top`` (draw,)."""
        ends = top[:, None]

        def steepness(at: Floats) -> Floats:
            return slope_of(curve, at, curve(at))

        bend = _golden(steepness, np.zeros_like(ends), ends)
        starts = bend * np.linspace(0.0, 1.0, STARTS)
        return cls(bend[:, 0], touching(curve, starts, np.broadcast_to(ends, starts.shape)))

    def near(self, low: Floats) -> Floats:
        """(draw, …): about where the line from the curve at ``low`` touches it."""
        bend = np.where(self.bend > 0, self.bend, 1.0)[:, None]
        at = np.minimum(low / bend, 1.0) * (STARTS - 1)
        place = np.minimum(at.astype(int), STARTS - 2)
        one, two = (np.take_along_axis(self.touch, place + more, axis=1) for more in (0, 1))
        return np.asarray(np.maximum(one + (two - one) * (at - place), low))


def touching(curve: Curve, low: Floats, high: Floats, near: Floats | None = None) -> Floats:
    """Where the line from the curve at ``low`` touches it: the end of its steepest chord; ``high`` where that is.

    near : about where
    """
    start = curve(low)

    def steepness(at: Floats) -> Floats:
        return np.asarray((curve(at) - start) / np.maximum(at - low, 1e-300))

    found = _golden(steepness, low, high) if near is None else _refined(steepness, low, high, near)
    return np.where(steepness(high) >= steepness(found), high, found)


def _golden(steepness: Curve, low: Floats, high: Floats) -> Floats:
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
    return np.asarray((left + right) / 2)


def _refined(steepness: Curve, low: Floats, high: Floats, near: Floats) -> Floats:
    """By parabolas through three points each (Powell 1964): a few rounds are as good as many of golden section."""
    range_, least = high - low, low + NEAR * (high - low)
    found = np.clip(near, least, high)
    for part in STEPS:
        step = part * range_
        middle = np.maximum(found, least + step)
        before, here, after = (steepness(middle + way * step) for way in (-1.0, 0.0, 1.0))
        bend = before - 2 * here + after
        top = np.where(
            bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1.0), np.sign(after - before) * FURTHEST
        )
        found = np.clip(middle + step * np.clip(top, -FURTHEST, FURTHEST), least, high)
    return np.asarray(found)


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
    def over(cls, curve: Curve, low: Floats, high: Floats, tangents: Tangents | None = None) -> Cap:
        """That of a curve which is convex first and concave after, between ``low`` and ``high``.

        tangents : of this curve, where many caps of it are asked for
        """
        touch, start = touching(curve, low, high, None if tangents is None else tangents.near(low)), curve(low)
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
