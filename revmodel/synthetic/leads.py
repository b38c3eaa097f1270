"""Leads: when they come, what truly caused them, what the CRM records, and who they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.synthetic.profile import (
    BASELINE,
    CHANNELS,
    INDUSTRIES,
    LEAD_CHANNELS,
    PROFILES,
    REGIONS,
    SEGMENTS,
    Floats,
    Ints,
)
from revmodel.synthetic.timeline import BURN_IN_WEEKS, FUTURE_WEEKS, Timeline, office_hours

__all__ = ["CAUSES_OF_LEADS", "Leads", "Traits", "draw_leads", "draw_traits"]

CAUSES_OF_LEADS = (*CHANNELS, BASELINE)  # codes of true causes
BASELINE_SEGMENT_MIX = (0.60, 0.30, 0.10)
BASELINE_RECORDED_AS = {"direct": 0.40, "organic": 0.35, "paid_search": 0.22, "content": 0.03}  # harvested demand
REGION_MIX = (0.45, 0.38, 0.17)
FIT_BY_SEGMENT = (-0.1, 0.05, 0.15)
KNOWN_ACCOUNT = 0.25  # share of leads from a company that already sent one


@dataclass(frozen=True)
class Traits:
    """Who leads are: segment and region codes, and fit (a frailty, mean near 0, sd 1) that no table shows."""

    segment: Ints
    region: Ints
    fit: Floats


@dataclass(frozen=True)
class Leads:
    """All leads from the first day of the records to a year after the as-of date, in order of creation.

    arrived : days since the start, at any hour; created : the same within office hours, as on record.
    cause : code in CAUSES_OF_LEADS, the truth. recorded : code in LEAD_CHANNELS, what the CRM shows.
    account : number of the account.
    """

    arrived: Floats
    created: Floats
    cause: Ints
    recorded: Ints
    account: Ints
    traits: Traits

    def __len__(self) -> int:
        return len(self.created)


def draw_leads(timeline: Timeline, expected_per_day: Floats, rng: np.random.Generator) -> Leads:
    """Draw leads from expected leads (day of all weeks, cause), from the start to a year after the cut."""
    first = BURN_IN_WEEKS * 7
    expected = expected_per_day[first : first + timeline.cut + FUTURE_WEEKS * 7]
    counts = rng.poisson(expected)
    days, causes = np.nonzero(counts)
    repeats = counts[days, causes]
    arrived = np.repeat(days, repeats) + rng.random(repeats.sum())
    order = np.argsort(arrived, kind="stable")
    arrived, cause = arrived[order], np.repeat(causes, repeats)[order].astype(np.int64)
    traits = draw_traits(cause, rng)
    recorded = _recorded_channel(cause, rng)
    return Leads(arrived, office_hours(arrived), cause, recorded, _accounts(traits, rng), traits)


def draw_traits(cause: Ints, rng: np.random.Generator) -> Traits:
    """Segment, region and fit of leads of the given causes."""
    mix = np.array([*(profile.segment_mix for profile in PROFILES), BASELINE_SEGMENT_MIX])
    segment = _pick(mix[cause], rng)
    region = _pick(np.broadcast_to(np.array(REGION_MIX), (len(cause), len(REGIONS))), rng)
    quality = np.array([*(profile.quality for profile in PROFILES), 0.0])
    fit = quality[cause] + np.array(FIT_BY_SEGMENT)[segment] + rng.normal(0, 0.9, len(cause))
    return Traits(segment, region, fit)


def _pick(probabilities: Floats, rng: np.random.Generator) -> Ints:
    """One column for each row, by its probabilities."""
    cumulative = np.cumsum(probabilities, axis=1)
    return np.asarray((rng.random(len(cumulative))[:, None] >= cumulative[:, :-1]).sum(axis=1).astype(np.int64))


def recording() -> Floats:
    """(true cause, recorded channel): how likely each cause is to show as each channel."""
    table = np.zeros((len(CAUSES_OF_LEADS), len(LEAD_CHANNELS)))
    for row, profile in enumerate(PROFILES):
        table[row, row] = 1 - sum(profile.recorded_as.values())
        for channel, share in profile.recorded_as.items():
            table[row, LEAD_CHANNELS.index(channel)] += share
    for channel, share in BASELINE_RECORDED_AS.items():
        table[-1, LEAD_CHANNELS.index(channel)] = share
    return table


def _recorded_channel(cause: Ints, rng: np.random.Generator) -> Ints:
    return _pick(recording()[cause], rng)


def _accounts(traits: Traits, rng: np.random.Generator) -> Ints:
    """Account numbers: mostly new companies, else an earlier one of the same segment and region."""
    group = traits.segment * len(REGIONS) + traits.region
    account = np.empty(len(group), dtype=np.int64)
    new = rng.random(len(group)) >= KNOWN_ACCOUNT
    earlier = rng.random(len(group))
    taken = 0
    for code in range(len(SEGMENTS) * len(REGIONS)):
        rows = np.flatnonzero(group == code)
        if len(rows) == 0:
            continue
        new[rows[0]] = True
        known = np.cumsum(new[rows])
        local = np.where(new[rows], known - 1, np.floor(earlier[rows] * known).astype(np.int64))
        account[rows] = taken + local
        taken += int(known[-1])
    return account


def industry_of(accounts: int, rng: np.random.Generator) -> Ints:
    """An industry for each account, the first ones more common."""
    weights = np.linspace(2, 0.6, len(INDUSTRIES))
    return np.asarray(rng.choice(len(INDUSTRIES), accounts, p=weights / weights.sum()).astype(np.int64))
