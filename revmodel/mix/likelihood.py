"""The density of a KPI given what media bring: its baseline integrated out where noise is normal, else sampled."""

from __future__ import annotations

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable as Tensor
from pytensor.tensor.linalg import cholesky, solve_triangular

from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import GRAMS, MixArrays
from revmodel.mix.noise import law
from revmodel.mix.trend import Smooth, smooth_sizes

__all__ = ["Gaussian", "column_sds", "kpi_density"]


def kpi_density(arrays: MixArrays, x: dict[str, Tensor], media: Tensor) -> Tensor:
    """Log density of the KPI, and of the spend of channels that follow demand, of weeks that count.

    media : (region × week,), what channels and mediators bring, as a share of the KPI's mean.
    """
    trend_log, smooth = arrays.basis.trend.size_log, isinstance(arrays.basis.trend, Smooth)
    spreads = {"noise": priors.NOISE_LOG, "trend": trend_log, "season": priors.SEASON_LOG}
    if arrays.noise == "poisson":
        del spreads["noise"]
    if smooth:
        spreads["length"] = priors.LENGTH_LOG
    learned = {name: pt.exp(mean + sd * pm.Normal(f"z_{name}")) for name, (mean, sd) in spreads.items()}
    scale = column_sds(x, learned["trend"], learned["season"], learned.get("length"))
    echo = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * pm.Normal("z_echo"))
    followers = _Followers(arrays, x)
    if arrays.noise == "normal":
        likelihood = Gaussian(len(arrays.block), scale)
        grams = [x[name] for name in GRAMS]
        likelihood.see(x["y"] - media, x["design"], learned["noise"], echo, grams, x["pair"], x["first"])
        followers.seen_by(likelihood)
        return likelihood.log_density()
    if arrays.noise == "student_t":
        mean, sd = priors.TAIL_LOG
        learned["tail"] = 2 + pt.exp(mean + sd * pm.Normal("z_tail"))
    linear = scale * pm.Normal("z_linear", shape=(len(arrays.block),))
    whole = media + pt.dot(x["design"], linear)
    return law(arrays.noise, x, whole, echo, learned) + followers.log_density(linear)


def column_sds(x: dict[str, Tensor], trend: Tensor, season: Tensor, length: Tensor | None) -> Tensor:
    """(column,): prior sd of each column of the baseline, with what is learned; as in mix/arrays.py: prior_sd."""
    if length is not None:
        trend = trend * smooth_sizes(x["speeds"], length)
    return x["prior_sd"] * (1 + x["is_trend"] * (trend - 1)) * (1 + x["is_season"] * (season - 1))


class Gaussian:
    """Series that share one linear part, each with noise that echoes; the linear part is integrated out at the end."""

    def __init__(self, columns: int, scale: Tensor) -> None:
        self.scale = scale
        self.precision, self.seen = pt.eye(columns), pt.zeros(columns)
        self.rest = pt.constant(0.0)  # log density at a linear part of zero, up to a constant

    def see(
        self, y: Tensor, design: Tensor, sigma: Tensor, echo: Tensor, grams: list[Tensor], pair: Tensor, first: Tensor,
    ) -> None:  # fmt: skip
        """One series. pair, first: how much weeks count whose week before counts too, or does not (mix/arrays.py)."""
        now, before, both, begin = grams
        gram = now - echo * both + echo**2 * before + (1 - echo**2) * begin
        news = pair * (y - echo * pt.concatenate([y[-1:], y[:-1]]))  # of a week, beyond what echoes
        kept = news + (1 - echo**2) * first * y - echo * pt.concatenate([news[1:], news[:1]])
        self.precision = self.precision + self.scale[:, None] * gram * self.scale[None, :] / sigma**2
        self.seen = self.seen + self.scale * pt.dot(design.T, kept) / sigma**2
        self.rest = self.rest - _log_det(sigma, echo, pair, first) - (y * kept).sum() / sigma**2 / 2

    def log_density(self) -> Tensor:
        """Of all series together."""
        factor = cholesky(self.precision)
        projected = solve_triangular(factor, self.seen, lower=True)
        return self.rest - pt.log(pt.diagonal(factor)).sum() + (projected**2).sum() / 2


def _log_det(sigma: Tensor, echo: Tensor, pair: Tensor, first: Tensor) -> Tensor:
    return (pair + first).sum() * pt.log(sigma) - first.sum() * pt.log(1 - echo**2) / 2


class _Followers:
    """Channels that follow demand: their spend is a series of the same linear part, times how strongly they follow."""

    def __init__(self, arrays: MixArrays, x: dict[str, Tensor]) -> None:
        self.x, self.count = x, arrays.data["follow_y"].shape[0]
        if self.count:
            mean, sd = priors.FOLLOW_LOG
            strength = pt.exp(mean + sd * pm.Normal("z_follow", shape=(self.count,)))
            mean, sd = priors.FOLLOW_NOISE_LOG
            self.noise = pt.exp(mean + sd * pm.Normal("z_follow_noise", shape=(self.count,)))
            echoes = pm.Normal("z_follow_echo", shape=(self.count,))
            self.echo = pt.sigmoid(priors.ECHO_MEAN + priors.ECHO_SD * echoes)
            self.by = [1 + x["is_shared"] * (strength[i] - 1) for i in range(self.count)]

    def seen_by(self, likelihood: Gaussian) -> None:
        """Added to what the likelihood integrates the linear part over."""
        x = self.x
        for i in range(self.count):
            by = self.by[i]
            grams = [x[f"follow_{name}"][i] * by[:, None] * by[None, :] for name in GRAMS]
            likelihood.see(
                x["follow_y"][i], x["follow_design"][i] * by, self.noise[i], self.echo[i], grams, x["follow_pair"],
                x["follow_first"],
            )  # fmt: skip

    def log_density(self, linear: Tensor) -> Tensor:
        """Of all of them, given the linear part."""
        x, total = self.x, pt.constant(0.0)
        for i in range(self.count):
            pair, first, sigma, echo = x["follow_pair"], x["follow_first"], self.noise[i], self.echo[i]
            y = x["follow_y"][i] - pt.dot(x["follow_design"][i] * self.by[i], linear)
            news = y - echo * pt.concatenate([y[-1:], y[:-1]])
            squares = (pair * news**2).sum() + (1 - echo**2) * (first * y**2).sum()
            total = total - _log_det(sigma, echo, pair, first) - squares / sigma**2 / 2
        return total
