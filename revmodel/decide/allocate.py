"""The best split of a budget, and the proof of how good it is.

The surface is piecewise linear, so a plan is a mix of neighbouring grid points. Relaxed to mixes of any points, and
with the objective bounded by the cuts seen so far, the search is a linear programme whose optimum bounds every plan
from above. Each round either finds a better plan, adds a cut, or makes a channel stay on its curve by integer
programming, until bound and plan meet. What is left between them is the certified gap.
Source: Kelley 1960 (cutting planes); Geoffrion 1974 (Lagrangian bounds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np
import numpy.typing as npt

from revmodel.decide.limits import Limits, resolve_limits
from revmodel.decide.master import best_mix
from revmodel.decide.objectives import ObjectiveName, check_objective, draw_weights, utility
from revmodel.decide.points import STAKE, PlanPoints, plan_points
from revmodel.decide.surface import Floats, ResponseSurface

__all__ = ["Allocation", "allocate"]

PULL = 1e-6  # share of the value at stake that moving everything costs: decides between equal plans only


@dataclass(frozen=True)
class Allocation:
    """A plan, what it is worth and how far it can be from the best.

    current, proposed, lower, upper : (channel,), total currency over the window; fixed : (channel,)
    objective_current, objective_proposed : the objective in the value's unit
    bound : no plan within the limits is worth more than this
    """

    channels: tuple[str, ...]
    current: Floats
    proposed: Floats
    lower: Floats
    upper: Floats
    fixed: npt.NDArray[np.bool_]
    budget: float
    at_most: bool
    objective: ObjectiveName
    risk: float
    objective_current: float
    objective_proposed: float
    bound: float

    @property
    def certified_gap(self) -> float:
        """What the best plan could add at most, as a share of the objective's bound: 0.001 is a tenth of a percent."""
        return _share(self.bound - self.objective_proposed, self.bound)

    @property
    def certified_gap_of_gain(self) -> float:
        """The same, as a share of the most that can be gained over current spend."""
        return _share(self.bound - self.objective_proposed, self.bound - self.objective_current)


def allocate(
    surface: ResponseSurface,
    budget: float,
    lower: Floats,
    upper: Floats,
    *,
    objective: ObjectiveName = "mean",
    risk: float = 0.0,
    fixed: Mapping[str, float] | None = None,
    at_most: bool = False,
    gap_tolerance: float = 1e-5,
    time_limit_s: float = 30.0,
) -> Allocation:
    """The best split of ``budget``, the total over the window, within bounds.

    lower, upper : (channel,), total currency over the window, within the surface's grid
    objective, risk : see ``revmodel.decide.objectives``
    fixed : channel → spend that is settled already
    at_most : False spends the whole budget; True may leave some of it where spending more lowers the objective
    gap_tolerance : stop once the certified gap is below this share of the value at stake
    Of plans that are equally good, the one nearest to current spend is returned.
    Raises InfeasibleError where limits clash, ModelError where the question goes beyond the surface.
    """
    check_objective(objective, risk)
    limits = resolve_limits(surface, budget, lower, upper, fixed, at_most)
    points = plan_points(surface, limits)
    plan, bound = _search(surface, limits, points, (objective, risk), gap_tolerance, monotonic() + time_limit_s)
    worth = utility(surface.value_at(plan).sum(axis=1), objective, risk)
    now = utility(surface.value_at(surface.current).sum(axis=1), objective, risk)
    return Allocation(
        channels=surface.channels,
        current=surface.current,
        proposed=plan,
        lower=limits.lower,
        upper=limits.upper,
        fixed=limits.fixed,
        budget=limits.budget,
        at_most=at_most,
        objective=objective,
        risk=risk,
        objective_current=now,
        objective_proposed=worth,
        bound=max(bound * points.value_unit + points.offset, worth),
    )


def _search(
    surface: ResponseSurface,
    limits: Limits,
    points: PlanPoints,
    aim: tuple[ObjectiveName, float],
    gap_tolerance: float,
    deadline: float,
) -> tuple[Floats, float]:
    """The best plan found (channel,) in currency and the scaled bound on every plan."""
    budget = limits.budget / points.spend_unit
    away = np.abs(points.spend - surface.current[points.channel] / points.spend_unit)
    pull = PULL * STAKE * away / max(float(away.max()) * len(surface.channels), 1.0)
    split = np.zeros(len(surface.channels), dtype=bool)
    tolerance = gap_tolerance * STAKE
    plans = [_start(surface, limits)]
    worth, cut = _judge(points, points.weights_of(plans[0] / points.spend_unit), aim)
    best, cuts, bound = worth, [cut], np.inf
    while bound == np.inf or (bound - best > tolerance and monotonic() < deadline):
        left_s = max(deadline - monotonic(), 0.1)
        mix = best_mix(points, np.array(cuts), budget, limits.at_most, pull, split, gap_tolerance / 10, left_s)
        if mix is None:
            break
        bound = min(bound, mix.bound)
        plan = _repair(points.plan_of(mix.weights) * points.spend_unit, limits)
        worth, cut = _judge(points, points.weights_of(plan / points.spend_unit), aim)
        if worth > best:
            best, plans = worth, [plan]
        mix_worth, mix_cut = _judge(points, mix.weights, aim)
        skipping = points.skips(mix.weights) & ~split
        if mix.ceiling - mix_worth > tolerance / 2:
            cuts += [mix_cut, cut]
        elif skipping.any() and bound - best > tolerance:
            split = split | skipping
        else:
            break
    return plans[0], bound


def _judge(points: PlanPoints, weights: Floats, aim: tuple[ObjectiveName, float]) -> tuple[float, Floats]:
    """The objective of a mix, and the cut (point,) that bounds the objective of every other mix."""
    total = points.value @ weights
    by_draw = draw_weights(total, *aim)
    return float(by_draw @ total), by_draw @ points.value


def _start(surface: ResponseSurface, limits: Limits) -> Floats:
    """Current spend moved into the limits, as little as needed."""
    return _repair(np.clip(surface.current, limits.lower, limits.upper), limits)


def _repair(plan: Floats, limits: Limits) -> Floats:
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


def _share(gap: float, whole: float) -> float:
    if gap <= 0:
        return 0.0
    return gap / abs(whole) if whole != 0 else float("inf")
