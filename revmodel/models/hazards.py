"""Stage hazards: when records leave a stage, and which way, as one competing-risks model.

In each week in a stage a record stays, or leaves by cause k ∈ {advance, lost, recycled} with log-odds η_k against
staying (discrete-time competing risks; Allison 1982, eq. 10; Tutz & Schmid 2016, ch. 8):

    η_k = level_k + age walk_k(a) + channel_k + slope_k[channel]·log(1 + a) + segment_k
          + drift_k(period) + shock_k(period) + phase_k(quarter)

    log L = Σ_cells [ Σ_k d_k·η_k − n·log(1 + Σ_k exp η_k) ]

The drift is a random walk in four-week steps, anchored at the as-of date (zero there), so the level is what the
latest weeks say. There is no cohort effect beside age and period: its linear trend would not be identified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt

from revmodel import dims
from revmodel.features.phase import PHASES
from revmodel.features.tables import HazardCells
from revmodel.models import priors
from revmodel.models.compiled import CompiledModel
from revmodel.models.hazard_data import HazardLayout, layout_of, stage_data
from revmodel.models.sampling import Engine, Posterior, sample
from revmodel.models.spreads import Spread, fit_spreads
from revmodel.models.stored import PosteriorStore

__all__ = ["FittedStage", "StageHazards", "stage_model"]

Floats = npt.NDArray[np.float64]
K = len(dims.CAUSES)

# Effects whose spread is learned from the data: the free variable, its prior and its degrees of freedom.
SPREADS = (
    Spread("channel", *priors.CHANNEL_SD, np.inf),
    Spread("drift_step", *priors.DRIFT_SD, priors.STEP_DEGREES_OF_FREEDOM),
    Spread("shock", *priors.SHOCK_SD, np.inf),
)


def stage_model(data: dict[str, Floats]) -> pm.Model:
    """The PyMC model of one stage; every free variable is standardised (see models/priors.py)."""
    channels, segments = data["is_channel"].shape[1], data["is_segment"].shape[1]
    ages, periods = len(data["log_age"]), data["is_period"].shape[1]
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        spread = pm.Data("log_spread", np.log([[s.median] * K for s in SPREADS]))
        sd = pt.exp(spread)
        level = x["crude_log_odds"] + priors.INTERCEPT_SD * pm.Normal("level", shape=(K,))
        walk = priors.AGE_STEP_SD * pt.cumsum(pm.Normal("age_step", shape=(K, ages - 1)), axis=1)
        age = level[:, None] + pt.concatenate([pt.zeros((K, 1)), walk], axis=1)
        channel = sd[0][:, None] * pm.Normal("channel", shape=(K, channels))
        slope = priors.AGE_SLOPE_SD * pm.Normal("slope", shape=(K, channels))
        segment = priors.SEGMENT_SD * pm.Normal("segment", shape=(K, segments))
        group = pt.dot(channel, x["is_channel"].T) + pt.dot(segment, x["is_segment"].T)
        by_age = pt.dot(slope, x["is_channel"].T)[:, :, None] * x["log_age"][None, None, :]
        base = age[:, None, :] + group[:, :, None] + by_age
        steps = pm.StudentT("drift_step", nu=priors.STEP_DEGREES_OF_FREEDOM, mu=0.0, sigma=1.0, shape=(K, periods - 1))
        drift = pt.concatenate([pt.zeros((K, 1)), pt.cumsum(sd[1][:, None] * steps, axis=1)], axis=1)
        shock = sd[2][:, None] * pm.Normal("shock", shape=(K, periods))
        phase = priors.PHASE_SD * pm.Normal("phase", shape=(K, len(PHASES)))
        calendar = pt.dot(drift + shock, x["is_period"].T) + pt.dot(phase, x["is_phase"].T)
        flat = base.reshape((K, data["at_risk"].shape[0]))
        leaving = pt.dot(pt.exp(flat).T, pt.exp(calendar))  # Σ_k exp η_k, (group·age, time)
        stays = (x["at_risk"] * pt.log1p(leaving)).sum()
        exits = (x["exits_by_age"] * flat).sum() + (x["exits_by_time"] * calendar).sum()
        pm.Potential("log_likelihood", exits - stays)
        pm.Deterministic("log_odds", base)
        pm.Deterministic("phase_effect", phase)
        pm.Deterministic("calendar", calendar)
    return model


@dataclass(frozen=True)
class FittedStage:
    """One stage's posterior. log_spread : (spread, cause) and its standard error."""

    stage: str
    posterior: Posterior
    derived: dict[str, Floats]
    data: dict[str, Floats]
    log_spread: Floats
    log_spread_se: Floats
    never_seen: tuple[str, ...]


class StageHazards:
    """Conversion and time-to-close of every stage from hazard cells.

    engine: "nuts" for the run of record, "laplace" for backtests and interactive work (the same specification).
    After ``fit``: ``stages_`` (FittedStage by name), ``layout_``.
    """

    _compiled: ClassVar[dict[tuple[int, ...], CompiledModel]] = {}  # one compiled model a shape, for the process

    def __init__(
        self, *, engine: Engine = "nuts", draws: int = 1000, seed: int = 1, store: PosteriorStore | None = None
    ) -> None:
        self.engine: Engine = engine
        self.draws = draws
        self.seed = seed
        self.store = store or PosteriorStore()

    def fit(self, cells: HazardCells, progress: Callable[[str], None] | None = None) -> StageHazards:
        """Fit each stage on its own: their likelihoods share no parameter, so the joint posterior factorises."""
        self.layout_ = layout_of(cells)
        self.cells_ = cells
        self.stages_: dict[str, FittedStage] = {}
        for i, stage in enumerate(cells.stages):
            if progress is not None:
                progress(f"how records leave stage {stage} ({i + 1} of {len(cells.stages)})")
            self.stages_[stage] = self._fit_stage(stage, i)
        return self

    def _fit_stage(self, stage: str, index: int) -> FittedStage:
        data = stage_data(self.cells_, self.layout_, stage)
        model = self._model(self.layout_, data)
        seed = self.seed + 101 * index

        def fit() -> tuple[Posterior, dict[str, Floats]]:
            mode, log_spread, se = fit_spreads(model, data, SPREADS)
            spread = {"log_spread": log_spread}
            posterior = sample(model, data | spread, mode, engine=self.engine, draws=self.draws, seed=seed)
            return posterior, spread | {"log_spread_se": se}

        settings = {"engine": self.engine, "draws": self.draws}
        posterior, spreads = self.store.fetch("stage", data, settings, seed, fit)
        data["log_spread"] = spreads["log_spread"]
        unseen = tuple(cause for cause, n in zip(dims.CAUSES, data["exits_by_age"].sum(1), strict=True) if n == 0)
        return FittedStage(stage, posterior, model.derived(posterior.thetas, data), data, **spreads, never_seen=unseen)

    @classmethod
    def _model(cls, layout: HazardLayout, data: dict[str, Floats]) -> CompiledModel:
        if layout.shape not in cls._compiled:
            cls._compiled[layout.shape] = CompiledModel(stage_model(data))
        return cls._compiled[layout.shape]
