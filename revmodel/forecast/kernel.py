"""The funnel's lag kernel: of records that enter a stage now, how many become pipeline and are won, and when.

The analytic counterpart of ``simulate``: chances instead of records, the same clock, the same skips and moves back.
Contribution, allocation and reverse planning are sums over it.

What a record's future depends on beside its age is its state: the stage it is in, the furthest stage it has reached
(which says whether it is a deal, and which stages it enters again), and whether it is in this stage again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError
from revmodel.features.tables import Groups
from revmodel.forecast.arrays import Chances
from revmodel.forecast.clock import clock, odds_by_age, odds_by_week, share_at_once
from revmodel.forecast.compiled import compiled
from revmodel.forecast.engine import fill_chances
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

    stages : those of entry, all of the funnel's unless some were asked for.
    pipeline : (draw, stage, group, week), chance to become a deal (count as pipeline created) in week τ
    won : (draw, stage, group, week), chance to be won in week τ
    entry_week : future week whose calendar the entry has; None: the calendar held at its mean over 13 weeks.
    """

    pipeline: Floats
    won: Floats
    stages: tuple[str, ...]
    groups: Groups
    entry_week: int | None


def funnel_kernel(
    funnel: FunnelDraws,
    horizon_weeks: int,
    first_deal_stage: str | None,
    *,
    entry_week: int | None = None,
    entry_stages: tuple[str, ...] | None = None,
    threads: int = 1,
) -> FunnelKernel:
    """The kernel of every draw, stage and group over ``horizon_weeks`` + 1 weeks, the week of entry included.

    entry_stages: those that are wanted, all by default; each costs about as much as another.
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
    steps, wanted = clock(funnel.age_edges_weeks), funnel.stages if entry_stages is None else entry_stages
    entries = np.array([funnel.stages.index(stage) for stage in wanted], dtype=np.int64)
    draws, stages, groups = funnel.log_odds.shape[0], len(funnel.stages), len(funnel.groups)
    pipeline, won = (np.zeros((draws, len(entries), groups, weeks)) for _ in range(2))

    def flow_some(some: Ints) -> None:
        shape = (1 if entry_week is None else weeks, 2, stages, groups, len(steps.after))
        chances = Chances(np.empty(shape), np.empty(shape))
        for draw in some:
            by_age = odds_by_age(funnel.log_odds[draw])
            by_week = _calendar(odds_by_week(funnel.calendar[draw], funnel.again[draw]), entry_week, weeks)
            at_once = share_at_once(funnel.first_week[draw])
            fill_chances(by_age, by_week, at_once, steps.before, steps.after, steps.bin_of, chances)
            moves = _moves(by_age, by_week, steps.before, steps.after, steps.bin_of, chances)
            destination = np.ascontiguousarray(funnel.destination[draw], dtype=np.float64)
            _flow_all(
                moves, chances.stay, destination, steps.step_of_week, first_deal, entries, pipeline[draw], won[draw]
            )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(flow_some, np.array_split(np.arange(draws), threads)))
    return FunnelKernel(pipeline, won, wanted, funnel.groups, entry_week)


def _calendar(by_week: Floats, entry_week: int | None, weeks: int) -> Floats:
    """Factors on the odds (week, visit, stage, cause) from the entry on; one that stands for all where it is held."""
    if entry_week is None:
        return by_week[:_HELD_WEEKS].mean(axis=0, keepdims=True)
    return np.ascontiguousarray(by_week[entry_week : entry_week + weeks])


@compiled
def _moves(by_age: Floats, by_week: Floats, before: Ints, after: Ints, bin_of: Ints, chances: Chances) -> Floats:
    """Chance to advance and to be moved back in a week: (week, visit, stage, group, step, 2). Losses only leave."""
    stay, early = chances.stay, chances.early
    weeks, visits, stages, groups, steps = stay.shape
    share, moves = np.empty((by_age.shape[2], 2)), np.empty((weeks, visits, stages, groups, steps, 2))
    for week in range(weeks):
        for visit in range(visits):
            for s in range(stages):
                factor = by_week[week, visit, s]
                for g in range(groups):
                    for b in range(share.shape[0]):
                        go, back = factor[0] * by_age[s, g, b, 0], factor[2] * by_age[s, g, b, 2]
                        total = go + back + factor[1] * by_age[s, g, b, 1]
                        share[b, 0], share[b, 1] = (go / total, back / total) if total > 0.0 else (0.0, 0.0)
                    for step in range(steps):
                        first = early[week, visit, s, g, step]
                        then = 1.0 - stay[week, visit, s, g, step] - first
                        for way in range(2):
                            at_first, later = share[bin_of[before[step]], way], share[bin_of[after[step]], way]
                            moves[week, visit, s, g, step, way] = first * at_first + then * later
    return moves


@compiled
def _states(stages: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Stage, furthest stage and visit of each state, and the state that they make: (stage, furthest, visit)."""
    count = stages * (stages + 1)
    stage, furthest, visit = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    number, x = np.full((stages, stages, 2), -1), 0
    for s in range(stages):
        for f in range(s, stages):
            for v in range(2):
                if v == 1 or f == s:  # below the furthest stage every visit is a repeated one
                    stage[x], furthest[x], visit[x], number[s, f, v] = s, f, v, x
                    x += 1
    return stage[:x], furthest[:x], visit[:x], number


