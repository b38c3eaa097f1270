"""The final forecast: methods combined by their past, widened as their past demands, more so after a break.

Everything at an origin is learned from what was known at that origin. The result is one more method in the fans, named
MODEL; what it would be before recalibration stays beside it, because the recalibration of later origins learns from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from revmodel.evaluate.breaks import Break, find_break
from revmodel.evaluate.combine import PRIOR_WEIGHTS, Stacking, Weights, average_quantiles
from revmodel.evaluate.fans import LEVELS, OriginFans
from revmodel.evaluate.lessons import Lesson, lessons
from revmodel.evaluate.recalibrate import Calibration, Recalibration, recalibrated

__all__ = ["COMBINED", "MODEL", "Learned", "Settings", "learn", "stacked"]

Floats = npt.NDArray[np.float64]
MODEL = "revmodel"
COMBINED = "revmodel (not recalibrated)"


@dataclass(frozen=True)
class Settings:
    """How the past is used. break_spread : intervals are this much wider while a break is on. after_break : how weights
    are learned then: only from what is recent, and with more trust in it.
    """

    stacking: Stacking = field(default_factory=lambda: Stacking(PRIOR_WEIGHTS))
    after_break: Stacking = field(
        default_factory=lambda: Stacking(PRIOR_WEIGHTS, evidence=3.0, half_life_weeks=8.0, shared_sd=1.5)
    )
    calibration: Calibration = field(default_factory=Calibration)
    break_spread: float = 1.25


@dataclass(frozen=True)
class Learned:
    """What one origin's past taught. weights : horizon → weights. recalibration : (metric, horizon) → spread and shift.

    breaks : metric → the break that is on. taught : how many past totals taught.
    """

    horizons: tuple[int, ...]
    weights: Mapping[int, Weights]
    recalibration: Mapping[tuple[str, int], Recalibration]
    breaks: Mapping[str, Break] = field(default_factory=dict)
    taught: int = 0

    def horizon_for(self, weeks: int) -> int:
        """The horizon whose weights serve totals of ``weeks`` weeks: the nearest by ratio."""
        return min(self.horizons, key=lambda horizon: abs(np.log(horizon / weeks)))

    def combined(self, metric: str, weeks: int, fans: Mapping[str, Floats]) -> Floats | None:
        """Combined quantiles (level,) of a total of ``weeks`` weeks; None where no method has a weight."""
        there = {method: fan for method, fan in fans.items() if np.isfinite(fan).all()}
        weights = self.weights[self.horizon_for(weeks)].of(metric, tuple(there))
        return average_quantiles(there, weights) if weights else None

    def final(self, metric: str, weeks: int, fans: Mapping[str, Floats]) -> Floats | None:
        """Combined and recalibrated quantiles (level,)."""
        pool = self.combined(metric, weeks, fans)
        how = self.recalibration.get((metric, self.horizon_for(weeks)), Recalibration())
        return None if pool is None else recalibrated(pool, how)


def learn(
    past: Sequence[OriginFans], now: OriginFans, horizons: Sequence[int], settings: Settings | None = None
) -> Learned:
    """What ``past`` origins, each with its COMBINED fans, teach at ``now``."""
    how = settings or Settings()
    taught = lessons(past, now)
    plain = {horizon: how.calibration.fit(taught, COMBINED, "", horizon) for horizon in horizons}
    usual = plain[min(horizons)].spread
    found = {metric: find_break(past, now, metric, COMBINED, usual) for metric in now.quantiles}
    breaks = {metric: one for metric, one in found.items() if one is not None}
    weights = {horizon: _weights(how, taught, horizon, breaks).among(now.quantiles) for horizon in horizons}
    recalibration = {}
    for metric in now.quantiles:
        for horizon in horizons:
            one = how.calibration.fit(taught, COMBINED, metric, horizon)
            wider = how.break_spread if metric in breaks else 1.0
            recalibration[metric, horizon] = Recalibration(one.spread * wider, one.shift)
    return Learned(tuple(horizons), weights, recalibration, breaks, len(taught))


def stacked(
    origins: Sequence[OriginFans], horizons: Sequence[int], settings: Settings | None = None
) -> list[tuple[OriginFans, Learned]]:
    """Each origin's fans with COMBINED and MODEL among its methods, and what was learned there; oldest first."""
    done: list[tuple[OriginFans, Learned]] = []
    for now in sorted(origins, key=lambda one: one.origin):
        learned = learn([fans for fans, _ in done], now, horizons, settings)
        combined = _over_checkpoints(now, learned, final=False)
        final = _over_checkpoints(now, learned, final=True)
        done.append((now.with_method(COMBINED, combined).with_method(MODEL, final), learned))
    return done


def _weights(how: Settings, taught: Sequence[Lesson], horizon: int, breaks: Mapping[str, Break]) -> Weights:
    """Weights as usual, but for metrics that have broken with their past."""
    usual = how.stacking.fit(taught, horizon)
    if not breaks:
        return usual
    after = how.after_break.fit(taught, horizon)
    return Weights({**usual.by_metric, **{metric: after.by_metric[metric] for metric in breaks}})


def _over_checkpoints(now: OriginFans, learned: Learned, *, final: bool) -> dict[str, Floats]:
    """metric → (checkpoint, level), NaN where nobody answers."""
    out = {}
    for metric, methods in now.quantiles.items():
        rows = np.full((len(now.checkpoints), LEVELS.size), np.nan)
        for position, weeks in enumerate(now.checkpoints):
            fans = {method: fan[position] for method, fan in methods.items()}
            told = (learned.final if final else learned.combined)(metric, weeks, fans)
            if told is not None:
                rows[position] = told
        if np.isfinite(rows).any():
            out[metric] = rows
    return out
