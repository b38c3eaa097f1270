"""The path of every record: stages entered and left in continuous time, vectorised over records.

Whether a record moves on is decided when it enters a stage, from its fit, segment, attempt and the drift of that week;
when, from lognormal or gamma times whose scale depends on the same fit. So conversion and speed are correlated within
a record across stages (frailty), unlike in a hazard model. Wins bunch before the quarter's end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit, logit

from revmodel.synthetic.environment import Environment
from revmodel.synthetic.leads import Traits
from revmodel.synthetic.profile import (
    FIRST_DEAL_STAGE,
    LOST,
    SEGMENT_PROFILES,
    STAGE_PROFILES,
    WON,
    Bools,
    Floats,
    Ints,
)
from revmodel.synthetic.timeline import Timeline, working_time

__all__ = ["Moves", "simulate"]

FIT_IN_CONVERSION, FIT_IN_TIME = 0.45, -0.18
AGAIN = -0.4  # log-odds of moving on at a second attempt
LOSS_TIME_FACTOR = 1.6
MOST_MOVES = 24
SHORTEST_DAYS = 0.02
ZOMBIE = -1
PULLED, SLIPPED, PUSHED_LATE = 0.40, 0.12, 0.30  # shares of wins moved around the quarter's end

_STAGE = {
    name: np.array([getattr(profile, name) for profile in STAGE_PROFILES], dtype=float)
    for name in ("advance", "dwell_days", "dwell_sigma", "gamma", "recycle", "skip", "zombie")
}
_BASE_LOG_ODDS = logit(_STAGE["advance"])
_SEGMENT_LOG_ODDS = np.array(
    [
        [profile.log_odds_leads if stage < FIRST_DEAL_STAGE else profile.log_odds_deals for profile in SEGMENT_PROFILES]
        for stage in range(len(STAGE_PROFILES))
    ]
)
_SEGMENT_DWELL = np.array([profile.dwell_factor for profile in SEGMENT_PROFILES])


@dataclass(frozen=True)
class Moves:
    """Moves between stages, ordered by record and time.

    record : number of the lead. origin, target : codes of stages; target may be WON or LOST. day : since the start.
    """

    record: Ints
    origin: Ints
    target: Ints
    day: Floats

    def first_entry(self, records: int, stage: int) -> Floats:
        """(record,): when each first entered a stage, NaN where never."""
        entry = np.full(records, np.nan)
        chosen = np.flatnonzero(self.target == stage)[::-1]
        entry[self.record[chosen]] = self.day[chosen]
        return entry


@dataclass(frozen=True)
class _Stays:
    """Records that have just entered a stage: what decides where they go and when."""

    record: Ints
    stage: Ints
    entered: Floats
    again: Bools
    segment: Ints
    fit: Floats
    week: Ints

    def only(self, chosen: Bools) -> _Stays:
        return _Stays(*(getattr(self, column.name)[chosen] for column in fields(self)))


def simulate(
    arrived: Floats, traits: Traits, timeline: Timeline, environment: Environment, rng: np.random.Generator
) -> Moves:
    """Run every record from its arrival to its end, or to where it is forgotten (a zombie).

    arrived : (record,), days since the start, at any hour; moves come back in working time.
    """
    record = np.arange(len(arrived))
    stage, entered = np.zeros(len(arrived), dtype=np.int64), arrived
    attempts = np.zeros((len(arrived), len(STAGE_PROFILES)), dtype=np.int64)
    steps: list[tuple[Ints, Ints, Ints, Floats]] = []
    for _ in range(MOST_MOVES):
        attempts[record, stage] += 1
        again = attempts[record, stage] > 1
        week = timeline.week_of(entered)
        stays = _Stays(record, stage, entered, again, traits.segment[record], traits.fit[record], week)
        target = _where_next(stays, environment, rng)
        stays, target = stays.only(target != ZOMBIE), target[target != ZOMBIE]
        at = _postpone(stays.entered + _dwell_days(stays, target, environment, rng), timeline, environment, rng)
        at = np.where(target == WON, _bunch_at_quarter_end(at, stays.entered, timeline, rng), at)
        steps.append((stays.record, stays.stage, target, at))
        open_still = target < WON
        record, stage, entered = stays.record[open_still], target[open_still], at[open_still]
        if len(record) == 0:
            break
    record, origin, target, at = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    order = np.lexsort((at, record))
    return Moves(record[order], origin[order], target[order], working_time(at[order]))


def _where_next(stays: _Stays, environment: Environment, rng: np.random.Generator) -> Ints:
    """The stage or end that each record goes to, or ZOMBIE."""
    log_odds = _BASE_LOG_ODDS[stays.stage] + _SEGMENT_LOG_ODDS[stays.stage, stays.segment]
    log_odds = log_odds + FIT_IN_CONVERSION * stays.fit + AGAIN * stays.again
    log_odds = log_odds + environment.log_odds[stays.week, stays.stage]
    luck, skip, fate = rng.random((3, len(log_odds)))
    ahead = stays.stage + 1 + (skip < _STAGE["skip"][stays.stage])
    target = np.where(luck < expit(log_odds), np.minimum(ahead, WON), LOST)
    zombie, recycle = _STAGE["zombie"][stays.stage], _STAGE["recycle"][stays.stage]
    target = np.where(fate < zombie + recycle, stays.stage - 1, target)
    return np.asarray(np.where(fate < zombie, ZOMBIE, target).astype(np.int64))


def _dwell_days(stays: _Stays, target: Ints, environment: Environment, rng: np.random.Generator) -> Floats:
    """Days in the stage before the move to ``target``."""
    sigma = _STAGE["dwell_sigma"][stays.stage]
    shape = 1 / sigma**2
    lognormal = np.exp(sigma * rng.standard_normal(len(sigma)))
    gamma = rng.standard_gamma(shape) / shape * np.exp(sigma**2 / 3)
    days = _STAGE["dwell_days"][stays.stage] * np.where(_STAGE["gamma"][stays.stage] > 0, gamma, lognormal)
    days = days * _SEGMENT_DWELL[stays.segment] * np.exp(FIT_IN_TIME * stays.fit) * environment.dwell_factor[stays.week]
    return np.asarray(days * np.where(target == LOST, LOSS_TIME_FACTOR, 1.0) + SHORTEST_DAYS)


def _postpone(at: Floats, timeline: Timeline, environment: Environment, rng: np.random.Generator) -> Floats:
    """Some moves wait a week, more in holiday weeks and in weeks when everybody was busy."""
    for _ in range(2):
        waits = rng.random(len(at)) < environment.postponed[timeline.week_of(at)]
        at = np.where(waits, at + 7, at)
    return at


def _bunch_at_quarter_end(at: Floats, entered: Floats, timeline: Timeline, rng: np.random.Generator) -> Floats:
    """The hockey stick: wins are drawn into the quarter's last two weeks from both sides, some slip past it."""
    luck, place = rng.random((2, len(at)))
    start, end = timeline.quarter_bounds(at)
    early = (end - at > 14) & (end - at <= 50) & (luck < PUSHED_LATE)
    at = np.where(early, end - 13 + 12.5 * np.sqrt(place), at)
    pull = (at - start < 21) & (start - 11 > entered) & (luck < PULLED)
    at = np.where(pull, start - 10.5 * place - 0.05, at)
    late = (end - at <= 10) & ~early & ~pull & (luck > 1 - SLIPPED)
    return np.asarray(np.where(late, end + 0.3 + 9 * place**1.5, at))
