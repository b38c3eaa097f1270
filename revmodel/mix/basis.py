"""How columns of the baseline and what channels did are made for any weeks: those of the history and those ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ConfigError
from revmodel.media.lags import lagged
from revmodel.mix import mix_priors as priors
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.panel import MixPanel
from revmodel.mix.trend import Trend, trend_of
from revmodel.models.calendar_columns import fourier, season_support

__all__ = ["BLOCKS", "OWN_LEVEL", "Basis", "basis_of"]

Floats = npt.NDArray[np.float64]
BLOCKS = ("level", "trend", "season", "other", "levels of what follows demand")
OWN_LEVEL = 4  # the last of them


@dataclass(frozen=True)
class Basis:
    """first: the day of the week that time starts with. history: how many weeks were seen.

    scale : (region,), mean of the KPI's size. size : (region,), of a region against the mean of all. act_scale :
    (channel,), mean of what acts where it does, for a region of mean size. frequency_scale : (channel by reach,), mean
    contacts of a person reached. other_mean, other_sd : (column, 1, 1). following : how many channels follow demand.
    turns : (turn,), weeks in which effects may begin to change; empty where none may.
    """

    scale: Floats
    size: Floats
    act_scale: Floats
    frequency_scale: Floats
    by_reach: tuple[int, ...]
    max_lag_weeks: int
    turns: Floats
    trend: Trend
    season: bool
    first: pd.Timestamp
    history: int
    other_mean: Floats
    other_sd: Floats
    following: int

    def columns(self, weeks: pd.DatetimeIndex, other: Floats) -> Floats:
        """The baseline's columns, (region × week, column), regions one after the other; other as in MixPanel."""
        regions, count = len(self.scale), len(weeks)
        at = (weeks - self.first).days.to_numpy() / 7.0
        waves = fourier(weeks) if self.season else np.zeros((count, 0))
        shared = np.concatenate([self.trend.columns(at), waves], axis=1)
        scaled = (other - self.other_mean) / self.other_sd
        level = np.repeat(np.eye(regions), count, axis=0)
        following = np.zeros((regions * count, self.following * regions))
        parts = [level, np.tile(shared, (regions, 1)), scaled.reshape(len(other), -1).T, following]
        return np.concatenate(parts, axis=1)

    def spread(self, panel: MixPanel) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
        """(column,) each: prior sd before what is learned, block as a place in BLOCKS, speed of the trend's sines."""
        waves = season_support(self.history) if self.season else np.zeros(0)
        other = np.where(np.arange(len(panel.other)) < panel.controls, priors.CONTROL_SD, priors.EVENT_SD)
        level = np.full(len(self.scale), priors.LEVEL_SD)
        turns = self.trend.speeds
        parts = [level, np.ones(len(turns)), waves, other, np.tile(level, self.following)]
        block = np.repeat(np.arange(len(BLOCKS)), [len(part) for part in parts])
        speeds = np.zeros(len(block))
        speeds[block == 1] = turns
        return np.concatenate(parts), block, speeds

    def done(self, acts: Floats, frequency: Floats) -> dict[str, Floats]:
        """What channels did, as their response takes it (mix/response.py). acts : (channel, region, week), from the
        first week on; frequency : (channel by reach, region, week), of as many weeks or fewer: then as on average."""
        reached = self._lagged(acts / self.size[:, None] / self.act_scale[:, None, None])
        usual = np.ones((*frequency.shape[:2], acts.shape[2] - frequency.shape[2]))
        contacts = np.concatenate([frequency / self.frequency_scale[:, None, None], usual], axis=2)
        heard = np.where(reached[list(self.by_reach)] > 0, self._lagged(contacts), 1.0)
        ramps = np.tile(self.ramps(acts.shape[2]), (1, len(self.scale)))
        return {"lagged": reached, "frequency": heard, "ramps": ramps, "lags": np.arange(self.max_lag_weeks + 1.0)}

    def ramps(self, weeks: int) -> Floats:
        """(turn, week): how far a change of effects has come; of mean 0 over the history, beyond it as at its end."""
        width = float(priors.DRIFT_WEEKS)
        every = np.clip((np.arange(max(weeks, self.history)) - self.turns[:, None]) / width, 0.0, 1.0)
        return np.asarray((every - every[:, : self.history].mean(1, keepdims=True))[:, :weeks])

    def _lagged(self, even: Floats) -> Floats:
        """(channel, region, week) → (channel, lag, region × week)."""
        channels, regions, weeks = even.shape
        lags = self.max_lag_weeks + 1
        wide = lagged(even.reshape(channels * regions, weeks), lags - 1).reshape(channels, regions, lags, weeks)
        return wide.transpose(0, 2, 1, 3).reshape(channels, lags, regions * weeks)


def basis_of(panel: MixPanel, config: MixConfig) -> Basis:
    """Raises ConfigError: the KPI is 0 throughout in a region, or a control never changes."""
    scale = np.abs(panel.kpi).mean(1)
    if (scale == 0).any():
        silent = panel.regions[int(np.argmax(scale == 0))]
        raise ConfigError(f"the KPI is 0 in every week of {silent}: leave it out")
    size = scale / scale.mean()
    even = panel.acts / size[:, None]
    act_scale = even.sum((1, 2)) / (even > 0).sum((1, 2))
    by_reach = tuple(i for i, each in enumerate(config.channels.values()) if each.reach is not None)
    reached = panel.acts[list(by_reach)]
    contacts = (reached * panel.frequency).sum((1, 2)) / reached.sum((1, 2))
    drifts = any(each.drift > 0 for each in config.channels.values())
    weeks = len(panel.weeks)
    turns = np.arange(0.0, weeks - priors.DRIFT_WEEKS / 2 if drifts else 0.0, priors.DRIFT_WEEKS)
    mean, sd = _of_others(panel)
    following = sum(each.follows_demand for each in config.channels.values())
    return Basis(
        scale, size, act_scale, contacts, by_reach, config.max_lag_weeks, turns, trend_of(config, weeks), config.season,
        panel.weeks[0], weeks, mean, sd, following,
    )  # fmt: skip


def _of_others(panel: MixPanel) -> tuple[Floats, Floats]:
    """Mean and sd by which controls are scaled, (column, 1, 1) each; events stay as they are."""
    controls = panel.other[: panel.controls]
    flat = np.zeros((len(panel.other), 1, 1))
    mean, sd = flat.copy(), flat + 1.0
    if panel.controls:
        mean[: panel.controls, 0, 0], sd[: panel.controls, 0, 0] = controls.mean((1, 2)), controls.std((1, 2))
        still = [name for name, one in zip(panel.other_names, sd[:, 0, 0], strict=False) if one == 0]
        if still:
            raise ConfigError(f"the control {', '.join(still)} never changes: it explains nothing, leave it out")
    return mean, sd
