"""The media mix of a weekly KPI, its linear part integrated out.

    y_gt = X_gt b + Σ_m effect_m · regional_mg · s_mgt / mean s_m + ε_gt
    ε_t  = ρ ε_{t-1} + news of the week;   s_m  = saturation(carry-over of what acts)

y is the KPI as a share of its mean in the region; X holds each region's level, a trend with turns, yearly waves,
controls and events; b is normal a priori, with learned sds of turns and waves. Given effects and curves b is normal
a posteriori and is integrated out (Lindley & Smith 1972), so that chains move in a few directions that data inform:

    log p(y | effects, curves, sds) = −½ log|σ²R + X S X'| − ½ r' (σ²R + X S X')⁻¹ r,   by p × p matrices (Woodbury)

with R the correlation of noise that echoes from week to week (Cochrane & Orcutt 1949); its inverse has three diagonals,
so that X'R⁻¹X is a polynomial in ρ of matrices that are worked out once.

``effect_m`` is the share of the KPI that channel m brings, not a coefficient of a curve: it is what data inform and
people can state. Lift tests are terms of the same likelihood: what the curves say of the test's own weeks, region and
change against what the test found. Additive form with carry-over and saturation: Jin et al. 2017.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.linalg import cholesky, solve_triangular

from revmodel.media.curves import Curves
from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import MixArrays

__all__ = ["ONE_PER_CENT", "mix_model"]

ONE_PER_CENT = 1.01  # how marginal returns are measured: one per cent more in every week


def mix_model(arrays: MixArrays) -> pm.Model:
    """The PyMC model; every free variable is standard normal a priori (see mix/mix_priors.py)."""
    data, curves, regions = arrays.data, arrays.curves, len(arrays.basis.scale)
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        values = {
            name: pt.exp(mean + sd * pm.Normal(f"z_{name}", shape=(curves.count,)))
            for name, (mean, sd) in curves.priors.items()
        }
        weights = curves.weights(x["lags"], values)
        carried = (weights[:, :, None] * x["lagged"]).sum(1)
        saturated = curves.saturated(carried, values)
        mean_saturated = saturated.mean(1)
        log_effect = x["effect_mean"] + x["effect_sd"] * pm.Normal("z_effect", shape=(curves.count,))
        if np.any(data["is_marginal"]):
            more = curves.saturated(ONE_PER_CENT * carried, values).mean(1)
            elasticity = (more - mean_saturated) / (ONE_PER_CENT - 1) / mean_saturated
            log_effect = log_effect - x["is_marginal"] * pt.log(elasticity)
        slope = pt.exp(log_effect) / mean_saturated
        regional = _regional(curves.count, regions)
        if regions > 1:
            added = (slope[:, None] * saturated * pt.dot(regional, x["region"])).sum(0)
        else:
            added = pt.dot(slope, saturated)
        total = pt.log(pt.exp(log_effect).sum())
        pm.Potential("total_belief", -(((total - x["total"][0]) / x["total"][1]) ** 2) / 2)
        pm.Potential("log_likelihood", _integrated(x, x["y"] - added, len(data["prior_sd"])))
        if len(data["test_lift"]):
            pm.Potential("lift_tests", _tests(x, arrays.test_curves, values, slope, regional))
    return model


def _regional(channels: int, regions: int) -> pt.TensorVariable:
    """(channel, region): the effect in a region against the channel's own."""
    if regions == 1:
        return pt.ones((channels, 1))
    mean, sd = priors.REGION_LOG_SPREAD
    spread = pt.exp(mean + sd * pm.Normal("z_region_spread", shape=(channels,)))
    return pt.exp(spread[:, None] * pm.Normal("z_region", shape=(channels, regions)))


def _integrated(x: dict[str, pt.TensorVariable], rest: pt.TensorVariable, columns: int) -> pt.TensorVariable:
    """Log density of what media leave unexplained, over all values of the linear part."""
    sigma, trend, season = (
        pt.exp(mean + sd * pm.Normal(f"z_{name}"))
        for name, (mean, sd) in (
            ("noise", priors.NOISE_LOG), ("trend", priors.TREND_LOG), ("season", priors.SEASON_LOG),
        )
    )  # fmt: skip
    scale = x["prior_sd"] * (1 + x["is_trend"] * (trend - 1)) * (1 + x["is_season"] * (season - 1))
    echo = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * pm.Normal("z_echo"))
    gram = x["gram_now"] - echo * x["gram_both"] + echo**2 * x["gram_before"] + (1 - echo**2) * x["gram_first"]
    factor = cholesky(pt.eye(columns) + scale[:, None] * gram * scale[None, :] / sigma**2)
    news = x["pair"] * (rest - echo * pt.concatenate([rest[-1:], rest[:-1]]))  # of a week, beyond what echoes
    seen = news + (1 - echo**2) * x["first"] * rest
    seen = seen - echo * pt.concatenate([news[1:], news[:1]])
    projected = solve_triangular(factor, scale * pt.dot(x["design"].T, seen) / sigma**2, lower=True)
    quadratic = (rest * seen).sum() / sigma**2 - (projected**2).sum()
    weeks = (x["pair"] + x["first"]).sum()
    log_det = weeks * pt.log(sigma) - x["first"].sum() * pt.log(1 - echo**2) / 2 + pt.log(pt.diagonal(factor)).sum()
    return -log_det - quadratic / 2


def _tests(
    x: dict[str, pt.TensorVariable], curves: Curves, values: dict[str, pt.TensorVariable], slope: pt.TensorVariable,
    regional: pt.TensorVariable,
) -> pt.TensorVariable:  # fmt: skip
    """Log density of what the tests found."""
    own = {name: pt.dot(x["test_channel"], value) for name, value in values.items()}
    weights = curves.weights(x["lags"], own)
    with_it, without = (
        curves.saturated((weights[:, :, None] * x[name]).sum(1), own) for name in ("test_with", "test_without")
    )
    height = pt.dot(x["test_channel"], slope) * (pt.dot(x["test_channel"], regional) * x["test_region"]).sum(1)
    lift = pt.dot(x["test_of"], height * (with_it - without).sum(1))
    return -(((x["test_lift"] - lift) / x["test_error"]) ** 2).sum() / 2
