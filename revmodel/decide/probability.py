"""The plan most likely to reach a target: as many draws as can be that bring at least so much.

An integer programme with a yes or no for every draw that some plans let reach the target and others do not; draws that
all plans decide alike are counted beforehand. S-shaped curves get a yes or no for each stretch between two points. By
period there is no such programme: good plans of other objectives are compared, and the bound is wider (``reach``).
Source: Luedtke, Ahmed and Nemhauser 2010, "An integer programming approach for linear programs with probabilistic
constraints" (the formulation, without their stronger cuts).
"""

from __future__ import annotations

from itertools import combinations
from time import monotonic

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint

from revmodel.decide.integer import milp
from revmodel.decide.limits import ROUNDING, Limits
from revmodel.decide.objectives import Aim, ObjectiveName
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.plan_curves import plan_curves
from revmodel.decide.points import PlanPoints, plan_points
from revmodel.decide.programme import Programme
from revmodel.decide.reach import most_by_draw
from revmodel.decide.search import Search
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import ModelError

__all__ = ["most_likely"]

STARTS: tuple[tuple[ObjectiveName, float], ...] = (("mean", 0.0), *(("cvar", q) for q in (0.8, 0.5, 0.3, 0.15, 0.05)))
GAP = 1e-3  # share of draws at which the search stops
PRICES = 41  # of money, at which bounds of a draw's value are tried
MIXES = (0.25, 0.5, 0.75)  # of two plans by period
STARTS_SHARE = 0.6  # of the time that starting plans by period may take
SOON = 0.3  # share of the time that starting plans may take


def most_likely(
    surface: ResponseSurface | PeriodSurface, limits: Limits, programme: Programme, target: float, deadline: float
) -> tuple[Floats, float]:
    """The plan (scaled spend) with the most draws at ``target`` or above, and the share of draws none exceeds."""
    if not isinstance(surface, ResponseSurface):
        return _by_period(surface, limits, programme, target, deadline)
    points = plan_points(surface, limits, Aim("mean", 0.0), programme.unit)
    wanted = (target - points.offset) / points.value_unit
    starts = _starts(surface, limits, programme, deadline)
    if not starts:
        raise ModelError("no plan was found in time: allow more time or fewer rules")
    shares = [_share(points, plan, wanted) for plan in starts]
    best, most = starts[int(np.argmax(shares))], max(shares)
    plan, bound = _searched(points, programme, wanted, deadline)
    if plan is not None and programme.admits(plan) and _share(points, plan, wanted) > most:
        best = plan
    return best, max(bound, most)


def _by_period(
    surface: PeriodSurface, limits: Limits, programme: Programme, target: float, deadline: float
) -> tuple[Floats, float]:
    """The likeliest of the plans that are best on average and in their worst outcomes, and of mixes of two of them.

    The bound counts every draw that some plan of its own brings to the target, so it may lie far above.
    """
    until = monotonic() + STARTS_SHARE * (deadline - monotonic())
    found: list[Floats] = []
    for objective, risk in STARTS:
        soon = monotonic() + (until - monotonic()) / (len(STARTS) - len(found))
        curves = plan_curves(surface, programme, Aim(objective, risk))
        search = Search(curves, programme, 1e-3, soon, halfway=True, fractions=True)
        search.run()
        if search.plan is not None:
            found.append(search.plan)
    if not found:
        raise ModelError("no plan was found in time: allow more time or fewer rules")
    mixes = [(1 - part) * one + part * other for one, other in combinations(found, 2) for part in MIXES]
    kept = [*found, *(mix for mix in mixes if programme.admits(mix))]
    shape, unit = programme.shape, programme.unit
    shares = [float((surface.value_at(plan.reshape(shape) * unit).sum(axis=1) >= target).mean()) for plan in kept]
    most = most_by_draw(surface, limits, plan_curves(surface, programme, Aim("mean", 0.0)).concave)
    slack = ROUNDING * max(abs(target), float(np.abs(most).max()))
    best = int(np.argmax(shares))
    return kept[best], max(float((most >= target - slack).mean()), shares[best])


def _starts(surface: ResponseSurface, limits: Limits, programme: Programme, deadline: float) -> list[Floats]:
    found, until = [], monotonic() + SOON * (deadline - monotonic())
    for objective, risk in STARTS:
        search = Search(plan_points(surface, limits, Aim(objective, risk), programme.unit), programme, 1e-4, until)
        search.run()
        if search.plan is not None:
            found.append(search.plan)
    return found


def _share(points: PlanPoints, plan: Floats, wanted: float) -> float:
    return float((points.totals(plan) >= wanted).mean())


