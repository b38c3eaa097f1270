"""What the next unit of each channel's spend brings to the quarter, and how much of that is in time, week by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.errors import ModelError
from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import Floats

__all__ = ["SpendLevers", "spend_levers"]

STEP = 0.05  # of a channel's mean weekly spend: small enough to be the next unit, large enough for the arithmetic


@dataclass(frozen=True)
class SpendLevers:
    """(draw, channel, week) each, per unit of currency spent more in that week.

    by_end : what lands by the end of the quarter. in_quarter : what lands inside it. ever : what it brings in all.
    """

    by_end: Floats
    in_quarter: Floats
    ever: Floats

    @property
    def share(self) -> Floats:
        """(draw, channel, week): of what a unit brings, the part that lands by the end."""
        return self.by_end / np.where(self.ever > 0, self.ever, 1.0)


def spend_levers(ahead: Ahead, until: Floats, inside: Floats, weeks: int) -> SpendLevers:
    """Levers of the first ``weeks`` weeks, by a small step of spend in each.

    until, inside : (week,), shares of each week before the quarter's end, and inside the quarter
    Raises ModelError: no channel has spend.
    """
    if not ahead.channels:
        raise ModelError("no spend in the history: add a table spend (date, channel, spend) to plan with it")
    step = STEP * np.maximum(ahead.spend.mean(axis=1), 1e-9 + 0.01 * ahead.spend.mean())
    landing = ahead.worth(ahead.value, np.stack([until, inside]))
    ever = ahead.kernel(ahead.value).sum(axis=2)
    worth = np.concatenate([landing, np.broadcast_to(ever[:, :, None, None], (*landing.shape[:3], 1))], axis=3)
    of_caused = np.einsum("dcr,drwp->dcwp", ahead.share, worth, optimize=True)
    now = ahead.caused(ahead.spend)
    out = np.zeros((3, now.shape[0], now.shape[1], weeks))
    for week in range(weeks):
        more = ahead.spend.copy()
        more[:, week] += step
        added = ahead.caused(more) - now
        out[:, :, :, week] = np.einsum("dcw,dcwp->pdc", added, of_caused, optimize=True) / step[None, None, :]
    return SpendLevers(out[0], out[1], out[2])
