"""Draws of a media mix's quantities: what each channel added, in any weeks and for any spend, and the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from revmodel.mix import mix_priors as priors
from revmodel.mix.arrays import MORE, MixArrays
from revmodel.mix.linear import Said, drawn_linear, said_by_followers
from revmodel.mix.mediators import draws_of_paths
from revmodel.mix.response import DRIFT, Response, some_draws

__all__ = ["ARRAYS", "MixDraws", "mix_draws"]

Floats = npt.NDArray[np.float64]
SCALARS = ("sigma", "trend", "season", "length", "echo", "tail", "follow", "follow_noise", "follow_echo")
ARRAYS = ("effect", "regional", "height", "linear", *SCALARS)  # of MixDraws


@dataclass(frozen=True)
class MixDraws:
    """Draws of the parameters, in the units of mix/arrays.py.

    effect : (draw, channel), share of the KPI, by all paths. values : parameter of the response → (draw, channel, …).
    regional : (draw, channel, region). height : (draw, channel), effect ÷ mean of how strongly the channel acts.
    linear : (draw, column) of the baseline. sigma, trend, season, length, echo, tail : (draw,), 0 where the model has
    none. follow, follow_noise, follow_echo : (draw, follower), of channels that follow demand. paths : what is known of
    mediators (mix/mediators.py), with their own linear parts, (draw, mediator, …) each.
    """

    effect: Floats
    values: dict[str, Floats]
    regional: Floats
    height: Floats
    linear: Floats
    sigma: Floats
    trend: Floats
    season: Floats
    length: Floats
    echo: Floats
    tail: Floats
    follow: Floats
    follow_noise: Floats
    follow_echo: Floats
    paths: dict[str, Floats]
    response: Response

    def __len__(self) -> int:
        return len(self.effect)

    def added(self, done: Mapping[str, Floats]) -> Floats:
        """(draw, channel, region × week), shares of the KPI's mean in the region, of what was done (mix/basis.py)."""
        channels, _, weeks = done["lagged"].shape
        out = np.empty((len(self), channels, weeks))
        for some in some_draws(len(self), self.response.weight_of(done)):
            part = self.part(some)
            height = np.repeat(part.height[:, :, None] * part.regional, weeks // self.regional.shape[2], axis=2)
            out[some] = height * self.response.brought(done, part.values)
        return out

    def media(self, data: Mapping[str, Floats]) -> Floats:
        """(draw, region × week): what channels and mediators bring in the history, as the likelihood has it."""
        totals = self.added(data)
        if not len(data["mediator_y"]):
            return np.asarray(totals.sum(1))
        direct = 1 - self.paths["through"].sum(1)
        return np.asarray((direct[:, :, None] * totals).sum(1) + self.paths["pull"] @ data["mediator_y"])

    def part(self, some: slice) -> MixDraws:
        """Some of the draws."""
        values, paths = ({name: each[some] for name, each in of.items()} for of in (self.values, self.paths))
        cut = {name: getattr(self, name)[some] for name in ARRAYS}
        return MixDraws(**cut, values=values, paths=paths, response=self.response)


def mix_draws(arrays: MixArrays, free: dict[str, Floats], rng: np.random.Generator) -> MixDraws:
    """What the free variables stand for, each (draw, …); the linear part is drawn given the rest, or among them."""
    data, response = arrays.data, arrays.response
    values = {name: np.exp(mean + sd * free[f"z_{name}"]) for name, (mean, sd) in response.priors.items()}
    if response.drifting:
        values[DRIFT] = np.einsum("cf,dft->dct", data["drift_of"], free["z_drift"])
    draws, regions, channels = len(free["z_effect"]), len(arrays.basis.scale), response.curves.count
    regional = np.ones((draws, channels, regions))
    if regions > 1:
        mean, sd = priors.REGION_SPREAD
        spread = priors.REGION_SPREAD_MOST * expit(mean + sd * free["z_region_spread"])
        regional = np.exp(spread[:, :, None] * free["z_region"])
    log_effect = data["effect_mean"] + data["effect_sd"] * free["z_effect"]
    middle, more = _mean_acting(arrays, values, draws)
    log_effect = log_effect - data["is_marginal"] * np.log((more - middle) / (MORE - 1) / middle)
    effect = np.exp(log_effect)
    learned = {"noise": priors.NOISE_LOG, "trend": arrays.basis.trend.size_log, "season": priors.SEASON_LOG,
               "length": priors.LENGTH_LOG, "tail": priors.TAIL_LOG}  # fmt: skip
    sigma, trend, season, length, tail = (
        np.exp(mean + sd * free[f"z_{name}"]) if f"z_{name}" in free else np.zeros(draws)
        for name, (mean, sd) in learned.items()
    )
    empty = np.zeros((draws, len(data["prior_sd"])))
    echo = expit(priors.ECHO_MEAN + priors.ECHO_SD * free["z_echo"])
    found = MixDraws(
        effect, values, regional, effect / middle, empty, sigma, trend, season, length, echo,
        2 + tail if "z_tail" in free else tail, *_following(free, draws), draws_of_paths(arrays, free, draws), response,
    )  # fmt: skip
    return _with_linear(found, arrays, rng, free.get("z_linear"))


def _mean_acting(arrays: MixArrays, values: dict[str, Floats], draws: int) -> tuple[Floats, Floats]:
    """(draw, channel) each: how strongly a channel acted on average, and with one per cent more in every week."""
    data, response = arrays.data, arrays.response
    middle, more = np.empty((draws, response.curves.count)), np.empty((draws, response.curves.count))
    for some in some_draws(draws, response.weight_of(data)):
        part = {name: value[some] for name, value in values.items()}
        carried = response.carried(data, part)
        middle[some] = response.acting(carried, data, part).mean(2)
        more[some] = response.acting(MORE * carried, data, part).mean(2)
    return middle, more


def _with_linear(draws: MixDraws, arrays: MixArrays, rng: np.random.Generator, sampled: Floats | None) -> MixDraws:
    """With the linear parts. sampled : (draw, column), in prior sds, where the model samples the KPI's own."""
    data, linear = arrays.data, np.empty_like(draws.linear)
    noise = rng.standard_normal(linear.shape)
    mediators = len(data["mediator_y"])
    of_mediators = np.empty((len(draws), mediators, linear.shape[1]))
    own = rng.standard_normal(of_mediators.shape) if mediators else of_mediators
    for some in some_draws(len(draws), arrays.response.weight_of(data)):
        part = draws.part(some)
        if sampled is not None:
            linear[some] = sampled[some] * np.stack([_scale(arrays, part, i) for i in range(len(part))])
        else:
            linear[some] = drawn_linear(
                data, data["y"] - part.media(data), part.sigma, part.echo, partial(_scale, arrays, part), noise[some],
                partial(_said, data, part),
            )  # fmt: skip
        for k in range(mediators):
            paths = {name: value[:, k] for name, value in part.paths.items()}
            driven = ((paths["through"] / paths["pull"][:, None])[:, :, None] * part.added(data)).sum(1)
            of_mediators[some, k] = drawn_linear(
                data, data["mediator_y"][k] - driven, paths["noise"], paths["echo"],
                partial(_scale_of_mediator, arrays, paths), own[some, k],
            )  # fmt: skip
    paths = draws.paths | {"linear": of_mediators}
    return MixDraws(**{**draws.__dict__, "linear": linear, "paths": paths})


def _scale(arrays: MixArrays, draws: MixDraws, i: int) -> Floats:
    return arrays.prior_sd(draws.trend[i], draws.season[i], draws.length[i])


def _scale_of_mediator(arrays: MixArrays, paths: dict[str, Floats], i: int) -> Floats:
    return arrays.prior_sd(paths["trend"][i], paths["season"][i], paths["length"][i])


def _said(data: dict[str, Floats], draws: MixDraws, i: int) -> list[Said]:
    return said_by_followers(data, draws.follow[i], draws.follow_noise[i], draws.follow_echo[i])


def _following(free: dict[str, Floats], draws: int) -> tuple[Floats, Floats, Floats]:
    if "z_follow" not in free:
        none = np.zeros((draws, 0))
        return none, none, none
    (mean, sd), (noise_mean, noise_sd) = priors.FOLLOW_LOG, priors.FOLLOW_NOISE_LOG
    return (
        np.exp(mean + sd * free["z_follow"]), np.exp(noise_mean + noise_sd * free["z_follow_noise"]),
        expit(priors.ECHO_MEAN + priors.ECHO_SD * free["z_follow_echo"]),
    )  # fmt: skip
