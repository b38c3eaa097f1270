"""Which test would change the best plan most: the value of information of a lift test, by preposterior analysis.

A test of one channel measures the leads that a change of its spend brings in some regions, with an error. Each draw of
the posterior says what the test would find if that draw were the truth; what is found re-weights the draws; and under
the new weights another plan may be best. What that is worth on average, over all that the test may find, is the test's
value:

    E over findings [ max over plans of E(value | finding) ] − max over plans of E(value)

Source: Raiffa and Schlaifer 1961, "Applied Statistical Decision Theory", chapter 4. Plans are those that are best for
low, middle or high effects of some channel, so the value told is one that can be had, if anything a little low.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from revmodel.decide.allocate import allocate
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.dims import CHANNEL
from revmodel.errors import ModelError
from revmodel.planning.split_noise import split_ratio

__all__ = [
    "FROM_THE_PAST", "NO_SHARED_NOISE", "LiftDesign", "LiftNoise", "candidate_plans", "lift_error", "next_tests_table",
    "value_of_test",
]  # fmt: skip

PARTS = 5  # of the draws, by a channel's effect: each part has a best plan
FINDINGS = 200  # that a test may come to
SURE = 1.645  # standard errors from zero that a finding needs to be told from chance (5 % one-sided)
FROM_THE_PAST, NO_SHARED_NOISE = "past of the regions", "no shared noise"
GAP, SECONDS = 1e-3, 5.0  # of each search


@dataclass(frozen=True)
class LiftDesign:
    """Spend changed by the share ``change`` (−1: off, 0.5: half as much again) in a share of regions for some weeks."""

    regions: float = 0.5
    weeks: int = 8
    change: float = -1.0

    def __post_init__(self) -> None:
        """Refuse a design that is no test."""
        if not 0 < self.regions < 1 or self.weeks < 1 or self.change < -1 or self.change == 0:
            raise ModelError(
                f"a test in a share {self.regions:g} of regions, for {self.weeks} weeks, changing spend by "
                f"{self.change:+g} came: wanted a share between 0 and 1, a week or more, and a change from −1 on, not 0"
            )


def lift_error(leads_a_week: float, variance_ratio: float, design: LiftDesign) -> float:
    """Standard error of the leads that a test measures, against the regions that are left alone.

    leads_a_week : of the whole country. variance_ratio : variance ÷ mean of leads that regions do not share
    (1: Poisson). The leads of the tested regions vary by chance, and so does what they are compared with, scaled up.
    """
    treated = design.regions * leads_a_week * design.weeks
    return float(np.sqrt(variance_ratio * treated * (1 + design.regions / (1 - design.regions))))


@dataclass(frozen=True)
class LiftNoise:
    """What blurs a test. leads_a_week, variance_ratio : see ``lift_error``, were regions to share none of their noise.

    counts : (region, week), what came in by region; None or a single row where regions are not told apart.
    """

    leads_a_week: float
    variance_ratio: float
    counts: Floats | None = None

    def error(self, design: LiftDesign) -> tuple[float, str]:
        """Standard error of the leads that a test measures, and where it comes from: FROM_THE_PAST of the regions, or,
        where that is not known, NO_SHARED_NOISE.
        """
        split = None if self.counts is None else split_ratio(self.counts, design.weeks)
        source = NO_SHARED_NOISE if split is None else FROM_THE_PAST
        return lift_error(self.leads_a_week, self.variance_ratio if split is None else split, design), source


def candidate_plans(surface: ResponseSurface, budget: float, lower: Floats, upper: Floats) -> Floats:
    """(plan, channel): the best plan on average, and those that are best for each part of each channel's effect."""

    def best(value: Floats) -> Floats:
        mean = replace(surface, value=value.mean(axis=0, keepdims=True))
        return allocate(mean, budget, lower, upper, gap_tolerance=GAP, time_limit_s=SECONDS).proposed

    plans = [best(surface.value)]
    for channel in range(len(surface.channels)):
        at = surface.current[channel] or surface.highest[channel]  # one that spends nothing: where it would spend most
        effect = surface.channel_value(channel, np.array([at]))[:, 0]
        order = np.argsort(effect, kind="stable")
        plans += [best(surface.value[part]) for part in np.array_split(order, min(PARTS, order.size))]
    return np.unique(np.round(np.stack(plans), 6), axis=0)


def value_of_test(value: Floats, lift: Floats, error: float, rng: np.random.Generator) -> tuple[float, float]:
    """Value of a test, and of the same without any error.

    value : (draw, plan), what each plan brings. lift : (draw,), what the test would find without error
    """
    best, spread = int(value.mean(axis=0).argmax()), float(lift.std())
    if spread == 0:
        return 0.0, 0.0
    truth = rng.integers(0, lift.size, FINDINGS)
    measured = lift[truth] + error * rng.standard_normal(FINDINGS)
    # Without error draws near the finding stand for it: a tenth of their spread is near.
    near = 0.1 * spread
    return _worth(value, lift, measured, max(error, near), best), _worth(value, lift, lift[truth], near, best)


def _worth(value: Floats, lift: Floats, findings: Floats, error: float, best: int) -> float:
    """What the best plan under each finding brings more than today's ``best`` does under the same, on average."""
    told = _weights(lift, findings, error) @ value
    return float((told.max(axis=1) - told[:, best]).mean())


def _weights(lift: Floats, finding: Floats, error: float) -> Floats:
    """(finding, draw): how much each draw counts once the test has found so much; each row sums to 1."""
    log = -0.5 * ((finding[:, None] - lift[None, :]) / error) ** 2
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def next_tests_table(
    channels: tuple[str, ...], value: Floats, lifts: Floats, spend_a_week: Floats, error: tuple[float, str],
    design: LiftDesign, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """What a test of one design is worth: a row a channel.

    value : (draw, plan), what each candidate plan brings. lifts : (draw, channel), leads that the change of spend
    brings in the design's regions. spend_a_week : (channel,), now, in all regions. error : see ``LiftNoise.error``
    Columns: channel, regions, weeks, change, weekly_now, spend_change (money of the test), lift_mean, lift_sd (what is
    believed of its finding), error (standard error of the measured leads), error_from (where that comes from), power
    (chance to be told from nothing), value (of the test, in the unit of the plans), value_if_exact, told (share of the
    latter that the test gets).
    """
    rows, (off, source) = [], error
    for c, channel in enumerate(channels):
        worth, exact = value_of_test(value, lifts[:, c], off, np.random.default_rng(seed + c))
        power = float(ndtr(np.abs(lifts[:, c]) / off - SURE).mean()) if off > 0 else 1.0
        rows.append({
            CHANNEL: channel, "regions": design.regions, "weeks": design.weeks, "change": design.change,
            "weekly_now": float(spend_a_week[c]),
            "spend_change": design.change * design.regions * design.weeks * spend_a_week[c],
            "lift_mean": float(lifts[:, c].mean()), "lift_sd": float(lifts[:, c].std()), "error": off,
            "error_from": source,
            "power": power, "value": worth, "value_if_exact": max(exact, worth),
            "told": worth / max(exact, worth) if max(exact, worth) > 0 else float("nan"),
        })  # fmt: skip
    return pd.DataFrame(rows)
