"""A line at one stage of the funnel: so many records are taken on a week, the others wait, first in, first out.

The capacity is what a scenario assumes; nothing of it is learned. Expected records are a flow, so they may be parted:
of those that arrive in a week some are taken on in that week and the rest later, and what follows from one comes as
much later as it has waited. Nobody in line gives up, and how long work takes once it is taken on stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.errors import ModelError
from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import Floats, landed, passed_on

__all__ = ["Handled", "Line", "handled", "taken_on"]


@dataclass(frozen=True)
class Line:
    """stage : where records wait. per_week : how many are taken on. opened : (draw, week), entries of records that are
    open today. scale : what the forecast expects of records yet to come ÷ what ``Ahead`` does
    """

    stage: str
    per_week: float
    opened: Floats
    scale: float = 1.0


@dataclass(frozen=True)
class Handled:
    """What a line does to each metric behind it, by week.

    of_new : metric → (draw, week, 2), what records yet to come bring without and with the line, of the ``Ahead``'s size
    of_open : metric → (draw, week), what the line adds to or takes from what records that are open today bring
    waiting : (draw, week), how many are in line at each week's end
    """

    of_new: dict[str, Floats]
    of_open: dict[str, Floats]
    waiting: Floats


def taken_on(arriving: Floats, per_week: float) -> Floats:
    """(draw, week of arrival, week in which they are taken on): shares of those who arrive, first in, first out.

    arriving : (draw, week). What is still in line after the last week is in no share.

    >>> taken_on(np.array([[4.0, 0.0, 2.0]]), 2.0)[0].tolist()
    [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if not (np.isfinite(per_week) and per_week > 0):
        raise ModelError(f"a capacity of {per_week} a week came: wanted a number above 0")
    draws, weeks = arriving.shape
    line, served = np.zeros(draws), np.empty_like(arriving)
    for week in range(weeks):
        there = line + arriving[:, week]
        served[:, week] = np.minimum(there, per_week)
        line = there - served[:, week]
    came, went = np.cumsum(arriving, axis=1), np.cumsum(served, axis=1)
    begun, ended = (np.concatenate([np.zeros((draws, 1)), of[:, :-1]], axis=1) for of in (came, went))
    both = np.minimum(came[:, :, None], went[:, None, :]) - np.maximum(begun[:, :, None], ended[:, None, :])
    shares = np.triu(np.maximum(both, 0.0)) / np.where(arriving > 0, arriving, 1.0)[:, :, None]
    at_once = (arriving <= 0)[:, :, None] | (served == arriving).all(axis=1)[:, None, None]
    return np.asarray(np.where(at_once, np.eye(weeks), shares))


def handled(ahead: Ahead, created: Floats, line: Line) -> Handled:
    """What ``created`` (draw, row, week) and the records that are open today bring, with and without the line.

    Raises ModelError: the stage is not one whose entries the ``Ahead`` tells.
    """
    if line.stage not in ahead.beyond:
        raise ModelError(f"no entries into {line.stage!r} are told here, only into {', '.join(ahead.beyond) or 'none'}")
    entries = passed_on(created, ahead.kernel(f"entered:{line.stage}"))
    opened = _in_turn(line.opened, entries.shape)
    arriving = line.scale * entries.sum(axis=1) + opened
    shares = taken_on(arriving, line.per_week)
    then, opened_then = np.einsum("drt,dtu->dru", entries, shares), np.einsum("dt,dtu->du", opened, shares)
    of_new, of_open = {}, {}
    for metric, kernel in ahead.beyond[line.stage].items():
        of_new[metric] = np.stack([landed(one, kernel) for one in (entries, then)], axis=2)
        mean = _mean_record(kernel, entries)
        of_open[metric] = landed(opened_then[:, None], mean) - landed(opened[:, None], mean)
    waiting = np.cumsum(arriving - np.einsum("dt,dtu->du", arriving, shares), axis=1)
    return Handled(of_new, of_open, waiting)


def _mean_record(kernel: Floats, entries: Floats) -> Floats:
    """(draw, 1, lag): the kernel of a record of the mix that enters; records that are open today are of that mix."""
    weight = entries.sum(axis=2)
    total = weight.sum(axis=1, keepdims=True)
    share = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / weight.shape[1])
    return np.asarray(np.einsum("drl,dr->dl", kernel, share)[:, None])


def _in_turn(entries: Floats, shape: tuple[int, ...]) -> Floats:
    """Entries (draw, week) taken in turn for as many draws, and none in the weeks beyond those told."""
    taken = entries[np.arange(shape[0]) % len(entries), : shape[-1]]
    return np.pad(taken, ((0, 0), (0, shape[-1] - taken.shape[1])))
