"""The walk: every record of one draw taken through the funnel, week by week, in compiled loops.

A record holds one uniform number per spell. While it stays, the number is rescaled to be uniform again, so no random
number is spent on weeks in which nothing happens. Each draw owns its random stream, so its numbers depend on nothing
but the seed and its inputs. The arithmetic of a week is explained in clock.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from revmodel.forecast.clock import Chances
from revmodel.forecast.compiled import compiled

__all__ = ["NOT_YET", "OPEN_DEAL", "OPEN_LEAD", "Funnel", "Records", "Sizes", "Sums", "walk"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Stream = npt.NDArray[np.uint64]

OPEN_DEAL, OPEN_LEAD, NOT_YET = 0, 1, 2  # positions on the axis of provenance
_GOLDEN, _MIX_A, _MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BELOW_ONE = 1.0 - 2.0**-53


class Funnel(NamedTuple):
    """One draw of the funnel.

    by_age : (stage, group, age_bin, cause), by_week : (week, stage, cause), odds and factors on them
    reach : (stage, cause, to), cumulative chances of the destination
    step_of_week, before, after : see clock.Clock. first_deal : index of the first deal stage, or the number of stages.
    """

    by_age: Floats
    by_week: Floats
    reach: Floats
    step_of_week: Ints
    before: Ints
    after: Ints
    first_deal: int


class Sizes(NamedTuple):
    """One draw of deal size, on the log scale; ``counted`` is True where there are no amounts to sum."""

    mean: Floats  # (group,)
    sd: float
    cap: float
    slippage_mean: float
    slippage_sd: float
    counted: bool


class Records(NamedTuple):
    """The records of one draw: open deals, then open leads, then room for arrivals."""

    stage: Ints
    group: Ints
    entered_week: Ints  # relative to future week 0
    provenance: Ints
    is_deal: npt.NDArray[np.bool_]
    uniform: Floats  # one spell's chance, rescaled weekly
    log_first_amount: Floats  # NaN until there is one
    is_sampled: npt.NDArray[np.bool_]  # the first amount is a draw, not on file


class Sums(NamedTuple):
    """What one draw adds up, each (week, provenance, group)."""

    leads: Floats
    opportunities: Floats
    pipeline_created: Floats
    wins: Floats
    bookings: Floats


@compiled
def _uniform(stream: Stream) -> float:
    """The next number of a SplitMix64 stream, in [0, 1). Source: Steele, Lea & Flood 2014."""
    stream[0] += _GOLDEN
    z = stream[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * 2.0**-53


@compiled
def _normal(stream: Stream) -> float:
    """A standard normal number (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - _uniform(stream)))
    return float(radius * np.cos(2.0 * np.pi * _uniform(stream)))


@compiled
def _arrive(week: int, counts: Ints, first: int, funnel: Funnel, records: Records, leads: Floats, made: Ints) -> int:
    """Write the week's arrivals (stage, group) from record ``first`` on and list those that start as deals.

    Returns how many are listed in ``made``.
    """
    stage, group, entered, provenance = records.stage, records.group, records.entered_week, records.provenance
    i, deals = first, 0
    for s in range(counts.shape[0]):
        for g in range(counts.shape[1]):
            if s < funnel.first_deal:
                leads[week, NOT_YET, g] += counts[s, g]
            for _ in range(counts[s, g]):
                stage[i], group[i], entered[i], provenance[i] = s, g, week, NOT_YET
                if s >= funnel.first_deal:
                    made[deals] = i
                    records.is_deal[i] = True
                    deals += 1
                i += 1
    return deals


@compiled
def _stay(week: int, alive: Ints, present: int, records: Records, step_of_week: Ints, stay: Floats, gone: Ints) -> int:
    """Let the records stay or go: stayers move to the front of ``alive``, the others are listed in ``gone``.

    stay : (stage, group, step). Returns the number of stayers.
    """
    stage, group, entered, uniform = records.stage, records.group, records.entered_week, records.uniform
    longest, stayers = step_of_week.shape[0] - 1, 0
    for position in range(present):
        i = alive[position]
        chance = stay[stage[i], group[i], step_of_week[min(week - entered[i], longest)]]
        if uniform[i] < chance:
            uniform[i] = min(uniform[i] / chance, _BELOW_ONE)
            alive[stayers] = i
            stayers += 1
        else:
            gone[position - stayers] = i
    return stayers


@compiled
def _cause(odds: Floats, s: int, g: int, age_bin: int, factor: Floats, week: int, u: float) -> int:
    """Why a record of that stage, group and age left: 0 advance, 1 lost, 2 recycled."""
    advance, lost = odds[s, g, age_bin, 0] * factor[week, s, 0], odds[s, g, age_bin, 1] * factor[week, s, 1]
    v = u * (advance + lost + odds[s, g, age_bin, 2] * factor[week, s, 2])
    return int(v >= advance) + int(v >= advance + lost)


