"""MediaMix: fit on a weekly panel, predict for a plan, save and load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.aside import folder_aside
from revmodel.errors import NotFittedError, SourceError
from revmodel.mix.added import ARRAYS, MixDraws, mix_draws
from revmodel.mix.arrays import MixArrays, mix_arrays
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.mix_model import mix_model
from revmodel.mix.noise import noisy
from revmodel.mix.panel import MixPanel, mix_panel
from revmodel.mix.trend import Slopes
from revmodel.models.compiled import CompiledModel
from revmodel.models.health import health_table
from revmodel.models.sampling import CHAINS, Posterior, find_mode, sample

__all__ = ["MediaMix"]

Floats = npt.NDArray[np.float64]
ACCEPTANCE = (0.95, 0.99)  # curves bend the posterior: longer steps diverged; where these do too, shorter ones
MOST_NUMBERS, FEWEST_KEPT = 12_000_000, 400  # of what each channel adds; draws
CONFIG, DRAWS, PANEL, HEALTH = "mix.json", "draws.npz", "panel.parquet", "health.parquet"
CURVE, PATH = "curve_", "path_"  # before the names of parameters of curves, and of what is known of mediators


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

        A fit with divergent draws is made again with shorter steps, once; what then still diverges fails its check.
        Raises SourceError, ConfigError: see ``mix_panel`` and ``mix_arrays``.
        """
        self.frame_ = frame
        self.panel_: MixPanel = mix_panel(frame, self.config)
        self.arrays_: MixArrays = mix_arrays(self.panel_, self.config, left_out)
        model = self._model(self.arrays_)
        data = self.arrays_.data
        mode = find_mode(model, data)
        draws = self.config.draws * (CHAINS if self.config.engine == "laplace" else 1)
        for acceptance in ACCEPTANCE:
            self.posterior_: Posterior = sample(
                model, data, mode, engine=self.config.engine, draws=draws,
                seed=self.config.seed, target_acceptance=acceptance,
            )  # fmt: skip
            if not self.posterior_.divergences:
                break
        rng = np.random.default_rng([self.config.seed, 1])
        step = _step(len(self.posterior_.thetas), self.panel_.acts.size)
        self.draws_: MixDraws = mix_draws(self.arrays_, model.unpack(self.posterior_.thetas[::step]), rng)
        self.health_: pd.DataFrame = health_table("media mix", self.posterior_)
        return self

    @classmethod
    def _model(cls, arrays: MixArrays) -> CompiledModel:
        shapes = tuple(value.shape for value in arrays.data.values())
        marginal = bool(arrays.data["is_marginal"].any())
        kinds = (arrays.noise, type(arrays.basis.trend), marginal)
        key = (shapes, *kinds, *arrays.response.fingerprint, *arrays.test_response.fingerprint)
        if key not in cls._compiled:
            cls._compiled[key] = CompiledModel(mix_model(arrays))
        return cls._compiled[key]

    def added(self, acts: Floats | None = None, frequency: Floats | None = None) -> Floats:
        """(draw, channel, region, week): units of the KPI that each channel added, by all paths.

        acts, frequency : as in MixPanel, or others; beyond its weeks people are reached as often as on average.
        """
        self._must_be_fitted()
        panel = self.panel_
        acts = panel.acts if acts is None else acts
        done = self.arrays_.basis.done(acts, panel.frequency if frequency is None else frequency)
        added = self.draws_.added(done).reshape(len(self.draws_), *panel.acts.shape[:2], acts.shape[2])
        added *= self.arrays_.basis.scale[:, None]
        return added

    def baseline(self) -> dict[str, Floats]:
        """What would have come without media, by part: level, trend, season, each control and event by name, and what
        each mediator brings that no channel drives.

        (draw, region, week) each, in units of the KPI.
        """
        self._must_be_fitted()
        parts = self._linear(self.arrays_.data["design"], self.draws_.linear)
        return parts | {name: self._undriven(k) for k, name in enumerate(self.config.mediators)}

    def through(self, mediator: str) -> Floats:
        """(draw, channel, region, week): of what each channel added, what came by way of a mediator."""
        self._must_be_fitted()
        part = self.draws_.paths["through"][:, list(self.config.mediators).index(mediator)]
        return np.asarray(part[:, :, None, None] * self.added())

    def _undriven(self, k: int) -> Floats:
        pull, seen = self.draws_.paths["pull"][:, k], self.arrays_.data["mediator_y"][k]
        all_of_it = (pull[:, None] * seen).reshape(len(pull), *self.panel_.kpi.shape)
        driven = self.through(list(self.config.mediators)[k]).sum(1)
        return np.asarray(all_of_it * self.arrays_.basis.scale[:, None] - driven)

    def _linear(self, design: Floats, linear: Floats) -> dict[str, Floats]:
        scale, block = self.arrays_.basis.scale, self.arrays_.block
        shape = (len(self.draws_), len(scale), -1)

        def part(columns: npt.NDArray[np.bool_]) -> Floats:
            shares = linear[:, columns] @ design[:, columns].T
            return np.asarray(shares.reshape(shape) * scale[:, None])

        parts = {name: part(block == place) for place, name in enumerate(("level", "trend", "season"))}
        others = np.flatnonzero(block == 3)
        for name, at in zip(self.panel_.other_names, others, strict=True):
            parts[name] = part(np.arange(len(block)) == at)
        return parts

    def predict(self, plan: pd.DataFrame) -> Floats:
        """(draw, region, week): the KPI in the weeks of ``plan``, with what past spend still brings and a week's noise.

        plan : columns as in the panel without the KPI and mediators, one row a week and region, from the week after the
        panel's last. Slopes of the trend go on turning at random, as often and as much as they did; effects that change
        stay as they were last.
        Raises SourceError: the plan does not begin there, lacks a week, or goes further than a smooth trend does.
        """
        self._must_be_fitted()
        ahead = self._ahead(plan)
        joined, heard = (
            np.concatenate([getattr(self.panel_, name), getattr(ahead, name)], axis=2) for name in ("acts", "frequency")
        )
        media = self.added(joined, heard)[..., len(self.panel_.weeks) :].sum(1)
        basis, draws, noise = self.arrays_.basis, self.draws_, self.config.noise
        design = basis.columns(ahead.weeks, ahead.other)
        rng = np.random.default_rng([self.config.seed, 2])
        mean = media + sum(self._linear(design, draws.linear).values()) + self._drift(rng, draws.trend, media.shape)
        for k in range(len(self.config.mediators)):
            of = {name: value[:, k] for name, value in draws.paths.items()}
            undriven = sum(self._linear(design, of["linear"]).values()) + self._drift(rng, of["trend"], media.shape)
            none = np.zeros(len(draws))
            undriven = noisy("normal", np.asarray(undriven), basis.scale, of["echo"], of["noise"], none, rng)
            mean = mean + of["pull"][:, None, None] * undriven
        return noisy(noise, np.asarray(mean), basis.scale, draws.echo, draws.sigma, draws.tail, rng)

    def _drift(self, rng: np.random.Generator, trend: Floats, shape: tuple[int, ...]) -> Floats:
        """How slopes go on turning ahead; nothing for a smooth trend, whose curve goes on by itself, or without one."""
        basis = self.arrays_.basis
        if not isinstance(basis.trend, Slopes) or not len(basis.trend.knots):
            return np.zeros(shape)
        turns = rng.standard_normal((shape[0], 1, shape[2])) * trend[:, None, None]
        return np.asarray(np.cumsum(turns / np.sqrt(basis.trend.weeks), axis=2) * basis.scale[:, None])

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
        most = self.arrays_.basis.trend.ahead
        if most is not None and len(ahead.weeks) > most:
            raise SourceError(
                f"the plan has {len(ahead.weeks)} weeks: a smooth trend (hsgp) reaches {most} weeks beyond the panel; "
                "cut the plan, or fit with trend piecewise"
            )
        return ahead

    def save(self, folder: str | Path) -> Path:
        """Write config, panel, draws and health into a new folder, aside and then renamed. No pickle.

        Raises SourceError: the folder holds something that is not a saved mix.
        """
        self._must_be_fitted()
        draws, config = self.draws_, json.dumps(self.config.model_dump(mode="json"), indent=2)
        arrays: dict[str, Any] = {name: getattr(draws, name) for name in ARRAYS}
        arrays |= {f"{CURVE}{name}": value for name, value in draws.values.items()}
        arrays |= {f"{PATH}{name}": value for name, value in draws.paths.items()}
        with folder_aside(Path(folder), CONFIG, "a saved mix") as aside:
            (aside / CONFIG).write_text(config + "\n", encoding="utf-8")
            np.savez(aside / DRAWS, **arrays)
            self.frame_.to_parquet(aside / PANEL)
            self.health_.to_parquet(aside / HEALTH)
        return Path(folder)

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
            values, paths = (
                {name.removeprefix(kind): held[name] for name in held.files if name.startswith(kind)}
                for kind in (CURVE, PATH)
            )
            rest = {name: held[name] for name in held.files if not name.startswith((CURVE, PATH))}
        mix.draws_ = MixDraws(**rest, values=values, paths=paths, response=mix.arrays_.response)
        return mix

    def _must_be_fitted(self) -> None:
        if not hasattr(self, "draws_"):
            raise NotFittedError("nothing is known yet: call fit with a panel first")
