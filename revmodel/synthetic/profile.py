"""What the simulated company is like: its channels, segments and stages, in numbers one can argue with.

All rates are for the demo size; spend is in euros a week, effects in leads a week, delays in days.
Nothing here is shared with the models: effects, delays and times to move have other families than theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "BASELINE",
    "BASELINE_LEADS_PER_WEEK",
    "CHANNELS",
    "CLOSED",
    "DEAL_STAGES",
    "FIRST_DEAL_STAGE",
    "INDUSTRIES",
    "LEAD_CHANNELS",
    "LEAD_STAGES",
    "LOST",
    "PROFILES",
    "REGIONS",
    "SEGMENTS",
    "SEGMENT_PROFILES",
    "STAGES",
    "STAGE_PROFILES",
    "WON",
    "Bools",
    "ChannelProfile",
    "Floats",
    "Ints",
    "SegmentProfile",
    "StageProfile",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Pace = Literal["steady", "flights", "bursts", "events", "headcount", "allotments"]

SEGMENTS = ("smb", "mid_market", "enterprise")
REGIONS = ("amer", "emea", "apac")
INDUSTRIES = ("logistics", "automotive", "food", "pharma", "electronics", "retail", "aerospace")
BASELINE = "baseline"  # the true cause of a lead that would have come without any spend
BASELINE_LEADS_PER_WEEK = 47.0


@dataclass(frozen=True)
class ChannelProfile:
    """One spend channel.

    spend_per_week, leads_per_week: long-run means. pace: how its budget is spent over the year.
    reach_share: how much of the response is reach (saturating), the rest is a power of spend.
    frequency: contacts a person needs before reach counts (2 makes the curve S-shaped). intensity: mean contacts
    per reachable person at mean spend: the higher, the nearer to saturation. power: exponent of the rest.
    delay_shape, delay_days: gamma shape and mean of the time from spend to lead.
    segment_mix: shares of smb, mid-market, enterprise. quality: shift of the leads' fit, in standard deviations.
    recorded_as: what the CRM shows for its leads where that is not the channel itself (shares; the rest is itself).
    """

    name: str
    spend_per_week: float
    leads_per_week: float
    pace: Pace
    reach_share: float
    frequency: int
    intensity: float
    power: float
    delay_shape: float
    delay_days: float
    segment_mix: tuple[float, float, float]
    quality: float
    amount_factor: float
    recorded_as: dict[str, float]


# fmt: off
PROFILES = (
    ChannelProfile("paid_search", 8_500, 11.0, "steady", 0.8, 1, 1.0, 0.60, 1.2, 5, (0.62, 0.29, 0.09), 0.0, 0.95,
                   {"direct": 0.06, "organic": 0.04}),
    ChannelProfile("paid_social", 6_500, 5.0, "flights", 0.9, 2, 2.2, 0.70, 1.6, 13, (0.68, 0.26, 0.06), -0.5, 0.85,
                   {"direct": 0.14, "organic": 0.06, "paid_search": 0.08}),
    ChannelProfile("content", 4_000, 10.0, "steady", 0.3, 1, 0.8, 0.55, 2.2, 36, (0.58, 0.31, 0.11), 0.1, 1.0,
                   {"organic": 0.14, "direct": 0.05, "paid_search": 0.03}),
    ChannelProfile("events", 8_500, 6.5, "events", 0.7, 2, 2.4, 0.80, 1.8, 12, (0.38, 0.42, 0.20), 0.2, 1.1,
                   {"direct": 0.13, "organic": 0.05, "paid_search": 0.07}),
    ChannelProfile("webinars", 2_400, 5.5, "bursts", 0.9, 1, 1.4, 0.60, 1.3, 6, (0.50, 0.37, 0.13), 0.1, 1.0,
                   {"direct": 0.05, "organic": 0.04, "paid_search": 0.02}),
    ChannelProfile("outbound", 7_000, 4.0, "headcount", 0.2, 1, 0.8, 0.85, 2.0, 18, (0.30, 0.48, 0.22), -0.2, 1.05,
                   {"direct": 0.04, "paid_search": 0.03}),
    ChannelProfile("partners", 3_000, 5.0, "allotments", 0.5, 1, 0.9, 0.75, 2.5, 30, (0.34, 0.42, 0.24), 0.6, 1.1,
                   {"direct": 0.04, "organic": 0.02}),
)
# fmt: on
CHANNELS = tuple(profile.name for profile in PROFILES)
LEAD_CHANNELS = (*CHANNELS, "direct", "organic")


@dataclass(frozen=True)
class SegmentProfile:
    """One segment: typical deal, how long its journeys are, how readily it moves on, how soon it churns."""

    name: str
    amount_median: float  # currency
    dwell_factor: float
    log_odds_leads: float  # added to the log-odds of moving on, before a deal exists
    log_odds_deals: float  # and after
    churn_per_month: float


SEGMENT_PROFILES = (
    SegmentProfile("smb", 12_000, 0.85, 0.0, 0.15, 0.020),
    SegmentProfile("mid_market", 36_000, 1.0, 0.1, 0.0, 0.011),
    SegmentProfile("enterprise", 108_000, 1.45, 0.15, -0.25, 0.005),
)


@dataclass(frozen=True)
class StageProfile:
    """One open stage.

    advance: probability of moving on for an average record. dwell_days, dwell_sigma: median and log-sd of the time
    to move on; gamma: the time is gamma instead of lognormal. recycle: probability of a move back one stage.
    skip: of those that advance, the share that skips the next stage. zombie: share that is never touched again.
    """

    name: str
    advance: float
    dwell_days: float
    dwell_sigma: float
    gamma: bool
    recycle: float
    skip: float
    zombie: float


STAGE_PROFILES = (
    StageProfile("lead", 0.62, 4.0, 1.1, False, 0.0, 0.05, 0.06),
    StageProfile("mql", 0.80, 3.0, 0.9, False, 0.0, 0.07, 0.03),
    StageProfile("sal", 0.69, 7.0, 0.8, True, 0.03, 0.0, 0.02),
    StageProfile("sql", 0.73, 10.0, 0.8, False, 0.03, 0.0, 0.02),
    StageProfile("opportunity", 0.64, 19.0, 0.8, False, 0.0, 0.06, 0.025),
    StageProfile("proposal", 0.63, 21.0, 0.75, True, 0.05, 0.0, 0.02),
    StageProfile("negotiation", 0.66, 17.0, 0.8, False, 0.05, 0.0, 0.02),
)
STAGES = tuple(profile.name for profile in STAGE_PROFILES)
FIRST_DEAL_STAGE = STAGES.index("opportunity")
LEAD_STAGES, DEAL_STAGES = STAGES[:FIRST_DEAL_STAGE], STAGES[FIRST_DEAL_STAGE:]
WON, LOST = len(STAGES), len(STAGES) + 1  # codes of the ends, after those of the open stages
CLOSED = {WON: "won", LOST: "lost"}
