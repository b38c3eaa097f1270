"""Stage hazards: when records leave a stage, and which way, as one competing-risks model.

In each week in a stage a record stays, or leaves by cause k ∈ {advance, lost, recycled} with log-odds η_k against
staying (discrete-time competing risks; Allison 1982, eq. 10; Tutz & Schmid 2016, ch. 8):

    η_k = level_k + age walk_k(a) + Σ_d effect_kd[level of dimension d] + again_k
          + (slope_k[channel] + slope_k[segment])·log(1 + a)
          + drift_k(t) + shock_k(week) + calendar_k(t) + covariates_k(t)

    log L = Σ_cells [ Σ_k d_k·η_k − n·log(1 + Σ_k exp η_k) ]

Dimensions d are channel, segment, region, owner, type and score band, each with a learned spread; what a channel is
like at the other stages is its prior at this one (models/across_stages.py). The drift is a random walk of Student-t
steps, anchored at the as-of date (zero there), so the level is what the latest weeks say; its steps are two
weeks wide near that date, where a break must be learned within weeks, and wider further back. Shocks are those of
single weeks: all records of a stage share them, which makes weekly totals vary more than independent records would.
There is no cohort effect beside age and time: its linear trend would not be identified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pymc as pm
import pytensor.tensor as pt

from revmodel import dims
from revmodel.features.tables import HazardCells
from revmodel.models import priors
from revmodel.models.across_stages import informed_by_others
from revmodel.models.compiled import CompiledModel
from revmodel.models.hazard_data import HazardLayout, layout_of, row_design, stage_data
from revmodel.models.sampling import Engine, Posterior, laplace_draws, sample
from revmodel.models.spreads import fit_spreads
from revmodel.models.stage_covariates import stage_covariates
from revmodel.models.stored import PosteriorStore

__all__ = ["FittedStage", "StageHazards", "stage_model"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Stages = dict[str, dict[str, Floats]]  # arrays of each stage
K = len(dims.CAUSES)


def stage_model(data: dict[str, Floats]) -> pm.Model:
    """The PyMC model of one stage. Every effect is standard normal; scales hold the spreads (models/spreads.py)."""
    with pm.Model() as model:
        x = {name: pm.Data(name, value) for name, value in data.items()}
        of_rows = x["row_mean"] + pm.Normal("row", shape=data["row_scale"].shape) * x["row_scale"]
        of_times = pm.Normal("time", shape=data["time_scale"].shape) * x["time_scale"]
        by_row = x["crude_log_odds"][:, None] + pt.dot(of_rows, x["row_design"].T)
        by_time = x["time_offset"][None, :] + pt.dot(of_times, x["time_design"].T)
        leaving = pt.dot(pt.exp(by_row).T, pt.exp(by_time))  # Σ_k exp η_k, (row, time)
        exits = (x["exits_by_row"] * by_row).sum() + (x["exits_by_time"] * by_time).sum()
        pm.Potential("log_likelihood", exits - (x["at_risk"] * pt.log1p(leaving)).sum())
    return model


@dataclass(frozen=True)
class FittedStage:
    """One stage's posterior. learned: scales of effects, "log_spread" (kind, cause) and its standard error."""

    stage: str
    posterior: Posterior
    layout: HazardLayout
    data: dict[str, Floats]
    learned: dict[str, Floats]
    never_seen: tuple[str, ...]

    def picked(self, draws: int) -> Ints:
        """``draws`` posterior draws, evenly."""
        return np.linspace(0, len(self.posterior.thetas) - 1, draws).round().astype(np.int64)

    def effect(self, name: str, pick: Ints) -> Floats:
        """Effects of one kind on log-odds, (draw, cause, column); no column where the model has none of the kind."""
        each = self.layout.named(name)
        if each is None:
            return np.zeros((len(pick), K, 0))
        part: Floats = self._effects(each.where, pick)[:, :, each.columns]
        return part

    def log_odds(self, pick: Ints) -> Floats:
        """(draw, cause, group, age_bin), of first visits at the as-of date."""
        groups, ages = len(self.layout.groups), len(self.layout.age_edges_weeks)
        group, age_bin = (part.ravel() for part in np.indices((groups, ages)))
        design = row_design(self.layout, group, age_bin, np.zeros_like(group))
        flat = self.data["crude_log_odds"][:, None] + self._effects("row", pick) @ design.T
        odds: Floats = flat.reshape(len(pick), K, groups, ages)
        return odds

    def by_time(self, pick: Ints) -> Floats:
        """(draw, cause, time): what each time of the history adds to log-odds, times as in the layout."""
        known = len(self.layout.times)
        added: Floats = self._effects("time", pick) @ self.layout.time_design[:known].T
        return added + self.layout.time_offset[:known]

    def spread(self, name: str, draws: int, rng: np.random.Generator) -> Floats:
        """(draw, cause): a kind's spread, drawn from its own uncertainty: a short history gives a wide future."""
        kinds = [each.name for each in self.layout.effects if each.log_sd > 0]
        at = kinds.index(name)
        log, error = self.learned["log_spread"][at], self.learned["log_spread_se"][at]
        spreads: Floats = np.exp(log + error * rng.standard_normal((draws, K)))
        return spreads

    def _effects(self, where: str, pick: Ints) -> Floats:
        """(draw, cause, column): effects of rows or of times, on log-odds."""
        rows = self.learned["row_scale"].size
        theta = self.posterior.thetas[pick]
        part = theta[:, :rows] if where == "row" else theta[:, rows:]
        scale = self.learned[f"{where}_scale"]
        effects: Floats = part.reshape(len(pick), *scale.shape) * scale
        return effects + self.learned["row_mean"] if where == "row" else effects


