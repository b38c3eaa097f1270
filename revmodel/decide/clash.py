"""Which limits clash: an irreducible set of them, each of which could be met were it not for the others.

Deletion filter: leave out one limit after another; where the rest still cannot be met, the one left out has no part in
the clash and stays out. What is left at the end clashes, and leaving out any one of it would help.
Source: Chinneck and Dravnieks 1991, "Locating minimal infeasible constraint sets in linear programs".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from revmodel.decide.integer import milp
from revmodel.decide.programme import Limit, Programme
from revmodel.errors import InfeasibleError, ModelError

__all__ = ["check_feasible", "clashing"]

INFEASIBLE, FOUND = 2, 0
SECONDS = 20.0


def check_feasible(programme: Programme) -> None:
    """Raise InfeasibleError, naming limits that clash, where no plan keeps them all."""
    if _can_be_met(programme, programme.limits):
        return
    found = clashing(programme)
    said = "; ".join(limit.says for limit in found)
    which = "this limit cannot be met" if len(found) == 1 else f"these {len(found)} limits cannot be met together"
    raise InfeasibleError(f"{which}: {said}; give up or loosen any one of them")


def clashing(programme: Programme) -> list[Limit]:
    """An irreducible set of limits of a programme that has no plan."""
    kept = list(programme.limits)
    for limit in programme.limits:
        without = [other for other in kept if other is not limit]
        if not _can_be_met(programme, without):
            kept = without
    return kept


def _can_be_met(programme: Programme, limits: Sequence[Limit]) -> bool:
    held, least, most = programme.matrix(limits)
    extra = len(programme.extra_top)
    low = np.concatenate([programme.free[0], np.zeros(extra)])
    high = np.concatenate([programme.free[1], programme.extra_top])
    whole = np.concatenate([np.zeros(programme.spends), np.ones(extra)])
    rows = [LinearConstraint(held, least, most)] if held.shape[0] else []
    solved = milp(
        np.zeros(low.size), integrality=whole, bounds=Bounds(low, high), constraints=rows,
        options={"time_limit": SECONDS},
    )  # fmt: skip
    if solved.status not in (FOUND, INFEASIBLE):
        raise ModelError(f"whether the limits can be met was not found out ({solved.message}): leave some of them out")
    return bool(solved.status == FOUND)
