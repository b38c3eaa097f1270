"""How much of the gain that is truly there do the plans capture, and whom do they leave worse off?

Companies as in does_the_media_mix_find_the_truth.py, whose truth is not of the model's family. Each company's media mix
is fitted; its budget of the next 13 weeks (the mean week of the last year, held) is split anew, each channel within
30 % of now; and the plan is held against the truth, carry-over included: the share of the best plan's gain that it
captures, and whether it is worse than leaving everything as it is.

    .venv/bin/python experiments/how_good_are_the_plans.py --seeds 101-130 --kept reports/regret

--search-like-others : companies whose branded search brings as much as their other channels, against what is believed.
--kept : a folder for the posterior surfaces, so that other plans of the same companies need no second fit, and for what
the fits say of contributions, which are then held against the truth as well.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from does_the_media_mix_find_the_truth import CHANNELS, LIKE_OTHERS, SEARCH, Case, case_of, compared, config_of
from does_the_media_mix_find_the_truth import summary as summary_of_shares

from revmodel.decide.allocate import allocate
from revmodel.decide.caution import capped
from revmodel.decide.from_mix import mix_surface, spend_now
from revmodel.decide.objectives import ObjectiveName
from revmodel.decide.sure import allocate_surely
from revmodel.decide.surface import ResponseSurface
from revmodel.mix.doubt import doubt_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import BeliefConfig, MixChannelConfig, MixConfig
from revmodel.mix.mix_priors import EFFECT_LOG_SD

OUT = Path(__file__).resolve().parent / "results"
Floats = npt.NDArray[np.float64]
WEEKS, MOVE, POINTS = 13, 0.3, 27
# name → the fit it is made from, objective, risk, caps by verdict. The risk is that of the change.
TIMID = {"not identified": 0.1, "prior-driven": 0.1}
# A risk of objective "mean" is the chance with which the plan has to beat today's (decide/sure.py).
PLANS: dict[str, tuple[str, ObjectiveName, float, dict[str, float]]] = {
    "mean": ("full", "mean", 0.0, {}),
    "mean, 8 in 10 sure": ("full", "mean", 0.8, {}),
    "mean, 85 % sure": ("full", "mean", 0.85, {}),
    "mean, 9 in 10 sure": ("full", "mean", 0.9, {}),
    "mean, 9 in 10 sure, capped by verdict": ("full", "mean", 0.9, TIMID),
    "mean, 9 in 10 sure, vague beliefs": ("vague", "mean", 0.9, {}),
    "mean less 0.25 sd": ("full", "mean_minus_risk", 0.25, {}),
    "mean less 0.5 sd": ("full", "mean_minus_risk", 0.5, {}),
    "mean less 0.75 sd": ("full", "mean_minus_risk", 0.75, {}),
    "mean less 1 sd": ("full", "mean_minus_risk", 1.0, {}),
    "mean less 1.5 sd": ("full", "mean_minus_risk", 1.5, {}),
    "worst half": ("full", "cvar", 0.5, {}),
    "worst fifth": ("full", "cvar", 0.2, {}),
    "mean, capped by verdict": ("full", "mean", 0.0, TIMID),
    "mean less 0.5 sd, capped by verdict": ("full", "mean_minus_risk", 0.5, TIMID),
    "mean, flexible curves": ("flexible", "mean", 0.0, {}),
    "mean, 9 in 10 sure, flexible curves": ("flexible", "mean", 0.9, {}),
    "mean, both curves": ("full+flexible", "mean", 0.0, {}),
    "mean, 9 in 10 sure, both curves": ("full+flexible", "mean", 0.9, {}),
    "mean, vague beliefs": ("vague", "mean", 0.0, {}),
    "mean less 0.5 sd, vague beliefs": ("vague", "mean_minus_risk", 0.5, {}),
    "mean, search as others": ("search as others", "mean", 0.0, {}),
    "mean, 8 in 10 sure, search as others": ("search as others", "mean", 0.8, {}),
    "mean, 9 in 10 sure, search as others": ("search as others", "mean", 0.9, {}),
    "mean less 0.5 sd, search as others": ("search as others", "mean_minus_risk", 0.5, {}),
    "mean less 1 sd, search as others": ("search as others", "mean_minus_risk", 1.0, {}),
    "mean less 1.5 sd, search as others": ("search as others", "mean_minus_risk", 1.5, {}),
}


def fit_config(seed: int, fit: str, engine: str, panel: pd.DataFrame) -> MixConfig:
    """full: as the mix is. flexible: carry-over with a peak, saturation that may be S-shaped.

    vague: nothing is known of demand, and next to nothing of what media bring. search as others: branded search is
    believed to bring as much for its cost as others do.
    """
    config = config_of(seed, engine)
    if fit == "full":
        return config
    if fit == "flexible":
        return config.model_copy(update={"carry_over": "delayed_geometric", "saturation": "hill"})
    if fit == "search as others":
        return config.model_copy(update={"channels": _with_beliefs(config, panel)})
    channels = {name: one.model_copy(update={"follows_demand": False}) for name, one in config.channels.items()}
    return config.model_copy(update={"channels": channels, "media_share": (0.001, 0.9)})


def _with_beliefs(config: MixConfig, panel: pd.DataFrame) -> dict[str, MixChannelConfig]:
    parts = panel[list(config.channels)].sum()
    middle = np.sqrt(np.prod(config.media_share)) * parts / parts.sum()
    far = np.exp(1.6448536 * EFFECT_LOG_SD)
    beliefs = {name: BeliefConfig(of="share", low=share / far, high=share * far) for name, share in middle.items()}
    return {name: one.model_copy(update={"belief": beliefs[name]}) for name, one in config.channels.items()}


def found(
    seed: int, fit: str, engine: str, kept: Path | None, search: float = SEARCH
) -> tuple[ResponseSurface, list[str], float]:
    """Posterior surface of the window, verdict by channel, CPU seconds of the fit.

    Of two fits, "full+flexible", the draws of both, each counting half.
    """
    if "+" in fit:
        parts = [found(seed, one, engine, kept, search) for one in fit.split("+")]
        fewest = min(len(surface.value) for surface, _, _ in parts)
        value = np.concatenate([surface.value[:: len(surface.value) // fewest][:fewest] for surface, _, _ in parts])
        return replace(parts[0][0], value=value), parts[0][1], sum(seconds for _, _, seconds in parts)
    other = "" if search == SEARCH else f"-search-{search:g}"
    path = kept / f"{fit}-{engine}-{seed}{other}.npz" if kept else None
    if path is not None and path.is_file():
        with np.load(path) as held:
            surface = ResponseSurface(CHANNELS, held["spend"], held["value"], held["current"])
            return surface, held["verdicts"].tolist(), float(held["cpu_s"])
    start = time.process_time()
    case = case_of(seed, search=search)
    mix = MediaMix(fit_config(seed, fit, engine, case.panel)).fit(case.panel)
    surface = mix_surface(mix, spend_now(mix, WEEKS), most=1 + MOVE, points=POINTS)
    verdicts, seconds = doubt_table(mix)["verdict"].tolist(), time.process_time() - start
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, spend=surface.spend, value=surface.value, current=surface.current,
                 verdicts=np.array(verdicts), cpu_s=seconds)  # fmt: skip
        compared(seed, case, mix).assign(cpu_s=seconds).to_csv(path.with_suffix(".csv"), index=False)
    return surface, verdicts, seconds


def truth_of(case: Case, like: ResponseSurface) -> ResponseSurface:
    """What the channels truly bring, on the same grid."""
    value = np.array([
        [case.channels[name].brings(np.full(WEEKS, total / WEEKS)) for total in like.spend[i]]
        for i, name in enumerate(CHANNELS)
    ])  # fmt: skip
    return ResponseSurface(CHANNELS, like.spend, value[None], like.current)


def planned(
    case: Case, surface: ResponseSurface, objective: ObjectiveName = "mean", risk: float = 0.0,
    lower: Floats | None = None, upper: Floats | None = None,
) -> dict[str, float | bool]:  # fmt: skip
    """What the plan made from a posterior surface truly brings, beside the best plan there is."""
    now, truth = surface.current, truth_of(case, surface)
    budget, low, high = float(now.sum()), (1 - MOVE) * now, (1 + MOVE) * now
    best = allocate(truth, budget, low, high)
    there = best.objective_proposed - best.objective_current
    lower, upper = low if lower is None else lower, high if upper is None else upper
    start = time.process_time()
    if objective == "mean" and risk:
        plan = allocate_surely(surface, budget, lower, upper, least_chance=risk)
    else:
        plan = allocate(surface, budget, lower, upper, objective=objective, risk=risk, risk_of="change")
    gain = float((truth.value_at(plan.proposed) - truth.value_at(now)).sum())
    promised = surface.value_at(plan.proposed).sum(1) - surface.value_at(now).sum(1)
    return {
        "own_family": case.own_family, "gain": gain, "available": there, "now": float(truth.value_at(now).sum()),
        "captured": gain / there, "worse": gain < -1e-6 * there,
        "moved": float(np.abs(plan.proposed - now).sum() / 2 / budget), "promised": float(promised.mean()),
        "p_better": float((promised > 0).mean()), "gap": plan.certified_gap_of_gain,
        "plan_cpu_s": time.process_time() - start,
    }  # fmt: skip


def measured(seed: int, engine: str, kept: Path | None, plans: list[str], search: float = SEARCH) -> pd.DataFrame:
    """One row a plan of one company."""
    case, rows = case_of(seed, search=search), []
    for name in plans:
        fit, objective, risk, caps = PLANS[name]
        surface, verdicts, seconds = found(seed, fit, engine, kept, search)
        now = surface.current
        lower, upper = capped((1 - MOVE) * now, (1 + MOVE) * now, now, verdicts, caps)
        held = planned(case, surface, objective, risk, lower, upper)
        rows.append({"seed": seed, "plan": name, **held, "fit_cpu_s": seconds, "verdicts": "; ".join(verdicts)})
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a plan and kind of company: mean share of the gain, with its standard error, and the share left worse."""
    table = table.assign(kind=np.where(table["own_family"], "own family", "other"))
    both = pd.concat([table, table.assign(kind="all")])
    out = both.groupby(["plan", "kind"], sort=False).agg(
        companies=("captured", "size"), captured=("captured", "mean"), captured_se=("captured", "sem"),
        captured_median=("captured", "median"), worse=("worse", "mean"), worst=("captured", "min"),
        moved=("moved", "mean"), gain_of_now=("gain", "sum"), promised=("promised", "sum"), now=("now", "sum"),
        p_better=("p_better", "mean"), fit_cpu_s=("fit_cpu_s", "mean"), plan_cpu_s=("plan_cpu_s", "mean"),
    )  # fmt: skip
    out["gain_of_now"], out["promised"] = out["gain_of_now"] / out["now"], out["promised"] / out["now"]
    return out.drop(columns="now").round(4).reset_index()


