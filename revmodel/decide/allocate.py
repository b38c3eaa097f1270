"""The best split of a budget, and the proof of how good it is.

The surface is piecewise linear, so a plan is a mix of neighbouring grid points. A linear programme over mixes of any
points bounds every plan from above, and the plans it suggests bound the best from below; ``revmodel.decide.search``
closes in from both sides. What is left between them is the certified gap.
Source: Geoffrion 1974 (Lagrangian bounds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np
import numpy.typing as npt

from revmodel.decide.limits import resolve_limits
from revmodel.decide.objectives import ObjectiveName, check_objective, utility
from revmodel.decide.points import plan_points
from revmodel.decide.search import Search
from revmodel.decide.surface import Floats, ResponseSurface

__all__ = ["Allocation", "allocate"]


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
    search = Search(points, limits, surface.current, (objective, risk), gap_tolerance, monotonic() + time_limit_s)
    search.run()
    worth = utility(surface.value_at(search.plan).sum(axis=1), objective, risk)
    now = utility(surface.value_at(surface.current).sum(axis=1), objective, risk)
    return Allocation(
        channels=surface.channels,
        current=surface.current,
        proposed=search.plan,
        lower=limits.lower,
        upper=limits.upper,
        fixed=limits.fixed,
        budget=limits.budget,
        at_most=at_most,
        objective=objective,
        risk=risk,
        objective_current=now,
        objective_proposed=worth,
        bound=max(search.bound * points.value_unit + points.offset, worth),
    )


def _share(gap: float, whole: float) -> float:
    if gap <= 0:
        return 0.0
    return gap / abs(whole) if whole != 0 else float("inf")