def _searched(points: PlanPoints, programme: Programme, wanted: float, deadline: float) -> tuple[Floats | None, float]:
    """The plan that HiGHS finds, None if none in time, and the share that none exceeds."""
    lowest, highest = _reach(points, programme)
    never, always = highest < wanted, lowest >= wanted
    open_ = np.flatnonzero(~never & ~always)
    if not open_.size:
        return None, float(always.mean())
    first, extra, count, draws = programme.spends, len(programme.extra_top), points.columns, open_.size
    stretches, tied = _stretches(points)
    sizes = [first, extra, count, stretches, draws]
    begin = np.concatenate([[0], np.cumsum(sizes)])
    held, least, most = programme.matrix()
    links = points.links(*programme.box)
    lack = wanted - lowest[open_]
    reach = sparse.hstack([sparse.csr_array((draws, first + extra)), sparse.csr_array(points.value[open_]),
                           sparse.csr_array((draws, stretches)), -sparse.diags_array(lack)])  # fmt: skip
    low = np.concatenate([programme.box[0], np.zeros(begin[-1] - first)])
    high = np.concatenate([programme.box[1], programme.extra_top, links.high, np.ones(stretches + draws)])
    whole = np.concatenate([np.zeros(first), np.ones(extra), np.zeros(count), np.ones(stretches + draws)])

    def wide(rows: sparse.csr_array, at: int) -> sparse.csr_array:
        after = int(begin[-1]) - at - rows.shape[1]
        return sparse.hstack([sparse.csr_array((rows.shape[0], at)), rows, sparse.csr_array((rows.shape[0], after))])

    linked = sparse.hstack([links.weights[:, :first], sparse.csr_array((links.equal.size, extra)),
                            links.weights[:, first:]])  # fmt: skip
    rows = [
        LinearConstraint(wide(held, 0), least, most), LinearConstraint(wide(linked, 0), links.equal, links.equal),
        LinearConstraint(reach, lowest[open_], np.inf),
    ]  # fmt: skip
    if stretches:
        rows.append(LinearConstraint(wide(tied[0], first + extra), tied[1], tied[2]))
    cost = np.concatenate([np.zeros(begin[4]), -np.ones(draws)])
    solved = milp(
        cost, integrality=whole, bounds=Bounds(low, high), constraints=rows,
        options={"time_limit": max(deadline - monotonic(), 1.0), "mip_rel_gap": GAP},
    )  # fmt: skip
    bound = draws if solved.mip_dual_bound is None else -float(solved.mip_dual_bound)
    share = (int(always.sum()) + min(float(bound), draws)) / always.size
    plan = None if solved.x is None else programme.snapped(solved.x[:first])[0]
    return plan, share


def _reach(points: PlanPoints, programme: Programme) -> tuple[Floats, Floats]:
    """(draw,) each: no plan that keeps bounds and the total brings less, or more.

    For any price of money, value is price · total + what lines have left after paying for their spend: Lagrangian
    bounds, the best over a few prices (Geoffrion 1974).
    """
    starts = np.flatnonzero(np.diff(points.channel, prepend=-1))
    _, least, total = programme.limits[0].rows[0]
    inside = np.diff(points.channel) == 0
    slopes = np.diff(points.value, axis=1)[:, inside] / np.diff(points.spend)[inside] if inside.any() else np.zeros(1)
    prices = np.append(np.quantile(slopes, np.linspace(0, 1, PRICES)), 0.0)
    lowest, highest = np.full(len(points.value), -np.inf), np.full(len(points.value), np.inf)
    for price in prices:
        left = points.value - price * points.spend
        if price >= 0 or least == total:
            highest = np.minimum(highest, price * total + np.maximum.reduceat(left, starts, axis=1).sum(1))
        if price <= 0 or least == total:
            lowest = np.maximum(lowest, price * total + np.minimum.reduceat(left, starts, axis=1).sum(1))
    return lowest, highest


def _stretches(points: PlanPoints) -> tuple[int, tuple[sparse.csr_array, Floats, Floats]]:
    """Of channels with an S: one yes for the stretch in use, and points weigh only beside it. Columns: point, stretch.

    Source: Beale and Tomlin 1970, special ordered sets of type 2.
    """
    rows: list[dict[int, float]] = []
    least: list[float] = []
    most: list[float] = []
    used = 0
    for c in range(points.now.size):
        at = np.flatnonzero(points.channel == c)
        steps = np.diff(points.spend[at])
        if at.size < 3 or not (np.diff(np.diff(points.value[:, at], axis=1) / steps, axis=1) > 1e-7).any():
            continue
        row = {points.columns + used + k: 1.0 for k in range(at.size - 1)}
        rows.append(row)
        least, most = [*least, 1.0], [*most, 1.0]
        for place, point in enumerate(at):
            beside = [k for k in (place - 1, place) if 0 <= k < at.size - 1]
            rows.append({int(point): 1.0, **{points.columns + used + k: -1.0 for k in beside}})
            least, most = [*least, -np.inf], [*most, 0.0]
        used += at.size - 1
    held = sparse.lil_array((len(rows), points.columns + used))
    for i, row in enumerate(rows):
        for column, weight in row.items():
            held[i, column] = weight
    return used, (sparse.csr_array(held), np.array(least), np.array(most))