def seeds_of(said: str) -> range:
    """Seeds as they are given, 201-224, both ends among them."""
    first, last = (int(part) for part in said.split("-"))
    return range(first, last + 1)


def of_all(seeds: range, measured_of: Callable[[int], pd.DataFrame], out: Path, name: str) -> None:
    """Measure company after company; their rows and the summary go to files and on the screen."""
    tables = []
    for seed in seeds:
        tables.append(measured_of(seed))
        said = ", ".join(f"{row.plan} {row.captured:.2f}" for row in tables[-1].itertuples())
        print(f"company {seed}: {said}", flush=True)
    table = pd.concat(tables, ignore_index=True)
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / f"{name}_by_company.csv", index=False, float_format="%.5g")
    summary(table).to_csv(out / f"{name}.csv", index=False)
    print(summary(table).to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="101-130", help="first-last")
    parser.add_argument("--engine", default="nuts", choices=["nuts", "laplace"])
    parser.add_argument("--plans", nargs="+", default=list(PLANS), choices=list(PLANS))
    parser.add_argument("--kept", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--name", default="plans", help="of the tables written")
    parser.add_argument("--search-like-others", action="store_true")
    arguments = parser.parse_args()
    seeds = seeds_of(arguments.seeds)
    search = LIKE_OTHERS if arguments.search_like_others else SEARCH
    measure = partial(measured, engine=arguments.engine, kept=arguments.kept, plans=arguments.plans, search=search)
    of_all(seeds, measure, arguments.out, arguments.name)
    kept = arguments.kept or Path()
    fit = PLANS[arguments.plans[0]][0]
    shares = [kept / f"{fit}-{arguments.engine}-{seed}.csv" for seed in seeds]
    if search == SEARCH and arguments.kept and all(path.is_file() for path in shares):
        found_shares = summary_of_shares(pd.concat([pd.read_csv(path) for path in shares]))
        found_shares.to_csv(arguments.out / f"{arguments.name}_shares.csv", index=False)
        print(found_shares.to_string(index=False))


if __name__ == "__main__":
    main()
