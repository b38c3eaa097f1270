"""Deal size: the amount of a won deal, given channel and segment, and how it slips against the amount first on file.

    log amount_i ~ Normal(mean + channel_c + segment_s, sd),   capped at log_cap

A Normal body on the log scale has finite moments; the cap keeps a rare draw from outgrowing anything the company ever
sold (twice its largest won deal). Slippage of open deals: log(amount won / amount first on file), its mean and spread
known from the same won deals.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from revmodel.features.tables import Groups, WonDeals
from revmodel.models import priors
from revmodel.models.compiled import CompiledModel
from revmodel.models.draws import DealSizeDraws
from revmodel.models.sampling import Engine, Posterior, find_mode, sample
from revmodel.models.stored import PosteriorStore

__all__ = ["DealSize", "deal_size_model"]

Floats = npt.NDArray[np.float64]
MIN_DEALS = 5
ROWS = 512  # rows are padded to a multiple of this, so that data of a similar size share one compiled model
SLIPPAGE_SD_FLOOR = 0.02
SD_FLOOR = 0.02  # of log amount: list prices differ by nothing, and a spread of nothing has no mode


def deal_size_model(data: dict[str, Floats]) -> pm.Model:
    """The PyMC model of log amounts; padded rows weigh nothing."""
    channels, segments = data["is_channel"].shape[1], data["is_segment"].shape[1]
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        level = x["crude_mean"][0] + priors.SIZE_MEAN_SD * pm.Normal("z_level")
        channel = pm.Deterministic("channel", priors.SIZE_CHANNEL_SD * pm.Normal("z_channel", shape=(channels,)))
        segment = pm.Deterministic("segment", priors.SIZE_SEGMENT_SD * pm.Normal("z_segment", shape=(segments,)))
        log_sd = x["crude_log_sd"][0] + priors.SIZE_LOG_SPREAD_SD * pm.Normal("z_sd")
        mean = level + pt.dot(x["is_channel"], channel) + pt.dot(x["is_segment"], segment)
        sd = pt.sqrt(SD_FLOOR**2 + pt.exp(2 * log_sd))
        residual = (x["log_amount"] - mean) / sd
        pm.Potential("log_likelihood", (x["weight"] * (-0.5 * residual**2 - pt.log(sd))).sum())
        pm.Deterministic("level", level)
        pm.Deterministic("sd", sd)
    return model


class DealSize:
    """Amount of a won deal. After ``fit``: ``posterior_`` (None where no amount is known), ``has_amounts_``."""

    _compiled: ClassVar[dict[tuple[int, ...], CompiledModel]] = {}

    def __init__(
        self, *, engine: Engine = "nuts", draws: int = 1000, seed: int = 1, store: PosteriorStore | None = None
    ) -> None:
        self.engine: Engine = engine
        self.draws = draws
        self.seed = seed
        self.store = store or PosteriorStore()

    def fit(self, won: WonDeals, channels: tuple[str, ...], segments: tuple[str, ...]) -> DealSize:
        """Fit on won deals with a positive amount; fewer than MIN_DEALS of them mean that there are no amounts."""
        deals = won.frame[won.frame["amount"] > 0]
        self.channels_, self.segments_ = channels, segments
        self.has_amounts_ = len(deals) >= MIN_DEALS
        self.posterior_: Posterior | None = None
        if not self.has_amounts_:
            return self
        log_amount = np.log(deals["amount"].to_numpy(float))
        first = deals["first_amount"].to_numpy(float)
        with_first = np.isfinite(first) & (first > 0)
        self.slips_ = log_amount[with_first] - np.log(first[with_first])
        self.log_cap_ = float(log_amount.max() + np.log(2.0))
        data = self._arrays(log_amount, deals["channel"].tolist(), deals["segment"].tolist())
        key = (*(len(value) for value in data.values()), len(channels), len(segments))
        if key not in self._compiled:
            self._compiled[key] = CompiledModel(deal_size_model(data))
        model = self._compiled[key]
        settings = {"engine": self.engine, "draws": self.draws}
        self.posterior_, _ = self.store.fetch(
            "deal size", data, settings, self.seed, lambda: (self._fit(model, data), {})
        )
        self.derived_ = model.derived(self.posterior_.thetas, data)
        return self

    def _fit(self, model: CompiledModel, data: dict[str, Floats]) -> Posterior:
        return sample(model, data, find_mode(model, data), engine=self.engine, draws=self.draws, seed=self.seed)

    def _arrays(self, log_amount: Floats, channel: list[str], segment: list[str]) -> dict[str, Floats]:
        n = len(log_amount)
        rows = -(-n // ROWS) * ROWS
        weight, padded = np.zeros(rows), np.full(rows, log_amount.mean())
        weight[:n], padded[:n] = 1.0, log_amount
        is_channel, is_segment = np.zeros((rows, len(self.channels_))), np.zeros((rows, len(self.segments_)))
        is_channel[:n] = np.array(channel)[:, None] == np.array(self.channels_)[None, :]
        is_segment[:n] = np.array(segment)[:, None] == np.array(self.segments_)[None, :]
        return {
            "log_amount": padded,
            "weight": weight,
            "is_channel": is_channel,
            "is_segment": is_segment,
            "crude_mean": np.array([log_amount.mean()]),
            "crude_log_sd": np.array([np.log(max(log_amount.std(), 0.05))]),
        }

    def predict(self, groups: Groups, draws: int, rng: np.random.Generator) -> DealSizeDraws:
        """Draws of the deal size for each group; ``draws`` picked evenly from the posterior."""
        if self.posterior_ is None:
            ones, zeros = np.zeros((draws, len(groups))), np.zeros(draws)
            return DealSizeDraws(ones, zeros + 1e-6, 0.0, zeros, zeros + 1e-6, has_amounts=False)
        pick = np.linspace(0, len(self.posterior_.thetas) - 1, draws).round().astype(int)
        channel = [self.channels_.index(c) for c in groups.channel]
        segment = [self.segments_.index(s) for s in groups.segment]
        d = self.derived_
        mean = d["level"][pick, None] + d["channel"][pick][:, channel] + d["segment"][pick][:, segment]
        slip_mean, slip_sd = self._slippage(draws, rng)
        return DealSizeDraws(mean, d["sd"][pick], self.log_cap_, slip_mean, slip_sd, has_amounts=True)

    def _slippage(self, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Posterior of the mean and sd of log slippage: Normal, reference prior (Gelman et al. 2013, 3.2)."""
        n = len(self.slips_)
        if n < MIN_DEALS:
            return np.zeros(draws), np.full(draws, SLIPPAGE_SD_FLOOR)
        spread = max(float(self.slips_.std(ddof=1)), SLIPPAGE_SD_FLOOR)
        sd = spread * np.sqrt((n - 1) / rng.chisquare(n - 1, draws))
        return self.slips_.mean() + sd / np.sqrt(n) * rng.standard_normal(draws), sd
