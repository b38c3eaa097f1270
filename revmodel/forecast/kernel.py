"""The funnel's lag kernel: of records that enter a stage now, how many become pipeline and are won, and when.

The analytic counterpart of ``simulate``: chances instead of records, the same clock, the same skips and moves back.
Contribution, allocation and reverse planning are sums over it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError
from revmodel.forecast.clock import Chances, clock, empty_chances, fill_chances, odds_by_age, odds_by_week
from revmodel.forecast.compiled import compiled
from revmodel.forecast.inputs import check_funnel, first_deal_index
from revmodel.models.draws import FunnelDraws

__all__ = ["FunnelKernel", "funnel_kernel"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_HELD_WEEKS = 13  # the weeks over which the calendar is averaged when no entry week is named
_NOTHING = 1e-10  # mass below this is not moved again within a week, but in the next


@dataclass(frozen=True)
class FunnelKernel:
    """Chances of a record that enters ``stage`` in week 0, for τ = 0 … horizon weeks later.

    pipeline : (draw, stage, group, week), chance to become a deal (count as pipeline created) in week τ
    won : (draw, stage, group, week), chance to be won in week τ
    entry_week : future week whose calendar the entry has; None: the calendar held at its mean over 13 weeks.
    """

    pipeline: Floats
    won: Floats
    stages: tuple[str, ...]
    group_channel: tuple[str, ...]
    group_segment: tuple[str, ...]
    entry_week: int | None


def funnel_kernel(
    funnel: FunnelDraws,
    horizon_weeks: int,
    first_deal_stage: str | None,
    *,
    entry_week: int | None = None,
    threads: int = 1,
) -> FunnelKernel:
    """The kernel of every draw, stage and group over ``horizon_weeks`` + 1 weeks, the week of entry included.

    Entering at a deal stage is pipeline created at once. The held calendar is the mean of the odds' factor.
    threads: draws are shared among so many; the numbers do not depend on it.
    Raises ModelError: draws that do not fit together, or a calendar shorter than entry_week + horizon_weeks + 1.
    """
    check_funnel(funnel)
    first_deal, weeks = first_deal_index(funnel, first_deal_stage), horizon_weeks + 1
    known = funnel.calendar.shape[-1]
    if entry_week is not None and not 0 <= entry_week <= known - weeks:
        raise ModelError(
            f"entry week {entry_week} with {weeks} weeks to follow, but the calendar knows {known}: "
            "predict a longer calendar, or leave entry_week out to hold it at its mean"
        )
    steps = clock(funnel.age_edges_weeks)
    draws, stages, groups = funnel.log_odds.shape[0], len(funnel.stages), len(funnel.group_channel)
    pipeline, won = (np.zeros((draws, stages, groups, weeks)) for _ in range(2))

    def flow_some(some: Ints) -> None:
        chances = empty_chances(1 if entry_week is None else weeks, funnel, steps)
        for draw in some:
            by_age, by_week = odds_by_age(funnel.log_odds[draw]), odds_by_week(funnel.calendar[draw])
            by_week = _calendar(by_week, entry_week, weeks)
            fill_chances(by_age, by_week, steps.before, steps.after, chances)
            moves = _moves(by_age, by_week, steps.before, steps.after, chances)
            destination = np.ascontiguousarray(funnel.destination[draw], dtype=np.float64)
            _flow_all(moves, chances.stay, destination, steps.step_of_week, first_deal, pipeline[draw], won[draw])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(flow_some, np.array_split(np.arange(draws), threads)))
    return FunnelKernel(pipeline, won, funnel.stages, funnel.group_channel, funnel.group_segment, entry_week)


def _calendar(by_week: Floats, entry_week: int | None, weeks: int) -> Floats:
    """Factors on the odds (week, stage, cause) from the entry on; one week that stands for all where it is held."""
    if entry_week is None:
        return by_week[:_HELD_WEEKS].mean(axis=0, keepdims=True)
    return np.ascontiguousarray(by_week[entry_week : entry_week + weeks])


@compiled
def _moves(by_age: Floats, by_week: Floats, before: Ints, after: Ints, chances: Chances) -> Floats:
    """Chance to advance and to be moved back in a week: (week, stage, group, step, 2). Losses only leave."""
    stay, early = chances.stay, chances.early
    weeks, stages, groups, steps = stay.shape
    share, moves = np.empty((by_age.shape[2], 2)), np.empty((weeks, stages, groups, steps, 2))
    for week in range(weeks):
        for s in range(stages):
            advance, lost, recycled = by_week[week, s, 0], by_week[week, s, 1], by_week[week, s, 2]
            for g in range(groups):
                for b in range(share.shape[0]):
                    go, back = advance * by_age[s, g, b, 0], recycled * by_age[s, g, b, 2]
                    total = go + back + lost * by_age[s, g, b, 1]
                    share[b, 0], share[b, 1] = (go / total, back / total) if total > 0.0 else (0.0, 0.0)
                for step in range(steps):
                    b, a, first = before[step], after[step], early[week, s, g, step]
                    then = 1.0 - stay[week, s, g, step] - first
                    moves[week, s, g, step, 0] = first * share[b, 0] + then * share[a, 0]
                    moves[week, s, g, step, 1] = first * share[b, 1] + then * share[a, 1]
    return moves


@compiled
def _send(
    x: int, flow: Floats, destination: Floats, first_deal: int, tau: int, new: Floats, pipeline: Floats, won: Floats
) -> None:
    """Mass ``flow`` (cause, entry) leaves state ``x`` for the stages and ends of ``destination`` (stage, cause, to).

    States are stages; behind them stand the lead stages once more, for records that are deals already.
    """
    stages, entries = destination.shape[0], pipeline.shape[0]
    is_deal, s = x >= first_deal, x if x < stages else x - stages
    for cause in range(2):
        for to in range(stages + 1):
            chance = destination[s, 2 * cause, to]
            if chance == 0.0:
                continue
            if not is_deal and first_deal <= to and first_deal < stages:
                for entry in range(entries):
                    pipeline[entry, tau] += chance * flow[cause, entry]
            if to == stages:
                for entry in range(entries):
                    won[entry, tau] += chance * flow[cause, entry]
            else:
                y = stages + to if is_deal and to < first_deal else to
                for entry in range(entries):
                    new[y, entry] += chance * flow[cause, entry]


@compiled
def _exits(stay: Floats, moves: Floats, step_of_week: Ints, tau: int, there: Floats, exits: Floats) -> None:
    """Share of what entered in week e that leaves in week ``tau``: (cause, stage, e); updates ``there`` (stage, e)."""
    week, longest = min(tau, stay.shape[0] - 1), step_of_week.shape[0] - 1
    for s in range(there.shape[0]):
        there[s, tau] = 1.0
        for entered in range(tau + 1):
            step = step_of_week[min(tau - entered, longest)]
            exits[0, s, entered] = moves[week, s, step, 0] * there[s, entered]
            exits[1, s, entered] = moves[week, s, step, 1] * there[s, entered]
            there[s, entered] *= stay[week, s, step]


@compiled
def _outflow(entered: Floats, exits: Floats, x: int, s: int, tau: int, flow: Floats) -> None:
    """Mass that leaves state ``x``, stage ``s``, in week ``tau`` among ``entered`` (state, entry, week), by cause."""
    for entry in range(entered.shape[1]):
        go, back = 0.0, 0.0
        for week in range(tau):
            go += exits[0, s, week] * entered[x, entry, week]
            back += exits[1, s, week] * entered[x, entry, week]
        flow[0, entry], flow[1, entry] = go, back


@compiled
def _flow(
    moves: Floats, stay: Floats, destination: Floats, step_of_week: Ints, first_deal: int, pipeline: Floats, won: Floats
) -> None:
    """Mass of one group from every entry stage at once, week by week; fills pipeline and won (entry, week).

    moves : (week, stage, step, 2), stay : (week, stage, step); a single week stands for all.
    """
    stages, weeks = stay.shape[1], pipeline.shape[1]
    states = stages + (first_deal if first_deal < stages else 0)
    entered, new, flow = np.zeros((states, stages, weeks)), np.zeros((states, stages)), np.zeros((2, stages))
    there, exits, reached = np.zeros((stages, weeks)), np.zeros((2, stages, weeks)), np.zeros(states, np.bool_)
    for entry in range(stages):
        new[entry, entry] = 1.0
        if entry >= first_deal:
            pipeline[entry, 0] = 1.0
    for tau in range(weeks):
        _exits(stay, moves, step_of_week, tau, there, exits)
        for x in range(states):
            s = x if x < stages else x - stages
            if reached[x]:
                _outflow(entered, exits, x, s, tau, flow)
                _send(x, flow, destination, first_deal, tau, new, pipeline, won)
        while new.sum() > _NOTHING:  # those who enter this week may leave in it
            for x in range(states):
                s = x if x < stages else x - stages
                if new[x].sum() == 0.0:
                    continue
                for entry in range(stages):
                    mass, new[x, entry] = new[x, entry], 0.0
                    entered[x, entry, tau] += mass
                    reached[x] |= mass > 0.0
                    flow[0, entry], flow[1, entry] = exits[0, s, tau] * mass, exits[1, s, tau] * mass
                _send(x, flow, destination, first_deal, tau, new, pipeline, won)


@compiled
def _flow_all(
    moves: Floats, stay: Floats, destination: Floats, step_of_week: Ints, first_deal: int, pipeline: Floats, won: Floats
) -> None:
    """``_flow`` of each group; arrays with their group axis."""
    for g in range(stay.shape[2]):
        _flow(moves[:, :, g], stay[:, :, g], destination, step_of_week, first_deal, pipeline[:, g], won[:, g])
