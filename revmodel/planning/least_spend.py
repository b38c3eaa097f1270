"""The least spend that reaches a target within limits, or the most that can be reached.

For each budget the split with the highest expected value is searched with the allocation's own search, and what the
quarter holds anyway is added; the least budget that gives the wanted chance is found by halving. An allocation's own
least spend (``objective: least_spend``) looks for the split with the highest chance instead, and for a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from revmodel.decide.allocate import allocate
from revmodel.decide.halving import least_enough
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.planning.ahead import Ahead
from revmodel.planning.spend_surface import spend_surface
from revmodel.planning.target import chance_of

__all__ = ["LeastSpend", "least_spend", "quarter_surface"]

POINTS = 25  # of each channel's curve
HALVINGS = 12  # to 1/4000 of the room between the limits
GAP, SECONDS = 1e-3, 5.0  # of each search: the last digits of a split do not matter here


@dataclass(frozen=True)
class LeastSpend:
    """plan : (channel,), the least spend that gives the chance, or where none does the spend that brings most.

    chance : of reaching the target under ``plan``; total : (draw,), what the quarter then holds. reached: whether the
    chance is as wanted.
    """

    plan: Floats
    chance: float
    total: Floats
    reached: bool


def quarter_surface(ahead: Ahead, inside: Floats, weeks: Floats, upper: Floats) -> ResponseSurface:
    """What each channel's spend of its open weeks brings to the quarter, on a grid of totals.

    inside : (week,), share of each week in the quarter. weeks : (channel, week), 1 where spend may still be changed
    upper : (channel,), the largest total of those weeks that is looked at
    See ``spend_surface``.
    """
    worth = np.einsum("dcr,drw->dcw", ahead.share, ahead.worth(ahead.value, inside[None])[..., 0], optimize=True)
    return spend_surface(ahead, weeks, upper, worth, POINTS)


def least_spend(
    surface: ResponseSurface, lower: Floats, upper: Floats, total_of: Callable[[Floats], Floats], target: float,
    probability: float,
) -> LeastSpend:  # fmt: skip
    """The least spend within limits whose best split reaches the target with the wanted probability.

    lower, upper : (channel,), totals. total_of : plan (channel,) → (draw,), what the quarter then holds
    """

    def tried(budget: float) -> tuple[LeastSpend, bool]:
        plan = allocate(surface, budget, lower, upper, at_most=True, gap_tolerance=GAP, time_limit_s=SECONDS).proposed
        total = total_of(plan)
        chance = chance_of(target, total)
        return LeastSpend(plan, chance, total, chance >= probability), chance >= probability

    return least_enough(tried, float(lower.sum()), float(upper.sum()), HALVINGS)[0]
