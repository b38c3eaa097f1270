"""MediaMix: fit on a weekly panel, predict for a plan, save and load."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import NotFittedError, SourceError
from revmodel.mix.added import ARRAYS, MixDraws, mix_draws
from revmodel.mix.arrays import MixArrays, lagged_acts, mix_arrays
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.mix_model import mix_model
from revmodel.mix.panel import MixPanel, mix_panel
from revmodel.models.compiled import CompiledModel
from revmodel.models.health import health_table
from revmodel.models.sampling import CHAINS, Posterior, find_mode, sample

__all__ = ["MediaMix"]

Floats = npt.NDArray[np.float64]
TARGET_ACCEPTANCE = 0.95  # curves bend the posterior: longer steps diverged over twenty regions
MOST_NUMBERS, FEWEST_KEPT = 12_000_000, 400  # of what each channel adds; draws
CONFIG, DRAWS, PANEL, HEALTH = "mix.json", "draws.npz", "panel.parquet", "health.parquet"


def _step(draws: int, numbers: int) -> int:
    """Every how many-th draw is kept, so that draws × channels × regions × weeks stay within memory."""
    kept = max(FEWEST_KEPT, MOST_NUMBERS // numbers)
    return max(1, draws // kept)


class MediaMix:
    """What each channel adds to a weekly KPI.

    config : see MixConfig; ``data`` is only read by who calls ``read_panel``. After ``fit``: ``panel_``, ``arrays_``,
    ``draws_`` (of every parameter; of large panels every so many-th), ``health_`` (one row a check; numbers of a fit
    that failed one are not to be used).

    >>> mix = MediaMix(load_mix_config("configs/mix/robyn.yaml"))  # doctest: +SKIP
    >>> mix.fit(frame).predict(plan)  # doctest: +SKIP
    """

    _compiled: ClassVar[dict[tuple[object, ...], CompiledModel]] = {}  # one a shape and kind of curves, for the process

    def __init__(self, config: MixConfig) -> None:
        self.config = config

    def fit(self, frame: pd.DataFrame, left_out: npt.NDArray[np.bool_] | None = None) -> MediaMix:
        """Fit on one row a week (and region). left_out : (week,), weeks that do not count (see mix/refute.py).

        Raises SourceError, ConfigError: see ``mix_panel`` and ``mix_arrays``.
        """
        self.frame_ = frame
        self.panel_: MixPanel = mix_panel(frame, self.config)
        self.arrays_: MixArrays = mix_arrays(self.panel_, self.config, left_out)
        model = self._model(self.arrays_)
        data = self.arrays_.data
        mode = find_mode(model, data)
        draws = self.config.draws * (CHAINS if self.config.engine == "laplace" else 1)
        self.posterior_: Posterior = sample(
            model, data, mode, engine=self.config.engine, draws=draws,
            seed=self.config.seed, target_acceptance=TARGET_ACCEPTANCE,
        )  # fmt: skip
        rng = np.random.default_rng([self.config.seed, 1])
        step = _step(len(self.posterior_.thetas), self.panel_.acts.size)
        self.draws_: MixDraws = mix_draws(self.arrays_, model.unpack(self.posterior_.thetas[::step]), rng)
        self.health_: pd.DataFrame = health_table("media mix", self.posterior_)
        return self

    @classmethod
    def _model(cls, arrays: MixArrays) -> CompiledModel:
        shapes = tuple(value.shape for value in arrays.data.values())
        marginal = bool(arrays.data["is_marginal"].any())
        key = (shapes, marginal, *arrays.curves.fingerprint, *arrays.test_curves.fingerprint)
        if key not in cls._compiled:
            cls._compiled[key] = CompiledModel(mix_model(arrays))
        return cls._compiled[key]

    def added(self, acts: Floats | None = None) -> Floats:
        """(draw, channel, region, week): units of the KPI that each channel added. acts : as in MixPanel, or others."""
        self._must_be_fitted()
        basis, shape = self.arrays_.basis, self.panel_.acts.shape
        acts = self.panel_.acts if acts is None else acts
        lagged = lagged_acts(acts, basis, self.config.max_lag_weeks)
        shares = self.draws_.added(lagged, self.arrays_.data["lags"])
        return np.asarray(shares.reshape(len(shares), *shape[:2], acts.shape[2]) * basis.scale[:, None])

    def baseline(self) -> dict[str, Floats]:
        """What would have come without media, by part: level, trend, season, and each control and event by name.

        (draw, region, week) each, in units of the KPI.
        """
        self._must_be_fitted()
        return self._linear(self.arrays_.data["design"])

    def _linear(self, design: Floats) -> dict[str, Floats]:
        scale, block = self.arrays_.basis.scale, self.arrays_.block
        shape = (len(self.draws_), len(scale), -1)

        def part(columns: npt.NDArray[np.bool_]) -> Floats:
            shares = self.draws_.linear[:, columns] @ design[:, columns].T
            return np.asarray(shares.reshape(shape) * scale[:, None])

        parts = {name: part(block == place) for place, name in enumerate(("level", "trend", "season"))}
        others = np.flatnonzero(block == 3)
        for name, at in zip(self.panel_.other_names, others, strict=True):
            parts[name] = part(np.arange(len(block)) == at)
        return parts

    def predict(self, plan: pd.DataFrame) -> Floats:
        """(draw, region, week): the KPI in the weeks of ``plan``, with what past spend still brings and a week's noise.

        plan : columns as in the panel without the KPI, one row a week and region, from the week after the panel's last.
        The trend goes on turning at random, as often and as much as it did.
        Raises SourceError: the plan does not begin there, or lacks a week.
        """
        self._must_be_fitted()
        ahead = self._ahead(plan)
        joined = np.concatenate([self.panel_.acts, ahead.acts], axis=2)
        weeks, known = len(ahead.weeks), len(self.panel_.weeks)
        media = self.added(joined)[..., known:].sum(1)
        basis = self.arrays_.basis
        level = sum(self._linear(basis.columns(ahead.weeks, ahead.other)).values())
        rng = np.random.default_rng([self.config.seed, 2])
        turns = rng.standard_normal((len(self.draws_), 1, weeks)) * self.draws_.trend[:, None, None]
        drift = np.cumsum(turns / np.sqrt(basis.trend_weeks), axis=2) * basis.scale[:, None]
        noise = self._noise(rng, media.shape)
        return np.asarray(media + level + drift + noise)

    def _noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Weeks' noise, which echoes; the first week's as if nothing were known of the one before."""
        draws = self.draws_
        news = rng.standard_normal(shape) * draws.sigma[:, None, None] * self.arrays_.basis.scale[:, None]
        news[..., 0] /= np.sqrt(1 - draws.echo[:, None] ** 2)
        for week in range(1, shape[2]):
            news[..., week] += draws.echo[:, None] * news[..., week - 1]
        return news

    def _ahead(self, plan: pd.DataFrame) -> MixPanel:
        wanted = self.panel_.weeks[-1] + pd.Timedelta(days=7)
        with_kpi = plan.assign(**{self.config.kpi: 1.0})
        if isinstance(self.config.kpi_value, str) and self.config.kpi_value not in plan:
            with_kpi = with_kpi.assign(**{self.config.kpi_value: 1.0})
        ahead = mix_panel(with_kpi, self.config, ahead=self.panel_)
        if ahead.weeks[0] != wanted:
            raise SourceError(
                f"the plan begins on {ahead.weeks[0]:%Y-%m-%d}: wanted {wanted:%Y-%m-%d}, a week after the panel"
            )
        return ahead

    def save(self, folder: str | Path) -> Path:
        """Write config, panel, draws and health into a new folder, aside and then renamed. No pickle."""
        self._must_be_fitted()
        folder = Path(folder)
        if folder.exists() and not (folder / CONFIG).is_file():
            raise SourceError(f"{folder} holds something that is not a saved mix: give another folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        draws = self.draws_
        arrays: dict[str, Any] = {name: getattr(draws, name) for name in ARRAYS}
        arrays |= {f"curve_{name}": value for name, value in draws.values.items()}
        (aside / CONFIG).write_text(json.dumps(self.config.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
        np.savez(aside / DRAWS, **arrays)
        self.frame_.to_parquet(aside / PANEL)
        self.health_.to_parquet(aside / HEALTH)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(aside, folder)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> MediaMix:
        """A saved mix, with the same predictions. Raises SourceError: there is none in the folder."""
        folder = Path(folder)
        if not (folder / CONFIG).is_file():
            raise SourceError(f"{folder} holds no saved mix: wanted the folder that MediaMix.save was given")
        config = MixConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))
        mix = cls(config)
        mix.frame_ = pd.read_parquet(folder / PANEL)
        mix.panel_ = mix_panel(mix.frame_, config)
        mix.arrays_ = mix_arrays(mix.panel_, config)
        mix.health_ = pd.read_parquet(folder / HEALTH)
        with np.load(folder / DRAWS, allow_pickle=False) as held:
            values = {name.removeprefix("curve_"): held[name] for name in held.files if name.startswith("curve_")}
            rest = {name: held[name] for name in held.files if not name.startswith("curve_")}
        mix.draws_ = MixDraws(**rest, values=values, curves=mix.arrays_.curves)
        return mix

    def _must_be_fitted(self) -> None:
        if not hasattr(self, "draws_"):
            raise NotFittedError("nothing is known yet: call fit with a panel first")