@compiled
def _move(
    week: int,
    gone: Ints,
    funnel: Funnel,
    records: Records,
    chances: Chances,
    made: Ints,
    won: Ints,
    stream: Stream,
    counts: Ints,
) -> None:
    """Move the records in ``gone`` on, several stages if chance has it, until each rests or ends.

    Lists new deals in ``made``, wins in ``won`` and, at the front of ``gone``, those that are still open.
    counts : number in made, won, still open; updated.
    """
    by_age, by_week, reach, step_of_week = funnel.by_age, funnel.by_week, funnel.reach, funnel.step_of_week
    before, after, first_deal = funnel.before, funnel.after, funnel.first_deal
    stay, early = chances.stay, chances.early
    stage, group, entered = records.stage, records.group, records.entered_week
    uniform, is_deal, stages = records.uniform, records.is_deal, stay.shape[1]
    for i in gone:
        s, g, step = stage[i], group[i], step_of_week[min(week - entered[i], step_of_week.shape[0] - 1)]
        u = 1.0
        while s < stages and u >= stay[week, s, g, step]:
            is_early = _uniform(stream) * (1.0 - stay[week, s, g, step]) < early[week, s, g, step]
            age_bin = before[step] if is_early else after[step]
            cause, u, to = _cause(by_age, s, g, age_bin, by_week, week, _uniform(stream)), _uniform(stream), 0
            while to < stages + 1 and u >= reach[s, cause, to]:
                to += 1
            if first_deal <= to <= stages and first_deal < stages and not is_deal[i]:
                is_deal[i], made[counts[0]] = True, i
                counts[0] += 1
            s, step, u = to, 0, _uniform(stream)
        if s < stages:
            stage[i], entered[i], uniform[i] = s, week, min(u / stay[week, s, g, 0], _BELOW_ONE)
            gone[counts[2]] = i
            counts[2] += 1
        elif s == stages:
            won[counts[1]] = i
            counts[1] += 1


@compiled
def _open_pipeline(week: int, made: Ints, records: Records, sizes: Sizes, sums: Sums, stream: Stream) -> None:
    """Count new opportunities and draw their first amounts: such that amount × slippage has the law of won amounts."""
    mean, first, sampled = sizes.mean, records.log_first_amount, records.is_sampled
    opportunities, pipeline = sums.opportunities, sums.pipeline_created
    sd = np.sqrt(max(sizes.sd**2 - sizes.slippage_sd**2, 0.0))
    for i in made:
        source, g = records.provenance[i], records.group[i]
        opportunities[week, source, g] += 1.0
        if sizes.counted:
            pipeline[week, source, g] += 1.0
        else:
            first[i] = min(mean[g] - sizes.slippage_mean + sd * _normal(stream), sizes.cap)
            sampled[i] = True
            pipeline[week, source, g] += np.exp(first[i])


@compiled
def _book(week: int, won: Ints, records: Records, sizes: Sizes, sums: Sums, stream: Stream) -> None:
    """Count wins and what they book: first amount × slippage, capped; an amount on file above the cap may stand."""
    mean, first, wins, bookings = sizes.mean, records.log_first_amount, sums.wins, sums.bookings
    for i in won:
        source, g = records.provenance[i], records.group[i]
        wins[week, source, g] += 1.0
        if sizes.counted:
            bookings[week, source, g] += 1.0
        elif np.isnan(first[i]):  # never had an amount: the law of won amounts itself
            bookings[week, source, g] += np.exp(min(mean[g] + sizes.sd * _normal(stream), sizes.cap))
        else:
            slippage_sd = min(sizes.slippage_sd, sizes.sd) if records.is_sampled[i] else sizes.slippage_sd
            slipped = first[i] + sizes.slippage_mean + slippage_sd * _normal(stream)
            bookings[week, source, g] += np.exp(min(slipped, max(sizes.cap, first[i])))


@compiled
def walk(
    funnel: Funnel,
    sizes: Sizes,
    chances: Chances,
    arrivals: Ints,
    records: Records,
    open_count: int,
    sums: Sums,
    won_week: npt.NDArray[np.int16],
    stream: Stream,
) -> int:
    """One draw, all weeks: arrivals (week, stage, group), the first ``open_count`` records are open at the start.

    ``won_week`` (open deal,) gets the week of each win. Returns the number of records still open at the end.
    """
    room = records.stage.shape[0]
    alive, gone = np.arange(room), np.empty(room, np.int64)
    made, won = np.empty(room, np.int64), np.empty(room, np.int64)
    counts = np.zeros(3, np.int64)
    for i in range(room):
        records.uniform[i] = _uniform(stream)
    born, living = open_count, open_count
    for week in range(arrivals.shape[0]):
        new = arrivals[week].sum()
        counts[:] = 0
        counts[0] = _arrive(week, arrivals[week], born, funnel, records, sums.leads, made)
        alive[living : living + new] = np.arange(born, born + new)
        born, present = born + new, living + new
        living = _stay(week, alive, present, records, funnel.step_of_week, chances.stay[week], gone)
        _move(week, gone[: present - living], funnel, records, chances, made, won, stream, counts)
        alive[living : living + counts[2]] = gone[: counts[2]]
        living += counts[2]
        _open_pipeline(week, made[: counts[0]], records, sizes, sums, stream)
        _book(week, won[: counts[1]], records, sizes, sums, stream)
        for i in won[: counts[1]]:
            if i < won_week.shape[0]:
                won_week[i] = week
    return int(living)
