"""How good would the forecast have been? The model and the baselines at past dates, with what was known then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.evaluate.backtest import backtest
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.evaluate.origins import default_origins
from revmodel.forecast.plan import recent_spend
from revmodel.forecast.simulate import simulate
from revmodel.models.revenue import RevenueModel
from revmodel.workflows.digest import input_digests, result_key
from revmodel.workflows.fitted import FittedCompany

__all__ = ["MODEL", "backtest_company", "revmodel_forecaster"]

Floats = npt.NDArray[np.float64]
MODEL = "revmodel"
HORIZON_WEEKS = 13


def revmodel_forecaster(data: BacktestInput) -> Mapping[str, Floats]:
    """The model as a forecaster: Laplace engine, spend held at its mean of the 13 weeks before the origin."""
    config = data.config
    month = config.forecast.fiscal_year_start_month
    model = RevenueModel(
        engine="laplace", draws=data.draws, seed=data.seed, response=config.response, fiscal_year_start_month=month,
        stage_covariates=config.forecast.stage_covariates,
    ).fit(data.features)  # fmt: skip
    spend = recent_spend(model.response_.data_.spend, data.horizon_weeks)
    funnel, arrivals, sizes = model.predict(data.horizon_weeks, spend, data.draws)
    simulation = simulate(
        data.features.open_records, funnel, arrivals, sizes, data.features.as_of, data.horizon_weeks,
        config.funnel.first_deal_stage, data.seed + 31, fiscal_year_start_month=month,
    )  # fmt: skip
    seen = set(data.features.realised["metric"])
    wanted = [m for m in dims.METRICS if m in seen and (m != dims.BOOKINGS or simulation.has_amounts)]
    return {metric: simulation.weekly(metric) for metric in wanted}


def backtest_company(
    fitted: FittedCompany, origins: int = 4, horizon_weeks: int = HORIZON_WEEKS, draws: int = 500, jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The output ``backtest`` at ``origins`` past dates, the model beside every baseline.

    What was scored once is kept under <reports>/.backtests and read back while data, config and program are the same,
    so a run that was interrupted goes on where it stopped.
    """
    dates = default_origins(fitted.features, horizon_weeks, origins)
    forecasters = {MODEL: revmodel_forecaster, **BASELINES}
    inputs = input_digests(fitted.config, fitted.data)
    key = result_key(fitted.config, inputs, horizon=horizon_weeks, draws=draws, as_of=fitted.as_of)
    store = fitted.config.resolve(fitted.config.reports) / ".backtests" / key
    kept = {date: pd.read_parquet(file) for date in dates if (file := store / f"{date}.parquet").exists()}
    missing = [date for date in dates if date not in kept]
    for start in range(0, len(missing), jobs):
        scored = backtest(
            fitted.data.tables, fitted.config, missing[start : start + jobs], horizon_weeks, forecasters, draws=draws,
            seed=fitted.config.seed, jobs=jobs, observed_until=fitted.as_of, progress=progress,
        )  # fmt: skip
        for date, rows in scored.groupby(scored["origin"].dt.date):
            kept[date] = _keep(rows, store / f"{date}.parquet")
    return pd.concat([kept[date] for date in dates if date in kept], ignore_index=True)


def _keep(rows: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Written aside, then renamed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    plain = pd.DataFrame(rows).reset_index(drop=True)
    plain.attrs.clear()
    aside = file.with_suffix(".part")
    plain.to_parquet(aside, index=False)
    aside.rename(file)
    return plain
