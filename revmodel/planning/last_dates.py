"""Until when a lever still moves the quarter: the last week from which enough of what it brings lands in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.planning.flow import Floats

__all__ = ["InTime", "in_time", "last_week"]


@dataclass(frozen=True)
class InTime:
    """What comes in each week and lands by the end of the quarter.

    share : (draw, week), of what a record (or a unit of spend) of that week ever brings, the part that lands by the end
    brings : (draw, week), what lands by the end, in the unit of the kernel: a chance, or money
    """

    share: Floats
    brings: Floats


def in_time(kernel: Floats, until: Floats) -> InTime:
    """From a kernel (draw, lag), by the share of each week that lies before the quarter's end, ``until`` (week,).

    What "ever" is, the kernel's last lag says. Of a kernel that brings nothing, no share is in time.

    >>> in_time(np.array([[0.0, 0.1, 0.1]]), np.array([1.0, 1.0, 0.0])).share.tolist()
    [[0.5, 0.0, 0.0]]
    """
    weeks, ever = until.size, kernel.sum(axis=1)
    brings = np.zeros((kernel.shape[0], weeks))
    for lag in range(min(weeks, kernel.shape[1])):
        brings[:, : weeks - lag] += kernel[:, lag, None] * until[None, lag:]
    share = brings / np.where(ever > 0, ever, 1.0)[:, None]
    return InTime(share, brings)


def last_week(share: Floats, level: float) -> int:
    """The last week whose share in time, averaged over draws, is at least ``level``; −1 where none is.

    share : (draw, week); a draw without a number says nothing.

    >>> last_week(np.array([[0.9, 0.6, 0.2, 0.0]]), 0.5)
    1
    """
    mean = np.nanmean(share, axis=0) if share.size else np.zeros(0)
    enough = np.flatnonzero(mean >= level)
    return int(enough[-1]) if enough.size else -1
