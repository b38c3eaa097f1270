"""What the likelihood of a media mix sees: the KPI as a share of its mean, past spend, columns of the baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ConfigError
from revmodel.media.curves import Curves
from revmodel.media.lags import lagged
from revmodel.mix import mix_priors as priors
from revmodel.mix.mix_config import BeliefConfig, LiftTestConfig, MixConfig
from revmodel.mix.panel import MixPanel
from revmodel.models.calendar_columns import fourier, season_support

__all__ = ["BLOCKS", "GRAMS", "MORE", "Basis", "MixArrays", "lagged_acts", "mix_arrays"]

Floats = npt.NDArray[np.float64]
BLOCKS = ("level", "trend", "season", "other", "levels of what follows demand")
OWN_LEVEL = 4  # the last of them
GRAMS = ("gram_now", "gram_before", "gram_both", "gram_first")
MORE = 1.01  # how marginal returns are measured: one per cent more in every week
NINETY = 2 * 1.6448536  # standard deviations between the ends of nine chances in ten


@dataclass(frozen=True)
class Basis:
    """How columns of the baseline are made for any weeks: of which week the trend starts, and how controls are scaled.

    scale : (region,), mean of the KPI's size. size : (region,), of a region against the mean of all. act_scale :
    (channel,), mean of what acts where it does, for a region of mean size. other_mean, other_sd : (column, 1, 1).
    following : how many channels follow demand.
    """

    scale: Floats
    size: Floats
    act_scale: Floats
    knots: Floats
    trend_weeks: int
    first: pd.Timestamp
    history: int
    other_mean: Floats
    other_sd: Floats
    following: int

    def columns(self, weeks: pd.DatetimeIndex, other: Floats) -> Floats:
        """The baseline's columns, (region × week, column), regions one after the other; other as in MixPanel."""
        regions, count = len(self.scale), len(weeks)
        at = (weeks - self.first).days.to_numpy() / 7.0
        ramps = np.clip((at[:, None] - self.knots) / self.trend_weeks, 0.0, 1.0)
        shared = np.concatenate([ramps, fourier(weeks)], axis=1)
        scaled = (other - self.other_mean) / self.other_sd
        level = np.repeat(np.eye(regions), count, axis=0)
        following = np.zeros((regions * count, self.following * regions))
        parts = [level, np.tile(shared, (regions, 1)), scaled.reshape(len(other), -1).T, following]
        return np.concatenate(parts, axis=1)

    def spread(self, panel: MixPanel) -> tuple[Floats, npt.NDArray[np.int64]]:
        """(column,) prior sd of each before what is learned, and its block as a place in BLOCKS."""
        waves = season_support(self.history)
        other = np.where(np.arange(len(panel.other)) < panel.controls, priors.CONTROL_SD, priors.EVENT_SD)
        level = np.full(len(self.scale), priors.LEVEL_SD)
        parts = [level, np.ones(len(self.knots)), waves, other, np.tile(level, self.following)]
        return np.concatenate(parts), np.repeat(np.arange(len(BLOCKS)), [len(part) for part in parts])


@dataclass(frozen=True)
class MixArrays:
    """data: name → array, as the compiled model takes them. basis: see Basis. test_curves: of each probe of a test."""

    data: dict[str, Floats]
    basis: Basis
    curves: Curves
    test_curves: Curves
    block: npt.NDArray[np.int64]

    def prior_sd(self, trend: float, season: float) -> Floats:
        """(column,): prior sd of each column of the baseline, with what is learned of turns and waves."""
        data = self.data
        return np.asarray(
            data["prior_sd"] * np.where(data["is_trend"] > 0, trend, 1.0) * np.where(data["is_season"] > 0, season, 1.0)
        )


def mix_arrays(panel: MixPanel, config: MixConfig, left_out: npt.NDArray[np.bool_] | None = None) -> MixArrays:
    """Arrays for fitting. left_out : (week,), weeks that do not count; their spend still carries over.

    Raises ConfigError: a lift test lies outside the panel, or takes away more than was spent.
    """
    basis = _basis(panel, config)
    counts = np.ones((len(panel.regions), len(panel.weeks)))
    if left_out is not None:
        counts[:, left_out] = 0.0
    y = (panel.kpi / basis.scale[:, None]).ravel()
    design = basis.columns(panel.weeks, panel.other)
    spread, block = basis.spread(panel)
    mean, sd, marginal = _beliefs(panel, config)
    own = {name: each.chosen() for name, each in config.channels.items()}
    curves = Curves.of(panel.channels, config.carry_over, config.saturation, own)
    probes, where = _probes(panel, config, basis)
    data = {
        "y": y, "design": design, **_echo_parts(counts.ravel(), len(panel.weeks), design),
        **_following(panel, config, design, block),
        "prior_sd": spread, "is_trend": (block == 1) * 1.0, "is_season": (block == 2) * 1.0,
        "region": np.repeat(np.eye(len(panel.regions)), len(panel.weeks), axis=0).T,
        "lagged": lagged_acts(panel.acts, basis, config.max_lag_weeks),
        "lags": np.arange(config.max_lag_weeks + 1.0),
        "effect_mean": mean, "effect_sd": sd, "is_marginal": marginal, "total": _total(config), **probes,
    }  # fmt: skip
    of_tests = Curves(tuple(curves.carry_over[i] for i in where), tuple(curves.saturation[i] for i in where))
    return MixArrays({name: np.asarray(value, float) for name, value in data.items()}, basis, curves, of_tests, block)


