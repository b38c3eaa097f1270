"""Scenarios beside the current plan, draw by draw: the same futures, but for what the moves change.

Every scenario is set against the current plan in each posterior draw and in each simulated future, so chance that both
share cancels. What a plan changes is the records that its spend causes; the forecast's own futures are moved by the
share of expected arrivals' deals that this makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from revmodel.decide.surface import totals_of_runs
from revmodel.planning.ahead import Ahead
from revmodel.planning.capacity import Line, handled
from revmodel.planning.flow import Floats, brought

__all__ = ["Compared", "Futures", "InLine", "PlanValue", "compare", "plan_value", "seen_and_then"]


@dataclass(frozen=True)
class Futures:
    """What the forecast tells of the quarters compared.

    quarters : names. shares : (quarter, week), of the weeks of ``Ahead``
    total, to_come : metric → (draw, quarter), all of it, and what records bring that are not created yet
    """

    quarters: tuple[str, ...]
    shares: Floats
    total: Mapping[str, Floats]
    to_come: Mapping[str, Floats]


@dataclass(frozen=True)
class PlanValue:
    """What the window's spend of one plan brings, of leads it causes: within the horizon of a lead.

    spend : (channel,), total of the window. value : (draw, channel). next_unit : (draw, channel), what one more unit of
    currency brings, spread over the window as planned; blank where nothing is spent
    """

    spend: Floats
    value: Floats
    next_unit: Floats


@dataclass(frozen=True)
class Compared:
    """One scenario. change, total : metric → (draw, quarter), against the current plan, and in all.

    line : where it assumes a capacity: what that alone does
    """

    spend: Floats  # (channel, week)
    plan: PlanValue
    change: dict[str, Floats]
    total: dict[str, Floats]
    line: InLine | None = None


@dataclass(frozen=True)
class InLine:
    """Of a line at a stage: later : metric → (draw, quarter), below zero where less lands in a quarter for waiting.

    waiting : (draw, quarter), how many are in line at each quarter's end
    """

    stage: str
    per_week: float
    later: dict[str, Floats]
    waiting: Floats


def compare(
    ahead: Ahead, futures: Futures, plans: Mapping[str, Floats], window: Floats, horizon_weeks: int,
    lines: Mapping[str, Line] | None = None,
) -> dict[str, Compared]:  # fmt: skip
    """Name → comparison of each plan (channel, week). window : (week,), share of each week that may change.

    lines : plan → the capacity that it assumes
    """
    worth = {metric: ahead.worth(metric, futures.shares) for metric in futures.total}
    created = ahead.records(ahead.spend)
    expected = {metric: brought(created, one) for metric, one in worth.items()}
    now, out = ahead.caused(ahead.spend), {}
    for name, spend in plans.items():
        more = ahead.records_of(ahead.caused(spend) - now)
        change = {}
        for metric, one in worth.items():
            share = _ratio(brought(more, one), expected[metric])
            change[metric] = futures.to_come[metric] * np.maximum(share, -1.0)
        line = None
        if lines is not None and name in lines:
            line = _in_line(ahead, futures, change, ahead.records(spend), lines[name])
            change = {metric: one + line.later.get(metric, 0.0) for metric, one in change.items()}
        total = {metric: futures.total[metric] + change[metric] for metric in change}
        out[name] = Compared(spend, plan_value(ahead, spend, window, horizon_weeks), change, total, line)
    return out


def _in_line(ahead: Ahead, futures: Futures, change: Mapping[str, Floats], created: Floats, line: Line) -> InLine:
    """What waiting takes from a quarter or brings to it, of the forecast's futures under the plan's spend.

    Of records yet to come by the share that lands then; of open ones by as much as is expected to, at most all of it.
    """
    found, later = handled(ahead, created, line), {}
    shares = futures.shares.T
    for metric in change.keys() & found.of_new.keys():
        without, then = (found.of_new[metric][:, :, i] @ shares for i in (0, 1))
        to_come = futures.to_come[metric] + change[metric]
        most = np.maximum(futures.total[metric] - futures.to_come[metric], 0.0)
        later[metric] = to_come * _ratio(then - without, without) + np.maximum(found.of_open[metric] @ shares, -most)
    last = [int(np.flatnonzero(quarter > 0)[-1]) for quarter in futures.shares]
    return InLine(line.stage, line.per_week, later, found.waiting[:, last])


def plan_value(ahead: Ahead, spend: Floats, window: Floats, horizon_weeks: int) -> PlanValue:
    """What spending the window's part of ``spend`` (channel, week) brings against spending nothing in it."""
    per_record = np.einsum("dcr,dr->dc", ahead.share, ahead.worth_within(ahead.value, horizon_weeks), optimize=True)
    inside = spend * window

    def value(of: Floats) -> Floats:
        return np.asarray(ahead.caused(of).sum(axis=2) * per_record)

    then, without, more = value(spend), value(spend - inside), value(spend + 0.01 * inside)
    total = inside.sum(axis=1)
    next_unit = (more - then) / np.where(total > 0, 0.01 * total, np.nan)
    return PlanValue(total, then - without, next_unit)


def seen_and_then(history: Floats, spend: Floats, weeks: int) -> tuple[Floats, Floats]:
    """(channel,) each: the most ever spent in so many weeks on end, and the most that a plan spends in as many.

    history, spend : (channel, week). Weeks of the plan count together with those just before it.
    """
    known = history.shape[1]
    run = min(weeks, known)
    runs = totals_of_runs(np.concatenate([history, spend], axis=1), run)
    return runs[:, : known - run + 1].max(axis=1), runs[:, known - run + 1 :].max(axis=1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0))
