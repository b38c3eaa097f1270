"""One fit that every part of a run shares."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import Config
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.forecast.calendar import weeks_needed
from revmodel.forecast.plan import plan_gaps, planned_spend, read_plan
from revmodel.forecast.spend_ahead import expected_spend, spend_paths
from revmodel.models.predict import future_weeks
from revmodel.models.revenue import RevenueModel
from revmodel.models.stored import PosteriorStore
from revmodel.workflows.company import DataCheck, as_of_date, read_company
from revmodel.workflows.digest import program_digest

__all__ = ["FittedCompany", "PreparedCompany", "fit_company"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]
NUTS_DRAWS_PER_CHAIN = 600


@dataclass(frozen=True)
class PreparedCompany:
    """Data and features of one company as of one date, before anything is fitted."""

    config: Config
    as_of: dt.date
    data: DataCheck
    features: Features


@dataclass(frozen=True)
class FittedCompany(PreparedCompany):
    """Data, features and posterior of one company as of one date. timings_s: seconds by step."""

    model: RevenueModel
    timings_s: dict[str, float]
    plan: pd.DataFrame | None

    def spend_ahead(self, weeks: int) -> Floats:
        """(channel, week) planned spend, or what past spend leads to expect where there is no plan."""
        response = self.model.response_.data_
        if self.plan is None:
            return expected_spend(response.spend, weeks)
        return planned_spend(self.plan, response.channels, future_weeks(pd.Timestamp(self.as_of), weeks))

    def spend_drawn(self, weeks: int, draws: int) -> Floats:
        """What the forecast runs on: the plan, (channel, week), or without one drawn spend, (draw, channel, week)."""
        if self.plan is not None:
            return self.spend_ahead(weeks)
        rng = np.random.default_rng(self.config.seed + 30)
        return spend_paths(self.model.response_.data_.spend, weeks, draws, rng)

    def spend_table(self, weeks: int) -> pd.DataFrame:
        """The table ``spend_plan``: week_end, channel, spend: what the forecast rests on."""
        ends = future_weeks(pd.Timestamp(self.as_of), weeks)
        channels = self.model.response_.data_.channels
        spend = self.spend_ahead(weeks)
        rows = [(end, name, spend[i, w]) for i, name in enumerate(channels) for w, end in enumerate(ends)]
        return pd.DataFrame(rows, columns=["week_end", "channel", "spend"])

    def cannot(self) -> list[str]:
        """What this run could not do or had to assume, one sentence each."""
        told = list(self.features.cannot)
        if self.plan is None and self.model.response_.data_.channels:
            told.append(
                "No spend plan was given: spend ahead is drawn from its own past (mean of the last 52 weeks, season, "
                "what it strayed by); pass --plan plan.csv."
            )
        if self.plan is not None:
            settings = self.config.forecast
            weeks = weeks_needed(self.as_of, settings.quarters, settings.fiscal_year_start_month)
            ends = future_weeks(pd.Timestamp(self.as_of), weeks)
            told += plan_gaps(self.plan, self.model.response_.data_.channels, ends)
        if not self.model.deal_effects_.any_used and len(self.model.deal_effects_.shifts_):
            told.append(self.model.deal_effects_.sentence())
        return told


def fit_company(
    config: Config, as_of: dt.date | None = None, plan: str | None = None, progress: Progress | None = None,
    beside: Callable[[PreparedCompany], None] | None = None,
) -> FittedCompany:  # fmt: skip
    """Read, check, cut as of the date, build features, fit.

    plan : path of a plan file; without it the config's, without that spend drawn from its past. beside : called when
    the features are there, to start what can run while the models are fitted.
    """
    say = progress or (lambda _: None)
    day = as_of_date(config, as_of)
    timings: dict[str, float] = {}
    clock = time.perf_counter()

    def done(name: str) -> None:
        nonlocal clock
        timings[name], clock = round(time.perf_counter() - clock, 2), time.perf_counter()

    say("reading and checking the tables")
    data = read_company(config)
    path = plan or (config.forecast.plan and str(config.resolve(config.forecast.plan)))
    plan_frame = read_plan(config.resolve(path)) if path else None
    done("read")
    say("journeys and features")
    features = build_features(data.tables, config, day)
    done("features")
    if beside is not None:
        beside(PreparedCompany(config, day, data, features))
    model = RevenueModel(
        engine=config.forecast.engine,
        draws=config.forecast.draws if config.forecast.engine == "laplace" else NUTS_DRAWS_PER_CHAIN,
        seed=config.seed,
        response=config.response,
        fiscal_year_start_month=config.forecast.fiscal_year_start_month,
        stage_covariates=config.forecast.stage_covariates,
        store=PosteriorStore(config.resolve(config.reports) / ".posteriors", program_digest()),
    ).fit(features, say)
    done("fit")
    return FittedCompany(config, day, data, features, model, timings, plan_frame)
