"""The answer to a target: how sure the present plan is, what it takes in arrivals, and what in spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import brought
from revmodel.planning.last_dates import InTime, in_time, last_week
from revmodel.planning.least_spend import LeastSpend, least_spend, quarter_surface
from revmodel.planning.levers import SpendLevers, spend_levers
from revmodel.planning.target import Outlook, chance_of, reliable, times_needed

__all__ = ["Question", "SpendAnswer", "TargetAnswer", "answer"]


@dataclass(frozen=True)
class Question:
    """A target: so much of ``metric`` in ``quarter`` (from ``start`` to ``end``), with a probability.

    in_time : from which share on of what something brings, landing by the quarter's end, it is still in time
    """

    quarter: str
    start: pd.Timestamp
    end: pd.Timestamp
    metric: str
    value: float
    probability: float
    in_time: float


@dataclass(frozen=True)
class SpendAnswer:
    """What spend takes. lower, upper, current : (channel,), totals of the weeks in which a channel still counts.

    last : channel → its last week. reliable : what the quarter reaches with the probability under the least spend, or
    where the target cannot be reached, under the spend that brings most.
    """

    levers: SpendLevers
    last: dict[str, int]
    surface: ResponseSurface
    lower: Floats
    upper: Floats
    least: LeastSpend
    reliable: float


@dataclass(frozen=True)
class TargetAnswer:
    """chance : under the present plan. reliable : what the present plan reaches with the probability.

    inside, early : (week,), shares of weeks in the quarter, and weeks whose arrivals are still in time
    times : how many times the planned arrivals of the early weeks have to come
    stages : stage → what lands in time of a record that enters it in each week; last : stage → its last week
    spend : None where there is no spend
    """

    chance: float
    reliable: float
    inside: Floats
    early: Floats
    times: float
    stages: dict[str, InTime]
    last: dict[str, int]
    spend: SpendAnswer | None


def answer(
    ahead: Ahead, outlook: Outlook, question: Question, entry: str, bounds: tuple[Floats, Floats], weeks: int
) -> TargetAnswer:
    """From the weeks ahead and what the quarter holds to what it takes.

    entry : the stage at which records enter. bounds : (channel,) each, multiples of planned spend. weeks : to the
    quarter's end
    """
    until, inside = ahead.shares_until(question.end), ahead.shares_until(question.end, question.start)
    stages = {stage: in_time(won, until) for stage, won in ahead.won_from.items()}
    last = {stage: min(last_week(one.share, question.in_time), weeks - 1) for stage, one in stages.items()}
    early = (np.arange(until.size) <= last[entry]).astype(float)
    worth, created = ahead.worth(question.metric, inside[None]), ahead.records(ahead.spend)
    expected = brought(created, worth)[:, 0]
    lever = outlook.to_come * _share(brought(created * early, worth)[:, 0], expected)
    times = times_needed(question.value, question.probability, outlook.total - lever, lever)
    return TargetAnswer(
        chance=chance_of(question.value, outlook.total),
        reliable=reliable(outlook.total, question.probability),
        inside=inside,
        early=early,
        times=times,
        stages=stages,
        last=last,
        spend=_spend(ahead, outlook, question, (until, inside), bounds, weeks, expected) if ahead.channels else None,
    )


def _spend(
    ahead: Ahead, outlook: Outlook, question: Question, shares: tuple[Floats, Floats], bounds: tuple[Floats, Floats],
    weeks: int, expected: Floats,
) -> SpendAnswer:  # fmt: skip
    """The least spend that reaches the target, each channel changed up to its own last week only."""
    until, inside = shares
    levers = spend_levers(ahead, until, inside, weeks)
    last = {name: last_week(levers.share[:, c], question.in_time) for c, name in enumerate(ahead.channels)}
    is_open = np.stack([(np.arange(until.size) <= last[name]).astype(float) for name in ahead.channels])
    current = (ahead.spend * is_open).sum(axis=1)
    lower, upper = current * bounds[0], current * bounds[1]
    surface = quarter_surface(ahead, inside, is_open, upper)
    now = surface.value_at(current).sum(axis=1)

    def total_of(plan: Floats) -> Floats:
        added = surface.value_at(plan).sum(axis=1) - now
        return outlook.total + outlook.to_come * _share(added, expected)

    least = least_spend(surface, lower, upper, total_of, question.value, question.probability)
    return SpendAnswer(levers, last, surface, lower, upper, least, reliable(least.total, question.probability))


def _share(part: Floats, whole: Floats) -> Floats:
    """Part of the whole; nothing of a whole that is nothing."""
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0))
