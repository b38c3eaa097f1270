"""The media mix against PyMC-Marketing and Meridian, on files whose truth is known: cost, and what was found.

Each program runs in a process and an environment of its own, one after the other, on the same file:

    .venv/bin/python benchmarks/media_mix.py --data DIR --pymc-marketing PYTHON --meridian PYTHON

DIR holds mmm_156x8.csv, sim_national.csv, sim_geo.csv and their truths; PYTHON is the interpreter of an environment
that has the program (`python -m venv ENV && ENV/bin/pip install pymc-marketing nutpie`; `google-meridian` likewise). A
program that is not named is left out. CPU seconds are of a process and its children; "fit" is from data in memory to
draws, "process" everything.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FILES = ("mmm_156x8", "sim_national", "sim_geo")
FIELDS = [
    "file", "program", "state", "fit_cpu_s", "process_cpu_s", "peak_gb", "ess_min", "rhat_max", "ess_per_fit_cpu_s",
    "share_error_points", "total_share", "true_share", "inside_90", "channels",
]  # fmt: skip


def truth_of(folder: Path, name: str) -> tuple[list[str], dict[str, float]]:
    """Channels and their true shares of the KPI. The two simulated panels are of one truth."""
    if name == "mmm_156x8":
        told = json.loads((folder / "mmm_156x8_truth.json").read_text())
        with (folder / "mmm_156x8.csv").open() as file:
            total = sum(float(row["y"]) for row in csv.DictReader(file))
        return told["channels"], {each: told["total_contribution"][each] / total for each in told["channels"]}
    told = json.loads((folder / "sim_national_geo_truth.json").read_text())
    return told["channels"], dict(zip(told["channels"], told["share"], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pymc-marketing", default=None)
    parser.add_argument("--meridian", default=None)
    parser.add_argument("--files", nargs="+", default=list(FILES), choices=FILES)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "media_mix.csv")
    parser.add_argument("--one", nargs=2, metavar=("PROGRAM", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        program, name = arguments.one
        print("RESULT " + json.dumps(PROGRAMS[program](arguments.data, name)))
        return
    pythons = {"revmodel": sys.executable, "PyMC-Marketing": arguments.pymc_marketing, "Meridian": arguments.meridian}
    rows = []
    for name in arguments.files:
        for program, python in pythons.items():
            if python is None or (program == "PyMC-Marketing" and name != "mmm_156x8"):
                continue
            if program == "Meridian" and name == "mmm_156x8":
                continue
            for state in ("cold", "warm") if program != "Meridian" else ("cold",):
                rows.append(_measured(program, python, arguments.data, name, state))
                print(rows[-1], flush=True)
    with arguments.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)


def _measured(program: str, python: str, data: Path, name: str, state: str) -> dict[str, Any]:
    """One program on one file. cold: with no compiled code kept from before."""
    caches = Path(tempfile.gettempdir()) / "revmodel-benchmark" / program
    if state == "cold":
        subprocess.run(["rm", "-rf", str(caches)], check=True)
    caches.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "XDG_CACHE_HOME": str(caches), "NUMBA_CACHE_DIR": str(caches / "numba"), "OMP_NUM_THREADS": "1",
        "PYTENSOR_FLAGS": f"base_compiledir={caches / 'pytensor'}",
    }  # fmt: skip
    command = [python, str(Path(__file__).resolve()), "--data", str(data), "--one", program, name]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{program} on {name} failed:\n{done.stderr[-3000:]}")
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    channels, truth = truth_of(data, name)
    error = [abs(found["mean"][each] - truth[each]) for each in channels]
    inside = [found["p05"][each] <= truth[each] <= found["p95"][each] for each in channels]
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return {
        "file": name, "program": program, "state": state, "fit_cpu_s": round(found["fit_cpu_s"], 1),
        "process_cpu_s": round(cpu, 1), "peak_gb": round(found["peak_gb"], 2), "ess_min": round(found["ess"], 1),
        "rhat_max": round(found["rhat"], 4), "ess_per_fit_cpu_s": round(found["ess"] / found["fit_cpu_s"], 2),
        "share_error_points": round(100 * sum(error) / len(error), 2),
        "total_share": round(sum(found["mean"].values()), 4), "true_share": round(sum(truth.values()), 4),
        "inside_90": sum(inside), "channels": len(channels),
    }  # fmt: skip


def _cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _result(draws: Any, channels: list[str], ess: float, rhat: float, fit: float) -> dict[str, Any]:
    """draws : (draw, channel), shares of the KPI."""
    import numpy as np

    cuts = np.quantile(draws, [0.05, 0.95], axis=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "mean": dict(zip(channels, draws.mean(0).tolist(), strict=True)),
        "p05": dict(zip(channels, cuts[0].tolist(), strict=True)),
        "p95": dict(zip(channels, cuts[1].tolist(), strict=True)),
        "ess": ess, "rhat": rhat, "fit_cpu_s": fit, "peak_gb": peak,
    }  # fmt: skip


def _agreement(az: Any, posterior: Any, names: list[str]) -> tuple[float, float]:
    """Smallest bulk ESS and largest R-hat of these variables; ArviZ's answers differ in kind between versions."""
    import numpy as np

    def numbers(said: Any) -> Any:
        parts = said.data_vars.values() if hasattr(said, "data_vars") else [said]
        return np.concatenate([np.asarray(part, float).ravel() for part in parts])

    ess = min(float(np.nanmin(numbers(az.ess(posterior[each])))) for each in names)
    return ess, max(float(np.nanmax(numbers(az.rhat(posterior[each])))) for each in names)


