"""The most that each draw can bring under any plan by period: a bound, draw by draw, on what is to be reached.

Every plan is one for all draws, and here each draw may have its own, so that what no plan of its own brings it to no
plan does. Within a draw the weeks of effect are told apart, each with as much carried as suits it, at a price of money;
spend and what is carried add up to the same. Any price gives a bound, and the best of a few is taken (Geoffrion 1974).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from revmodel.decide.envelope import Cap, slope_of
from revmodel.decide.limits import Limits
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.surface import Floats

__all__ = ["most_by_draw"]

PRICES = 9  # of money, beside none
ROUNDS = 20  # of golden section: the place to a ten thousandth of the range; what is left is bounded by the tangent
GOLDEN = (np.sqrt(5) - 1) / 2


def most_by_draw(surface: PeriodSurface, limits: Limits, concave: npt.NDArray[np.bool_]) -> Floats:
    """(draw,): no plan within the limits of lines and the total brings the draw more. concave : (line,)"""
    marginal = np.maximum(surface.marginal_at(surface.current), 0.0)
    prices = np.unique(np.append(np.quantile(marginal, np.linspace(0, 1, PRICES)), 0.0))
    found = np.tile((prices * limits.budget)[:, None], (1, len(marginal)))
    for i, line in enumerate(surface.lines):
        low, high = (line.carried(surface.weekly(i, end)) for end in (limits.low[i], limits.high[i]))
        left = np.stack([_left(line, low, high, float(price), bool(concave[i])) for price in prices])
        change = prices[None, :, None] - prices[:, None, None]  # another price for this line: its own limits pay for it
        paid = np.where(change >= 0, change * limits.upper[i], change * limits.lower[i])
        found += (left[None] + paid).min(axis=1)
    return np.asarray(found.min(axis=0))


def _left(line: LineResponse, low: Floats, high: Floats, price: float, concave: bool) -> Floats:
    """(draw,): the most that a line's value can be above the price of its spend. low, high : (draw, week) carried."""
    kept = line.carry.sum(axis=1, keepdims=True)
    cost = price * line.unit / np.where(kept > 0, kept, 1.0)
    cap = None if concave else Cap.over(line.curve, low, high)

    def worth(at: Floats) -> tuple[Floats, Floats]:
        """Value less price, and its slope, of the curve or of the lowest concave one above it."""
        value = line.curve(at)
        value, slope = (value, slope_of(line.curve, at, value)) if cap is None else cap.at(at, value)
        return line.worth * value - cost * at, line.worth * slope - cost

    left, right = low.copy(), high.copy()
    one, two = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
    at_one, at_two = worth(one)[0], worth(two)[0]
    for _ in range(ROUNDS):
        up = at_one < at_two
        left, right = np.where(up, one, left), np.where(up, right, two)
        fresh = np.where(up, left + GOLDEN * (right - left), right - GOLDEN * (right - left))
        at_fresh = worth(fresh)[0]
        one, two = np.where(up, two, fresh), np.where(up, fresh, one)
        at_one, at_two = np.where(up, at_two, at_fresh), np.where(up, at_fresh, at_one)
    middle = (left + right) / 2
    value, slope = worth(middle)
    top = value + np.maximum(slope * (low - middle), slope * (high - middle))
    anyway = line.carried(np.zeros(line.pace.size))
    return np.asarray((top + cost * anyway - line.worth * line.idle).sum(axis=1))
