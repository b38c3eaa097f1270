"""The walk: every record of one draw taken through the funnel, week by week, in compiled loops.

A record holds one uniform number per spell. While it stays, the number is rescaled to be uniform again, so no random
number is spent on weeks in which nothing happens. Each draw owns its random stream, so its numbers depend on nothing
but the seed and its inputs. The arithmetic of a week is explained in clock.py; a chance is worked out when the first
record of a week needs it and remembered for the others of its stage, group and age, so groups that nobody is in cost
nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from revmodel.forecast.arrays import NOT_YET, Chances, Funnel, Records, Sizes, Sums
from revmodel.forecast.compiled import compiled

__all__ = ["fill_chances", "walk"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Stream = npt.NDArray[np.uint64]

_GOLDEN, _MIX_A, _MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BELOW_ONE = 1.0 - 2.0**-53
_SMALL = 1e-3  # odds below which the series of h / r is exact to 1e-12 and quicker than the logarithm


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
def _age_chances(odds: float, age: int, at_once: Floats) -> tuple[float, float]:
    """Of a record that is somewhere in an age week: chances (not yet known where, at its start) to last to its end.

    m and (1 − h) / m of clock.py.
    """
    kept = 1.0 / (1.0 + odds)
    if age == 0:
        place = (1.0 - kept) * (at_once.shape[0] - 1)
        i = min(int(place), at_once.shape[0] - 2)
        last = 1.0 - (1.0 - kept) * (at_once[i] + (place - i) * (at_once[i + 1] - at_once[i]))
    elif odds < _SMALL:
        last = 1.0 - odds * (1.0 / 2.0 - odds * (5.0 / 12.0 - odds * (3.0 / 8.0)))
    else:
        last = -odds * kept / np.log(kept)
    return last, kept / last


@compiled
def fill_chances(
    by_age: Floats, by_week: Floats, at_once: Floats, before: Ints, after: Ints, bin_of: Ints, chances: Chances
) -> None:
    """Fill ``chances`` for every week, visit, stage, group and step; the arguments are those of a Funnel."""
    stay, early = chances.stay, chances.early
    weeks, visits, stages, groups, steps = stay.shape
    last, from_start = np.empty(bin_of.shape[0]), np.empty(bin_of.shape[0])
    for week in range(weeks):
        for visit in range(visits):
            for s in range(stages):
                advance, lost, recycled = by_week[week, visit, s]
                for g in range(groups):
                    for age in range(bin_of.shape[0]):
                        odds = by_age[s, g, bin_of[age]]
                        total = advance * odds[0] + lost * odds[1] + recycled * odds[2]
                        last[age], from_start[age] = _age_chances(total, age, at_once[s])
                    stay[week, visit, s, g, 0], early[week, visit, s, g, 0] = last[0], 0.0
                    for step in range(1, steps):
                        stay[week, visit, s, g, step] = from_start[before[step]] * last[after[step]]
                        early[week, visit, s, g, step] = 1.0 - from_start[before[step]]


@compiled
def _arrive(
    week: int, counts: Ints, first: int, first_deal: int, records: Records, leads: Floats, made: Ints, stream: Stream
) -> int:
    """Write the week's arrivals (stage, group) from record ``first`` on and list those that start as deals.

    Returns how many are listed in ``made``.
    """
    stage, group, visit, highest = records.stage, records.group, records.visit, records.highest
    entered, provenance, uniform = records.entered_week, records.provenance, records.uniform
    amount, slips_from = records.log_first_amount, records.slips_from
    advance, lost = records.advance_odds, records.lost_odds
    i, deals = first, 0
    for s in range(counts.shape[0]):
        for g in range(counts.shape[1]):
            if s < first_deal:
                leads[week, NOT_YET, g] += counts[s, g]
            for _ in range(counts[s, g]):
                stage[i], group[i], visit[i], highest[i], entered[i], provenance[i] = s, g, 0, s, week, NOT_YET
                uniform[i], amount[i], slips_from[i], advance[i], lost[i] = _uniform(stream), np.nan, 0, 1.0, 1.0
                if s >= first_deal:
                    made[deals] = i
                    deals += 1
                i += 1
    return deals


@compiled
def _own_chances(
    week: int, v: int, s: int, g: int, step: int, advance: float, lost: float, by_age: Floats, by_week: Floats,
    at_once: Floats, before: Ints, after: Ints, bin_of: Ints,
) -> tuple[float, float]:  # fmt: skip
    """Chances to stay through the week and to leave in its earlier part, of a record with factors of its own."""
    factor, stay, early = by_week[week, v, s], 1.0, 0.0
    for late in range(2):
        age = after[step] if late else before[step]
        odds = by_age[s, g, bin_of[age]]
        total = odds[0] * factor[0] * advance + odds[1] * factor[1] * lost + odds[2] * factor[2]
        last, from_start = _age_chances(total, age, at_once[s])
        if late:
            stay *= last
        elif step > 0:
            early = 1.0 - from_start
            stay *= from_start
    return stay, early


@compiled
def _stay(week: int, alive: Ints, present: int, records: Records, funnel: Funnel, memo: Floats, gone: Ints) -> int:
    """Let the records stay or go: stayers move to the front of ``alive``, the others are listed in ``gone``.

    memo : (visit, stage, group, age, 3), the two of _age_chances and the week that they are of.
    Returns the number of stayers.
    """
    by_age, by_week, at_once, bin_of = funnel.by_age, funnel.by_week, funnel.at_once, funnel.bin_of
    step_of_week, before, after = funnel.step_of_week, funnel.before, funnel.after
    stage, group, visit, entered = records.stage, records.group, records.visit, records.entered_week
    uniform, longest, stayers = records.uniform, funnel.step_of_week.shape[0] - 1, 0
    advance, lost = records.advance_odds, records.lost_odds
    for position in range(present):
        i = alive[position]
        v, s, g, step = visit[i], stage[i], group[i], step_of_week[min(week - entered[i], longest)]
        chance = 1.0
        for early in range(2 if step > 0 else 1):
            age = before[step] if early else after[step]
            if memo[v, s, g, age, 2] != week:  # written out: to hand so many arrays on costs more than the arithmetic
                b = bin_of[age]
                odds = by_age[s, g, b, 0] * by_week[week, v, s, 0] + by_age[s, g, b, 1] * by_week[week, v, s, 1]
                odds += by_age[s, g, b, 2] * by_week[week, v, s, 2]
                memo[v, s, g, age, 0], memo[v, s, g, age, 1] = _age_chances(odds, age, at_once[s])
                memo[v, s, g, age, 2] = week
            chance *= memo[v, s, g, age, early]
        if advance[i] != 1.0 or lost[i] != 1.0:
            chance, _ = _own_chances(
                week, v, s, g, step, advance[i], lost[i], by_age, by_week, at_once, before, after, bin_of
            )
        if uniform[i] < chance:
            uniform[i] = min(uniform[i] / chance, _BELOW_ONE)
            alive[stayers] = i
            stayers += 1
        else:
            gone[position - stayers] = i
    return stayers


@compiled
def _cause(
    by_age: Floats, s: int, g: int, age_bin: int, by_week: Floats, week: int, visit: int, own: float, own_lost: float,
    u: float,
) -> int:  # fmt: skip
    """Why a record of that stage, group, age, visit and factors left: 0 advance, 1 lost, 2 recycled."""
    advance = by_age[s, g, age_bin, 0] * by_week[week, visit, s, 0] * own
    lost = by_age[s, g, age_bin, 1] * by_week[week, visit, s, 1] * own_lost
    v = u * (advance + lost + by_age[s, g, age_bin, 2] * by_week[week, visit, s, 2])
    return int(v >= advance) + int(v >= advance + lost)


@compiled
def _move(
    week: int, gone: Ints, funnel: Funnel, records: Records, memo: Floats, made: Ints, won: Ints, stream: Stream,
    counts: Ints,
) -> None:  # fmt: skip
    """Move the records in ``gone`` on, several stages if chance has it, until each rests or ends.

    Lists new deals in ``made``, wins in ``won`` and, at the front of ``gone``, those that are still open.
    counts : number in made, won, still open; updated.
    """
    by_age, by_week, at_once, bin_of = funnel.by_age, funnel.by_week, funnel.at_once, funnel.bin_of
    step_of_week, before, after = funnel.step_of_week, funnel.before, funnel.after
    stage, group, visit, entered = records.stage, records.group, records.visit, records.entered_week
    uniform, highest, reach, first_deal = records.uniform, records.highest, funnel.reach, funnel.first_deal
    stages, longest, advance, lost = reach.shape[0], step_of_week.shape[0] - 1, records.advance_odds, records.lost_odds
    for i in gone:
        v, s, g, step, u = visit[i], stage[i], group[i], step_of_week[min(week - entered[i], longest)], 1.0
        stay, early = memo[v, s, g, after[step], 0], 0.0  # _stay has asked for them
        if step > 0:
            early = 1.0 - memo[v, s, g, before[step], 1]
            stay *= 1.0 - early
        if advance[i] != 1.0 or lost[i] != 1.0:
            stay, early = _own_chances(
                week, v, s, g, step, advance[i], lost[i], by_age, by_week, at_once, before, after, bin_of
            )
        while s < stages and u >= stay:
            is_early = _uniform(stream) * (1.0 - stay) < early
            age_bin = bin_of[before[step]] if is_early else bin_of[after[step]]
            u, own, own_lost, to = _uniform(stream), advance[i], lost[i], 0
            cause, u = _cause(by_age, s, g, age_bin, by_week, week, v, own, own_lost, u), _uniform(stream)
            advance[i], lost[i] = 1.0, 1.0
            while to < stages + 1 and u >= reach[s, cause, to]:
                to += 1
            if first_deal <= to <= stages and highest[i] < first_deal < stages:
                made[counts[0]] = i
                counts[0] += 1
            s, step, u, early = to, 0, _uniform(stream), 0.0
            if s < stages:
                v, highest[i] = int(s <= highest[i]), max(s, highest[i])
                if memo[v, s, g, 0, 2] != week:
                    odds = by_age[s, g, 0, 0] * by_week[week, v, s, 0] + by_age[s, g, 0, 1] * by_week[week, v, s, 1]
                    odds += by_age[s, g, 0, 2] * by_week[week, v, s, 2]
                    memo[v, s, g, 0, 0], memo[v, s, g, 0, 1] = _age_chances(odds, 0, at_once[s])
                    memo[v, s, g, 0, 2] = week
                stay = memo[v, s, g, 0, 0]
        if s < stages:
            stage[i], visit[i], entered[i], uniform[i] = s, v, week, min(u / stay, _BELOW_ONE)
            gone[counts[2]] = i
            counts[2] += 1
        elif s == stages:
            won[counts[1]] = i
            counts[1] += 1


@compiled
def _strays(sd: float, wide_sd: float, wide_share: float, stream: Stream) -> float:
    """How far the log amount of a deal lies from the mean of its group."""
    spread = wide_sd if _uniform(stream) < wide_share else sd
    return spread * _normal(stream)


@compiled
def _open_pipeline(week: int, made: Ints, records: Records, sizes: Sizes, sums: Sums, stream: Stream) -> None:
    """Count new opportunities and draw their first amounts: such that amount × slippage has the law of won amounts."""
    mean, first, slips_from = sizes.mean, records.log_first_amount, records.slips_from
    opportunities, pipeline = sums.opportunities, sums.pipeline_created
    for i in made:
        source, g = records.provenance[i], records.group[i]
        opportunities[week, source, g] += 1.0
        if sizes.counted:
            pipeline[week, source, g] += 1.0
        else:
            strays = _strays(sizes.first_sd, sizes.first_wide_sd, sizes.wide_share, stream)
            first[i] = min(mean[g] + sizes.first_shift + strays, sizes.cap)
            slips_from[i] = 0
            pipeline[week, source, g] += np.exp(first[i])


@compiled
def _book(
    week: int, won: Ints, records: Records, sizes: Sizes, sums: Sums, won_amount: npt.NDArray[np.float32],
    stream: Stream,
) -> None:  # fmt: skip
    """Count wins and what they book: amount × slippage, capped; an amount on file above the cap may stand.

    won_amount : (open deal,), gets what each of them books.
    """
    mean, first, wins, bookings = sizes.mean, records.log_first_amount, sums.wins, sums.bookings
    for i in won:
        source, g, amount = records.provenance[i], records.group[i], 1.0
        wins[week, source, g] += 1.0
        if not sizes.counted:
            if np.isnan(first[i]):  # never had an amount: the law of won amounts itself
                strays = _strays(sizes.sd, sizes.wide_sd, sizes.wide_share, stream)
                amount = np.exp(min(mean[g] + strays, sizes.cap))
            else:
                of_origin = sizes.slippage[records.slips_from[i]]
                slip = of_origin[int(_uniform(stream) * of_origin.shape[0])]
                amount = np.exp(min(first[i] + slip, max(sizes.cap, first[i])))
        bookings[week, source, g] += amount
        if i < won_amount.shape[0]:
            won_amount[i] = amount


@compiled
def walk(
    funnel: Funnel,
    sizes: Sizes,
    arrivals: Ints,
    records: Records,
    open_count: int,
    sums: Sums,
    won_week: npt.NDArray[np.int16],
    won_amount: npt.NDArray[np.float32],
    stream: Stream,
) -> int:
    """One draw, all weeks: arrivals (week, stage, group), the first ``open_count`` records are open at the start.

    ``records`` has room for all arrivals behind them. ``won_week`` and ``won_amount`` (open deal,) get the week of
    each win and what it books. Returns the number of records still open at the end.
    """
    room = records.stage.shape[0]
    alive, gone = np.arange(room), np.empty(room, np.int64)
    made, won = np.empty(room, np.int64), np.empty(room, np.int64)
    counts = np.zeros(3, np.int64)
    memo = np.full((2, funnel.by_age.shape[0], funnel.by_age.shape[1], funnel.bin_of.shape[0], 3), -1.0)
    for i in range(open_count):
        records.uniform[i] = _uniform(stream)
    born, living = open_count, open_count
    for week in range(arrivals.shape[0]):
        new = arrivals[week].sum()
        counts[:] = 0
        counts[0] = _arrive(week, arrivals[week], born, funnel.first_deal, records, sums.leads, made, stream)
        alive[living : living + new] = np.arange(born, born + new)
        born, present = born + new, living + new
        living = _stay(week, alive, present, records, funnel, memo, gone)
        _move(week, gone[: present - living], funnel, records, memo, made, won, stream, counts)
        alive[living : living + counts[2]] = gone[: counts[2]]
        living += counts[2]
        _open_pipeline(week, made[: counts[0]], records, sizes, sums, stream)
        _book(week, won[: counts[1]], records, sizes, sums, won_amount, stream)
        for i in won[: counts[1]]:
            if i < won_week.shape[0]:
                won_week[i] = week
    return int(living)
