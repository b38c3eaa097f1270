"""The master problem: the best mix of points under the bounds that are known so far, with a bound of its own.

A mix gives every channel weights over its points that add up to one, and the points' spends add up to the budget.
Where a channel may mix any of its points, the mix sees the concave hull of the curve (a linear programme). A channel
that is *split* has to choose one segment, so it stays on its curve (a binary for each segment; the formulation is the
disaggregated convex combination of Vielma, Ahmed, Nemhauser 2010, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from revmodel.decide.points import PlanPoints
from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["Mix", "best_mix"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Mix:
    """weights: (point,). ceiling: the master's value of this mix. bound: no plan within the limits is worth more."""

    weights: Floats
    ceiling: float
    bound: float


@dataclass(frozen=True)
class _Layout:
    """Columns of the programme: weights (point, block), one choice a block, then the value u."""

    point: npt.NDArray[np.intp]  # (column,) the point a weight stands for
    block: npt.NDArray[np.intp]  # (column,) the block it belongs to
    channel: npt.NDArray[np.intp]  # (block,) the channel of a block
    chosen: Bools  # (block,) whether the block is one of several segments


def best_mix(
    points: PlanPoints,
    cuts: Floats,
    budget: float,
    at_most: bool,
    pull: Floats,
    split: Bools,
    gap_share: float,
    time_limit_s: float,
) -> Mix | None:
    """Maximise min over ``cuts`` (cut, point) of cut·weights, less pull·weights; all in scaled units.

    pull : (point,) a tiny cost of moving away from current spend, so that of equal plans the nearest one wins
    split : (channel,) channels that must stay on their curve
    Returns None where the time limit passed before any plan was found.
    Raises ModelError where the solver fails.
    """
    layout = _layout(points, split)
    cost = np.concatenate([pull[layout.point], np.zeros(layout.channel.size), [-1.0]])
    above, equal = _rows(points, layout, cuts)
    spend_row = sparse.csr_array(
        np.concatenate([points.spend[layout.point], np.zeros(layout.channel.size + 1)])[None, :]
    )
    if split.any():
        limit = LinearConstraint(spend_row, -np.inf if at_most else budget, budget)
        return _solve_split(points, layout, cost, above, equal, limit, pull, gap_share, time_limit_s)
    return _solve_hull(points, layout, cost, above, equal, spend_row, budget, at_most, cuts)


def _solve_hull(
    points: PlanPoints,
    layout: _Layout,
    cost: Floats,
    above: sparse.csr_array,
    equal: sparse.csr_array,
    spend_row: sparse.csr_array,
    budget: float,
    at_most: bool,
    cuts: Floats,
) -> Mix:
    ones = np.concatenate([np.zeros(layout.channel.size), np.ones(equal.shape[0] - layout.channel.size)])
    free = [(0, None)] * (cost.size - 1) + [(None, None)]
    if at_most:
        a_ub, b_ub = sparse.vstack([above, spend_row]), np.append(np.zeros(above.shape[0]), budget)
        a_eq, b_eq = equal, ones
    else:
        a_ub, b_ub = above, np.zeros(above.shape[0])
        a_eq, b_eq = sparse.vstack([equal, spend_row]), np.append(ones, budget)
    solved = linprog(cost, A_ub=a_ub, b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, bounds=free, method="highs")
    if solved.x is None:
        raise ModelError(f"the allocation's linear programme failed ({solved.message}): please report it")
    price = -float((solved.ineqlin if at_most else solved.eqlin).marginals[-1])
    mixture = -solved.ineqlin.marginals[: above.shape[0]]
    bound = _lagrangian_bound(points, cuts, mixture, max(price, 0.0) if at_most else price, budget)
    return Mix(_weights(points, layout, solved.x), float(solved.x[-1]), bound)


def _solve_split(
    points: PlanPoints,
    layout: _Layout,
    cost: Floats,
    above: sparse.csr_array,
    equal: sparse.csr_array,
    limit: LinearConstraint,
    pull: Floats,
    gap_share: float,
    time_limit_s: float,
) -> Mix | None:
    ones = np.concatenate([np.zeros(layout.channel.size), np.ones(equal.shape[0] - layout.channel.size)])
    lowest = np.append(np.zeros(cost.size - 1), -np.inf)
    whole = np.concatenate([np.zeros(layout.point.size), layout.chosen, [0]])
    solved = milp(
        cost,
        integrality=whole,
        bounds=Bounds(lowest, np.full(cost.size, np.inf)),
        constraints=[LinearConstraint(above, -np.inf, 0.0), LinearConstraint(equal, ones, ones), limit],
        options={"mip_rel_gap": gap_share, "time_limit": time_limit_s},
    )
    if solved.status not in (0, 1):
        raise ModelError(f"the allocation's integer programme failed ({solved.message}): please report it")
    if solved.x is None:
        return None
    dearest = sum(pull[points.channel == c].max() for c in range(int(points.channel[-1]) + 1))
    return Mix(_weights(points, layout, solved.x), float(solved.x[-1]), float(dearest - solved.mip_dual_bound))


def _layout(points: PlanPoints, split: Bools) -> _Layout:
    blocks: list[npt.NDArray[np.intp]] = []
    owners: list[int] = []
    for c, is_split in enumerate(split):
        where = np.flatnonzero(points.channel == c)
        pairs = [where[i : i + 2] for i in range(where.size - 1)] if is_split and where.size > 2 else [where]
        blocks += pairs
        owners += [c] * len(pairs)
    channel = np.array(owners)
    return _Layout(
        point=np.concatenate(blocks),
        block=np.repeat(np.arange(len(blocks)), [block.size for block in blocks]),
        channel=channel,
        chosen=np.bincount(channel)[channel] > 1,
    )


def _rows(points: PlanPoints, layout: _Layout, cuts: Floats) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Rows u − cut·weights ≤ 0; rows Σ weights − choice = 0 by block and Σ choices = 1 by channel."""
    columns, blocks = layout.point.size, layout.channel.size
    above = np.hstack([-cuts[:, layout.point], np.zeros((len(cuts), blocks)), np.ones((len(cuts), 1))])
    mixed = sparse.csr_array((np.ones(columns), (layout.block, np.arange(columns))), shape=(blocks, columns))
    channels = int(points.channel[-1]) + 1
    choice = sparse.csr_array((np.ones(blocks), (layout.channel, np.arange(blocks))), shape=(channels, blocks))
    by_block = sparse.hstack([mixed, -sparse.eye_array(blocks), sparse.csr_array((blocks, 1))])
    by_channel = sparse.hstack([sparse.csr_array((channels, columns)), choice, sparse.csr_array((channels, 1))])
    return sparse.csr_array(above), sparse.csr_array(sparse.vstack([by_block, by_channel]))


def _weights(points: PlanPoints, layout: _Layout, solution: Floats) -> Floats:
    columns = layout.point.size
    return np.bincount(layout.point, np.maximum(solution[:columns], 0.0), minlength=points.channel.size)


def _lagrangian_bound(points: PlanPoints, cuts: Floats, mixture: Floats, price: float, budget: float) -> float:
    """price·budget + Σ_channel max_point (mixed cut − price·spend): above every plan for any prices whatever.

    So the certificate does not rest on the solver's word: its duals only choose which bound to compute.
    """
    share = np.maximum(mixture, 0.0)
    slope = share @ cuts / share.sum() if share.sum() > 0 else cuts[-1]
    surplus = slope - price * points.spend
    starts = np.flatnonzero(np.diff(points.channel, prepend=-1))
    return price * budget + float(np.maximum.reduceat(surplus, starts).sum())