class StageHazards:
    """Conversion and time-to-close of every stage from hazard cells.

    engine: "nuts" for the run of record, "laplace" for backtests and interactive work (the same specification).
    holidays_country: whose working days count. covariates: names of weekly indicators that move conversion.
    After ``fit``: ``stages_`` (FittedStage by name), ``layout_``.
    """

    _compiled: ClassVar[dict[tuple[int, ...], CompiledModel]] = {}  # one compiled model a shape, for the process

    def __init__(
        self, *, engine: Engine = "nuts", draws: int = 1000, seed: int = 1, store: PosteriorStore | None = None,
        holidays_country: str | None = None, covariates: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.engine: Engine = engine
        self.draws = draws
        self.seed = seed
        self.store = store or PosteriorStore()
        self.holidays_country = holidays_country
        self.covariates = covariates

    def fit(
        self, cells: HazardCells, progress: Callable[[str], None] | None = None, indicators: pd.DataFrame | None = None
    ) -> StageHazards:
        """Fit the stages, each on its own with priors that the others inform (models/across_stages.py).

        indicators: the weekly panel's (week × name), which ``covariates`` are of.
        """
        weekly = pd.DataFrame() if indicators is None else indicators
        self.layout_ = layout_of(cells, self.holidays_country, stage_covariates(weekly, self.covariates))
        self.cells_ = cells
        data = {stage: stage_data(cells, self.layout_, stage) for stage in cells.stages}
        informed = cache(lambda: informed_by_others(data, self.layout_.effects) if len(data) > 1 else data)
        self.stages_: dict[str, FittedStage] = {}
        for i, stage in enumerate(cells.stages):
            if progress is not None:
                progress(f"how records leave stage {stage} ({i + 1} of {len(cells.stages)})")
            self.stages_[stage] = self._fit_stage(stage, self.seed + 101 * i, data, informed)
        return self

    def _fit_stage(self, stage: str, seed: int, data: Stages, informed: Callable[[], Stages]) -> FittedStage:
        """data : arrays of all stages; informed : the same with what each learns of the others, asked for if needed."""

        def fit() -> tuple[Posterior, dict[str, Floats]]:
            own = informed()[stage]
            mode, learned = fit_spreads(own, self.layout_.effects, priors.COMMON_SDS if len(data) > 1 else ())
            if self.engine == "laplace":
                return laplace_draws(mode, self.draws, seed), learned
            full = {name: learned.get(name, value) for name, value in own.items()}
            posterior = sample(
                self._model(full), full, mode, engine="nuts", draws=self.draws, seed=seed, near_normal=True
            )
            return posterior, learned

        settings = {"engine": self.engine, "draws": self.draws, "stage": stage}
        seen = {f"{name} of {other}": value for other, each in data.items() for name, value in each.items()}
        posterior, learned = self.store.fetch("stage", seen, settings, seed, fit)
        exits = data[stage]["exits_by_row"].sum(1)
        unseen = tuple(cause for cause, n in zip(dims.CAUSES, exits, strict=True) if n == 0)
        return FittedStage(stage, posterior, self.layout_, data[stage], learned, unseen)

    def _model(self, data: dict[str, Floats]) -> CompiledModel:
        if self.layout_.shape not in self._compiled:
            self._compiled[self.layout_.shape] = CompiledModel(stage_model(data))
        return self._compiled[self.layout_.shape]