def _following(panel: MixPanel, config: MixConfig, design: Floats, block: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Channels that follow demand: their spend against its mean, and what the baseline's columns say of it.

    follow_y : (channel, region × week). follow_design : (channel, region × week, column), where the last columns are a
    level of each such channel and region. follow_*: gram matrices as of the KPI (see _echo_parts), (channel, …).
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
    parts = [_echo_parts(np.ones(regions * weeks), weeks, one) for one in designs]
    empty = np.zeros((0, design.shape[1], design.shape[1]))
    grams = {f"follow_{name}": np.stack([part[name] for part in parts]) if parts else empty for name in GRAMS}
    begins = np.zeros((regions, weeks))
    begins[:, 0] = 1.0
    return {
        "follow_y": (acts - 1.0).reshape(len(at), regions * weeks), "follow_design": designs,
        "follow_begins": begins.ravel(), "is_shared": ((block != 0) & (block != OWN_LEVEL)) * 1.0, **grams,
    }  # fmt: skip


def _echo_parts(counts: Floats, weeks: int, design: Floats) -> dict[str, Floats]:
    """What the likelihood needs of weeks that count and whose week before counts too ("pair") or does not ("first").

    gram_now, gram_before, gram_both, gram_first: sums over such weeks of x xᵀ of the week, of the one before, of both.
    """
    before = np.roll(counts, 1)
    before[::weeks] = 0.0
    pair, first = counts * before, counts * (1 - before)
    earlier = np.roll(design, 1, axis=0)  # of a region's first week it is another region's, and that pair counts nought
    both = (design * pair[:, None]).T @ earlier
    return {
        "pair": pair, "first": first, "gram_now": (design * pair[:, None]).T @ design,
        "gram_before": (earlier * pair[:, None]).T @ earlier, "gram_both": both + both.T,
        "gram_first": (design * first[:, None]).T @ design,
    }  # fmt: skip


def lagged_acts(acts: Floats, basis: Basis, max_lag_weeks: int) -> Floats:
    """(channel, region, week) → (channel, lag, region × week), in mean active acts a region of mean size."""
    channels, regions, weeks = acts.shape
    even = acts / basis.size[:, None] / basis.act_scale[:, None, None]
    wide = lagged(even.reshape(-1, weeks), max_lag_weeks).reshape(channels, regions, -1, weeks)
    return wide.transpose(0, 2, 1, 3).reshape(channels, max_lag_weeks + 1, regions * weeks)


def _basis(panel: MixPanel, config: MixConfig) -> Basis:
    scale = np.abs(panel.kpi).mean(1)
    if (scale == 0).any():
        silent = panel.regions[int(np.argmax(scale == 0))]
        raise ConfigError(f"the KPI is 0 in every week of {silent}: leave it out")
    size = scale / scale.mean()
    even = panel.acts / size[:, None]
    act_scale = even.sum((1, 2)) / (even > 0).sum((1, 2))
    knots = np.arange(0.0, len(panel.weeks) - config.trend_weeks / 2, config.trend_weeks)
    controls = panel.other[: panel.controls]
    flat = np.zeros((len(panel.other), 1, 1))
    mean, sd = flat.copy(), flat + 1.0
    if panel.controls:
        mean[: panel.controls, 0, 0], sd[: panel.controls, 0, 0] = controls.mean((1, 2)), controls.std((1, 2))
        still = [name for name, one in zip(panel.other_names, sd[:, 0, 0], strict=False) if one == 0]
        if still:
            raise ConfigError(f"the control {', '.join(still)} never changes: it explains nothing, leave it out")
    weeks = panel.weeks
    following = sum(each.follows_demand for each in config.channels.values())
    return Basis(scale, size, act_scale, knots, config.trend_weeks, weeks[0], len(weeks), mean, sd, following)


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
    mean = np.log(np.sqrt(np.prod(config.media_share)) * np.maximum(parts / parts.sum(), 1e-6))
    sd, marginal = np.full(len(mean), priors.EFFECT_LOG_SD), np.zeros(len(mean))
    for i, each in enumerate(config.channels.values()):
        if each.belief is not None:
            mean[i] = _log_share(each.belief, cost[i], abs(total), units)
            sd[i] = np.log(each.belief.high / each.belief.low) / NINETY
            marginal[i] = float(each.belief.of == "marginal_return")
    return mean, sd, marginal


def _log_share(belief: BeliefConfig, cost: float, total: float, units: float) -> float:
    middle = float(np.sqrt(belief.low * belief.high))
    share = {"share": middle, "cost": cost / middle / units}.get(belief.of, middle * cost / total)
    return float(np.log(share))


def _probes(panel: MixPanel, config: MixConfig, basis: Basis) -> tuple[dict[str, Floats], list[int]]:
    """Lift tests as arrays: one probe a test and region, with and without the change, and what the test found."""
    longest = max((len(_inside(panel, test)) for test in config.lift_tests), default=1)
    lags = config.max_lag_weeks + 1
    rows: list[dict[str, Floats | float]] = []
    channels: list[int] = []
    for number, test in enumerate(config.lift_tests):
        channel, weeks = panel.channels.index(test.channel), _inside(panel, test)
        without = _without(panel, test, channel, weeks)
        regions = range(len(panel.regions)) if test.region is None else [_region(panel, test)]
        both = [lagged_acts(acts, basis, config.max_lag_weeks) for acts in (panel.acts, without)]
        for region in regions:
            at = region * len(panel.weeks) + weeks
            cut = [np.pad(each[channel][:, at], ((0, 0), (0, longest - len(at)))) for each in both]
            rows.append({"with": cut[0], "without": cut[1], "region": region, "test": number})
            channels.append(channel)
    tests, probes = len(config.lift_tests), len(rows)
    found = {
        "test_with": np.stack([row["with"] for row in rows]) if rows else np.zeros((0, lags, longest)),
        "test_without": np.stack([row["without"] for row in rows]) if rows else np.zeros((0, lags, longest)),
        "test_channel": np.zeros((probes, len(panel.channels))), "test_region": np.zeros((probes, len(panel.regions))),
        "test_of": np.zeros((tests, probes)),
        "test_lift": np.array([test.lift for test in config.lift_tests]),
        "test_error": np.array([_error(test, panel) for test in config.lift_tests]),
    }  # fmt: skip
    for i, (row, channel) in enumerate(zip(rows, channels, strict=True)):
        region = int(row["region"])
        found["test_channel"][i, channel] = found["test_region"][i, region] = 1.0
        found["test_of"][int(row["test"]), i] = basis.scale[region]
    return found, channels


def _inside(panel: MixPanel, test: LiftTestConfig) -> npt.NDArray[np.int64]:
    """Weeks of the panel that the test's days fall into for the better part."""
    start, end = pd.Timestamp(test.start), pd.Timestamp(test.end)
    days = [
        len(pd.date_range(max(start, week), min(end, week + pd.Timedelta(days=6)))) if week <= end else 0
        for week in panel.weeks
    ]
    length = (end - start).days + 1
    weeks = np.flatnonzero(np.array(days) > (3 if length >= 7 else 0))
    if len(weeks) == 0 or start < panel.weeks[0] or end > panel.weeks[-1] + pd.Timedelta(days=6):
        raise ConfigError(
            f"the lift test of {test.channel} from {test.start} to {test.end} is not inside the panel, which covers "
            f"{panel.weeks[0]:%Y-%m-%d} to {panel.weeks[-1] + pd.Timedelta(days=6):%Y-%m-%d}"
        )
    return weeks


def _region(panel: MixPanel, test: LiftTestConfig) -> int:
    if test.region not in panel.regions:
        raise ConfigError(
            f"the lift test of {test.channel} was in {test.region}: regions are {', '.join(panel.regions)}"
        )
    return panel.regions.index(test.region)


def _without(panel: MixPanel, test: LiftTestConfig, channel: int, weeks: npt.NDArray[np.int64]) -> Floats:
    """What would have acted without the test's change.

    What was added is taken from its weeks in proportion to what the panel shows there; what was taken away is given
    back evenly, by size of region.
    """
    acts = panel.acts.copy()
    regions = np.arange(len(panel.regions)) if test.region is None else np.array([_region(panel, test)])
    block = acts[channel][np.ix_(regions, weeks)]
    if test.spend_change > block.sum() * (1 + 1e-9):
        raise ConfigError(
            f"the lift test of {test.channel} from {test.start} added {test.spend_change:,.0f}, but the panel shows "
            f"{block.sum():,.0f} in its weeks: give the change in the unit of what acts, against what the panel shows"
        )
    size = np.abs(panel.kpi).mean(1)[regions]
    evenly = np.repeat((size / size.sum() / len(weeks))[:, None], len(weeks), axis=1)
    spread = block / block.sum() if test.spend_change > 0 else evenly
    acts[np.ix_([channel], regions, weeks)] = (block - test.spend_change * spread).clip(0.0)[None]
    return acts


def _error(test: LiftTestConfig, panel: MixPanel) -> float:
    """The standard error, widened for the test's age and for what it stands for."""
    years = max(0.0, (panel.weeks[-1] - pd.Timestamp(test.end)).days / 365.25)
    other = test.lift * np.hypot(priors.TEST_MISMATCH, priors.TEST_AGE_A_YEAR * years)
    return float(np.hypot(test.standard_error, other))
