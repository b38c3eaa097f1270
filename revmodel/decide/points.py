"""The surface cut to the limits of a plan and made scale-free: the points an allocation is mixed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from revmodel.decide.limits import Limits
from revmodel.decide.surface import Floats, ResponseSurface

__all__ = ["STAKE", "USED", "PlanPoints", "plan_points"]

STAKE = 1000.0  # what the scaled value at stake amounts to: far above the solver's absolute tolerance of 1e-7
USED = 1e-9  # weights below this are rounding
NARROW = 1e-9  # points nearer than this share of the largest limit are one


@dataclass(frozen=True)
class PlanPoints:
    """Breakpoints of every channel's curve within its limits, laid end to end.

    channel : (point,) index of the channel, ascending
    spend : (point,) in units of ``spend_unit``, ascending within a channel
    value : (draw, point) in units of ``value_unit``, less the channel's mean at its lowest point
    offset : value taken off, in the value's own unit
    """

    channel: npt.NDArray[np.intp]
    spend: Floats
    value: Floats
    spend_unit: float
    value_unit: float
    offset: float

    def weights_of(self, plan: Floats) -> Floats:
        """(point,) weights with which neighbouring points mix into ``plan`` (channel,), in units of ``spend_unit``."""
        weights = np.zeros(self.channel.size)
        for c, amount in enumerate(plan):
            where = np.flatnonzero(self.channel == c)
            weights[where] = _hat_weights(self.spend[where], float(amount))
        return weights

    def plan_of(self, weights: Floats) -> Floats:
        """(channel,) the spend that ``weights`` mix into, in units of ``spend_unit``."""
        return np.bincount(self.channel, weights * self.spend)

    def only(self, kept: npt.NDArray[np.bool_]) -> PlanPoints:
        """The same curves with fewer points, in the same units."""
        return replace(self, channel=self.channel[kept], spend=self.spend[kept], value=self.value[:, kept])

    def skips(self, weights: Floats) -> npt.NDArray[np.bool_]:
        """(channel,) where the weights mix points that are not neighbours, so leave the curve."""
        spans = np.zeros(int(self.channel[-1]) + 1, dtype=bool)
        for c in range(spans.size):
            used = np.flatnonzero(weights[self.channel == c] > USED)
            spans[c] = used.size > 0 and used[-1] - used[0] > 1
        return spans


def plan_points(surface: ResponseSurface, limits: Limits) -> PlanPoints:
    """Points at the limits, at current spend and at the grid in between, in units that make any problem look alike."""
    largest = float(limits.upper.max())
    spend_unit = largest if largest > 0 else 1.0
    spends = [_breakpoints(surface, limits, c, NARROW * spend_unit) for c in range(len(surface.channels))]
    values = [surface.channel_value(c, spend) for c, spend in enumerate(spends)]
    offsets = [float(value[:, 0].mean()) for value in values]
    stake = sum(float(np.abs(value - value[:, :1]).mean(axis=0).max()) for value in values)
    stake = stake or max(
        float(np.abs(value).max()) for value in values
    )  # nothing can move: any unit that keeps numbers near one
    value_unit = stake / STAKE if stake > 0 else 1.0
    shifted = [(value - offset) / value_unit for value, offset in zip(values, offsets, strict=True)]
    return PlanPoints(
        channel=np.repeat(np.arange(len(spends)), [spend.size for spend in spends]),
        spend=np.concatenate(spends) / spend_unit,
        value=np.concatenate(shifted, axis=1),
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
