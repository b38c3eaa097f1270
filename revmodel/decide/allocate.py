"""The best split of a budget, and the proof of how good it is.

``revmodel.decide.search`` closes in on the best plan from both sides: no plan within the limits is worth more than the
bound, and the plan it returns is worth what it says. What is left between them is the certified gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np
import numpy.typing as npt

from revmodel.decide.caution import change_from_now
from revmodel.decide.clash import check_feasible
from revmodel.decide.limits import Limits, resolve_limits
from revmodel.decide.line_search import LineByLine
from revmodel.decide.objectives import Aim, ObjectiveName, RiskOf, check_objective, utility
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.plan_curves import plan_curves
from revmodel.decide.points import plan_points
from revmodel.decide.probability import most_likely
from revmodel.decide.programme import Programme, programme_of
from revmodel.decide.rules import PlanRules
from revmodel.decide.search import Search
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import ModelError

__all__ = ["Allocation", "allocate"]

# Where a search stops by default, as shares of the value at stake; the last for S-shaped plans that take long.
TOTALS_GAP, PERIODS_GAP, WHOLE_GAP, BENT_GAP, LATE_BENT_GAP = 1e-5, 4e-4, 1e-3, 5e-3, 1e-2


@dataclass(frozen=True)
class Allocation:
    """A plan, what it is worth and how far it can be from the best.

    current, proposed, lower, upper : (line,), total currency over the window; fixed : (line,)
    now, plan : current and proposed spend as the surface's ``value_at`` takes it: (line,) or (line, period)
    objective_current, objective_proposed : the objective in the value's unit (a chance for "probability")
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
    now: Floats
    plan: Floats
    target: float | None = None
    risk_of: RiskOf = "total"

    @property
    def certified_gap(self) -> float:
        """What the best plan could add at most, as a share of the objective's bound: 0.001 is a tenth of a percent."""
        return _share(self.bound - self.objective_proposed, self.bound)

    @property
    def certified_gap_of_gain(self) -> float:
        """The same, as a share of the most that can be gained over current spend."""
        return _share(self.bound - self.objective_proposed, self.bound - self.objective_current)


def allocate(
    surface: ResponseSurface | PeriodSurface,
    budget: float,
    lower: Floats,
    upper: Floats,
    *,
    objective: ObjectiveName = "mean",
    risk: float = 0.0,
    risk_of: RiskOf = "total",
    target: float | None = None,
    fixed: Mapping[str, float] | None = None,
    rules: PlanRules | None = None,
    at_most: bool = False,
    gap_tolerance: float | None = None,
    time_limit_s: float = 30.0,
) -> Allocation:
    """The best split of ``budget``, the total over the window, within bounds.

    lower, upper : (line,), total currency over the window, or (line, period); within what the surface knows
    objective, risk : see ``revmodel.decide.objectives``. risk_of : "total" looks at the spread of the whole value,
        "change" at that of what the plan changes: what is spent now then has no risk
    target : of objective "probability", in the value's unit
    fixed : channel → spend of the window that is settled already. rules : see ``revmodel.decide.rules``
    at_most : False spends the whole budget; True may leave some of it where spending more lowers the objective
    gap_tolerance : stop once the certified gap is below this share of the value at stake; by default a hundred
        thousandth, 0.04 % for plans by period, 0.1 % where rules ask for whole numbers, and 0.5 % for plans by period
        where curves are S-shaped, or 1 % where that takes long (decide/search.py: PATIENCE)
    Of plans of totals that are equally good, the one nearest to current spend is returned.
    Raises InfeasibleError where limits clash, naming a set of them that does; ModelError where the question goes beyond
    the surface, or time runs out before any plan is found.
    """
    check_objective(objective, risk, target)
    limits = resolve_limits(surface, budget, lower, upper, fixed, at_most)
    programme = programme_of(surface, limits, rules or PlanRules())
    check_feasible(programme)
    deadline = monotonic() + time_limit_s
    base, asked = 0.0, surface
    if risk_of == "change" and objective in ("mean_minus_risk", "cvar"):
        base, asked = float(surface.value_at(surface.current).sum(axis=1).mean()), change_from_now(surface)
    if target is not None:
        plan, bound = most_likely(surface, limits, programme, target, deadline)
    else:
        search = _search(asked, limits, programme, Aim(objective, risk), gap_tolerance, deadline)
        search.run()
        if search.plan is None:
            raise ModelError(f"no plan was found within {time_limit_s:g} s: allow more time or fewer rules")
        plan, bound = search.plan, search.bound * search.curves.value_unit + search.curves.offset + base
    now = surface.current
    proposed = np.clip((plan * programme.unit).reshape(surface.now.shape), limits.low, limits.high).reshape(now.shape)
    worth, still = (
        base + utility(asked.value_at(each).sum(axis=1), objective, risk, target) for each in (proposed, now)
    )
    return Allocation(
        channels=surface.channels,
        current=surface.now.sum(1),
        proposed=proposed.reshape(surface.now.shape).sum(1),
        lower=limits.lower,
        upper=limits.upper,
        fixed=limits.fixed,
        budget=limits.budget,
        at_most=at_most,
        objective=objective,
        risk=risk,
        objective_current=still,
        objective_proposed=worth,
        bound=max(bound, worth),
        now=now,
        plan=proposed,
        target=target,
        risk_of=risk_of,
    )


def _search(
    surface: ResponseSurface | PeriodSurface, limits: Limits, programme: Programme, aim: Aim,
    gap_tolerance: float | None, deadline: float,
) -> Search:  # fmt: skip
    if isinstance(surface, ResponseSurface):
        points = plan_points(surface, limits, aim, programme.unit)
        usual = WHOLE_GAP if programme.extra_top else TOTALS_GAP
        return Search(points, programme, usual if gap_tolerance is None else gap_tolerance, deadline)
    curves, late, apart = plan_curves(surface, programme, aim), 0.0, None
    usual = WHOLE_GAP if programme.extra_top else PERIODS_GAP
    if not curves.concave.all():
        usual, late = BENT_GAP, LATE_BENT_GAP if gap_tolerance is None else 0.0
        if aim.is_mean and (programme.on or programme.step) and len(surface.lines) > 1:
            apart = LineByLine(curves, programme)
    usual = usual if gap_tolerance is None else gap_tolerance
    return Search(
        curves, programme, usual, deadline, halfway=True, late_share=late, fractions=True, apart=apart
    )  # fmt: skip


def _share(gap: float, whole: float) -> float:
    if gap <= 0:
        return 0.0
    return gap / abs(whole) if whole != 0 else float("inf")
