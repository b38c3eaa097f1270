"""What PyMC-Marketing and Meridian find and plan on the companies of our own studies of the media mix.

The companies are those of does_the_media_mix_find_the_truth.py, and plans are held against the truth as in
how_good_are_the_plans.py: the budget of the next 13 weeks (the mean week of the last year, held) is split anew by the
program's own optimiser, each channel within 30 % of now. Each program has the settings of its documentation and an
environment of its own (benchmarks/media_mix.py says how to make one):

    .venv/bin/python experiments/peers_on_the_same_companies.py --seeds 201-224 --pymc-marketing PYTHON \
        --meridian PYTHON

What is done is kept in --kept and not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
OUT = HERE.parent / "results"
YEAR, WEEKS, MOVE = 52, 13, 0.3
ROUNDING = 0.03  # of a channel's spend: programs plan in steps of the budget


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="201-224", help="first-last")
    parser.add_argument("--pymc-marketing", default=None, metavar="PYTHON")
    parser.add_argument("--meridian", default=None, metavar="PYTHON")
    parser.add_argument("--kept", type=Path, default=HERE.parents[1] / "reports" / "peers")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--one", nargs=2, metavar=("PROGRAM", "PANEL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        program, panel = arguments.one
        print("RESULT " + json.dumps(PROGRAMS[program](panel)))
        return
    pythons = {"PyMC-Marketing": arguments.pymc_marketing, "Meridian": arguments.meridian}
    first, last = (int(part) for part in arguments.seeds.split("-"))
    arguments.kept.mkdir(parents=True, exist_ok=True)
    _compare(range(first, last + 1), {name: each for name, each in pythons.items() if each}, arguments)


def _compare(seeds: range, pythons: dict[str, str], arguments: argparse.Namespace) -> None:
    import pandas as pd

    channels, plans = [], []
    for seed in seeds:
        for program, python in pythons.items():
            by_channel, plan = _scored(seed, program, _found(seed, program, python, arguments.kept))
            channels.append(by_channel)
            plans.append(plan)
            print(f"company {seed}, {program}: captured {plan['captured']:.2f}, {plan['cpu_s']:.0f} CPU s", flush=True)
    table, plan_table = pd.concat(channels, ignore_index=True), pd.DataFrame(plans)
    arguments.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.out / "peers_by_channel.csv", index=False, float_format="%.5g")
    plan_table.to_csv(arguments.out / "peers_plans_by_company.csv", index=False, float_format="%.5g")
    summary = _summary(table, plan_table)
    summary.to_csv(arguments.out / "peers.csv", index=False)
    print(summary.to_string(index=False))


def _found(seed: int, program: str, python: str, kept: Path) -> dict[str, Any]:
    """What a program says of a company, in a process of its own."""
    from does_the_media_mix_find_the_truth import case_of

    file = kept / f"{program}-{seed}.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        panel = Path(folder) / "panel.csv"
        case_of(seed).panel.to_csv(panel, index=False)
        command = [python, str(HERE), "--one", program, str(panel)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{program} on company {seed} failed:\n{done.stderr[-3000:]}")
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    found["cpu_s"] = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    file.write_text(json.dumps(found), encoding="utf-8")
    return found


def _scored(seed: int, program: str, found: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """One row a channel and one for all media, shares of the KPI; and what the plan truly brings."""
    import numpy as np
    import pandas as pd
    from does_the_media_mix_find_the_truth import CHANNELS, case_of
    from how_good_are_the_plans import truth_of

    from revmodel.decide.allocate import allocate
    from revmodel.decide.surface import ResponseSurface

    case = case_of(seed)
    total = float(case.panel["leads"].sum())
    truth = np.array([*case.added.values(), sum(case.added.values())]) / total
    low, mean, high = (np.array(found[name]) for name in ("p05", "mean", "p95"))
    rows = pd.DataFrame({
        "seed": seed, "program": program, "channel": [*CHANNELS, "all media"], "truth": truth, "mean": mean,
        "p05": low, "p95": high, "inside": (truth >= low) & (truth <= high), "error": np.abs(mean - truth),
    })  # fmt: skip
    now = case.panel[list(CHANNELS)].tail(YEAR).mean().to_numpy() * WEEKS
    grid = np.linspace(0, 1 + MOVE + ROUNDING, 34)[None, :] * now[:, None]
    surface = truth_of(case, ResponseSurface(CHANNELS, grid, np.zeros((1, *grid.shape)), now))
    best = allocate(surface, float(now.sum()), (1 - MOVE) * now, (1 + MOVE) * now)
    plan = np.array(found["plan"])
    bounds = np.abs(plan / now - 1).max()
    if bounds > MOVE + ROUNDING or abs(plan.sum() / now.sum() - 1) > 0.01:
        raise SystemExit(f"{program} on company {seed}: a plan outside its limits, moves up to {bounds:.0%}")
    gain = float((surface.value_at(plan) - surface.value_at(now)).sum())
    available = best.objective_proposed - best.objective_current
    return rows, {
        "seed": seed, "program": program, "captured": gain / available, "worse": gain < -1e-6 * available,
        "moved": float(np.abs(plan - now).sum() / 2 / now.sum()), "rhat": found["rhat"], "cpu_s": found["cpu_s"],
    }  # fmt: skip


def _summary(table: Any, plans: Any) -> Any:
    """One row a program."""
    import pandas as pd

    single, whole = table[table["channel"] != "all media"], table[table["channel"] == "all media"]
    parts = [
        single.groupby("program").agg(covered_90=("inside", "mean"), error_points=("error", "mean")),
        whole.groupby("program").agg(total_covered_90=("inside", "mean"), total_error_points=("error", "mean")),
        plans.groupby("program").agg(
            companies=("captured", "size"), captured=("captured", "mean"), captured_se=("captured", "sem"),
            worse=("worse", "mean"), worst=("captured", "min"), rhat_max=("rhat", "max"), cpu_s=("cpu_s", "mean"),
        ),
    ]  # fmt: skip
    out = pd.concat(parts, axis=1)
    out[["error_points", "total_error_points"]] *= 100
    return out.round(3).reset_index()


def _said(shares: Any, rhat: float, plan: Any) -> dict[str, Any]:
    """shares : (draw, channel), of the KPI. plan : money a channel over the window."""
    import numpy as np

    draws = np.concatenate([shares, shares.sum(1, keepdims=True)], axis=1)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    mean = draws.mean(0).tolist()
    return {"mean": mean, "p05": low.tolist(), "p95": high.tolist(), "rhat": rhat, "plan": [float(one) for one in plan]}


def _rhat(posterior: Any, names: list[str]) -> float:
    """The largest; ArviZ's answers differ in kind between versions."""
    import arviz as az
    import numpy as np

    said = [az.rhat(posterior[name]) for name in names]
    return max(
        float(np.nanmax(np.asarray(each)))
        for one in said
        for each in (one.data_vars.values() if hasattr(one, "data_vars") else [one])
    )


