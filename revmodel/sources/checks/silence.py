"""Weeks in which a weekly series falls silent, and how likely that is by chance.

The changepoint is of the epidemic kind: a spell of weeks far below the usual level, up to the end of the series or not.
Its bounds are those of the best scoring interval (Levin & Kline 1985, "The cusum test of homogeneity with an
application in spontaneous abortion epidemiology", Statistics in Medicine 4), scored by how far each week lies
below a quarter of the usual level. Its chance is a tail of the negative binomial (counts) or the gamma
distribution (money), with a dispersion learned from spells of the same length outside of it: a channel that comes
in flights is expected to pause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammainc

__all__ = ["Silence", "find_silence", "share_of_usual"]

_NEAR_WEEKS = 52  # the usual level is that of so many weeks before and after
_LEAST_NEAR = 16  # weeks that tell the usual level; with fewer nothing is said
_LEAST_BEFORE = 8  # of them before the silence: a first stray row is no channel that fell silent
_LEAST_WEEKS = 2
_LOW = 0.25  # of the usual level: weeks below it make an interval longer
_SILENT = 0.1  # of the usual level: what an interval as a whole may hold
_LEAST_DISPERSION = 0.03  # a rate is never steadier than this squared coefficient of variation
_CAUTION = 1.5  # dispersions learned from a few spells are too small as often as too large
_TRACE = 0.02  # of the expected sum: money below it is taken as this much

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Silence:
    """Weeks first … last (inclusive), what they held, what was to be expected, and the chance of so little.

    ongoing: it lasts to the end of the series. chance: for this interval alone, before the number of looks.
    """

    first: int
    last: int
    seen: float
    expected: float
    chance: float
    ongoing: bool

    @property
    def weeks(self) -> int:
        """Its length."""
        return self.last - self.first + 1


def find_silence(values: Floats, *, driver: Floats | None = None, money: bool = False) -> Silence | None:
    """The least likely silent interval of a weekly series after its first active week; None where there is none.

    values : (week,), counts or money, ≥ 0, oldest first. driver : (week,), what brings them (spend): where it fell,
    so much less is expected, and a channel that was paused is not silent by chance.
    """
    active = np.flatnonzero(values > 0)
    if active.size == 0 or values.size - active[0] < _LEAST_NEAR + _LEAST_WEEKS:
        return None
    start = int(active[0])
    first, last = _lowest_interval(values[start:])
    first, last = first + start, last + start
    if last - first + 1 < _LEAST_WEEKS:
        return None
    sides = values[max(start, first - _NEAR_WEEKS) : first], values[last + 1 : last + 1 + _NEAR_WEEKS]
    near = np.concatenate(sides)
    weeks = last - first + 1
    if near.size < max(_LEAST_NEAR, weeks) or sides[0].size < _LEAST_BEFORE:
        return None
    level = min(float(side.mean()) for side in sides if side.size >= _LEAST_BEFORE)
    seen, expected = float(values[first : last + 1].sum()), level * weeks
    if driver is not None:
        expected *= min(1.0, share_of_usual(driver, first, last))
    if seen > _SILENT * expected or expected == 0:
        return None
    chance = _chance(seen, expected, _relative_variance(sides, weeks), money)
    return Silence(first, last, seen, expected, chance, last == values.size - 1)


def share_of_usual(values: Floats, first: int, last: int) -> float:
    """What weeks first … last (inclusive) hold, as a multiple of the weeks near them; 1 where those hold nothing."""
    near = np.concatenate([values[max(0, first - _NEAR_WEEKS) : first], values[last + 1 : last + 1 + _NEAR_WEEKS]])
    usual = float(near.mean()) if near.size else 0.0
    return float(values[first : last + 1].mean()) / usual if usual > 0 else 1.0


def _lowest_interval(values: Floats) -> tuple[int, int]:
    """The interval with the largest sum of shortfalls below a quarter of the usual level (Kadane)."""
    usual = values[values > 0].mean() * max((values > 0).mean(), 0.5)
    shortfall = _LOW * usual - values
    sums = np.concatenate([[0.0], np.cumsum(shortfall)])
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums[1:] - lowest[:-1]))
    first = int(np.argmin(sums[: last + 1]))
    return first, last


def _relative_variance(sides: tuple[Floats, Floats], weeks: int) -> float:
    """Squared coefficient of variation of sums over ``weeks`` weeks, or over as many as leave a few spells to compare.

    Shorter spells vary more, so that a short history makes for caution.
    """
    total = sum(side.size for side in sides)
    span = max(1, min(weeks, total // 4))
    sums = [np.convolve(side, np.ones(span), mode="valid") for side in sides if side.size >= span]
    spells = np.concatenate(sums)
    return float(spells.var() / spells.mean() ** 2)


def _chance(seen: float, expected: float, relative_variance: float, money: bool) -> float:
    if money:
        shape = 1 / max(_CAUTION * relative_variance, _LEAST_DISPERSION)
        return float(gammainc(shape, shape * max(seen / expected, _TRACE)))
    size = 1 / max(_CAUTION * (relative_variance - 1 / expected), _LEAST_DISPERSION)
    return float(betainc(size, np.floor(seen) + 1, size / (size + expected)))