@compiled
def _send(
    s: int, furthest: int, flow: Floats, destination: Floats, number: Ints, first_deal: int, tau: int, new: Floats,
    pipeline: Floats, won: Floats,
) -> None:  # fmt: skip
    """Mass ``flow`` (cause, entry) leaves stage ``s`` for the stages and ends of ``destination`` (stage, cause, to)."""
    stages, entries = destination.shape[0], pipeline.shape[0]
    for cause in range(2):
        for to in range(stages + 1):
            chance = destination[s, 2 * cause, to]
            if chance == 0.0:
                continue
            if furthest < first_deal <= to and first_deal < stages:
                for entry in range(entries):
                    pipeline[entry, tau] += chance * flow[cause, entry]
            if to == stages:
                for entry in range(entries):
                    won[entry, tau] += chance * flow[cause, entry]
            else:
                y = number[to, max(to, furthest), int(to <= furthest)]
                for entry in range(entries):
                    new[y, entry] += chance * flow[cause, entry]


@compiled
def _exits(stay: Floats, moves: Floats, step_of_week: Ints, tau: int, there: Floats, exits: Floats) -> None:
    """Share of what entered in week e that leaves in week ``tau``: (cause, visit, stage, e).

    Updates ``there`` (visit, stage, e), the share that is still there.
    """
    week, longest = min(tau, stay.shape[0] - 1), step_of_week.shape[0] - 1
    for v in range(there.shape[0]):
        for s in range(there.shape[1]):
            there[v, s, tau] = 1.0
            for entered in range(tau + 1):
                step = step_of_week[min(tau - entered, longest)]
                exits[0, v, s, entered] = moves[week, v, s, step, 0] * there[v, s, entered]
                exits[1, v, s, entered] = moves[week, v, s, step, 1] * there[v, s, entered]
                there[v, s, entered] *= stay[week, v, s, step]


@compiled
def _outflow(entered: Floats, exits: Floats, x: int, v: int, s: int, tau: int, flow: Floats) -> None:
    """Mass that leaves state ``x`` in week ``tau`` among ``entered`` (state, entry, week), by cause."""
    for entry in range(entered.shape[1]):
        go, back = 0.0, 0.0
        for week in range(tau):
            go += exits[0, v, s, week] * entered[x, entry, week]
            back += exits[1, v, s, week] * entered[x, entry, week]
        flow[0, entry], flow[1, entry] = go, back


@compiled
def _flow(
    moves: Floats, stay: Floats, destination: Floats, step_of_week: Ints, first_deal: int, entries: Ints,
    pipeline: Floats, won: Floats,
) -> None:  # fmt: skip
    """Mass of one group from all entry stages at once, week by week; fills pipeline and won (entry, week).

    moves : (week, visit, stage, step, 2), stay : (week, visit, stage, step); a single week stands for all.
    entries : (entry,), the stages of entry.
    """
    stages, weeks = stay.shape[2], pipeline.shape[1]
    stage, furthest, visit, number = _states(stages)
    states = stage.shape[0]
    count = entries.shape[0]
    entered, new, flow = np.zeros((states, count, weeks)), np.zeros((states, count)), np.zeros((2, count))
    there, exits, reached = np.zeros((2, stages, weeks)), np.zeros((2, 2, stages, weeks)), np.zeros(states, np.bool_)
    for entry in range(count):
        new[number[entries[entry], entries[entry], 0], entry] = 1.0
        if entries[entry] >= first_deal:
            pipeline[entry, 0] = 1.0
    for tau in range(weeks):
        _exits(stay, moves, step_of_week, tau, there, exits)
        for x in range(states):
            if reached[x]:
                _outflow(entered, exits, x, visit[x], stage[x], tau, flow)
                _send(stage[x], furthest[x], flow, destination, number, first_deal, tau, new, pipeline, won)
        while new.sum() > _NOTHING:  # those who enter this week may leave in it
            for x in range(states):
                if new[x].sum() == 0.0:
                    continue
                for entry in range(count):
                    mass, new[x, entry] = new[x, entry], 0.0
                    entered[x, entry, tau] += mass
                    reached[x] |= mass > 0.0
                    for cause in range(2):
                        flow[cause, entry] = exits[cause, visit[x], stage[x], tau] * mass
                _send(stage[x], furthest[x], flow, destination, number, first_deal, tau, new, pipeline, won)


@compiled
def _flow_all(
    moves: Floats, stay: Floats, destination: Floats, step_of_week: Ints, first_deal: int, entries: Ints,
    pipeline: Floats, won: Floats,
) -> None:  # fmt: skip
    """``_flow`` of each group; arrays with their group axis."""
    for g in range(stay.shape[3]):
        _flow(
            moves[:, :, :, g], stay[:, :, :, g], destination, step_of_week, first_deal, entries,
            pipeline[:, g], won[:, g],
        )  # fmt: skip
