"""The clock: from weeks spent in a stage (as fitted) to weeks of the calendar (as forecast).

The fit counts exits by completed weeks in the stage: a spell that ends after x days ends in age week ⌊x/7⌋, with
hazard h(a). The forecast walks the calendar week by week, and a record enters a stage anywhere inside a week. Taking
h(0) for the whole week of entry would let records leave half a week early at every stage; waiting for the next week
would make them half a week late at every stage. So the hazard is averaged over the moment of entry instead:

    r(a) = −log(1 − h(a))       continuous rate, per week, inside age week a
    m(a) = h(a) / r(a)          chance to last from a uniform moment of age week a to its end, by symmetry
    S(a) = Π_{b<a} (1 − h(b))   chance to complete a weeks
    still there at the end of the c-th calendar week after the week of entry:   S(c) · m(c)

whence the chance to stay through calendar week c, given that the record was there at its start,

    stay(0) = m(0),     stay(c) = (1 − h(c−1)) · m(c) / m(c−1),

and exits of week c come partly from age week c−1, partly from age week c, each with the causes of its own age.
This is exact where the rate is constant inside an age week and entry is uniform in the calendar week. A record that
moves may move again in the same week. The mean time over any number of stages then is the true mean.

What remains: (1) each stage rounds on its own, which adds 1/6 week² of variance per stage; (2) where exits crowd into
the first hours of an age week (a funnel that closes in minutes), up to half a week per stage is added.

A record open at the as-of date with a completed weeks entered in the (a+1)-th week before it, so future week 0 is its
calendar week a+1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from revmodel.forecast.compiled import compiled
from revmodel.models.draws import FunnelDraws

__all__ = ["Chances", "Clock", "clock", "empty_chances", "fill_chances", "odds_by_age", "odds_by_week"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LOG_ODDS_LIMIT = 300.0  # exp(300 + 300) is still finite, and no chance that float64 can tell from 0 or 1 is lost
_SMALL = 1e-3  # odds below which the series of h / r is exact to 1e-12 and quicker than the logarithm


class Clock(NamedTuple):
    """Which age bins a calendar week after entry touches.

    step_of_week : (calendar week since entry,), index into the steps; later weeks use the last entry
    before, after : (step,), the age bins of age weeks c−1 and c. Step 0 is the week of entry: it has no "before"
        and names the first bin in its place.
    """

    step_of_week: Ints
    before: Ints
    after: Ints


def clock(age_edges_weeks: tuple[int, ...]) -> Clock:
    """The distinct steps of a record through the age bins; weeks that touch the same two bins share one.

    >>> clock((0, 1, 4)).step_of_week.tolist(), clock((0, 1, 4)).before.tolist(), clock((0, 1, 4)).after.tolist()
    ([0, 1, 2, 2, 3, 4], [0, 0, 1, 1, 2], [0, 1, 1, 2, 2])
    """
    weeks = np.arange(age_edges_weeks[-1] + 2)
    age_bin = np.searchsorted(np.asarray(age_edges_weeks), weeks, side="right") - 1
    pairs = np.stack([np.concatenate([[-1], age_bin[:-1]]), age_bin], axis=1)
    steps, step_of_week = np.unique(pairs, axis=0, return_inverse=True)
    before = np.maximum(steps[:, 0], 0)
    return Clock(step_of_week.ravel().astype(np.int64), before.astype(np.int64), steps[:, 1].astype(np.int64))


class Chances(NamedTuple):
    """Chances of one draw.

    stay : (week, stage, group, step), chance to stay through the week
    early : (week, stage, group, step), chance to leave in the part of the week that belongs to the earlier age week
    """

    stay: Floats
    early: Floats


def empty_chances(weeks: int, funnel: FunnelDraws, steps: Clock) -> Chances:
    """Room for the chances of one draw, to be filled draw after draw."""
    shape = (weeks, len(funnel.stages), len(funnel.group_channel), len(steps.after))
    return Chances(np.empty(shape), np.empty(shape))


def odds_by_age(log_odds: Floats) -> Floats:
    """(stage, cause, group, age_bin) → odds (stage, group, age_bin, cause)."""
    return _exponential(log_odds.transpose(0, 2, 3, 1))


def odds_by_week(calendar: Floats) -> Floats:
    """(stage, cause, week) → factor on the odds (week, stage, cause)."""
    return _exponential(calendar.transpose(2, 0, 1))


def _exponential(log_odds: Floats) -> Floats:
    return np.exp(np.clip(np.ascontiguousarray(log_odds, dtype=np.float64), -_LOG_ODDS_LIMIT, _LOG_ODDS_LIMIT))


@compiled
def fill_chances(by_age: Floats, by_week: Floats, before: Ints, after: Ints, chances: Chances) -> None:
    """Fill ``chances`` from odds by age (stage, group, age_bin, cause) times odds by week (week, stage, cause)."""
    stay, early = chances.stay, chances.early
    weeks, stages, groups, steps = stay.shape
    bins = by_age.shape[2]
    kept, last, from_start = np.empty(bins), np.empty(bins), np.empty(bins)
    for week in range(weeks):
        for s in range(stages):
            advance, lost, recycled = by_week[week, s, 0], by_week[week, s, 1], by_week[week, s, 2]
            for g in range(groups):
                for b in range(bins):
                    odds = advance * by_age[s, g, b, 0] + lost * by_age[s, g, b, 1] + recycled * by_age[s, g, b, 2]
                    kept[b] = 1.0 / (1.0 + odds)
                    last[b] = _last(odds, kept[b])
                    from_start[b] = kept[b] / last[b]
                stay[week, s, g, 0], early[week, s, g, 0] = last[0], 0.0
                for step in range(1, steps):
                    stays_early = from_start[before[step]]
                    stay[week, s, g, step] = stays_early * last[after[step]]
                    early[week, s, g, step] = 1.0 - stays_early


@compiled
def _last(odds: float, kept: float) -> float:
    """m = h / r of the odds to leave; by its series where the odds are small."""
    if odds < _SMALL:
        return 1.0 - odds * (1.0 / 2.0 - odds * (5.0 / 12.0 - odds * (3.0 / 8.0)))
    return float(-odds * kept / np.log(kept))