def revmodel(data: Path, name: str) -> dict[str, Any]:
    """revmodel, with the settings that a config without any has; beside PyMC-Marketing as many draws, 4 × 1,000."""
    import pandas as pd

    from revmodel.mix.media_mix import MediaMix
    from revmodel.mix.mix_config import MixConfig

    channels, _ = truth_of(data, name)
    if name == "mmm_156x8":
        said: dict[str, Any] = {"date": "date_week", "kpi": "y", "controls": ["price", "promo"], "draws": 1000}
        said["channels"] = {each: {"cost": each} for each in channels}
    else:
        said = {"date": "time", "kpi": "kpi", "controls": ["control"], "region": "geo" if name == "sim_geo" else None}
        said["channels"] = {each: {"cost": f"{each}_spend"} for each in channels}
    frame, config = pd.read_csv(data / f"{name}.csv"), MixConfig(name=name, data=f"{name}.csv", **said)
    start = _cpu()
    mix = MediaMix(config).fit(frame)
    fit = _cpu() - start
    shares = mix.added().sum((2, 3)) / mix.panel_.kpi.sum()
    rhat, ess = mix.posterior_.agreement or (float("nan"), float("nan"))
    return _result(shares, list(mix.panel_.channels), ess, rhat, fit)


def pymc_marketing(data: Path, name: str) -> dict[str, Any]:
    """PyMC-Marketing as its documentation has it: geometric carry-over, logistic saturation, yearly season, nutpie."""
    import arviz as az
    import pandas as pd
    from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation
    from pymc_marketing.mmm.multidimensional import MMM

    channels, _ = truth_of(data, name)
    frame = pd.read_csv(data / f"{name}.csv", parse_dates=["date_week"])
    start = _cpu()
    mmm = MMM(
        date_column="date_week", target_column="y", channel_columns=channels, control_columns=["price", "promo"],
        adstock=GeometricAdstock(l_max=8), saturation=LogisticSaturation(), yearly_seasonality=2,
    )  # fmt: skip
    mmm.build_model(frame.drop(columns="y"), frame["y"])
    mmm.add_original_scale_contribution_variable(var=["channel_contribution"])
    mmm.fit(frame.drop(columns="y"), frame["y"], chains=4, draws=1000, tune=1000, nuts_sampler="nutpie", random_seed=1)
    fit = _cpu() - start
    posterior = mmm.idata.posterior
    core = [each for each in posterior.data_vars if posterior[each].ndim <= 3 and "contribution" not in each]
    ess, rhat = _agreement(az, posterior, [each for each in core if "mu" not in each])
    added = posterior["channel_contribution_original_scale"].sum("date").transpose("chain", "draw", "channel")
    shares = added.to_numpy().reshape(-1, len(channels)) / frame["y"].sum()
    return _result(shares, channels, ess, rhat, fit)


def meridian(data: Path, name: str) -> dict[str, Any]:
    """Meridian with its defaults, but a knot every twelve weeks, which its own guide asks for over time."""
    import arviz as az
    import numpy as np
    from meridian.analysis import analyzer
    from meridian.data import load
    from meridian.model import model, spec

    channels, _ = truth_of(data, name)
    names = load.CoordToColumns(
        time="time", geo="geo" if name == "sim_geo" else None, kpi="kpi", controls=["control"],
        media=[f"{each}_impression" for each in channels], media_spend=[f"{each}_spend" for each in channels],
        population="population" if name == "sim_geo" else None,
    )  # fmt: skip
    loaded = load.CsvDataLoader(
        csv_path=str(data / f"{name}.csv"), kpi_type="revenue", coord_to_columns=names,
        media_to_channel={f"{each}_impression": each for each in channels},
        media_spend_to_channel={f"{each}_spend": each for each in channels},
    ).load()  # fmt: skip
    start = _cpu()
    fitted = model.Meridian(input_data=loaded, model_spec=spec.ModelSpec(knots=13))
    fitted.sample_posterior(n_chains=4, n_adapt=500, n_burnin=500, n_keep=1000, seed=1)
    fit = _cpu() - start
    posterior = fitted.inference_data.posterior
    core = ["roi_m", "alpha_m", "ec_m", "knot_values", "sigma"]
    ess, rhat = _agreement(az, posterior, [each for each in core if each in posterior])
    added = analyzer.Analyzer(fitted).incremental_outcome(use_kpi=False)
    shares = np.asarray(added).reshape(-1, len(channels)) / float(np.asarray(loaded.kpi).sum())
    return _result(shares, channels, ess, rhat, fit)


PROGRAMS = {"revmodel": revmodel, "PyMC-Marketing": pymc_marketing, "Meridian": meridian}

if __name__ == "__main__":
    main()
