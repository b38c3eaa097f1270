"""What the likelihood of a media mix sees: the KPI against its mean, what channels did, the baseline's columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.channel_config import NINETY
from revmodel.errors import ConfigError
from revmodel.mix import mix_priors as priors
from revmodel.mix.basis import OWN_LEVEL, Basis, basis_of
from revmodel.mix.mix_config import BeliefConfig, MixConfig, Noise
from revmodel.mix.panel import MixPanel
from revmodel.mix.probes import probes_of
from revmodel.mix.response import Response
from revmodel.mix.trend import Smooth, smooth_sizes

__all__ = ["GRAMS", "MORE", "MixArrays", "mix_arrays"]

Floats = npt.NDArray[np.float64]
GRAMS = ("gram_now", "gram_before", "gram_both", "gram_first")
MORE = 1.01  # how marginal returns are measured: one per cent more in every week


@dataclass(frozen=True)
class MixArrays:
    """data: name → array, as the compiled model takes them. basis, response: see there. test_response: of each probe of
    a test. block: (column,), places in BLOCKS.
    """

    data: dict[str, Floats]
    basis: Basis
    response: Response
    test_response: Response
    block: npt.NDArray[np.int64]
    noise: Noise

    def prior_sd(self, trend: float, season: float, length: float) -> Floats:
        """(column,): prior sd of each column of the baseline, with what is learned of trend and season.

        As in mix/likelihood.py: column_sds.
        """
        data = self.data
        if isinstance(self.basis.trend, Smooth):
            trend = trend * smooth_sizes(data["speeds"], length)
        return np.asarray(
            data["prior_sd"] * np.where(data["is_trend"] > 0, trend, 1.0) * np.where(data["is_season"] > 0, season, 1.0)
        )


def mix_arrays(panel: MixPanel, config: MixConfig, left_out: npt.NDArray[np.bool_] | None = None) -> MixArrays:
    """Arrays for fitting. left_out : (week,), weeks that do not count; their spend still carries over.

    Raises ConfigError: a lift test lies outside the panel, or takes away more than was spent.
    """
    basis, response = basis_of(panel, config), Response.of(config)
    counts = np.full((len(panel.regions), len(panel.weeks)), config.week_weight)
    if left_out is not None:
        counts[:, left_out] = 0.0
    y = (panel.kpi / basis.scale[:, None]).ravel()
    design = basis.columns(panel.weeks, panel.other)
    spread, block, speeds = basis.spread(panel)
    mean, sd, marginal = _beliefs(panel, config)
    probes, where = probes_of(panel, config, basis)
    drifts = [each.drift for each in config.channels.values()]
    data = {
        "y": y, "design": design, **_echo_parts(counts.ravel(), len(panel.weeks), design),
        **_following(panel, config, design, block),
        "prior_sd": spread, "is_trend": (block == 1) * 1.0, "is_season": (block == 2) * 1.0, "speeds": speeds,
        "region": np.repeat(np.eye(len(panel.regions)), len(panel.weeks), axis=0).T,
        **basis.done(panel.acts, panel.frequency), "drift_of": np.diag(drifts)[:, list(response.drifting)],
        "units": np.repeat(basis.scale, len(panel.weeks)),
        "effect_mean": mean, "effect_sd": sd, "is_marginal": marginal, "total": _total(config),
        **_mediated(panel, config), **probes,
    }  # fmt: skip
    kept = {name: np.asarray(value, float) for name, value in data.items()}
    return MixArrays(kept, basis, response, response.taking(where), block, config.noise)


def _mediated(panel: MixPanel, config: MixConfig) -> dict[str, Floats]:
    """mediator_y : (mediator, region × week), against its mean in the region; driven : (mediator, channel), 0 or 1."""
    level = panel.mediators.mean(2, keepdims=True)
    names = list(config.mediators)
    if (level == 0).any():
        mediator, region, _ = np.argwhere(level == 0)[0]
        raise ConfigError(f"the mediator {names[mediator]} is 0 in every week of {panel.regions[region]}: leave it out")
    driven = [[name in each.driven_by for name in panel.channels] for each in config.mediators.values()]
    return {
        "mediator_y": (panel.mediators / level).reshape(len(names), panel.kpi.size),
        "driven": np.array(driven, float).reshape(len(names), len(panel.channels)),
    }  # fmt: skip


def _following(panel: MixPanel, config: MixConfig, design: Floats, block: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Channels that follow demand: their spend against its mean, and what the baseline's columns say of it.

    follow_y : (channel, region × week). follow_design : (channel, region × week, column), where the last columns are a
    level of each such channel and region. follow_*: as of the KPI (see _echo_parts), (channel, …).
    """
    regions, weeks = len(panel.regions), len(panel.weeks)
    at = [i for i, each in enumerate(config.channels.values()) if each.follows_demand]
    shared = design.copy()
    shared[:, (block == 0) | (block == OWN_LEVEL)] = 0.0
    level = panel.acts[at].mean(2, keepdims=True)
    if (level == 0).any():
        channel, region, _ = np.argwhere(level == 0)[0]
        raise ConfigError(
            f"{panel.channels[at[channel]]} never acts in {panel.regions[region]}, so its spend cannot follow demand "
            "there: leave follows_demand out"
        )
    acts = panel.acts[at] / level
    designs = np.repeat(shared[None], len(at), axis=0)
    first = design.shape[1] - len(at) * regions
    for i in range(len(at)):
        columns = first + i * regions + np.arange(regions)
        designs[i][:, columns] = np.repeat(np.eye(regions), weeks, axis=0)
    counts = np.full(regions * weeks, config.week_weight)
    parts = [_echo_parts(counts, weeks, one) for one in designs]
    empty = np.zeros((0, design.shape[1], design.shape[1]))
    grams = {f"follow_{name}": np.stack([part[name] for part in parts]) if parts else empty for name in GRAMS}
    pair, first = _pairs(counts, weeks)
    return {
        "follow_y": (acts - 1.0).reshape(len(at), regions * weeks), "follow_design": designs,
        "follow_pair": pair, "follow_first": first, "is_shared": ((block != 0) & (block != OWN_LEVEL)) * 1.0, **grams,
    }  # fmt: skip


