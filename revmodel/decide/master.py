"""The master problem: the best mix of points under the cuts known so far, with a bound of its own.

A mix gives every channel weights over its points that add up to one, and the points' spends add up to the budget. It
may mix any points of a channel, so it sees the concave hull of each curve, and the problem is a linear programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from revmodel.decide.points import PlanPoints
from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["Mix", "best_mix"]


@dataclass(frozen=True)
class Mix:
    """weights: (point,). ceiling: the master's value of this mix. bound: no plan over these points is worth more."""

    weights: Floats
    ceiling: float
    bound: float


def best_mix(points: PlanPoints, cuts: Floats, budget: float, at_most: bool, pull: Floats) -> Mix:
    """Maximise min over ``cuts`` (cut, point) of cut·weights, less pull·weights; all in scaled units.

    pull : (point,) a tiny cost of moving away from current spend, so that of equal plans the nearest one wins
    The budget has to be within reach of the points. Raises ModelError where the solver fails.
    """
    columns, channels = points.spend.size, int(points.channel[-1]) + 1
    above = sparse.csr_array(np.hstack([-cuts, np.ones((len(cuts), 1))]))  # value ≤ cut·weights
    spending = sparse.csr_array(np.append(points.spend, 0.0)[None, :])
    whole = sparse.csr_array((np.ones(columns), (points.channel, np.arange(columns))), shape=(channels, columns + 1))
    tops, ones = np.zeros(len(cuts)), np.ones(channels)
    solved = linprog(
        np.append(pull, -1.0),
        A_ub=sparse.vstack([above, spending]) if at_most else above,
        b_ub=np.append(tops, budget) if at_most else tops,
        A_eq=whole if at_most else sparse.vstack([whole, spending]),
        b_eq=ones if at_most else np.append(ones, budget),
        bounds=[(0, None)] * columns + [(None, None)],
        method="highs",
    )
    if solved.x is None:
        raise ModelError(f"the allocation's linear programme failed ({solved.message}): please report it")
    price = -float((solved.ineqlin if at_most else solved.eqlin).marginals[-1])
    mixture = -solved.ineqlin.marginals[: len(cuts)]
    bound = _lagrangian_bound(points, cuts, mixture, max(price, 0.0) if at_most else price, budget)
    return Mix(np.maximum(solved.x[:-1], 0.0), float(solved.x[-1]), bound)


def _lagrangian_bound(points: PlanPoints, cuts: Floats, mixture: Floats, price: float, budget: float) -> float:
    """price·budget + Σ_channel max_point (mixed cut − price·spend): above every plan for any prices whatever.

    So the certificate does not rest on the solver's word: its duals only choose which bound to compute.
    Source: Geoffrion 1974, "Lagrangean relaxation for integer programming", section 2.
    """
    share = np.maximum(mixture, 0.0)
    slope = share @ cuts / share.sum() if share.sum() > 0 else cuts[-1]
    surplus = slope - price * points.spend
    starts = np.flatnonzero(np.diff(points.channel, prepend=-1))
    return price * budget + float(np.maximum.reduceat(surplus, starts).sum())
