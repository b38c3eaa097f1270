"""The most that each budget can bring, and where the next unit of currency brings back less than itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.decide.allocate import Allocation, allocate
from revmodel.decide.limits import ROUNDING
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.planning.ahead import Ahead
from revmodel.planning.spend_surface import spend_surface

__all__ = ["BestSplit", "Frontier", "FrontierPoint", "best_split", "frontier", "window_surface"]

POINTS = 21  # of each channel's curve
BUDGETS = 13
GAP, SECONDS = 1e-3, 5.0  # of each search


@dataclass(frozen=True)
class FrontierPoint:
    """A budget with its best split. plan : (channel,). value : (draw,). next_unit : what one unit more brings."""

    budget: float
    plan: Floats
    value: Floats
    next_unit: float


@dataclass(frozen=True)
class Frontier:
    """points : by budget, rising. turns_at : the largest budget looked at whose next unit brings back itself.

    turns : "inside" the budgets looked at, "below" them (already the least is too much) or "beyond" them
    """

    points: tuple[FrontierPoint, ...]
    turns: str
    turns_at: float


def window_surface(ahead: Ahead, window: Floats, horizon_weeks: int, upper: Floats) -> ResponseSurface:
    """What each channel's spend of the window brings within the horizon of a lead, on a grid of totals.

    window : (week,), share of each week that may change. upper : (channel,), the largest totals looked at. See
    ``spend_surface``.
    """
    per_record = np.einsum("dcr,dr->dc", ahead.share, ahead.worth_within(ahead.value, horizon_weeks), optimize=True)
    worth = np.broadcast_to(per_record[:, :, None], (*per_record.shape, window.size))
    return spend_surface(ahead, window, upper, worth, POINTS)


@dataclass(frozen=True)
class BestSplit:
    """The best split of a budget, or of as much of it as the limits let be spent.

    value : (draw,). spent : its total. stopped_by : "upper" where upper limits hold less than the budget, "lower" where
    lower limits ask for more, else nothing
    """

    allocation: Allocation
    value: Floats
    spent: float
    stopped_by: str


def best_split(surface: ResponseSurface, budget: float, lower: Floats, upper: Floats) -> BestSplit:
    """lower, upper : (channel,) totals."""
    least, most = float(lower.sum()), float(upper.sum())
    slack = ROUNDING * max(most, budget)
    stopped_by = "upper" if budget > most + slack else "lower" if budget < least - slack else ""
    inside = min(max(budget, least), most)
    found = allocate(surface, inside, lower, upper, gap_tolerance=GAP, time_limit_s=SECONDS)
    value = surface.value_at(found.proposed).sum(axis=1)
    return BestSplit(found, value, float(found.proposed.sum()), stopped_by)


def frontier(surface: ResponseSurface, lower: Floats, upper: Floats, unit: float = 1.0) -> Frontier:
    """Best splits of even budgets between the limits; unit : what the next unit of currency has to bring to pay."""
    budgets = np.linspace(float(lower.sum()), float(upper.sum()), BUDGETS)
    splits = [best_split(surface, float(budget), lower, upper) for budget in budgets]
    plans, values = [one.allocation.proposed for one in splits], [one.value for one in splits]
    means = np.array([value.mean() for value in values])
    width = np.diff(budgets)
    slopes = np.divide(np.diff(means), width, out=np.zeros_like(width), where=width > 0)
    following = np.append(slopes, slopes[-1:] if slopes.size else 0.0)
    points = tuple(
        FrontierPoint(float(budget), plan, value, float(slope))
        for budget, plan, value, slope in zip(budgets, plans, values, following, strict=True)
    )
    return Frontier(points, *_turn(budgets, slopes, unit))


def _turn(budgets: Floats, slopes: Floats, unit: float) -> tuple[str, float]:
    """Where the next unit stops paying; budgets (n,), slopes (n − 1,) between them."""
    pays = slopes >= unit
    if not pays.any():
        return "below", float(budgets[0])
    last = int(np.flatnonzero(pays)[-1])
    return ("beyond", float(budgets[-1])) if last == slopes.size - 1 else ("inside", float(budgets[last + 1]))
