"""Planned spend by week and channel: each channel at its own pace, dark weeks, and a few lift tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.synthetic.environment import season
from revmodel.synthetic.profile import CHANNELS, PROFILES, ChannelProfile, Floats
from revmodel.synthetic.timeline import Timeline

__all__ = ["LiftTest", "SpendPlan", "draw_spend"]

BUDGET_GROWTH_PER_YEAR = 0.06
DARK_SHARE = 0.02  # of weeks, for any channel: a budget freeze, a broken account


@dataclass(frozen=True)
class LiftTest:
    """A change of one channel's spend for some weeks; weeks are indexes among all weeks, last excluded."""

    name: str
    channel: str
    first_week: int
    last_week: int
    factor: float


@dataclass(frozen=True)
class SpendPlan:
    """weekly : (week, channel), currency a week for all weeks, tests included; untested : the same without tests."""

    weekly: Floats
    untested: Floats
    tests: tuple[LiftTest, ...]


def draw_spend(timeline: Timeline, scale: float, rng: np.random.Generator) -> SpendPlan:
    """Draw what a company of ``scale`` times the demo's size plans to spend, from the burn-in to the last plan."""
    columns = [_channel_spend(profile, timeline, rng) for profile in PROFILES]
    years = (np.arange(timeline.weeks) - timeline.history.start) / 52.18
    untested = np.stack(columns, axis=1) * scale * ((1 + BUDGET_GROWTH_PER_YEAR) ** years)[:, None]
    untested = np.round(untested, 2)
    tests = _lift_tests(timeline, untested, rng)
    weekly = untested.copy()
    for test in tests:
        weekly[test.first_week : test.last_week, CHANNELS.index(test.channel)] *= test.factor
    return SpendPlan(np.round(weekly, 2), untested, tests)


def _channel_spend(profile: ChannelProfile, timeline: Timeline, rng: np.random.Generator) -> Floats:
    """(week,): one channel's spend at demo size, without growth."""
    weeks = timeline.weeks
    day_of_year = timeline.day_of_year.reshape(weeks, 7)[:, 3]
    pattern = _PACES[profile.pace](day_of_year, rng)
    pattern = pattern / pattern.mean()
    levels = rng.lognormal(-0.01, 0.15, weeks // 13 + 2)  # a budget is set each quarter
    level = np.repeat(levels, 13)[:weeks]
    noise = rng.lognormal(0, 0.04 if profile.pace == "headcount" else 0.12, weeks)
    lit = rng.random(weeks) >= (0 if profile.pace == "headcount" else DARK_SHARE)
    size = rng.lognormal(0, 0.12)
    return np.asarray(profile.spend_per_week * size * pattern * level * noise * lit)


def _steady(day_of_year: Floats, _rng: np.random.Generator) -> Floats:
    """All year, a little more when demand is high."""
    return np.asarray(season(day_of_year) ** 0.6)


def _flights(day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """Six to nine weeks on, two to four off, dark over the year's end."""
    on = np.zeros(len(day_of_year))
    week = 0
    while week < len(on):
        length = int(rng.integers(6, 10))
        on[week : week + length] = rng.uniform(0.6, 1.4)
        week += length + int(rng.integers(2, 5))
    dark = (day_of_year > 349) | (day_of_year < 8)
    return np.where(dark, 0.0, on)


def _bursts(day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """A webinar every second or third week with the invitations before it; fewer in summer."""
    pattern = np.full(len(day_of_year), 0.15)
    week = 0
    while week < len(pattern):
        summer = 190 < day_of_year[week] < 235
        pattern[week] = 0.3 if summer else rng.uniform(1.2, 2.6)
        week += int(rng.integers(2, 4))
    return np.where((day_of_year > 352) | (day_of_year < 5), 0.02, pattern)


def _events(day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """Trade fairs: most of the money in the week of the fair, some before; none in summer or at the year's end."""
    pattern = np.zeros(len(day_of_year))
    open_season = ((day_of_year > 30) & (day_of_year < 186)) | ((day_of_year > 240) & (day_of_year < 340))
    week = int(rng.integers(0, 5))
    while week < len(pattern):
        if open_season[week]:
            size = rng.lognormal(0, 0.45)
            pattern[week] += size
            pattern[max(week - 2, 0) : week] += 0.25 * size
            week += int(rng.integers(3, 7))
        else:
            week += 1
    return pattern


def _headcount(day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """A team that is hired and leaves in steps: the spend that is hardest to learn from."""
    steps = np.where(rng.random(len(day_of_year)) < 1 / 20, rng.normal(0, 0.18, len(day_of_year)), 0.0)
    holidays = np.where((day_of_year > 355) | (day_of_year < 3), 0.6, 1.0)
    return np.asarray(np.exp(np.clip(np.cumsum(steps), -0.5, 0.5)) * holidays)


def _allotments(day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """Partner funds: claimed in months, some large, some hardly at all."""
    months = rng.gamma(2.5, 1 / 2.5, len(day_of_year) // 4 + 2)
    return np.repeat(months, 4)[: len(day_of_year)]


_PACES = {
    "steady": _steady,
    "flights": _flights,
    "bursts": _bursts,
    "events": _events,
    "headcount": _headcount,
    "allotments": _allotments,
}


def _lift_tests(timeline: Timeline, spend: Floats, rng: np.random.Generator) -> tuple[LiftTest, ...]:
    """Three tests spread over the history: search cut, content raised, social raised."""
    designs = (("paid_search", 0.35, 5, 0.40), ("content", 1.8, 8, 0.58), ("paid_social", 1.7, 5, 0.76))
    tests = []
    for channel, factor, length, place in designs:
        about = timeline.history.start + round(timeline.history_weeks * place) + int(rng.integers(-3, 4))
        first = _first_lit(spend[:, CHANNELS.index(channel)], timeline.history, about, length)
        tests.append(LiftTest(f"{channel}_lift_test", channel, first, first + length, factor))
    return tuple(tests)


def _first_lit(spend: Floats, history: slice, about: int, length: int) -> int:
    """The week of the history nearest to ``about`` from which the channel is lit for most of ``length`` weeks."""
    starts = np.arange(max(about - 12, history.start), min(about + 13, history.stop - length))
    lit = np.array([(spend[start : start + length] > 0).mean() for start in starts])
    return int(starts[np.lexsort((np.abs(starts - about), -lit))[0]])
