"""Would plans be better had budgets been pulsed, or had every channel been tested?

Companies and measure as in how_good_are_the_plans.py. Pulsed: in its last half year or year each company switches its
budgets on and off, or up and down, in blocks of weeks (Pulses in does_the_media_mix_find_the_truth.py), all channels at
once, each by an order of its own. Tested: each channel has one lift test of twelve weeks, in which it spent 30 % more
than it would have, or what it did in place of nothing, and whose finding is the truth with an error of a given share of
it; how large a test such an error takes is another question (revmodel says it under "What to test next"). All results
are of simulated companies.

    .venv/bin/python experiments/what_would_tests_add.py --seeds 201-224
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from does_the_media_mix_find_the_truth import BEFORE, CHANNELS, Case, Pulses, case_of, config_of
from how_good_are_the_plans import MOVE, OUT, POINTS, WEEKS, planned, write

from revmodel.decide.from_mix import mix_surface, spend_now
from revmodel.mix.doubt import doubt_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import LiftTestConfig

Floats = npt.NDArray[np.float64]
TEST_WEEKS = 12


@dataclass(frozen=True)
class Tested:
    """change : share of the spend in the test that was there because of it (1: in place of nothing). error : standard
    error ÷ lift.
    """

    change: float
    error: float


MORE = 0.3 / 1.3  # 30 % more than without the test
KINDS: dict[str, Pulses | Tested | None] = {
    "as it was": None,
    "half a year on and off, blocks of 3 weeks": Pulses(26, 3, 1.0),
    "a year on and off, blocks of 3 weeks": Pulses(52, 3, 1.0),
    "a year up and down by half, blocks of 4 weeks": Pulses(52, 4, 0.5),
    "every channel 30 % up, error 50 %": Tested(MORE, 0.5),
    "every channel 30 % up, error 20 %": Tested(MORE, 0.2),
    "every channel on or off, error 50 %": Tested(1.0, 0.5),
    "every channel on or off, error 20 %": Tested(1.0, 0.2),
}


def lift_tests(case: Case, seed: int, what: Tested) -> list[LiftTestConfig]:
    """One a channel, in the last twelve weeks in which it spent at least half of what it usually does."""
    rng, tests = np.random.default_rng([9, seed]), []
    for name in CHANNELS:
        money = case.panel[name].to_numpy()
        runs = np.convolve(money, np.ones(TEST_WEEKS), "valid")
        first = int(np.flatnonzero(runs >= TEST_WEEKS * money.mean() / 2)[-1])
        at = slice(first, first + TEST_WEEKS)
        without = case.channels[name].past.copy()
        without[BEFORE:][at] *= 1 - what.change
        lift = _brought(case, name, case.channels[name].past)[at].sum() - _brought(case, name, without)[at].sum()
        start = case.panel["week"].iloc[first]
        tests.append(
            LiftTestConfig(
                channel=name,
                start=start.date(),
                end=(start + pd.Timedelta(days=7 * TEST_WEEKS - 1)).date(),
                spend_change=float(money[at].sum() * what.change),
                lift=float(lift * (1 + what.error * rng.standard_normal())),
                standard_error=float(what.error * lift),
            )
        )
    return tests


def _brought(case: Case, name: str, past: Floats) -> Floats:
    """(week,): units of the KPI that such spend truly brings in each week of the panel."""
    channel = case.channels[name]
    carried = np.convolve(past, channel.weights)[BEFORE : past.size]
    return np.asarray(channel.height * channel.shaped(carried))


def measured(seed: int, kinds: list[str]) -> pd.DataFrame:
    """One row a kind and plan."""
    rows = []
    for kind in kinds:
        what, start = KINDS[kind], time.process_time()
        case = case_of(seed, what if isinstance(what, Pulses) else None)
        config = config_of(seed, "nuts")
        if isinstance(what, Tested):
            config = config.model_copy(update={"lift_tests": lift_tests(case, seed, what)})
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
    first, last = (int(part) for part in arguments.seeds.split("-"))
    tables = []
    for seed in range(first, last + 1):
        tables.append(measured(seed, arguments.kinds))
        said = ", ".join(f"{row.plan} {row.captured:.2f}" for row in tables[-1].itertuples())
        print(f"company {seed}: {said}", flush=True)
    write(tables, arguments.out, arguments.name)


if __name__ == "__main__":
    main()
