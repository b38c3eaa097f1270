"""What does integrating the linear part out of a media-mix model buy: in speed, and in truth?

A media-mix model of a weekly KPI alone (no funnel): y = Xb + Σ effect_m · s_m / mean s_m + ε, with y as a share of its
mean, X the level, turns of the trend every four weeks, three yearly waves and controls; effects are shares of the KPI,
their prior in proportion to cost. Given effects and curves b is Gaussian and is integrated out (Lindley & Smith 1972):
a chain moves in a few well-informed directions. The two files of ../shared/data/bench hold their truth.

    .venv/bin/python experiments/what_does_integrating_the_baseline_out_buy.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.linalg import cholesky, solve_triangular

from revmodel.media.curves import Curves
from revmodel.media.lags import lagged
from revmodel.models.calendar_columns import fourier
from revmodel.models.compiled import CompiledModel
from revmodel.models.sampling import find_mode, nuts_draws

ROOT = Path(__file__).resolve().parents[1]
BENCH = Path(os.environ.get("REVMODEL_SHARED_DATA", ROOT.parent / "shared" / "data")) / "bench"
OUT = ROOT / "experiments" / "results" / "media_mix_integrated.csv"
Floats = npt.NDArray[np.float64]
DRAWS, MAX_LAG, KNOT_WEEKS = 500, 12, 4
MEDIA_SHARE, EFFECT_LOG_SD = 0.3, 1.0  # a priori media bring 30 % of the KPI, each channel in proportion to its cost
NOISE, TREND, SEASON = (-2.3, 0.7), (-3.2, 0.8), (-2.3, 0.8)  # logs of sds, as shares of the KPI
LEVEL_SD, CONTROL_SD = 1.0, 0.3


def arrays_of(kpi: Floats, spend: Floats, controls: Floats, weeks: pd.DatetimeIndex) -> dict[str, Floats]:
    """kpi : (week,). spend : (channel, week). controls : (week, control)."""
    at = np.arange(len(weeks), dtype=float)
    ramps = np.clip((at[:, None] - np.arange(0, len(weeks) - KNOT_WEEKS / 2, KNOT_WEEKS)) / KNOT_WEEKS, 0.0, 1.0)
    season = fourier(weeks)
    scaled = (controls - controls.mean(0)) / controls.std(0)
    blocks = [np.ones((len(weeks), 1)), ramps - ramps.mean(0), season, scaled]
    waves = 1 / np.repeat(np.arange(1, season.shape[1] // 2 + 1), 2)
    sds = [np.full(1, LEVEL_SD), np.ones(ramps.shape[1]), waves, np.full(scaled.shape[1], CONTROL_SD)]
    design, y = np.concatenate(blocks, axis=1), kpi / kpi.mean()
    mark = np.repeat(np.arange(4), [block.shape[1] for block in blocks])
    active = spend.sum(1) / (spend > 0).sum(1)
    return {
        "y": y, "design": design, "gram": design.T @ design, "design_y": design.T @ y,
        "prior_sd": np.concatenate(sds), "is_trend": (mark == 1) * 1.0, "is_season": (mark == 2) * 1.0,
        "lagged": lagged(spend / active[:, None], MAX_LAG), "lags": np.arange(MAX_LAG + 1.0),
        "effect_mean": np.log(MEDIA_SHARE * spend.sum(1) / spend.sum()),
    }  # fmt: skip


def model_of(data: dict[str, Floats], curves: Curves) -> pm.Model:
    """The PyMC model; every free variable is standard normal a priori."""
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        values = {
            name: pt.exp(mean + sd * pm.Normal(f"z_{name}", shape=(curves.count,)))
            for name, (mean, sd) in curves.priors.items()
        }
        effect = pt.exp(x["effect_mean"] + EFFECT_LOG_SD * pm.Normal("z_effect", shape=(curves.count,)))
        pm.Deterministic("effect", effect)
        carried = (curves.weights(x["lags"], values)[:, :, None] * x["lagged"]).sum(1)
        saturated = curves.saturated(carried, values)
        rest = x["y"] - pt.dot(effect / saturated.mean(1), saturated)
        sigma, trend, season = (
            pt.exp(mean + sd * pm.Normal(name))
            for name, (mean, sd) in (("noise", NOISE), ("trend", TREND), ("season", SEASON))
        )
        scale = x["prior_sd"] * (1 + x["is_trend"] * (trend - 1)) * (1 + x["is_season"] * (season - 1))
        inner = pt.eye(len(data["prior_sd"])) + scale[:, None] * x["gram"] * scale[None, :] / sigma**2
        factor = cholesky(inner)
        projected = solve_triangular(factor, scale * pt.dot(x["design"].T, rest) / sigma**2, lower=True)
        quadratic = (rest**2).sum() / sigma**2 - (projected**2).sum()
        log_det = len(data["y"]) * pt.log(sigma) + pt.log(pt.diagonal(factor)).sum()
        pm.Potential("log_likelihood", -log_det - quadratic / 2)
    return model


def measure(name: str, data: dict[str, Floats], truth: Floats, channels: list[str]) -> pd.DataFrame:
    """Fit twice, cold and warm; one row a channel, with what the fit cost."""
    start = time.process_time()
    curves = Curves.of(channels, "geometric", "hill", {})
    model = CompiledModel(model_of(data, curves))
    mode = find_mode(model, data)
    cold = nuts_draws(model, data, mode, DRAWS, 1, 0.8)
    cold_s, start = time.process_time() - start, time.process_time()
    warm = nuts_draws(model, data, find_mode(model, data), DRAWS, 2, 0.8)
    warm_s = time.process_time() - start
    effect = model.derived(warm.thetas, data)["effect"]
    low, middle, high = np.quantile(effect, [0.05, 0.5, 0.95], axis=0)
    assert cold.agreement is not None
    assert warm.agreement is not None
    return pd.DataFrame({
        "data": name, "channel": channels, "truth": truth, "p05": low, "p50": middle, "p95": high,
        "inside": (truth >= low) & (truth <= high), "rhat": warm.agreement[0], "ess": warm.agreement[1],
        "divergences": warm.divergences, "cold_cpu_s": cold_s, "warm_cpu_s": warm_s,
        "ess_per_cpu_s_cold": cold.agreement[1] / cold_s, "ess_per_cpu_s_warm": warm.agreement[1] / warm_s,
    })  # fmt: skip


def main() -> None:
    told = json.loads((BENCH / "mmm_156x8_truth.json").read_text())
    frame = pd.read_csv(BENCH / "mmm_156x8.csv", parse_dates=["date_week"])
    weeks = pd.DatetimeIndex(frame["date_week"])
    channels = told["channels"]
    first = arrays_of(
        frame["y"].to_numpy(), frame[channels].to_numpy().T, frame[["price", "promo"]].to_numpy(), weeks
    )  # fmt: skip
    truth = np.array([told["total_contribution"][name] for name in channels]) / frame["y"].sum()
    tables = [measure("mmm_156x8", first, truth, channels)]
    told = json.loads((BENCH / "sim_national_geo_truth.json").read_text())
    frame = pd.read_csv(BENCH / "sim_national.csv", parse_dates=["time"])
    channels = told["channels"]
    spend = frame[[f"{name}_spend" for name in channels]].to_numpy().T
    second = arrays_of(frame["kpi"].to_numpy(), spend, frame[["control"]].to_numpy(), pd.DatetimeIndex(frame["time"]))
    tables.append(measure("sim_national", second, np.array(told["share"]), channels))
    table = pd.concat(tables, ignore_index=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(OUT, index=False, float_format="%.4g")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