def _echo_parts(counts: Floats, weeks: int, design: Floats) -> dict[str, Floats]:
    """What the likelihood needs: how much each week counts, and sums over weeks of x xᵀ as often as they count.

    gram_now, gram_before, gram_both, gram_first: of the week, of the one before, of both, of weeks that are first.
    """
    pair, first = _pairs(counts, weeks)
    earlier = np.roll(design, 1, axis=0)  # of a region's first week it is another region's, and that pair counts nought
    both = (design * pair[:, None]).T @ earlier
    return {
        "pair": pair, "first": first, "gram_now": (design * pair[:, None]).T @ design,
        "gram_before": (earlier * pair[:, None]).T @ earlier, "gram_both": both + both.T,
        "gram_first": (design * first[:, None]).T @ design,
    }  # fmt: skip


def _pairs(counts: Floats, weeks: int) -> tuple[Floats, Floats]:
    """counts of weeks whose week before counts too ("pair"), and of those where it does not ("first"); else 0."""
    before = np.roll(counts, 1) > 0
    before[::weeks] = False
    return counts * before, counts * ~before


def _total(config: MixConfig) -> Floats:
    """Mean and sd of the log of what all channels together bring, a share of the KPI."""
    low, high = config.media_share
    return np.array([np.log(low * high) / 2, np.log(high / low) / NINETY])


def _beliefs(panel: MixPanel, config: MixConfig) -> tuple[Floats, Floats, Floats]:
    """Mean and sd of the log of each channel's share of the KPI, and whether its own belief is of a marginal return."""
    cost, total = np.nan_to_num(panel.cost).sum((1, 2)), float((panel.kpi * panel.value).sum())
    units = float(np.abs(panel.kpi).sum())
    parts = cost / cost.sum() if cost.sum() else np.zeros(len(cost))
    paid = max(1, int(panel.paid.sum()))
    parts = np.where(panel.paid, parts, priors.ORGANIC_PART / paid)
    follows = [each.follows_demand for each in config.channels.values()]
    parts = parts * np.where(follows, priors.FOLLOWING_PART, 1.0)
    mean = np.log(np.sqrt(np.prod(config.media_share)) * np.maximum(parts / parts.sum(), 1e-6))
    sd, marginal = np.full(len(mean), priors.EFFECT_LOG_SD), np.zeros(len(mean))
    for i, each in enumerate(config.channels.values()):
        if each.belief is not None:
            mean[i] = _log_share(each.belief, cost[i], abs(total), units)
            sd[i] = each.belief.log_sd
            marginal[i] = float(each.belief.of == "marginal_return")
    return mean, sd, marginal


def _log_share(belief: BeliefConfig, cost: float, total: float, units: float) -> float:
    middle = float(np.sqrt(belief.low * belief.high))
    share = {"share": middle, "cost": cost / middle / units}.get(belief.of, middle * cost / total)
    return float(np.log(share))
