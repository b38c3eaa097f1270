"""A surface of window totals, cut to the limits of a plan and made scale-free: the points that a plan is mixed from.

A mix gives every channel weights over its points that add up to one. It may mix any points of a channel, so it sees the
concave hull of each curve; where it mixes points that are no neighbours it has left an S-shaped curve, and the search
branches there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from revmodel.decide.limits import Limits
from revmodel.decide.master import Cut, Links
from revmodel.decide.objectives import Aim
from revmodel.decide.scale import PULL, STAKE, Valued
from revmodel.decide.surface import Floats, ResponseSurface

__all__ = ["PlanPoints", "plan_points"]

USED = 1e-9  # weights below this are rounding
NARROW = 1e-9  # points nearer than this share of the largest limit are one


@dataclass
class PlanPoints:
    """Breakpoints of every channel's curve within its limits, laid end to end; curve columns are their weights.

    channel : (point,) index of the channel, ascending
    spend : (point,) in units of ``spend_unit``, ascending within a channel
    value : (draw, point) in units of ``value_unit``, less the channel's mean at its lowest point
    now : (channel,), current spend in units of ``spend_unit``. aim : what is to be raised
    offset : value taken off, in the value's own unit
    """

    channel: npt.NDArray[np.intp]
    spend: Floats
    value: Floats
    now: Floats
    aim: Aim
    spend_unit: float
    value_unit: float
    offset: float
    overrated_by: Floats = field(init=False)  # (point,), the value that the last mix was judged by

    @property
    def columns(self) -> int:
        """How many curve columns."""
        return self.channel.size

    @property
    def pull(self) -> Floats:
        """(spend and curve column,): a tiny cost of moving away from current spend, so of equal plans the nearest."""
        away = np.abs(self.spend - self.now[self.channel])
        each = PULL * STAKE * away / max(float(away.max()) * self.now.size, 1.0)
        return np.concatenate([np.zeros(self.now.size), each])

    def links(self, low: Floats, high: Floats) -> Links:
        """Weights of each channel add up to one and mix its spend; points outside low to high weigh nothing."""
        channels, at = self.now.size, np.arange(self.columns)
        mixed = sparse.csr_array((-self.spend, (self.channel, at)), shape=(channels, self.columns))
        whole = sparse.csr_array((np.ones(self.columns), (self.channel, at)), shape=(channels, self.columns))
        spend = sparse.eye_array(channels, format="csr")
        rows = sparse.block_array([[spend, mixed], [None, whole]], format="csr")
        inside = (self.spend >= low[self.channel] - NARROW) & (self.spend <= high[self.channel] + NARROW)
        equal = np.concatenate([np.zeros(channels), np.ones(channels)])
        return Links(rows, equal, np.zeros(self.columns), inside.astype(np.float64), self.channel)

    def of_mix(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> Valued:
        """What a mix is worth, on its curves or off them."""
        return self._valued(np.maximum(curve, 0.0))

    def of_plan(self, spend: Floats, low: Floats, high: Floats) -> Valued:
        """What a plan is worth, on its curves."""
        return self._valued(self._weights_of(spend))

    def split(self, spend: Floats, curve: Floats, low: Floats, high: Floats) -> tuple[int, float] | None:
        """The channel whose mix is furthest above its curve, and where to part its spend; None if all are on theirs."""
        on_curve = self._weights_of(np.bincount(self.channel, curve * self.spend))
        above = np.bincount(self.channel, (curve - on_curve) * self.overrated_by)
        used = [np.flatnonzero((self.channel == c) & (curve > USED)) for c in range(self.now.size)]
        skips = np.array([at.size > 0 and at[-1] - at[0] > 1 for at in used])
        if not skips.any():
            return None
        channel = int(np.argmax(np.where(skips, above, -np.inf)))
        between = self.spend[used[channel][0] + 1 : used[channel][-1]]
        return channel, float(between[np.argmin(np.abs(between - spend[channel]))])

    def totals(self, plan: Floats) -> Floats:
        """(draw,) scaled value of a plan (channel,), scaled."""
        return np.asarray(self.value @ self._weights_of(plan))

    def _valued(self, weights: Floats) -> Valued:
        total = self.value @ weights
        by_draw = self.aim.draw_weights(total)
        self.overrated_by = by_draw @ self.value
        row = np.concatenate([np.zeros(self.now.size), -self.overrated_by, [1.0]])
        return Valued(float(by_draw @ total), [Cut(sparse.csr_array(row[None, :]), np.zeros(1))])

    def _weights_of(self, plan: Floats) -> Floats:
        """(point,) weights with which neighbouring points mix into ``plan`` (channel,), scaled."""
        weights = np.zeros(self.columns)
        for c, amount in enumerate(plan):
            where = np.flatnonzero(self.channel == c)
            weights[where] = _hat_weights(self.spend[where], float(amount))
        return weights


def plan_points(surface: ResponseSurface, limits: Limits, aim: Aim, spend_unit: float) -> PlanPoints:
    """Points at the limits, at current spend and at the grid in between, in units that make any problem look alike."""
    spends = [_breakpoints(surface, limits, c, NARROW * spend_unit) for c in range(len(surface.channels))]
    values = [surface.channel_value(c, spend) for c, spend in enumerate(spends)]
    offsets = [float(value[:, 0].mean()) for value in values]
    stake = sum(float(np.abs(value - value[:, :1]).mean(axis=0).max()) for value in values)
    if stake == 0:  # nothing can move: any unit that keeps numbers near one
        stake = max(float(np.abs(value).max()) for value in values)
    value_unit = stake / STAKE if stake > 0 else 1.0
    shifted = [(value - offset) / value_unit for value, offset in zip(values, offsets, strict=True)]
    return PlanPoints(
        channel=np.repeat(np.arange(len(spends)), [spend.size for spend in spends]),
        spend=np.concatenate(spends) / spend_unit,
        value=np.concatenate(shifted, axis=1),
        now=surface.current / spend_unit,
        aim=aim,
        spend_unit=spend_unit,
        value_unit=value_unit,
        offset=float(sum(offsets)),
    )


def _breakpoints(surface: ResponseSurface, limits: Limits, channel: int, narrow: float) -> Floats:
    low, high, now = limits.lower[channel], limits.upper[channel], surface.current[channel]
    if high - low <= narrow:
        return np.array([low])
    grid = surface.spend[channel]
    anchors = [low, high, now] if low + narrow < now < high - narrow else [low, high]
    between = grid[(grid > low) & (grid < high)]
    apart = np.min(np.abs(between[:, None] - np.array(anchors)), axis=1, initial=np.inf) > narrow
    return np.sort(np.concatenate([anchors, between[apart]]))


def _hat_weights(spend: Floats, amount: float) -> Floats:
    weights = np.zeros(spend.size)
    if spend.size == 1:
        weights[0] = 1.0
        return weights
    left = int(np.clip(np.searchsorted(spend, amount, side="right") - 1, 0, spend.size - 2))
    share = float(np.clip((amount - spend[left]) / (spend[left + 1] - spend[left]), 0.0, 1.0))
    weights[left], weights[left + 1] = 1.0 - share, share
    return weights
