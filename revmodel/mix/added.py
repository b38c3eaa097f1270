"""Draws of a media mix's quantities: what each channel added, in any weeks and for any spend, and the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import expit

from revmodel.media.curves import Curves
from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import GRAMS, MORE, MixArrays

__all__ = ["ARRAYS", "MixDraws", "mix_draws"]

Floats = npt.NDArray[np.float64]
SCALARS = ("sigma", "trend", "season", "echo", "follow", "follow_noise", "follow_echo")
ARRAYS = ("effect", "regional", "height", "linear", *SCALARS)  # of MixDraws
AT_ONCE = 4_000_000  # numbers held at a time while curves are evaluated


@dataclass(frozen=True)
class MixDraws:
    """Draws of the parameters, in the units of mix/arrays.py.

    effect : (draw, channel), share of the KPI. values : parameter of a curve → (draw, channel). regional : (draw,
    channel, region). height : (draw, channel), effect ÷ mean saturation. linear : (draw, column) of the baseline.
    sigma, trend, season, echo : (draw,). follow, follow_noise, follow_echo : (draw, follower), of channels that follow
    demand.
    """

    effect: Floats
    values: dict[str, Floats]
    regional: Floats
    height: Floats
    linear: Floats
    sigma: Floats
    trend: Floats
    season: Floats
    echo: Floats
    follow: Floats
    follow_noise: Floats
    follow_echo: Floats
    curves: Curves

    def __len__(self) -> int:
        return len(self.effect)

    def added(self, lagged: Floats, lags: Floats) -> Floats:
        """(draw, channel, region × week), as shares of the KPI's mean in the region, of ``lagged`` as in arrays.py."""
        regions = self.regional.shape[2]
        out = np.empty((len(self), len(lagged), lagged.shape[2]))
        for some in _some(len(self), lagged):
            values = {name: value[some] for name, value in self.values.items()}
            carried = np.einsum("dcl,clw->dcw", self.curves.weights(lags, values), lagged, optimize=True)
            height = np.repeat(self.height[some, :, None] * self.regional[some], lagged.shape[2] // regions, axis=2)
            out[some] = height * self.curves.saturated(carried, values)
        return out


def _some(draws: int, lagged: Floats) -> Iterator[slice]:
    """Draws that fit into memory together while curves are evaluated. lagged : as in arrays.py."""
    step = max(1, AT_ONCE // max(lagged.shape[0] * lagged.shape[2], 1))
    return (slice(start, min(start + step, draws)) for start in range(0, draws, step))


def mix_draws(arrays: MixArrays, free: dict[str, Floats], rng: np.random.Generator) -> MixDraws:
    """What the free variables stand for, each (draw, …); the linear part is drawn given the rest."""
    data, curves = arrays.data, arrays.curves
    values = {name: np.exp(mean + sd * free[f"z_{name}"]) for name, (mean, sd) in curves.priors.items()}
    draws, regions = len(free["z_effect"]), len(arrays.basis.scale)
    regional = np.ones((draws, curves.count, regions))
    if regions > 1:
        mean, sd = priors.REGION_SPREAD
        spread = priors.REGION_SPREAD_MOST * expit(mean + sd * free["z_region_spread"])
        regional = np.exp(spread[:, :, None] * free["z_region"])
    log_effect = data["effect_mean"] + data["effect_sd"] * free["z_effect"]
    middle, more = _mean_saturated(arrays, values)
    log_effect = log_effect - data["is_marginal"] * np.log((more - middle) / (MORE - 1) / middle)
    effect = np.exp(log_effect)
    sigma, trend, season = (
        np.exp(mean + sd * free[f"z_{name}"])
        for name, (mean, sd) in (
            ("noise", priors.NOISE_LOG), ("trend", priors.TREND_LOG), ("season", priors.SEASON_LOG),
        )
    )  # fmt: skip
    empty = np.zeros((draws, len(data["prior_sd"])))
    echo = expit(priors.ECHO_MEAN + priors.ECHO_SD * free["z_echo"])
    follow = _following(free, draws)
    found = MixDraws(effect, values, regional, effect / middle, empty, sigma, trend, season, echo, *follow, curves)
    return _with_linear(found, arrays, rng)


def _mean_saturated(arrays: MixArrays, values: dict[str, Floats]) -> tuple[Floats, Floats]:
    """(draw, channel) each: mean saturation as it was, and with one per cent more in every week."""
    data, curves = arrays.data, arrays.curves
    draws = len(next(iter(values.values())))
    middle, more = np.empty((draws, curves.count)), np.empty((draws, curves.count))
    for some in _some(draws, data["lagged"]):
        part = {name: value[some] for name, value in values.items()}
        carried = np.einsum("dcl,clw->dcw", curves.weights(data["lags"], part), data["lagged"], optimize=True)
        middle[some] = curves.saturated(carried, part).mean(2)
        more[some] = curves.saturated(MORE * carried, part).mean(2)
    return middle, more


def _with_linear(draws: MixDraws, arrays: MixArrays, rng: np.random.Generator) -> MixDraws:
    """b given the rest: Normal(A⁻¹ c, A⁻¹) in units of its prior sds, with A as in mix/mix_model.py."""
    data, linear = arrays.data, np.empty_like(draws.linear)
    noise = rng.standard_normal(linear.shape)
    for some in _some(len(draws), data["lagged"]):
        part = _part(draws, some)
        rest = data["y"] - part.added(data["lagged"], data["lags"]).sum(1)
        seen = _kept(rest, data["pair"], data["first"], part.echo[:, None]) @ data["design"]
        for i in range(some.start, some.stop):
            scale = arrays.prior_sd(draws.trend[i], draws.season[i])
            gram, said = gram_of(data, draws.echo[i]) / draws.sigma[i] ** 2, seen[i - some.start] / draws.sigma[i] ** 2
            for more, also in _said_by_followers(data, draws, i):
                gram, said = gram + more, said + also
            factor = np.linalg.cholesky(np.eye(len(scale)) + scale[:, None] * gram * scale)
            half = solve_triangular(factor, scale * said, lower=True)
            linear[i] = scale * solve_triangular(factor.T, half + noise[i], lower=False)
    return MixDraws(**{**draws.__dict__, "linear": linear})


def _following(free: dict[str, Floats], draws: int) -> tuple[Floats, Floats, Floats]:
    if "z_follow" not in free:
        none = np.zeros((draws, 0))
        return none, none, none
    (mean, sd), (noise_mean, noise_sd) = priors.FOLLOW_LOG, priors.FOLLOW_NOISE_LOG
    return (
        np.exp(mean + sd * free["z_follow"]), np.exp(noise_mean + noise_sd * free["z_follow_noise"]),
        expit(priors.ECHO_MEAN + priors.ECHO_SD * free["z_follow_echo"]),
    )  # fmt: skip


def _said_by_followers(data: dict[str, Floats], draws: MixDraws, draw: int) -> Iterator[tuple[Floats, Floats]]:
    """What each channel that follows demand says of the linear part: precision, and precision times what it says."""
    begins = data["follow_begins"]
    for i, y in enumerate(data["follow_y"]):
        by = 1 + data["is_shared"] * (draws.follow[draw, i] - 1)
        echo, variance = draws.follow_echo[draw, i], draws.follow_noise[draw, i] ** 2
        kept = _kept(y, 1 - begins, begins, echo)
        gram = gram_of({name: data[f"follow_{name}"][i] for name in GRAMS}, echo)
        yield by[:, None] * gram * by / variance, by * (kept @ data["follow_design"][i]) / variance


def _kept(series: Floats, pair: Floats, first: Floats, echo: Floats | float) -> Floats:
    """R⁻¹ times a series, (…, region × week), up to the variance of a week's news (mix/mix_model.py)."""
    news = pair * (series - echo * np.roll(series, 1, axis=-1))
    return np.asarray(news + (1 - echo**2) * first * series - echo * np.roll(news, -1, axis=-1))


def gram_of(grams: dict[str, Floats], echo: float) -> Floats:
    """X'R⁻¹X up to the variance of a week's news (mix/mix_model.py)."""
    now, before, both, first = (grams[name] for name in GRAMS)
    return np.asarray(now - echo * both + echo**2 * before + (1 - echo**2) * first)


def _part(draws: MixDraws, some: slice) -> MixDraws:
    values = {name: value[some] for name, value in draws.values.items()}
    cut = {name: getattr(draws, name)[some] for name in ARRAYS}
    return MixDraws(**cut, values=values, curves=draws.curves)
