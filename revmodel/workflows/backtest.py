"""How good would the forecast have been? The model and the baselines at past dates, with what was known then."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.backtest import BacktestPlan, forecast_origins, score_origins
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.combine import FUNNEL
from revmodel.evaluate.fans import OriginFans
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.evaluate.origins import rolling_origins
from revmodel.evaluate.score_table import score_table
from revmodel.evaluate.stacked import MODEL, stacked
from revmodel.forecast.simulate import simulate
from revmodel.forecast.spend_ahead import spend_paths
from revmodel.models.revenue import RevenueModel
from revmodel.workflows.digest import input_digests, result_key
from revmodel.workflows.fitted import FittedCompany, PreparedCompany

__all__ = [
    "DRAWS", "FUNNEL", "HORIZONS", "MODEL", "Backtest", "backtest_company", "past_forecasts", "revmodel_forecaster",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
HORIZONS = (4, 13, 26)
EVERY_WEEKS = 4
DRAWS = 400
BAR = 10  # characters
_OF_THE_RUN = ("quarters", "draws", "engine", "plan", "grains", "calibrate", "past_origins")  # not of a past forecast
Say = Callable[[str], None]


def revmodel_forecaster(data: BacktestInput) -> Mapping[str, Floats]:
    """The funnel model as a forecaster: Laplace engine, spend drawn from its own past (forecast/spend_ahead.py)."""
    config = data.config
    month = config.forecast.fiscal_year_start_month
    model = RevenueModel(
        engine="laplace", draws=data.draws, seed=data.seed, response=config.response, fiscal_year_start_month=month,
        stage_covariates=config.forecast.stage_covariates,
    ).fit(data.features)  # fmt: skip
    rng = np.random.default_rng(data.seed + 30)
    spend = spend_paths(model.response_.data_.spend, data.horizon_weeks, data.draws, rng)
    funnel, arrivals, sizes = model.predict(data.horizon_weeks, spend, data.draws)
    simulation = simulate(
        model.open_records_, funnel, arrivals, sizes, data.features.as_of, data.horizon_weeks,
        config.funnel.first_deal_stage, data.seed + 31, fiscal_year_start_month=month,
    )  # fmt: skip
    seen = set(data.features.realised["metric"])
    wanted = [m for m in dims.METRICS if m in seen and (m != dims.BOOKINGS or simulation.has_amounts)]
    return {metric: simulation.weekly(metric) for metric in wanted}


@dataclass(frozen=True)
class Backtest:
    """rows: the output ``backtest``, one row an origin × horizon × metric × model. scores: ``backtest_scores``."""

    rows: pd.DataFrame
    scores: pd.DataFrame


def backtest_company(
    fitted: FittedCompany, origins: int = 8, horizons: Sequence[int] = HORIZONS, every_weeks: int = EVERY_WEEKS,
    jobs: int = 1, progress: Say | None = None,
) -> Backtest:  # fmt: skip
    """The model and every baseline at the latest ``origins`` past dates whose shortest horizon is over.

    Forecasts of an origin are kept (see past_forecasts), so a run that was interrupted goes on where it stopped.
    Raises ModelError where the history holds no origin.
    """
    dates = rolling_origins(fitted.features, min(horizons), every_weeks, origins)
    fans = past_forecasts(fitted, dates, horizons, jobs=jobs, progress=progress)
    rows = score_origins(
        [one for one, _ in stacked(fans, horizons)], fitted.features.realised, horizons, fitted.as_of
    )  # fmt: skip
    if rows.empty:
        raise ModelError(f"no origin before {fitted.as_of} has a horizon that is over: wanted a longer history")
    return Backtest(rows, score_table(rows, against=MODEL))


def past_forecasts(
    company: PreparedCompany, origins: Sequence[dt.date], horizons: Sequence[int], *, jobs: int = 1,
    free: Event | None = None, progress: Say | None = None,
) -> list[OriginFans]:  # fmt: skip
    """What the model and every baseline would have forecast at past dates, oldest first.

    Kept under <reports>/.backtests and read back while data, config and program are the same. free : this process has
    other work until it is set.
    """
    plan = BacktestPlan(
        company.config, tuple(sorted(horizons)), {FUNNEL: revmodel_forecaster, **BASELINES}, DRAWS, company.config.seed,
        _folder(company, horizons),
    )  # fmt: skip
    return forecast_origins(company.data.tables, plan, origins, jobs=jobs, free=free, progress=_teller(progress))


def _teller(progress: Say | None) -> Callable[[int, int], None]:
    """Says how many past dates are done, as a bar, and about how long the others will take."""
    begun: list[tuple[float, int]] = []

    def tell(done: int, total: int) -> None:
        begun.append((time.monotonic(), done))
        (start, kept), (now, _) = begun[0], begun[-1]
        bar = "█" * round(BAR * done / total) + "░" * (BAR - round(BAR * done / total))
        said = f"past forecasts, each with what was known then {bar} {done} of {total}"
        if kept < done < total:
            said += f", about {(now - start) / (done - kept) * (total - done):.0f} s to go"
        if progress is not None:
            progress(said)

    return tell


def _folder(company: PreparedCompany, horizons: Sequence[int]) -> Path:
    """Its name changes with all that a past forecast depends on, and with nothing else: not with the date of today."""
    config = company.config
    irrelevant = {"as_of": None, "company": "", "reports": "", "allocation": None, "metrics": None, "tracking": None}
    plain = config.model_dump(mode="json") | irrelevant
    forecast = plain["forecast"]
    plain["forecast"] = {name: value for name, value in forecast.items() if name not in _OF_THE_RUN}
    key = result_key(plain, input_digests(config, company.data), horizons=sorted(horizons), draws=DRAWS)
    return config.resolve(config.reports) / ".backtests" / key
