"""What channels drive and what brings the KPI in turn: an effect counted whole, by the path that it takes.

    z_kt = X_t b_k + Σ_m (through_km · total_mt / pull_k) + echoing noise          mediator k, against its mean
    y_t  = X_t b + Σ_m (1 − Σ_k through_km) · total_mt + Σ_k pull_k · z_kt + noise   the KPI

total_mt is what channel m brings by all paths, so beliefs, lift tests and returns are of the whole effect; through_km
is the part of it that goes through mediator k, pull_k the share of the KPI that the mediator brings, its own demand
included. As a control the mediator would take through_km away from the channel. That the parts may be told apart takes
no unseen cause of mediator and KPI in the same week beyond the baseline (sequential ignorability: Imai, Keele &
Yamamoto 2010). Both paths have the channel's one carry-over and saturation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable as Tensor
from scipy.special import expit

from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import GRAMS, MixArrays
from revmodel.mix.likelihood import Gaussian, column_sds
from revmodel.mix.trend import Smooth

__all__ = ["draws_of_paths", "mediated"]

Floats = npt.NDArray[np.float64]
PER_MEDIATOR = ("pull", "noise", "trend", "season", "length", "echo")  # (draw, mediator) each


def mediated(arrays: MixArrays, x: dict[str, Tensor], totals: Tensor) -> tuple[Tensor, Tensor]:
    """What enters the KPI, (region × week,), and the log density of the mediators.

    totals : (channel, region × week), what each channel brings by all paths.
    """
    count, channels = arrays.data["driven"].shape
    mean, sd = priors.MEDIATOR_LOG
    pull = pt.exp(mean + sd * pm.Normal("z_pull", shape=(count,)))
    mean, sd = priors.THROUGH
    odds = x["driven"] * pt.exp(mean + sd * pm.Normal("z_through", shape=(count, channels)))
    through = odds / (1 + odds.sum(0))
    media = ((1 - through.sum(0))[:, None] * totals).sum(0) + pt.dot(pull, x["mediator_y"])
    spreads = {name: pt.exp(mean + sd * pm.Normal(f"z_mediator_{name}", shape=(count,)))
               for name, (mean, sd) in _spreads(arrays).items()}  # fmt: skip
    echo = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * pm.Normal("z_mediator_echo", shape=(count,)))
    density = pt.constant(0.0)
    for k in range(count):
        length = spreads["length"][k] if "length" in spreads else None
        gaussian = Gaussian(len(arrays.block), column_sds(x, spreads["trend"][k], spreads["season"][k], length))
        rest = x["mediator_y"][k] - pt.dot(through[k] / pull[k], totals)
        grams = [x[name] for name in GRAMS]
        gaussian.see(rest, x["design"], spreads["noise"][k], echo[k], grams, x["pair"], x["first"])
        density = density + gaussian.log_density()
    return media, density


def draws_of_paths(arrays: MixArrays, free: dict[str, Floats], draws: int) -> dict[str, Floats]:
    """What the free variables of mediators stand for: through (draw, mediator, channel), and PER_MEDIATOR."""
    count, channels = arrays.data["driven"].shape
    if count == 0:
        return {"through": np.zeros((draws, 0, channels)), **{name: np.zeros((draws, 0)) for name in PER_MEDIATOR}}
    mean, sd = priors.MEDIATOR_LOG
    pull = np.exp(mean + sd * free["z_pull"])
    mean, sd = priors.THROUGH
    odds = arrays.data["driven"] * np.exp(mean + sd * free["z_through"])
    found = {"length": np.zeros((draws, count))} | {
        name: np.exp(mean + sd * free[f"z_mediator_{name}"]) for name, (mean, sd) in _spreads(arrays).items()
    }
    echo = expit(priors.ECHO_MEAN + priors.ECHO_SD * free["z_mediator_echo"])
    return {"through": odds / (1 + odds.sum(1, keepdims=True)), "pull": pull, **found, "echo": echo}


def _spreads(arrays: MixArrays) -> dict[str, tuple[float, float]]:
    trend = arrays.basis.trend
    found = {"noise": priors.NOISE_LOG, "trend": trend.size_log, "season": priors.SEASON_LOG}
    return found | ({"length": priors.LENGTH_LOG} if isinstance(trend, Smooth) else {})
