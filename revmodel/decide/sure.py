"""The best plan of which it is sure enough that it beats today's.

Expected value alone picks the plan that looks best, and of what looks best some is luck. The chance that a plan beats
current spend is asked of the same draws; where it is too low, the plan is sought among more careful ones, whose worst
outcomes count more, and where none is sure enough everything stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from revmodel.decide.allocate import Allocation, allocate
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["STILL", "allocate_surely", "chance_better"]

WORST = (0.7, 0.5, 0.3, 0.2, 0.1)  # of the outcomes of the change, which share counts; ever more careful
STILL = 1e-9  # share of the budget below which nothing moves


def chance_better(surface: ResponseSurface | PeriodSurface, allocation: Allocation) -> float:
    """Share of draws in which the plan brings more than current spend."""
    gain = surface.value_at(allocation.plan).sum(axis=1) - surface.value_at(allocation.now).sum(axis=1)
    return float((gain > 0).mean())


def allocate_surely(
    surface: ResponseSurface | PeriodSurface, budget: float, lower: Floats, upper: Floats, *, least_chance: float,
    **asked: Any,
) -> Allocation:  # fmt: skip
    """The plan with the highest expected value, if it beats current spend with at least ``least_chance``.

    Else the first of ever more careful plans that does; else current spend, with the expected value that was given up
    in its certified gap. asked : as ``allocate`` takes them, but for objective and risk. Only where current spend keeps
    the limits can everything stay; else the most careful plan is returned.
    Raises ModelError: the chance is none. Otherwise as ``allocate``.
    """
    if not 0 < least_chance < 1:
        raise ModelError(f"least_chance is {least_chance}: wanted a chance above 0 and below 1")
    first = allocate(surface, budget, lower, upper, **asked)
    found = first
    for worst in (None, *WORST):
        if worst is not None:
            found = allocate(surface, budget, lower, upper, objective="cvar", risk=worst, risk_of="change", **asked)
        still = np.abs(found.plan - found.now).sum() <= STILL * max(found.budget, 1e-300)
        if still or chance_better(surface, found) >= least_chance:
            return _judged_by_mean(surface, found, first)
    try:
        stays = allocate(surface, budget, surface.now, surface.now, **asked)
    except InfeasibleError:
        return _judged_by_mean(surface, found, first)
    return _judged_by_mean(surface, replace(stays, lower=first.lower, upper=first.upper, fixed=first.fixed), first)


def _judged_by_mean(surface: ResponseSurface | PeriodSurface, found: Allocation, first: Allocation) -> Allocation:
    """``found`` with its expected value, and the bound of expected value of every plan."""
    mean = float(surface.value_at(found.plan).sum(axis=1).mean())
    return replace(
        found, objective="mean", risk=0.0, risk_of="total", objective_current=first.objective_current,
        objective_proposed=mean, bound=max(first.bound, mean),
    )  # fmt: skip