def pymc_marketing(panel: str) -> dict[str, Any]:
    """Geometric carry-over, logistic saturation, yearly season, nutpie; its optimiser on the mean response."""
    import numpy as np
    import pandas as pd
    import xarray as xr
    from pymc_marketing.mmm import MMM, GeometricAdstock, LogisticSaturation

    frame = pd.read_csv(panel, parse_dates=["week"])
    channels = [name for name in frame.columns if name not in ("week", "leads")]
    mmm = MMM(
        date_column="week", target_column="leads", channel_columns=channels, adstock=GeometricAdstock(l_max=8),
        saturation=LogisticSaturation(), yearly_seasonality=2,
    )  # fmt: skip
    x, y = frame.drop(columns="leads"), frame["leads"]
    mmm.build_model(x, y)
    mmm.add_original_scale_contribution_variable(var=["channel_contribution"])
    mmm.fit(x, y, chains=4, draws=1000, tune=1000, nuts_sampler="nutpie", random_seed=1)
    posterior = mmm.idata.posterior
    core = [name for name in posterior.data_vars if posterior[name].ndim <= 3 and "contribution" not in name]
    rhat = _rhat(posterior, core)
    added = posterior["channel_contribution_original_scale"].sum("date").transpose("chain", "draw", "channel")
    shares = added.to_numpy().reshape(-1, len(channels)) / y.sum()
    now = frame[channels].tail(YEAR).mean().to_numpy() * WEEKS
    begins = frame["week"].max() + pd.Timedelta(weeks=1)
    ends = begins + pd.Timedelta(weeks=WEEKS - 1)
    optimiser = mmm.budget_optimizer(start_date=str(begins.date()), end_date=str(ends.date()))
    scale = optimiser.num_periods / WEEKS
    bounds = xr.DataArray(
        np.stack([(1 - MOVE) * now, (1 + MOVE) * now], axis=1) * scale, dims=["channel", "bound"],
        coords={"channel": channels, "bound": ["lower", "upper"]},
    )  # fmt: skip
    result = optimiser.allocate_budget(total_budget=float(now.sum() * scale), budget_bounds=bounds)
    return _said(shares, rhat, result.budgets.sel(channel=channels).to_numpy() / scale)


def meridian(panel: str) -> dict[str, Any]:
    """Its defaults, but a knot every twelve weeks, which its own guide asks for over time; spend is its media."""
    import numpy as np
    import pandas as pd
    from meridian.analysis import analyzer, optimizer
    from meridian.data import load
    from meridian.model import model, spec

    frame = pd.read_csv(panel)
    channels = [name for name in frame.columns if name not in ("week", "leads")]
    media = frame.assign(**{f"{name}_units": frame[name] for name in channels})
    names = load.CoordToColumns(
        time="week", kpi="leads", media=[f"{name}_units" for name in channels], media_spend=channels
    )
    loaded = load.DataFrameDataLoader(
        df=media, kpi_type="non_revenue", coord_to_columns=names,
        media_to_channel={f"{name}_units": name for name in channels},
        media_spend_to_channel={name: name for name in channels},
    ).load()  # fmt: skip
    fitted = model.Meridian(input_data=loaded, model_spec=spec.ModelSpec(knots=13))
    fitted.sample_posterior(n_chains=4, n_adapt=500, n_burnin=500, n_keep=1000, seed=1)
    posterior = fitted.inference_data.posterior
    core = [name for name in ("beta_m", "alpha_m", "ec_m", "knot_values", "sigma") if name in posterior]
    rhat = _rhat(posterior, core)
    added = analyzer.Analyzer(fitted).incremental_outcome(use_kpi=True)
    shares = np.asarray(added).reshape(-1, len(channels)) / frame["leads"].sum()
    now = frame[channels].tail(YEAR).mean().to_numpy() * WEEKS
    best = optimizer.BudgetOptimizer(fitted).optimize(
        start_date=frame["week"].iloc[-YEAR], end_date=frame["week"].iloc[-1], use_kpi=True, fixed_budget=True,
        spend_constraint_lower=MOVE, spend_constraint_upper=MOVE,
    )  # fmt: skip
    spent = best.optimized_data["spend"].sel(channel=channels).to_numpy()
    return _said(shares, rhat, spent / spent.sum() * now.sum())


PROGRAMS = {"PyMC-Marketing": pymc_marketing, "Meridian": meridian}

if __name__ == "__main__":
    main()
