"""Recalibration: how much wider, and how far higher or lower, past forecasts should have been.

Conformal prediction widens intervals until they would have held as often as they claim. Raw, it needs dozens of
independent past errors; a company has a handful. So past errors of all metrics and horizons speak together, in units of
the forecast's own spread, and a prior in the form of errors of honest forecasts speaks with them: with no past the
prior decides, with a long past the errors do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from revmodel.evaluate.fans import LEVELS
from revmodel.evaluate.lessons import Lesson

__all__ = ["Calibration", "Recalibration", "recalibrated", "standard_error_of"]

Floats = npt.NDArray[np.float64]
MOST_SDS = 6.0  # an error beyond that says no more than one of that size
_NORMAL = ndtri(LEVELS)
_TARGETS = (0.8, 0.9)  # the intervals that have to hold
_PRIOR_ERRORS = np.abs(ndtri((np.arange(200) + 0.5) / 200))  # absolute errors of honest forecasts


@dataclass(frozen=True)
class Recalibration:
    """spread : what intervals are multiplied by. shift : by how many of the forecast's own sd it is moved."""

    spread: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """How spread and shift are learned.

    prior_spread : what is believed before any past: forecasts miss more than they say, because no model knows all that
    can happen. prior_lessons : independent lessons that this belief is worth. shift_lessons : the same for "no shift".
    half_life_weeks, shift_half_life_weeks : lessons this old count half. other_metrics : what a lesson of another
    metric counts. horizon_decay : lessons of a horizon e times as long or short count exp(−horizon_decay).
    """

    prior_spread: float = 1.2
    prior_lessons: float = 4.0
    shift_lessons: float = 12.0
    half_life_weeks: float = 104.0
    shift_half_life_weeks: float = 26.0
    other_metrics: float = 0.15
    horizon_decay: float = 0.7

    def fit(self, taught: Sequence[Lesson], method: str, metric: str, horizon_weeks: int) -> Recalibration:
        """Spread and shift for totals of ``horizon_weeks`` weeks of ``metric``, from lessons of ``method``."""
        mine = [one for one in taught if method in one.fans]
        if not mine:
            return Recalibration(self.prior_spread)
        errors = np.array([standard_error_of(one.fans[method], one.actual) for one in mine])
        weeks, since = (np.array([getattr(one, name) for one in mine], float) for name in ("weeks", "ago_weeks"))
        since = since - weeks
        weight = np.array([one.weight for one in mine])
        weight *= np.exp(-self.horizon_decay * np.abs(np.log(weeks / horizon_weeks)))
        same = np.array([one.metric == metric for one in mine])
        weight *= np.where(same, 1.0, self.other_metrics)
        recent = weight * same * 0.5 ** (since / self.shift_half_life_weeks)
        shift = float(recent @ errors / (self.shift_lessons + recent.sum()))
        lasting = weight * 0.5 ** (since / self.half_life_weeks)
        return Recalibration(self._spread(errors - shift, lasting), shift)

    def _spread(self, errors: Floats, weight: Floats) -> float:
        prior = np.full(_PRIOR_ERRORS.size, self.prior_lessons / _PRIOR_ERRORS.size)
        values = np.concatenate([np.abs(errors), self.prior_spread * _PRIOR_ERRORS])
        order = np.argsort(values)
        share = np.cumsum(np.concatenate([weight, prior])[order])
        reached = [values[order][np.searchsorted(share, target * share[-1])] for target in _TARGETS]
        wanted = [ndtri((1 + target) / 2) for target in _TARGETS]
        return float(np.mean(np.array(reached) / np.array(wanted)))


def standard_error_of(quantiles: Floats, actual: float) -> float:
    """The error in standard deviations of the forecast: Φ⁻¹ of the actual's place among the quantiles (level,).

    Beyond the outermost quantiles it goes on in steps of the forecast's spread; at most MOST_SDS.
    """
    roots, root = np.sqrt(np.maximum(quantiles, 0.0)), np.sqrt(max(actual, 0.0))
    low, high = np.searchsorted(roots, root, "left"), np.searchsorted(roots, root, "right")
    place = (low + high) / 2
    if 0 < place < LEVELS.size:
        return float(ndtri(place / LEVELS.size))
    sd = max(_root_sd(roots), 1e-9)
    edge = 0 if place == 0 else -1
    return float(np.clip(_NORMAL[edge] + (root - roots[edge]) / sd, -MOST_SDS, MOST_SDS))


def recalibrated(quantiles: Floats, how: Recalibration) -> Floats:
    """Quantiles (…, level) stretched about their middle and moved, on the square-root scale: none is below 0."""
    roots = np.sqrt(np.maximum(quantiles, 0.0))
    middle = (roots[..., 49:50] + roots[..., 50:51]) / 2
    moved = middle + how.spread * (roots - middle) + how.shift * _root_sd(roots)[..., None]
    return np.asarray(np.square(np.maximum(moved, 0.0)))


def _root_sd(roots: Floats) -> Floats:
    """Half the distance of the 16 % and 84 % quantiles of (…, level)."""
    return np.asarray((roots[..., 83] - roots[..., 15]) / 2)
