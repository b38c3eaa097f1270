"""The media mix of a weekly KPI, its linear part integrated out where noise is normal.

    y_gt = X_gt b + Σ_m effect_m · regional_mg · s_mgt / mean s_m + ε_gt
    ε_t  = ρ ε_{t-1} + news of the week;   s_m  = saturation(carry-over of what acts)      (mix/response.py)

y is the KPI as a share of its mean in the region; X holds each region's level, a trend with turns, yearly waves,
controls and events; b is normal a priori, with learned sds of turns and waves. Given effects and curves b is normal
a posteriori and is integrated out (Lindley & Smith 1972), so that chains move in a few directions that data inform:

    log p(y | effects, curves, sds) = −½ log|σ²R + X S X'| − ½ r' (σ²R + X S X')⁻¹ r,   by p × p matrices (Woodbury)

with R the correlation of noise that echoes from week to week (Cochrane & Orcutt 1949); its inverse has three diagonals,
so that X'R⁻¹X is a polynomial in ρ of matrices that are worked out once.

A channel that follows demand (branded search) is a second series of the same linear part, times how strongly it
follows: its spend says what the baseline was, so that the baseline's ups are not taken for its effect.

The log density of each weekly series counts ``week_weight`` times, as its curves and its noise are never quite what
the model says: a coarsened posterior (Miller & Dunson 2019). Weights of weeks are data, so nothing is compiled anew.

Of other noise (mix/noise.py) b is sampled with the rest, each column in units of its prior sd. What channels bring by
way of a mediator: mix/mediators.py.

``effect_m`` is the share of the KPI that channel m brings, not a coefficient of a curve: it is what data inform and
people can state. Lift tests are terms of the same likelihood: what the curves say of the test's own weeks, region and
change against what the test found. Additive form with carry-over and saturation: Jin et al. 2017.
"""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import MORE, MixArrays
from revmodel.mix.likelihood import kpi_density
from revmodel.mix.mediators import mediated
from revmodel.mix.response import DRIFT, Response

__all__ = ["mix_model"]


def mix_model(arrays: MixArrays) -> pm.Model:
    """The PyMC model; every free variable is standard normal a priori (see mix/mix_priors.py)."""
    data, response, regions = arrays.data, arrays.response, len(arrays.basis.scale)
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        channels = response.curves.count
        values = {
            name: pt.exp(mean + sd * pm.Normal(f"z_{name}", shape=(channels,)))
            for name, (mean, sd) in response.priors.items()
        }
        if response.drifting:
            steps = pm.Normal("z_drift", shape=(len(response.drifting), len(arrays.basis.turns)))
            values[DRIFT] = pt.dot(x["drift_of"], steps)
        carried = response.carried(x, values)
        saturated = response.acting(carried, x, values)
        mean_saturated = saturated.mean(1)
        log_effect = x["effect_mean"] + x["effect_sd"] * pm.Normal("z_effect", shape=(channels,))
        if np.any(data["is_marginal"]):
            more = response.acting(MORE * carried, x, values).mean(1)
            elasticity = (more - mean_saturated) / (MORE - 1) / mean_saturated
            log_effect = log_effect - x["is_marginal"] * pt.log(elasticity)
        slope = pt.exp(log_effect) / mean_saturated
        regional = _regional(channels, regions)
        total = pt.log(pt.exp(log_effect).sum())
        pm.Potential("total_belief", -(((total - x["total"][0]) / x["total"][1]) ** 2) / 2)
        if len(data["mediator_y"]):
            totals = slope[:, None] * saturated * pt.dot(regional, x["region"])
            media, density = mediated(arrays, x, totals)
            pm.Potential("mediators", density)
        elif regions > 1:
            media = (slope[:, None] * saturated * pt.dot(regional, x["region"])).sum(0)
        else:
            media = pt.dot(slope, saturated)
        pm.Potential("log_likelihood", kpi_density(arrays, x, media))
        if len(data["test_lift"]):
            pm.Potential("lift_tests", _tests(x, arrays.test_response, values, slope, regional))
    return model


def _regional(channels: int, regions: int) -> pt.TensorVariable:
    """(channel, region): the effect in a region against the channel's own."""
    if regions == 1:
        return pt.ones((channels, 1))
    mean, sd = priors.REGION_SPREAD
    spread = priors.REGION_SPREAD_MOST * pt.sigmoid(mean + sd * pm.Normal("z_region_spread", shape=(channels,)))
    return pt.exp(spread[:, None] * pm.Normal("z_region", shape=(channels, regions)))


def _tests(
    x: dict[str, pt.TensorVariable], response: Response, values: dict[str, pt.TensorVariable], slope: pt.TensorVariable,
    regional: pt.TensorVariable,
) -> pt.TensorVariable:  # fmt: skip
    """Log density of what the tests found."""
    own = {name: pt.dot(x["test_channel"], value) for name, value in values.items()}
    done = {"lags": x["lags"], "frequency": x["test_frequency"], "ramps": x["test_ramps"]}
    with_it, without = (response.brought(done | {"lagged": x[name]}, own) for name in ("test_with", "test_without"))
    height = pt.dot(x["test_channel"], slope) * (pt.dot(x["test_channel"], regional) * x["test_region"]).sum(1)
    lift = pt.dot(x["test_of"], height * (with_it - without).sum(1))
    return -(((x["test_lift"] - lift) / x["test_error"]) ** 2).sum() / 2
