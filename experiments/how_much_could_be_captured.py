"""How much of the gain could a model capture, if the truth but for the effects were told to it?

Companies, budgets and measure as in how_good_are_the_plans.py. The same mix is fitted to the same weeks, but some of
what it has to learn is given to it: the true carry-over, the true curves, the true baseline (all but its noise), and
the law by which the simulation draws effects. What it then still misses, the data do not tell: no better curves or
baseline could find it.

    .venv/bin/python experiments/how_much_could_be_captured.py --seeds 201-224 --kept reports/regret
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from does_the_media_mix_find_the_truth import CHANNELS, Case, case_of, config_of
from how_good_are_the_plans import MOVE, OUT, POINTS, WEEKS, of_all, planned, seeds_of
from scipy.special import digamma, polygamma

from revmodel.decide.from_mix import YEAR_WEEKS
from revmodel.decide.surface import ResponseSurface, spend_grid
from revmodel.media import CarryOver, register
from revmodel.media.family import HALF_LIFE
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import BeliefConfig, MixConfig

Floats = npt.NDArray[np.float64]
KNOWS = {
    "carry-over": {"carry-over"},
    "carry-over and curves": {"carry-over", "curves"},
    "baseline": {"baseline"},
    "carry-over, curves, baseline": {"carry-over", "curves", "baseline"},
    "carry-over, curves, baseline, law of effects": {"carry-over", "curves", "baseline", "law"},
}
NINETY = 1.6448536
PARTS, ALL = (
    np.array([1.0, 3.0, 3.0, 3.0, 2.0, 2.0]),
    (0.165, 0.435),
)  # of case_of: Dirichlet; the middle 9 in 10 of all

register(
    CarryOver("at_once", (HALF_LIFE,), lambda lags, half_life_weeks: (lags < 1) + 0.0 * half_life_weeks[..., None])
)


def told_panel(case: Case, knows: set[str]) -> pd.DataFrame:
    """The panel with spend as it truly acts in each week, and the KPI without what moves its baseline."""
    panel = case.panel.copy()
    for name, channel in case.channels.items():
        if "carry-over" in knows:
            panel[name] = channel.price * _acting(case, name, np.zeros(0), knows)
    if "baseline" in knows:
        panel["leads"] += case.baseline.mean() - case.baseline
    return panel


def told_config(seed: int, knows: set[str]) -> MixConfig:
    """The mix as it is, but for what it is told."""
    config = config_of(seed, "nuts")
    update: dict[str, Any] = {}
    channels = config.channels
    if "carry-over" in knows:
        update |= {"carry_over": "at_once", "max_lag_weeks": 1}
    if "curves" in knows:
        update |= {"saturation": "none"}
    if "baseline" in knows:
        update |= {"trend": "none", "season": False, "holidays_country": None}
        channels = {name: one.model_copy(update={"follows_demand": False}) for name, one in channels.items()}
    if "law" in knows:
        channels = {
            name: one.model_copy(update={"belief": belief})
            for (name, one), belief in zip(channels.items(), _law(), strict=True)
        }
        update |= {"media_share": ALL}
    return config.model_copy(update={**update, "channels": channels})


def _law() -> list[BeliefConfig]:
    """Each channel's share as case_of draws it, by the mean and sd of its logarithm."""
    whole = np.sqrt(np.prod(ALL))
    mean = np.log(whole) + digamma(PARTS) - digamma(PARTS.sum())
    sd = np.sqrt(polygamma(1, PARTS) - polygamma(1, PARTS.sum()) + (np.log(ALL[1] / ALL[0]) / 2 / NINETY) ** 2)
    low, high = np.exp(mean - NINETY * sd), np.exp(mean + NINETY * sd)
    return [BeliefConfig(of="share", low=float(a), high=float(b)) for a, b in zip(low, high, strict=True)]


def _acting(case: Case, name: str, ahead: Floats, knows: set[str]) -> Floats:
    """What the model is told to have been in force in each week; ahead : (week,), money after the panel."""
    channel = case.channels[name]
    carried = channel.carried(ahead / channel.price)
    return channel.shaped(carried) if "curves" in knows else carried


def told_surface(seed: int, knows: set[str]) -> tuple[ResponseSurface, float]:
    """What the window brings by the draws of a mix that was told what it ``knows``; CPU seconds."""
    case, start = case_of(seed), time.process_time()
    mix = MediaMix(told_config(seed, knows)).fit(told_panel(case, knows))
    current = WEEKS * case.panel[list(CHANNELS)].to_numpy()[-YEAR_WEEKS:].mean(0)
    spend = spend_grid(current, (1 + MOVE) * current, POINTS)
    draws, basis = mix.draws_, mix.arrays_.basis
    value = np.stack([_brought(mix, case, spend[:, k], knows) for k in range(spend.shape[1])], axis=2)
    value = (value - value[:, :, :1]) * draws.height[:, :, None] * basis.scale[0]
    return ResponseSurface(CHANNELS, spend, value, current), time.process_time() - start


def _brought(mix: MediaMix, case: Case, total: Floats, knows: set[str]) -> Floats:
    """(draw, channel): sum of how strongly a channel acts after the panel with so much spent in the window."""
    draws, after = mix.draws_, len(case.panel)
    even = [np.concatenate([np.full(WEEKS, each / WEEKS), np.zeros(40)]) for each in total]
    if "carry-over" in knows:
        price = [channel.price for channel in case.channels.values()]
        acts = np.stack([p * _acting(case, name, e, knows) for p, name, e in zip(price, CHANNELS, even, strict=True)])
    else:
        acts = np.stack([np.concatenate([case.panel[name], e]) for name, e in zip(CHANNELS, even, strict=True)])
    done = mix.arrays_.basis.done(acts[:, None], mix.panel_.frequency)
    return np.asarray(draws.response.brought(done, draws.values)[..., after:].sum(-1))


def measured(seed: int, kept: Path | None, told: list[str]) -> pd.DataFrame:
    """One row a kind of knowledge."""
    rows = []
    for name in told:
        knows = KNOWS[name]
        path = kept / f"told {name}-{seed}.npz" if kept else None
        if path is not None and path.is_file():
            with np.load(path) as held:
                surface = ResponseSurface(CHANNELS, held["spend"], held["value"], held["current"])
                seconds = float(held["cpu_s"])
        else:
            surface, seconds = told_surface(seed, knows)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez(path, spend=surface.spend, value=surface.value, current=surface.current, cpu_s=seconds)
        rows.append({"seed": seed, "plan": f"told {name}", **planned(case_of(seed), surface), "fit_cpu_s": seconds})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="201-224", help="first-last")
    parser.add_argument("--told", nargs="+", default=list(KNOWS), choices=list(KNOWS))
    parser.add_argument("--kept", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--name", default="plans_told", help="of the tables written")
    arguments = parser.parse_args()
    measure = partial(measured, kept=arguments.kept, told=arguments.told)
    of_all(seeds_of(arguments.seeds), measure, arguments.out, arguments.name)


if __name__ == "__main__":
    main()
