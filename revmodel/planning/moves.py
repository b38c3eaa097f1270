"""A scenario's moves, applied to a spend plan of weeks."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from revmodel.errors import ConfigError
from revmodel.planning.flow import Floats
from revmodel.planning.scenario import EVERY_CHANNEL, Move, Scenario

__all__ = ["PlanWindow", "check_capacity", "check_days", "spend_of"]


@dataclass(frozen=True)
class PlanWindow:
    """The weeks that a plan may change.

    weeks : last days of the weeks of the plan. first, last : the first and the last day that may be changed
    quarters : fiscal quarter → its first and last day
    """

    weeks: pd.DatetimeIndex
    first: pd.Timestamp
    last: pd.Timestamp
    quarters: dict[str, tuple[pd.Timestamp, pd.Timestamp]]

    def shares(self, first: pd.Timestamp, last: pd.Timestamp) -> Floats:
        """(week,): how much of each week lies between two days, both included."""
        begins = self.weeks - pd.Timedelta(days=6)
        starts, ends = begins.where(begins > first, first), self.weeks.where(self.weeks < last, last)
        days = (ends - starts).days.to_numpy() + 1
        return np.asarray(np.clip(days, 0, 7) / 7.0)

    @property
    def share(self) -> Floats:
        """(week,): how much of each week may be changed."""
        return self.shares(self.first, self.last)


@dataclass(frozen=True)
class _Resolved:
    """A move with its channels by place, its days, and its number in the file."""

    move: Move
    number: int
    places: tuple[int, ...]
    to: int | None
    first: pd.Timestamp
    last: pd.Timestamp

    @property
    def touched(self) -> set[int]:
        return set(self.places) | ({self.to} if self.to is not None else set())


def spend_of(scenario: Scenario, spend: Floats, channels: tuple[str, ...], window: PlanWindow) -> Floats:
    """(channel, week): the plan ``spend`` (channel, week) with the scenario's moves made.

    A move of days inside a week changes that share of the week's spend. Raises ConfigError: an unknown channel or
    quarter, days outside the window, or two moves that touch one channel on one day.
    """
    moves = [_resolved(scenario, number, move, channels, window) for number, move in enumerate(scenario.moves, 1)]
    _refuse_overlaps(scenario, moves, channels)
    out = spend.copy()
    for one in moves:
        share = window.shares(one.first, one.last)
        for place in one.places:
            planned = spend[place] * share  # what the plan spends on the days of the move
            then = _changed(one.move, planned, share)
            out[place] += then - planned
            if one.to is not None:
                out[one.to] += planned - then
    return out


def check_days(scenario: Scenario, window: PlanWindow) -> None:
    """Raise ConfigError where a move's quarter or days lie outside the window: before anything is read or fitted."""
    for number, move in enumerate(scenario.moves, 1):
        _days(scenario, number, move, window)


def check_capacity(scenario: Scenario, stages: Sequence[str]) -> None:
    """Raise ConfigError where a capacity is that of no open stage of the funnel."""
    if scenario.capacity is not None and scenario.capacity.stage not in stages:
        name = scenario.capacity.stage
        raise ConfigError(
            f"the capacity of scenario {scenario.name!r} is at the stage {name!r}, which the funnel does not have"
            f"{_did_you_mean(name, stages)}. Open stages: {', '.join(stages)}"
        )


def _changed(move: Move, planned: Floats, share: Floats) -> Floats:
    """(week,): what is spent on the days of the move. planned : what the plan spends on them."""
    if move.times is not None:
        return planned * move.times
    if move.per_week is not None:
        return move.per_week * share
    if move.at_most_per_week is not None:
        return np.minimum(planned, move.at_most_per_week * share)
    return planned * (1 - (move.share or 0.0))


def _resolved(scenario: Scenario, number: int, move: Move, channels: tuple[str, ...], window: PlanWindow) -> _Resolved:
    named = channels if EVERY_CHANNEL in move.channels else move.channels
    for name in (*named, *([move.to] if move.to is not None else [])):
        if name not in channels:
            raise ConfigError(
                f"{_which(scenario, number)} names the channel {name!r}, which has no spend here"
                f"{_did_you_mean(name, channels)}. Channels with spend: {', '.join(channels)}"
            )
    if move.to in named:
        raise ConfigError(f"{_which(scenario, number)} moves money from {move.to} to itself: name another channel")
    if len(set(named)) != len(named):
        raise ConfigError(f"{_which(scenario, number)} names a channel twice: name each once")
    first, last = _days(scenario, number, move, window)
    to = None if move.to is None else channels.index(move.to)
    return _Resolved(move, number, tuple(channels.index(name) for name in named), to, first, last)


def _days(scenario: Scenario, number: int, move: Move, window: PlanWindow) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a move; a quarter that has begun counts from the window's first day."""
    until = f"the comparison runs from {window.first.date()} to {window.last.date()}"
    if move.quarter is not None:
        if move.quarter not in window.quarters:
            raise ConfigError(
                f"{_which(scenario, number)} is about {move.quarter}, but {until} ({', '.join(window.quarters)}): name "
                "one of those quarters, or compare more of them (--quarters)"
            )
        first, last = window.quarters[move.quarter]
        return max(first, window.first), last
    first = window.first if move.start is None else pd.Timestamp(move.start)
    last = window.last if move.end is None else pd.Timestamp(move.end)
    if first < window.first or last > window.last or first > last:
        raise ConfigError(
            f"{_which(scenario, number)} runs from {first.date()} to {last.date()}, but {until}: name days inside it, "
            "or compare more quarters (--quarters)"
        )
    return first, last


def _refuse_overlaps(scenario: Scenario, moves: list[_Resolved], channels: tuple[str, ...]) -> None:
    for one, other in combinations(moves, 2):
        both = one.touched & other.touched
        if both and one.first <= other.last and other.first <= one.last:
            first, last = max(one.first, other.first), min(one.last, other.last)
            names = ", ".join(channels[place] for place in sorted(both))
            raise ConfigError(
                f"moves {one.number} and {other.number} of scenario {scenario.name!r} both change {names} between "
                f"{first.date()} and {last.date()}, so the order would matter: make them one, or part their days"
            )


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _which(scenario: Scenario, number: int) -> str:
    return f"move {number} of scenario {scenario.name!r}"
