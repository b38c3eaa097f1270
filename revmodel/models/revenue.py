"""The whole loop as one model: stage hazards, arrivals with spend response, deal size.

The likelihoods of these parts share no parameter, so the joint posterior factorises: the parts are fitted apart, and
draw i of the joint posterior is draw i of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import ResponseConfig
from revmodel.errors import NotFittedError
from revmodel.features.tables import Features, Groups
from revmodel.models.arrivals import expected_arrivals, picked, predict_arrivals
from revmodel.models.deal_effects import DealEffects
from revmodel.models.deal_size import DealSize
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws
from revmodel.models.hazards import StageHazards
from revmodel.models.health import health_table
from revmodel.models.predict import future_weeks, predict_funnel
from revmodel.models.response import ChannelResponse
from revmodel.models.sampling import Engine
from revmodel.models.stored import PosteriorStore

__all__ = ["RevenueEngine", "RevenueModel"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]
RevenueEngine = Literal["nuts", "mixed", "laplace"]
LAPLACE_DRAWS = 2000
STAGE_DRAWS_PER_CHAIN = 800  # of NUTS: with fewer, R-hat over hundreds of effects is above 1.01 by chance
BASE_DRAWS, BASE_WEEKS = 100, 13  # whose mean hazards are the base of what sets open deals apart


class RevenueModel:
    """Fit every part on the features of one as-of date; predict the draws that the forecast runs on.

    engine: "nuts", "laplace", or "mixed": arrivals by NUTS and the rest by Laplace. draws: per chain for NUTS
    (at least); Laplace draws are LAPLACE_DRAWS in the mixed engine, else ``draws`` in all. store: posteriors kept of
    earlier fits.
    After ``fit``: ``hazards_``, ``response_``, ``sizes_``, ``deal_effects_``, ``base_funnel_``, ``open_records_``
    (with each deal's own odds), ``health_`` (one row a check), ``timings_s_``.
    """

    def __init__(
        self, *, engine: RevenueEngine = "mixed", draws: int = 500, seed: int = 1,
        response: ResponseConfig | None = None, fiscal_year_start_month: int = 1, store: PosteriorStore | None = None,
        stage_covariates: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.engine: RevenueEngine = engine
        self.draws = draws
        self.seed = seed
        self.response = response or ResponseConfig()
        self.fiscal_year_start_month = fiscal_year_start_month
        self.store = store or PosteriorStore()
        self.stage_covariates = stage_covariates

    def fit(self, features: Features, progress: Progress | None = None) -> RevenueModel:
        """Fit the parts. ``progress`` is called with one sentence a part."""
        say = progress or (lambda _: None)
        self.features_ = features
        self.timings_s_: dict[str, float] = {}
        cells = features.cells
        engine: Engine = "laplace" if self.engine == "laplace" else "nuts"
        with _timed(self.timings_s_, "hazards"):
            self.hazards_ = self._hazards().fit(cells, say, features.panel.indicators)
        say("arrivals and what spend adds to them")
        with _timed(self.timings_s_, "arrivals"):
            self.response_ = ChannelResponse(
                engine=engine, draws=self.draws, seed=self.seed + 1, max_lag_weeks=self.response.max_lag_weeks,
                holidays_country=self.response.holidays_country, cost_per_lead=self.response.cost_per_lead,
                captures_demand=self.response.captures_demand,
                channels={name: each.chosen() for name, each in self.response.channels.items()}, store=self.store,
                **self.response.chosen(),
            ).fit(features.panel)  # fmt: skip
        say("deal size")
        with _timed(self.timings_s_, "deal_size"):
            self.sizes_ = self._deal_size().fit(
                features.won_deals, cells.groups, features.as_of, features.deal_snapshots, cells.stages
            )
        say("what sets open deals apart")
        with _timed(self.timings_s_, "open_deals"):
            month, as_of = self.fiscal_year_start_month, pd.Timestamp(features.as_of)
            self.base_funnel_ = predict_funnel(self.hazards_, as_of, BASE_WEEKS, BASE_DRAWS, month, self.seed + 14)
            self.deal_effects_ = DealEffects().fit(features.deal_snapshots, self.base_funnel_)
            self.open_records_ = self.deal_effects_.with_shifts(features.open_records)
        self.health_ = self._health()
        return self

    def _hazards(self) -> StageHazards:
        per_engine = {"mixed": LAPLACE_DRAWS, "nuts": max(self.draws, STAGE_DRAWS_PER_CHAIN)}
        return StageHazards(
            engine="laplace" if self.engine == "mixed" else self.engine,
            draws=per_engine.get(self.engine, self.draws), seed=self.seed, store=self.store,
            holidays_country=self.response.holidays_country, covariates=self.stage_covariates,
        )  # fmt: skip

    def _deal_size(self) -> DealSize:
        if self.engine == "mixed":
            return DealSize(engine="laplace", draws=LAPLACE_DRAWS, seed=self.seed + 2, store=self.store)
        return DealSize(engine=self.engine, draws=self.draws, seed=self.seed + 2, store=self.store)

    def _health(self) -> pd.DataFrame:
        parts = [health_table(f"stage {name}", fitted.posterior) for name, fitted in self.hazards_.stages_.items()]
        parts.append(health_table("arrivals", self.response_.posterior_))
        if self.sizes_.posterior_ is not None:
            parts.append(health_table("deal size", self.sizes_.posterior_))
        return pd.concat(parts, ignore_index=True)

    @property
    def groups(self) -> Groups:
        """What the positions on every group axis are."""
        if not hasattr(self, "hazards_"):
            raise NotFittedError("this RevenueModel has no posterior: call fit(features) first")
        return self.hazards_.layout_.groups

    def predict(self, weeks: int, future_spend: Floats, draws: int) -> tuple[FunnelDraws, ArrivalDraws, DealSizeDraws]:
        """Joint draws for the weeks ahead.

        future_spend : (channel, week) as response_.data_.channels, currency; or (draw, channel, week).
        """
        groups = self.groups
        as_of = pd.Timestamp(self.features_.as_of)
        funnel = predict_funnel(self.hazards_, as_of, weeks, draws, self.fiscal_year_start_month, self.seed + 11)
        arrivals = predict_arrivals(
            self.response_, self.features_.panel, future_weeks(as_of, weeks), future_spend,
            self.features_.cells.stages, groups, draws, self.seed + 12,
        )  # fmt: skip
        sizes = self.sizes_.predict(groups, draws, np.random.default_rng(self.seed + 13))
        return funnel, arrivals, sizes

    def expected_ahead(self, weeks: int, future_spend: Floats, draws: int) -> Floats:
        """(draw, row, week): the records that ``predict`` of the same arguments expects, draw by draw."""
        ends = future_weeks(pd.Timestamp(self.features_.as_of), weeks)
        pick, rng = picked(self.response_, draws), np.random.default_rng(self.seed + 12)
        return expected_arrivals(self.response_, self.features_.panel, ends, future_spend, pick, rng)


class _timed:
    """Seconds spent in a block, added under a name."""

    def __init__(self, timings: dict[str, float], name: str) -> None:
        self.timings, self.name = timings, name

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.timings[self.name] = round(time.perf_counter() - self.start, 3)
