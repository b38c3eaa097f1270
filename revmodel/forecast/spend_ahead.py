"""Spend ahead where no plan tells it: the year's mean, moved by what past spend shows of its season and persistence.

    spend_c(T + k) ≈ mean_c · (1 + a_ck · (mean of the last 4 weeks ÷ mean_c − 1)
                                 + b_ck · (same weeks a year ago ÷ mean_c − 1)),    mean_c over the last 52 weeks

a and b, between 0 and 1, are regressed on the company's own past by channel and span of weeks ahead, each channel
drawn to all of them. Budgets keep their season (fairs, the dark weeks of the year's end); of a busy month little is
left a quarter later. What the rule missed in the past is drawn as it came, all channels of one moment together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["expected_spend", "spend_paths"]

Floats = npt.NDArray[np.float64]
YEAR, RECENT, SEASON = 52, 4, 5  # weeks: the level, the latest, and those about the same week a year ago
FIRST_START = YEAR + 8  # weeks of history from which the rule is looked at
SPANS = (2, 4, 8, 13, 26)  # weeks ahead at which coefficients change
ALL_CHANNELS_COUNT_AS = 10  # weeks of a channel's own history
TO_NOTHING = 0.1  # as a share of what is seen: the common coefficients are drawn to zero by so much
SHORTEST_BLOCK = 8  # weeks of deviations drawn at a time; with less history none are


def expected_spend(spend: Floats, weeks: int) -> Floats:
    """(channel, week) for the weeks ahead. spend : (channel, week) currency a week, to the as-of date."""
    return _told(_signs(spend, weeks), *_coefficients(spend, weeks))


def spend_paths(spend: Floats, weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    """(draw, channel, week): what is expected, and how past spend strayed from what was expected of it then."""
    coefficients = _coefficients(spend, weeks)
    expected = _told(_signs(spend, weeks), *coefficients)
    paths = np.repeat(expected[None], draws, axis=0)
    length = min(weeks, (spend.shape[1] - FIRST_START) // 2)
    if len(spend) == 0 or length < SHORTEST_BLOCK:
        return paths
    starts = range(FIRST_START, spend.shape[1] - length + 1)
    first = [part[:, :length] for part in coefficients]
    past = [_signs(spend[:, :start], length) for start in starts]
    strayed = np.stack([
        (spend[:, start : start + length] - _told(signs, *first)) / signs.level[:, None]
        for start, signs in zip(starts, past, strict=True)
    ])  # fmt: skip
    strayed -= strayed.mean(axis=(0, 2), keepdims=True)  # on average the rule is right
    level = _level(spend)[:, None]
    for begin in range(0, weeks, length):
        size = min(length, weeks - begin)
        paths[:, :, begin : begin + size] += level * strayed[rng.integers(0, len(starts), draws), :, :size]
    return np.maximum(paths, 0.0)


@dataclass(frozen=True)
class _Signs:
    """level : (channel,). of : (2, channel, week ahead), recent spend and last year's, as shares of it, less one."""

    level: Floats
    of: Floats


def _level(spend: Floats) -> Floats:
    """(channel,): mean of the last year."""
    return np.asarray(np.maximum(spend[:, -YEAR:].mean(axis=1), 1e-9))


def _signs(spend: Floats, weeks: int) -> _Signs:
    """What is known at the end of ``spend`` of the weeks ahead."""
    known = spend.shape[1]
    level = _level(spend)
    recent = np.repeat((spend[:, -RECENT:].mean(axis=1) / level - 1)[:, None], weeks, axis=1)
    season = np.zeros_like(recent)
    for ahead in range(weeks):
        about = known + ahead % YEAR - YEAR
        seen = spend[:, max(0, about - SEASON // 2) : min(known, about + SEASON // 2 + 1)]
        if about >= SEASON // 2:
            season[:, ahead] = seen.mean(axis=1) / level - 1
    return _Signs(level, np.stack([recent, season]))


def _told(signs: _Signs, persistence: Floats, season: Floats) -> Floats:
    """The rule, (channel, week)."""
    told: Floats = signs.level[:, None] * (1 + persistence * signs.of[0] + season * signs.of[1])
    return told.clip(0.0)


def _coefficients(spend: Floats, weeks: int) -> tuple[Floats, Floats]:
    """Persistence and season of each channel by week ahead, (channel, week) each; zero where history is too short."""
    channels, known = spend.shape
    out = np.zeros((2, channels, weeks))
    starts = range(FIRST_START, known)
    if not channels or not starts:
        return out[0], out[1]
    signs = [_signs(spend[:, :start], weeks) for start in starts]
    x = np.stack([each.of for each in signs])  # (start, sign, channel, week)
    y = np.full((len(starts), channels, weeks), np.nan)
    for row, (start, each) in enumerate(zip(starts, signs, strict=True)):
        came = spend[:, start : start + weeks]
        y[row, :, : came.shape[1]] = came / each.level[:, None] - 1
    x = np.where(np.isnan(y)[:, None], 0.0, x)
    for begin, end in zip((0, *SPANS), (*SPANS, weeks), strict=True):
        span = slice(begin, min(end, weeks))
        if begin < weeks:
            out[:, :, span] = _regressed(x[..., span], np.nan_to_num(y[..., span]))[:, :, None]
    return out[0], out[1]


def _regressed(x: Floats, y: Floats) -> Floats:
    """(sign, channel): ridge coefficients of y (start, channel, week) on x (start, sign, channel, week)."""
    both = np.einsum("sick,sjck->cij", x, x) / y.shape[2]
    with_y = np.einsum("sick,sck->ci", x, y) / y.shape[2]
    of_all = both.mean(axis=0)
    floor = 1e-3 * np.eye(2)
    common = np.linalg.solve(of_all + TO_NOTHING * np.diag(np.diag(of_all)) + floor, with_y.mean(axis=0))
    prior = ALL_CHANNELS_COUNT_AS / len(x) * of_all
    own = np.linalg.solve(both + prior + floor, (with_y + prior @ common + floor @ common)[..., None])[..., 0]
    return np.clip(own, 0.0, 1.0).T
