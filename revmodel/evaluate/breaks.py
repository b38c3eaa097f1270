"""Has the company broken with its past? Recent forecast errors, one after the other, watched by a CUSUM.

Errors of forecasts made at one origin of what happened until the next do not overlap; in standard deviations of the
forecast they are near to independent and standard normal as long as the past goes on. A two-sided CUSUM with reference
value K and limit H then says a break about once in ``steps_between_false_alarms`` steps per metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from revmodel.evaluate.fans import OriginFans
from revmodel.evaluate.lessons import known_actual
from revmodel.evaluate.recalibrate import standard_error_of

__all__ = ["Break", "H", "K", "find_break", "steps_between_false_alarms"]

K = 1.0  # in sd: shifts of twice that are found soonest
H = 2.5  # in sd
MOST = 2 * H  # where the sums stop, so that a break is over after three or four forecasts that hold
_BINS = 200


@dataclass(frozen=True)
class Break:
    """A metric that no longer follows its past. excess : sums of errors beyond K, in sd, signed (above H in size)."""

    metric: str
    excess: float
    steps: int


def find_break(past: Sequence[OriginFans], now: OriginFans, metric: str, method: str, spread: float) -> Break | None:
    """The break that is on at ``now``, None while errors of ``method`` stay within chance.

    spread : by which the method's own standard deviations are multiplied first (see Recalibration).
    """
    inside = [one for one in past if one.origin < now.origin and method in one.quantiles.get(metric, {})]
    ordered = [*sorted(inside, key=lambda one: one.origin), now]
    up = down = 0.0
    since_up = since_down = 0
    for made, after in pairwise(ordered):
        gap = (after.origin - made.origin).days // 7
        weeks = max((step for step in made.checkpoints if step <= gap), default=0)
        actual = known_actual(now, metric, (now.origin - made.origin).days // 7, weeks) if weeks else None
        if actual is None:
            continue
        error = standard_error_of(made.fan(metric, method, weeks), actual) / spread
        up, since_up = (min(max(0.0, up + error - K), MOST), since_up + 1)
        down, since_down = (min(max(0.0, down - error - K), MOST), since_down + 1)
        since_up, since_down = since_up * (up > 0), since_down * (down > 0)
    if max(up, down) <= H:
        return None
    return Break(metric, up, since_up) if up >= down else Break(metric, -down, since_down)


@cache
def steps_between_false_alarms(reference: float = K, limit: float = H) -> float:
    """Mean steps until a two-sided CUSUM of independent standard normal errors says a break that is none.

    Source: Brook and Evans 1972, "An approach to the probability distribution of CUSUM run length" (Markov chain);
    two sides that seldom sound together: half the run length of one side.
    """
    from scipy.special import ndtr

    width = 2 * limit / (2 * _BINS - 1)
    at = np.arange(_BINS) * width
    edges = at[None, :] - at[:, None] + reference
    moves = ndtr(edges + width / 2) - ndtr(edges - width / 2)
    moves[:, 0] = ndtr(edges[:, 0] + width / 2)
    runs = np.linalg.solve(np.eye(_BINS) - moves, np.ones(_BINS))
    return float(runs[0] / 2)
