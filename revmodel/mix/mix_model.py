"""The media mix of a weekly KPI, its linear part integrated out.

    y_gt = X_gt b + Σ_m effect_m · regional_mg · s_mgt / mean s_m + ε_gt
    ε_t  = ρ ε_{t-1} + news of the week;   s_m  = saturation(carry-over of what acts)

y is the KPI as a share of its mean in the region; X holds each region's level, a trend with turns, yearly waves,
controls and events; b is normal a priori, with learned sds of turns and waves. Given effects and curves b is normal
a posteriori and is integrated out (Lindley & Smith 1972), so that chains move in a few directions that data inform:

    log p(y | effects, curves, sds) = −½ log|σ²R + X S X'| − ½ r' (σ²R + X S X')⁻¹ r,   by p × p matrices (Woodbury)

with R the correlation of noise that echoes from week to week (Cochrane & Orcutt 1949); its inverse has three diagonals,
so that X'R⁻¹X is a polynomial in ρ of matrices that are worked out once.

A channel that follows demand (branded search) is a second series of the same linear part, times how strongly it
follows: its spend says what the baseline was, so that the baseline's ups are not taken for its effect.

``effect_m`` is the share of the KPI that channel m brings, not a coefficient of a curve: it is what data inform and
people can state. Lift tests are terms of the same likelihood: what the curves say of the test's own weeks, region and
change against what the test found. Additive form with carry-over and saturation: Jin et al. 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.linalg import cholesky, solve_triangular

from revmodel.media.curves import Curves
from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import GRAMS, MORE, MixArrays

__all__ = ["mix_model"]


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
            more = curves.saturated(MORE * carried, values).mean(1)
            elasticity = (more - mean_saturated) / (MORE - 1) / mean_saturated
            log_effect = log_effect - x["is_marginal"] * pt.log(elasticity)
        slope = pt.exp(log_effect) / mean_saturated
        regional = _regional(curves.count, regions)
        if regions > 1:
            added = (slope[:, None] * saturated * pt.dot(regional, x["region"])).sum(0)
        else:
            added = pt.dot(slope, saturated)
        total = pt.log(pt.exp(log_effect).sum())
        pm.Potential("total_belief", -(((total - x["total"][0]) / x["total"][1]) ** 2) / 2)
        pm.Potential("log_likelihood", _integrated(x, x["y"] - added, len(data["prior_sd"]), data))
        if len(data["test_lift"]):
            pm.Potential("lift_tests", _tests(x, arrays.test_curves, values, slope, regional))
    return model


def _regional(channels: int, regions: int) -> pt.TensorVariable:
    """(channel, region): the effect in a region against the channel's own."""
    if regions == 1:
        return pt.ones((channels, 1))
    mean, sd = priors.REGION_SPREAD
    spread = priors.REGION_SPREAD_MOST * pt.sigmoid(mean + sd * pm.Normal("z_region_spread", shape=(channels,)))
    return pt.exp(spread[:, None] * pm.Normal("z_region", shape=(channels, regions)))


def _integrated(
    x: dict[str, pt.TensorVariable], rest: pt.TensorVariable, columns: int, data: dict[str, npt.NDArray[np.float64]]
) -> pt.TensorVariable:
    """Log density of what media leave unexplained, over all values of the linear part."""
    sigma, trend, season = (
        pt.exp(mean + sd * pm.Normal(f"z_{name}"))
        for name, (mean, sd) in (
            ("noise", priors.NOISE_LOG), ("trend", priors.TREND_LOG), ("season", priors.SEASON_LOG),
        )
    )  # fmt: skip
    scale = x["prior_sd"] * (1 + x["is_trend"] * (trend - 1)) * (1 + x["is_season"] * (season - 1))
    echo = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * pm.Normal("z_echo"))
    likelihood = _Gaussian(columns, scale)
    likelihood.see(rest, x["design"], sigma, echo, [x[name] for name in GRAMS], x["pair"], x["first"])
    followers = data["follow_y"].shape[0]
    if followers:
        mean, sd = priors.FOLLOW_LOG
        strength = pt.exp(mean + sd * pm.Normal("z_follow", shape=(followers,)))
        mean, sd = priors.FOLLOW_NOISE_LOG
        noise = pt.exp(mean + sd * pm.Normal("z_follow_noise", shape=(followers,)))
        echoes = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * pm.Normal("z_follow_echo", shape=(followers,)))
        begins = x["follow_begins"]
        for i in range(followers):
            by = 1 + x["is_shared"] * (strength[i] - 1)
            likelihood.see(
                x["follow_y"][i], x["follow_design"][i] * by, noise[i], echoes[i],
                [x[f"follow_{name}"][i] * by[:, None] * by[None, :] for name in GRAMS], 1 - begins, begins,
            )  # fmt: skip
    return likelihood.log_density()


class _Gaussian:
    """Series that share one linear part, each with noise that echoes; the linear part is integrated out at the end."""

    def __init__(self, columns: int, scale: pt.TensorVariable) -> None:
        self.scale = scale
        self.precision, self.seen = pt.eye(columns), pt.zeros(columns)
        self.rest = pt.constant(0.0)  # log density at a linear part of zero, up to a constant

    def see(
        self, y: pt.TensorVariable, design: pt.TensorVariable, sigma: pt.TensorVariable, echo: pt.TensorVariable,
        grams: list[pt.TensorVariable], pair: pt.TensorVariable, first: pt.TensorVariable,
    ) -> None:  # fmt: skip
        """One series. pair, first: weeks that count whose week before counts too, or does not (mix/arrays.py)."""
        now, before, both, begin = grams
        gram = now - echo * both + echo**2 * before + (1 - echo**2) * begin
        news = pair * (y - echo * pt.concatenate([y[-1:], y[:-1]]))  # of a week, beyond what echoes
        kept = news + (1 - echo**2) * first * y - echo * pt.concatenate([news[1:], news[:1]])
        self.precision = self.precision + self.scale[:, None] * gram * self.scale[None, :] / sigma**2
        self.seen = self.seen + self.scale * pt.dot(design.T, kept) / sigma**2
        log_det = (pair + first).sum() * pt.log(sigma) - first.sum() * pt.log(1 - echo**2) / 2
        self.rest = self.rest - log_det - (y * kept).sum() / sigma**2 / 2

    def log_density(self) -> pt.TensorVariable:
        """Of all series together."""
        factor = cholesky(self.precision)
        projected = solve_triangular(factor, self.seen, lower=True)
        return self.rest - pt.log(pt.diagonal(factor)).sum() + (projected**2).sum() / 2


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
