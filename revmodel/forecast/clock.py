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
This is exact where entry is uniform in the calendar week and the rate is constant inside an age week.

In the first age week it is not constant: some funnels close within hours. There the days of the exits are known, and
the rate is taken as constant inside each day: of those who leave in age week 0, the share F(x) has left by age x. A
record that enters at a uniform moment then is still there at the end of its week of entry with chance

    m(0) = 1 − h(0) · ∫₀¹ F(x) dx

in place of h / r, which is the same where F is that of a constant rate. A record that moves may move again in the same
week, so the mean time over any number of stages is the true mean, be they weeks long or hours.

What remains: each stage rounds to whole weeks on its own, which adds at most 1/4 week² of variance per stage.

A record open at the as-of date with a completed weeks entered in the (a+1)-th week before it, so future week 0 is its
calendar week a+1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["DAYS", "Clock", "clock", "odds_by_age", "odds_by_week", "share_at_once"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS = 7
_HAZARDS = 33  # between them the share is linear to 1e-3
_TINY, _SMALL = 1e-12, 1e-4
_LOG_ODDS_LIMIT = 300.0  # exp(300 + 300) is still finite, and no chance that float64 can tell from 0 or 1 is lost


class Clock(NamedTuple):
    """Which ages a calendar week after entry touches. Age 0 is the first age week, age b + 1 the rest of age bin b.

    step_of_week : (calendar week since entry,), index into the steps; later weeks use the last entry
    before, after : (step,), the ages of age weeks c−1 and c. Step 0 is the week of entry: it has no "before" and
        names age 0 in its place.
    bin_of : (age,), its age bin
    """

    step_of_week: Ints
    before: Ints
    after: Ints
    bin_of: Ints


def clock(age_edges_weeks: tuple[int, ...]) -> Clock:
    """The distinct steps of a record through the ages; weeks that touch the same two ages share one.

    >>> clock((0, 1, 4)).step_of_week.tolist(), clock((0, 1, 4)).before.tolist(), clock((0, 1, 4)).after.tolist()
    ([0, 1, 2, 2, 3, 4], [0, 0, 2, 2, 3], [0, 2, 2, 3, 3])
    """
    weeks = np.arange(max(age_edges_weeks[-1], 1) + 2)
    age = np.searchsorted(np.asarray(age_edges_weeks), weeks, side="right")
    age[0] = 0
    pairs = np.stack([np.concatenate([[-1], age[:-1]]), age], axis=1)
    steps, step_of_week = np.unique(pairs, axis=0, return_inverse=True)
    before, after = np.maximum(steps, 0).T.astype(np.int64)
    bin_of = np.concatenate([[0], np.arange(len(age_edges_weeks))]).astype(np.int64)
    return Clock(step_of_week.ravel().astype(np.int64), before, after, bin_of)


def odds_by_age(log_odds: Floats) -> Floats:
    """(stage, cause, group, age_bin) → odds (stage, group, age_bin, cause)."""
    return _exponential(log_odds.transpose(0, 2, 3, 1))


def odds_by_week(calendar: Floats, again: Floats) -> Floats:
    """(stage, cause, week) and (stage, cause) → factor on the odds (week, visit, stage, cause); visit 1 is a repeat."""
    visits = np.stack([np.zeros_like(again), again])
    return _exponential(calendar.transpose(2, 0, 1)[:, None] + visits[None])


def share_at_once(first_week: Floats) -> Floats:
    """Of the exits in the first age week, the share in the week of entry, ∫F of above: (…, day) → (…, hazard).

    It depends on the hazard h of the week, for which it is given at even steps from 0 to 1: of those there at the start
    of day d the share q leaves in it, at the rate r = −log(1 − q), so by the end of the week of entry, when it ends
    inside that day, the share 1/q − 1/r of the day's exits has left.

    >>> even = share_at_once(np.full(7, 1 / 7))
    >>> round(float(even[0]), 6), round(float(even[-1]), 2)
    (0.5, 0.51)
    """
    hazard = np.linspace(0.0, 1.0, _HAZARDS)
    left = np.cumsum(first_week, axis=-1)
    there = 1.0 - hazard * (left - first_week)[..., None]
    q = np.clip(hazard * first_week[..., None] / np.maximum(there, _TINY), _TINY, 1.0 - _TINY)
    inside = np.where(q < _SMALL, 0.5 + q / 12, 1 / q + 1 / np.log1p(-q))
    whole_days = np.arange(DAYS - 1, -1, -1)[:, None]
    return np.asarray((first_week[..., None] * (whole_days + inside) / DAYS).sum(axis=-2), dtype=np.float64)


def _exponential(log_odds: Floats) -> Floats:
    return np.exp(np.clip(np.ascontiguousarray(log_odds, dtype=np.float64), -_LOG_ODDS_LIMIT, _LOG_ODDS_LIMIT))
