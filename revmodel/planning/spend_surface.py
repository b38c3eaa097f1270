"""What spend of the weeks that are still open brings, on a grid of totals, by channel."""

from __future__ import annotations

import numpy as np

from revmodel.decide.surface import Floats, ResponseSurface, spend_grid
from revmodel.planning.ahead import Ahead

__all__ = ["spend_surface"]


def spend_surface(ahead: Ahead, is_open: Floats, upper: Floats, worth: Floats, points: int) -> ResponseSurface:
    """A channel keeps its planned pace; one that plans nothing spends evenly. The plan of what is not open stays.

    is_open : (channel, week) or (week,), the share of each week's spend that may still change
    upper : (channel,), the largest totals looked at
    worth : (draw, channel, week), what a record is worth that a channel's spend causes in that week
    """
    room = np.broadcast_to(is_open, ahead.spend.shape)
    open_spend, weeks = ahead.spend * room, room.sum(axis=1, keepdims=True)
    current, rest = open_spend.sum(axis=1), ahead.spend - open_spend
    even = room / np.where(weeks > 0, weeks, 1.0)
    pace = np.where(current[:, None] > 0, open_spend / np.maximum(current[:, None], 1e-300), even)
    grid = spend_grid(current, upper, points)
    brings = [
        np.einsum("dcw,dcw->dc", ahead.caused(rest + pace * grid[:, k : k + 1]), worth, optimize=True)
        for k in range(points)
    ]
    value = np.stack(brings, axis=2)
    return ResponseSurface(ahead.channels, grid, value - value[:, :, :1], current)
