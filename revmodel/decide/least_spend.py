"""The least spend that reaches a target, expected or with a stated chance.

More budget is never worse where it need not be spent, so the least budget is found by halving; and every budget that
was too small comes with a bound that proves it, so the answer says how much less cannot be enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from revmodel.decide.allocate import Allocation, allocate
from revmodel.decide.halving import least_enough
from revmodel.decide.limits import amount_in_words, resolve_limits
from revmodel.decide.objectives import ObjectiveName
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.rules import PlanRules
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["LeastSpend", "least_spend"]

ROUNDS = 12  # to 1/4000 of the room between the limits


@dataclass(frozen=True)
class LeastSpend:
    """allocation : the cheapest plan found that reaches the target. spend : its total.

    not_below : proven that no plan within the limits that spends less than this reaches it
    """

    allocation: Allocation
    spend: float
    not_below: float


def least_spend(
    surface: ResponseSurface | PeriodSurface,
    target: float,
    lower: Floats,
    upper: Floats,
    *,
    probability: float | None = None,
    objective: ObjectiveName = "mean",
    risk: float = 0.0,
    fixed: Mapping[str, float] | None = None,
    rules: PlanRules | None = None,
    tolerance: float = 0.002,
    time_limit_s: float = 60.0,
) -> LeastSpend:
    """The cheapest plan whose objective is at least ``target``, in the value's unit, limits kept.

    probability : the target is to be reached with this chance; None: the objective itself is to reach it
    tolerance : budgets nearer than this share of the upper limits' sum are one
    time_limit_s : for all budgets tried together
    Raises InfeasibleError: the upper limits do not reach it, with what they reach.
    """
    if probability is not None and not (0 < probability <= 1 and objective == "mean" and risk == 0):
        raise ModelError(f"probability {probability} goes with no other objective, and has to be above 0 and at most 1")
    wanted = target if probability is None else probability
    limits = resolve_limits(surface, float(surface.most.sum()), lower, upper, fixed, at_most=True)
    most, least = float(limits.upper.sum()), float(limits.lower.sum())

    def best(budget: float) -> Allocation:
        asked = {"objective": "probability", "target": target} if probability is not None else {
            "objective": objective, "risk": risk}  # fmt: skip
        return allocate(
            surface, budget, lower, upper, fixed=fixed, rules=rules, at_most=True,
            time_limit_s=time_limit_s / (ROUNDS + 2), **asked,
        )  # fmt: skip

    proven = least

    def tried(budget: float) -> tuple[Allocation | None, bool]:
        nonlocal proven
        try:
            found = best(budget)
        except InfeasibleError:  # other limits ask for more than this budget
            if budget == most:
                raise
            proven = max(proven, budget)
            return None, False
        if found.bound < wanted:
            proven = max(proven, budget)
        return found, found.objective_proposed >= wanted

    found, enough = least_enough(tried, least, most, ROUNDS, tolerance * most)
    assert found is not None  # at the upper limits a plan was found
    if not enough:
        raise InfeasibleError(_out_of_reach(found, most, target, probability))
    return LeastSpend(found, float(found.proposed.sum()), min(proven, float(found.proposed.sum())))


def _out_of_reach(found: Allocation, most: float, target: float, probability: float | None) -> str:
    reached = f"{found.objective_proposed:.1%}" if probability else amount_in_words(found.objective_proposed)
    of = f"{probability:.0%} chance of {amount_in_words(target)}" if probability else amount_in_words(target)
    proof = "" if found.bound >= (probability or target) else " and it is proven that no plan within them does"
    return (
        f"the upper limits, {amount_in_words(most)} in all, do not reach {of}: the best plan reaches {reached}"
        f"{proof}; raise upper limits, or ask for less"
    )
