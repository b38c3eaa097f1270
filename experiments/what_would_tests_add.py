"""Would plans be better had budgets been pulsed, or had every channel been tested?

Companies and measure as in how_good_are_the_plans.py. Pulsed: in its last half year or year each company switches its
budgets on and off, or up and down, in blocks of weeks (Pulses in does_the_media_mix_find_the_truth.py), all channels at
once, each by an order of its own. Tested: each channel has one lift test of twelve weeks, in which it spent 30 % more
than it would have, or what it did in place of nothing, and whose finding is the truth with an error of a given share of
it. As advised: the first so many tests that revmodel itself says to do next (workflows/mix_tests.py), in the design and
with the error that it says, which supposes that regions' weeks share no noise. In alike regions: the same, where the
company has twenty regions between which leads split by chance alone, as their past shows. All results are of simulated
companies.

    .venv/bin/python experiments/what_would_tests_add.py --seeds 201-224
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from does_the_media_mix_find_the_truth import BEFORE, CHANNELS, Case, Pulses, case_of, config_of
from how_good_are_the_plans import MOVE, OUT, POINTS, WEEKS, of_all, planned, seeds_of

from revmodel.config import AllocationConfig
from revmodel.decide.from_mix import mix_surface, spend_now
from revmodel.mix.doubt import doubt_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import LiftTestConfig
from revmodel.workflows.mix_tests import mix_tests

Floats = npt.NDArray[np.float64]
TEST_WEEKS = 12


@dataclass(frozen=True)
class Tested:
    """change : share of the spend in the test that was there because of it (1: in place of nothing). error : standard
    error ÷ lift.
    """

    change: float
    error: float


@dataclass(frozen=True)
class Advised:
    """tests : how many of those that are said to be worth most. regions : alike ones, whose past is known."""

    tests: int
    regions: int = 1


MORE = 0.3 / 1.3  # 30 % more than without the test
KINDS: dict[str, Pulses | Tested | Advised | None] = {
    "as it was": None,
    "half a year on and off, blocks of 3 weeks": Pulses(26, 3, 1.0),
    "a year on and off, blocks of 3 weeks": Pulses(52, 3, 1.0),
    "a year up and down by half, blocks of 4 weeks": Pulses(52, 4, 0.5),
    "every channel 30 % up, error 50 %": Tested(MORE, 0.5),
    "every channel 30 % up, error 20 %": Tested(MORE, 0.2),
    "every channel on or off, error 50 %": Tested(1.0, 0.5),
    "every channel on or off, error 20 %": Tested(1.0, 0.2),
    "the best test, as advised": Advised(1),
    "the best three, as advised": Advised(3),
    "every channel, as advised": Advised(6),
    "the best three, as advised, in alike regions": Advised(3, 20),
    "every channel, as advised, in alike regions": Advised(6, 20),
}


def lift_tests(case: Case, seed: int, what: Tested) -> list[LiftTestConfig]:
    """One a channel, in all regions."""
    rng = np.random.default_rng([9, seed])
    return [_test(case, name, TEST_WEEKS, what.change, 1.0, what.error, None, rng) for name in CHANNELS]


def advised_tests(case: Case, seed: int, what: Advised, mix: MediaMix) -> list[LiftTestConfig]:
    """The first of those that a mix says to do next, each held against the same spend less the design's change."""
    rng = np.random.default_rng([9, seed])
    leads = case.panel["leads"].to_numpy(int)
    split = rng.multinomial(leads, np.full(what.regions, 1 / what.regions)).T.astype(float)
    table = mix_tests(mix, AllocationConfig(weeks=WEEKS, lower=1 - MOVE, upper=1 + MOVE), by_region=split)["next_tests"]
    return [
        _test(
            case, str(row.channel), int(row.weeks), abs(float(row.change)), float(row.regions), None, float(row.error),
            rng,
        )
        for row in table.head(what.tests).itertuples()
    ]  # fmt: skip


def _test(
    case: Case, name: str, weeks: int, change: float, regions: float, share: float | None, error: float | None,
    rng: np.random.Generator,
) -> LiftTestConfig:  # fmt: skip
    """A test in the last so many weeks in which the channel spent at least half of what it usually does.

    share, error : the standard error, as a share of the lift or in units of the KPI.
    """
    money = case.panel[name].to_numpy()
    runs = np.convolve(money, np.ones(weeks), "valid")
    first = int(np.flatnonzero(runs >= weeks * money.mean() / 2)[-1])
    at = slice(first, first + weeks)
    without = case.channels[name].past.copy()
    without[BEFORE:][at] *= 1 - change
    lift = _brought(case, name, case.channels[name].past)[at].sum() - _brought(case, name, without)[at].sum()
    lift, start = regions * lift, case.panel["week"].iloc[first]
    sd = share * lift if share is not None else error
    assert sd is not None
    return LiftTestConfig(
        channel=name, start=start.date(), end=(start + pd.Timedelta(days=7 * weeks - 1)).date(),
        spend_change=float(money[at].sum() * change * regions), lift=float(lift + sd * rng.standard_normal()),
        standard_error=float(sd),
    )  # fmt: skip


def _brought(case: Case, name: str, past: Floats) -> Floats:
    """(week,): units of the KPI that such spend truly brings in each week of the panel."""
    channel = case.channels[name]
    carried = np.convolve(past, channel.weights)[BEFORE : past.size]
    return np.asarray(channel.height * channel.shaped(carried))


def measured(seed: int, kinds: list[str]) -> pd.DataFrame:
    """One row a kind and plan."""
    rows: list[dict[str, Any]] = []
    untested: MediaMix | None = None
    for kind in kinds:
        what, start = KINDS[kind], time.process_time()
        case = case_of(seed, what if isinstance(what, Pulses) else None)
        config = config_of(seed, "nuts")
        if isinstance(what, Tested):
            config = config.model_copy(update={"lift_tests": lift_tests(case, seed, what)})
        if isinstance(what, Advised):
            untested = untested or MediaMix(config).fit(case.panel)
            config = config.model_copy(update={"lift_tests": advised_tests(case, seed, what, untested)})
        mix = MediaMix(config).fit(case.panel)
        surface = mix_surface(mix, spend_now(mix, WEEKS), most=1 + MOVE, points=POINTS)
        seconds, verdicts = time.process_time() - start, "; ".join(doubt_table(mix)["verdict"])
        for plan, risk in (("mean", 0.0), ("mean, 8 in 10 sure", 0.8)):
            held = planned(case, surface, "mean", risk)
            rows.append({"seed": seed, "plan": f"{kind}: {plan}", **held, "fit_cpu_s": seconds, "verdicts": verdicts})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="201-224", help="first-last")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--name", default="plans_tested", help="of the tables written")
    arguments = parser.parse_args()
    of_all(seeds_of(arguments.seeds), partial(measured, kinds=arguments.kinds), arguments.out, arguments.name)


if __name__ == "__main__":
    main()
