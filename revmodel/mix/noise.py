"""The law of a week's KPI given the week before: one echo, and a kind of news around what is then expected.

    expected_t = mean_t + ρ (y_{t−1} − mean_{t−1}),   mean_t = baseline + what channels bring

    normal              y_t = expected_t + σ · Normal
    student_t           y_t = expected_t + σ · Student-t(ν), ν > 2 learned
    poisson             the count is Poisson around expected_t
    negative_binomial   the count is negative binomial around expected_t, with variance m + σ² m²

The link is the identity, so that contributions add up; of counts the mean is bent up smoothly where it would come near
nothing (``floored``). An echo through the last observation, with the identity link: Zeger & Qaqish 1988, section 2. In
the first week of a stretch expected_t is mean_t, and continuous noise is as wide as it is in the long run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable as Tensor
from scipy import stats

from revmodel.mix import mix_priors as priors
from revmodel.mix.mix_config import Noise
from revmodel.mix.panel import COUNTING
from revmodel.models.counts import log_negative_binomial

__all__ = ["floored", "law", "noisy", "scores", "week_sd"]

Floats = npt.NDArray[np.float64]


def floored(mean: Any) -> Any:
    """The same where it is well above FLOOR; never below nothing. Shares of the KPI's mean."""
    if isinstance(mean, np.ndarray):
        return priors.FLOOR * np.logaddexp(0.0, mean / priors.FLOOR)
    return priors.FLOOR * pt.softplus(mean / priors.FLOOR)


def law(noise: Noise, x: dict[str, Tensor], mean: Tensor, echo: Tensor, learned: dict[str, Tensor]) -> Tensor:
    """Log density of the weeks, as much as each counts, of any noise but the normal (mix/likelihood.py).

    mean : (region × week,), share of the KPI's mean. learned: noise (σ) and tail (degrees of freedom), where there.
    """
    rest, follows = x["y"] - mean, pt.sign(x["pair"])
    expected = mean + follows * echo * pt.concatenate([rest[-1:], rest[:-1]])
    if noise == "student_t":
        tail = learned["tail"]
        width = learned["noise"] * (follows + (1 - follows) / pt.sqrt(1 - echo**2))
        each = -(tail + 1) / 2 * pt.log1p(((x["y"] - expected) / width) ** 2 / tail) - pt.log(width)
        each = each + pt.gammaln((tail + 1) / 2) - pt.gammaln(tail / 2) - pt.log(tail) / 2
    else:
        count, m = x["y"] * x["units"], x["units"] * floored(expected)
        if noise == "poisson":
            each = count * pt.log(m) - m
        else:
            each = log_negative_binomial(count, m, 1 / learned["noise"] ** 2)
    return ((x["pair"] + x["first"]) * each).sum()


def noisy(
    noise: Noise, mean: Floats, scale: Floats, echo: Floats, sigma: Floats, tail: Floats, rng: np.random.Generator
) -> Floats:
    """Weeks drawn one after the other, the first as if nothing were known of the one before.

    mean : (draw, region, week), units of the KPI; scale : (region,), its mean; echo, sigma, tail : (draw,).
    """
    if noise not in COUNTING:
        news = _news(noise, mean.shape, tail, rng) * sigma[:, None, None] * scale[:, None]
        news[..., 0] /= np.sqrt(1 - echo[:, None] ** 2)
        for week in range(1, mean.shape[2]):
            news[..., week] += echo[:, None] * news[..., week - 1]
        return np.asarray(mean + news)
    out, rest = np.empty(mean.shape), np.zeros(mean.shape[:2])
    for week in range(mean.shape[2]):
        expected = scale * floored((mean[..., week] + echo[:, None] * rest) / scale)
        if noise == "negative_binomial":
            size = 1 / sigma[:, None] ** 2
            expected = rng.gamma(np.broadcast_to(size, expected.shape), expected / size)
        out[..., week] = rng.poisson(expected)
        rest = out[..., week] - mean[..., week]
    return out


def _news(noise: Noise, shape: tuple[int, ...], tail: Floats, rng: np.random.Generator) -> Floats:
    if noise == "normal":
        return rng.standard_normal(shape)
    return np.asarray(rng.standard_t(np.broadcast_to(tail[:, None, None], shape)))


def scores(
    noise: Noise, y: Floats, mean: Floats, units: Floats, echo: float, sigma: float, tail: float
) -> Floats:  # fmt: skip
    """How far out each week is, as a standard normal would have it: quantile residuals (Dunn & Smyth 1996).

    Of counts by the middle of their step. y, mean : (region × week,), shares of the KPI's mean.
    """
    rest = y - mean
    if noise == "normal":
        return np.asarray((rest - echo * np.roll(rest, 1)) / sigma)
    if noise == "student_t":
        return np.asarray(stats.norm.ppf(stats.t.cdf((rest - echo * np.roll(rest, 1)) / sigma, tail)))
    count, m = np.round(y * units), units * floored(mean + echo * np.roll(rest, 1))
    kept = stats.poisson(m) if noise == "poisson" else stats.nbinom(1 / sigma**2, 1 / (1 + sigma**2 * m))
    middle = (kept.cdf(count) + kept.cdf(count - 1)) / 2
    return np.asarray(stats.norm.ppf(np.clip(middle, 1e-12, 1 - 1e-12)))


def week_sd(noise: Noise, mean: Floats, units: Floats, sigma: float, tail: float) -> Floats:
    """(region × week,): the sd of normal news that would tell as much of the mean, a share of the KPI's mean."""
    if noise in COUNTING:
        m = units * floored(mean)
        return np.asarray(np.sqrt(m + sigma**2 * m**2) / units)
    # Fisher's information of the location of a Student-t is (ν + 1) / (ν + 3) of that of a normal of the same width.
    return np.full(len(mean), sigma if noise == "normal" else sigma * np.sqrt((tail + 3) / (tail + 1)))
