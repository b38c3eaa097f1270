"""The search for the best plan: cuts and branches until the bound and the plan meet.

The master problem's mix of points bounds every plan; the plan it spends bounds the best from below; and where the
objective is curved, the mix's own cut takes away what the master overrated. Where cuts no longer help, because a mix
has left an S-shaped curve, the spend of that channel is branched: below a point, or above it. Cuts hold everywhere,
so all branches share them. The branch with the highest bound is next, and the highest bound left is the certificate.
Source: Kelley 1960 (cutting planes); Falk and Soland 1969 (branch and bound for separable non-convex programmes).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
import numpy.typing as npt

from revmodel.decide.limits import ROUNDING, Limits
from revmodel.decide.master import Mix, best_mix
from revmodel.decide.objectives import ObjectiveName, draw_weights
from revmodel.decide.points import STAKE, USED, PlanPoints
from revmodel.decide.surface import Floats

__all__ = ["Search"]

PULL = 1e-6  # share of the value at stake that moving everything costs: decides between equal plans only
WORTH_BRANCHING = 0.3  # branch once cuts can close no more than this share of the gap
LATEST_CUTS = 200  # older cuts are dropped: the bounds they gave are kept


@dataclass(order=True)
class _Branch:
    """Plans whose spend lies, channel by channel, between two points. minus_bound: the highest bound comes first."""

    minus_bound: float
    number: int
    inside: npt.NDArray[np.bool_] = field(compare=False)  # (point,) points that a plan of this branch may mix


@dataclass
class Search:
    """State of one search, in scaled units but for ``plan``.

    current : (channel,), currency. gap_share: stop once bound − best is below this share of the value at stake.
    After ``run``: plan (channel,) in currency, the best found; best, what it is worth; bound, what no plan exceeds.
    """

    points: PlanPoints
    limits: Limits
    current: Floats
    aim: tuple[ObjectiveName, float]
    gap_share: float
    deadline: float
    plan: Floats = field(init=False)
    best: float = field(init=False, default=-np.inf)
    bound: float = field(init=False, default=np.inf)
    cuts: list[Floats] = field(init=False, default_factory=list)

    def run(self) -> None:
        """Search until the gap is closed or time is up; one round is always done."""
        self._consider_plan(self.current)
        branches = [_Branch(-np.inf, 0, np.ones(self.points.spend.size, dtype=bool))]
        settled, number = -np.inf, 0
        while branches and -branches[0].minus_bound - self.best > self.tolerance:
            branch = heapq.heappop(branches)
            bound, mix = self._tighten(branch)
            halves = self._halves(branch, mix) if bound - self.best > self.tolerance and self._has_time() else []
            for inside in halves:
                number += 1
                heapq.heappush(branches, _Branch(-bound, number, inside))
            if not halves:
                settled = max(settled, bound)
            if not self._has_time():
                break
        self.bound = max(settled, self.best, *(-branch.minus_bound for branch in branches))

    @property
    def tolerance(self) -> float:
        """The gap at which to stop, in scaled value."""
        return self.gap_share * STAKE

    def _has_time(self) -> bool:
        return monotonic() < self.deadline

    def _tighten(self, branch: _Branch) -> tuple[float, Floats]:
        """Cut until the master values its mix right or the branch cannot win: the branch's bound and last mix."""
        bound = -branch.minus_bound
        part = self.points.only(branch.inside)
        weights = np.zeros(self.points.spend.size)
        while True:
            mix = self._solve(part, branch.inside)
            bound = min(bound, mix.bound)
            weights[branch.inside] = mix.weights
            self._consider_plan(self.points.plan_of(weights) * self.points.spend_unit)
            overrated = mix.ceiling - self._value(weights)
            enough = max(self.tolerance / 4, WORTH_BRANCHING * (bound - self.best) * self.points.skips(weights).any())
            if overrated <= enough or bound - self.best <= self.tolerance or not self._has_time():
                return bound, weights

    def _solve(self, part: PlanPoints, inside: npt.NDArray[np.bool_]) -> Mix:
        self.cuts = self.cuts[-LATEST_CUTS:]
        away = np.abs(part.spend - self.current[part.channel] / part.spend_unit)
        pull = PULL * STAKE * away / max(float(away.max()) * self.current.size, 1.0)
        cuts = np.array(self.cuts)[:, inside]
        return best_mix(part, cuts, self.limits.budget / part.spend_unit, self.limits.at_most, pull)

    def _consider_plan(self, plan: Floats) -> None:
        """Move ``plan`` (channel,) into the limits and keep it if it is the best so far."""
        plan = _on_total(plan, self.limits)
        worth = self._value(self.points.weights_of(plan / self.points.spend_unit))
        if worth > self.best:
            self.best, self.plan = worth, plan

    def _value(self, weights: Floats) -> float:
        """The objective of a mix; its cut, which bounds the objective of every other mix, is kept."""
        total = self.points.value @ weights
        by_draw = draw_weights(total, *self.aim)
        self.cuts.append(by_draw @ self.points.value)
        return float(by_draw @ total)

    def _halves(self, branch: _Branch, weights: Floats) -> list[npt.NDArray[np.bool_]]:
        """The branch parted within the channel whose mix is furthest above its curve; none if all are on theirs."""
        curve = self.points.weights_of(self.points.plan_of(weights))
        above = np.bincount(self.points.channel, (weights - curve) * self.cuts[-1])
        skipping = self.points.skips(weights)
        if not skipping.any():
            return []
        channel = int(np.argmax(np.where(skipping, above, -np.inf)))
        middle = self._middle(channel, weights)
        others, place = self.points.channel != channel, np.arange(weights.size)
        halves = [branch.inside & (others | (place <= middle)), branch.inside & (others | (place >= middle))]
        return [inside for inside in halves if self._reaches_budget(inside)]

    def _middle(self, channel: int, weights: Floats) -> int:
        """The point nearest to the channel's spend, strictly between those that its mix uses."""
        mine = self.points.channel == channel
        used = np.flatnonzero(mine & (weights > USED))
        between = np.arange(used[0] + 1, used[-1])
        spend = float(weights[mine] @ self.points.spend[mine])
        return int(between[np.argmin(np.abs(self.points.spend[between] - spend))])

    def _reaches_budget(self, inside: npt.NDArray[np.bool_]) -> bool:
        budget = self.limits.budget / self.points.spend_unit
        least, most = (
            sum(float(end(self.points.spend[inside & (self.points.channel == c)])) for c in range(self.current.size))
            for end in (np.min, np.max)
        )
        return least <= budget + ROUNDING and (self.limits.at_most or most >= budget - ROUNDING)


def _on_total(plan: Floats, limits: Limits) -> Floats:
    """``plan`` inside its bounds and on the total to the last digit; what is missing or over is shared by room."""
    plan = np.clip(plan, limits.lower, limits.upper)
    missing = limits.budget - float(plan.sum())
    if missing == 0 or (limits.at_most and missing > 0):
        return plan
    room = limits.upper - plan if missing > 0 else plan - limits.lower
    if room.sum() == 0:
        return plan
    part = float(np.sign(missing)) * min(abs(missing) / float(room.sum()), 1.0)
    return np.clip(plan + part * room, limits.lower, limits.upper)
