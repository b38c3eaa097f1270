"""Simulation-based calibration of the media mix: do its posteriors have the width that they should, by its own model?

Parameters are drawn from the prior, a KPI from them for one fixed plan of spend, and the model is fitted to it. The
rank of the truth among the posterior's draws is then uniform (Talts et al. 2018), whatever the prior. Channels are
three, one of them with S-shaped saturation and a late peak; weeks are 104.

    .venv/bin/python experiments/is_the_media_mix_calibrated.py --companies 100
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import kstest

from revmodel.mix.added import mix_draws
from revmodel.mix.arrays import MixArrays, mix_arrays
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.mix_model import mix_model
from revmodel.mix.panel import mix_panel
from revmodel.models.compiled import CompiledModel
from revmodel.models.sampling import find_mode, sample

OUT = Path(__file__).resolve().parent / "results" / "media_mix_calibration.csv"
Floats = npt.NDArray[np.float64]
WEEKS, DRAWS = 104, 250
CHANNELS = {
    "a": {"cost": "a"},
    "b": {"cost": "b", "saturation": "hill", "carry_over": "delayed_geometric"},
    "c": {"cost": "c"},
}


def fixed_arrays() -> MixArrays:
    """Arrays of one plan of spend; their KPI is replaced in every simulation."""
    rng = np.random.default_rng(5)
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D")
    spend = {name: rng.gamma(1.0, 100.0, WEEKS) * (rng.random(WEEKS) < 0.8) for name in CHANNELS}
    frame = pd.DataFrame({"week": weeks, "kpi": 1.0, "price": rng.standard_normal(WEEKS), **spend})
    config = MixConfig(
        name="calibration",
        data="none",
        date="week",
        kpi="kpi",
        channels=CHANNELS,
        controls=["price"],
        max_lag_weeks=8,
        week_weight=1.0,
    )  # type: ignore[arg-type]
    return mix_arrays(mix_panel(frame, config), config)


def drawn(arrays: MixArrays, model: CompiledModel, rng: np.random.Generator) -> tuple[Floats, dict[str, float]]:
    """A KPI and the truth behind it, from the prior; the belief of all media together thins the draws."""
    while True:
        theta = rng.standard_normal((1, model.size))
        truth = mix_draws(arrays, model.unpack(theta), rng)
        gap = (np.log(truth.effect.sum()) - arrays.data["total"][0]) / arrays.data["total"][1]
        if rng.random() < np.exp(-(gap**2) / 2):
            break
    data = arrays.data
    scale = arrays.prior_sd(truth.trend[0], truth.season[0], truth.length[0])
    noise = truth.sigma[0] * rng.standard_normal(WEEKS)
    noise[0] /= np.sqrt(1 - truth.echo[0] ** 2)
    for week in range(1, WEEKS):
        noise[week] += truth.echo[0] * noise[week - 1]
    kpi = data["design"] @ (scale * rng.standard_normal(len(scale))) + noise
    return kpi + truth.added(data)[0].sum(0), named(truth, 0)


def named(draws: object, draw: int | slice) -> dict[str, float]:
    """The quantities whose ranks are taken."""
    found = {f"effect of {name}": draws.effect[draw, i] for i, name in enumerate(CHANNELS)}  # type: ignore[attr-defined]
    found["all media"] = draws.effect[draw].sum(-1)  # type: ignore[attr-defined]
    return found | {name: getattr(draws, name)[draw] for name in ("sigma", "echo", "trend", "season")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=100)
    companies = parser.parse_args().companies
    arrays = fixed_arrays()
    model = CompiledModel(mix_model(arrays))
    ranks: list[dict[str, float]] = []
    healthy = 0
    for number in range(companies):
        rng = np.random.default_rng([7, number])
        kpi, truth = drawn(arrays, model, rng)
        data = arrays.data | {"y": kpi}
        posterior = sample(
            model, data, find_mode(model, data), engine="nuts", draws=DRAWS, seed=number, target_acceptance=0.95
        )
        healthy += posterior.divergences == 0
        one = replace(arrays, data=data)
        found = named(mix_draws(one, model.unpack(posterior.thetas), rng), slice(None))
        ranks.append({name: float(np.mean(found[name] < value)) for name, value in truth.items()})
    table = pd.DataFrame(ranks)
    rows = [
        {
            "quantity": name, "companies": companies, "mean_rank": table[name].mean(),
            "covered_80": table[name].between(0.1, 0.9).mean(), "covered_90": table[name].between(0.05, 0.95).mean(),
            "p_uniform": kstest(table[name], "uniform").pvalue,
        }
        for name in table
    ]  # fmt: skip
    result = pd.DataFrame(rows).round(3)
    result.to_csv(OUT, index=False)
    print(result.to_string(index=False))
    print(f"without a divergent draw: {healthy} of {companies}")


if __name__ == "__main__":
    main()
