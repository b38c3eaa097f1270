"""How good would the forecast have been? The model and the baselines at past dates, with what was known then."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
        engine="laplace", draws=data.draws, seed=data.seed, response=config.response, fiscal_year_start_month=month
    ).fit(data.features)
    spend = recent_spend(model.response_.data_.spend, data.horizon_weeks)
    funnel, arrivals, sizes = model.predict(data.horizon_weeks, spend, data.draws)
    simulation = simulate(
        data.features.open_records, funnel, arrivals, sizes, data.features.as_of, data.horizon_weeks,
        config.funnel.first_deal_stage, data.seed + 31, fiscal_year_start_month=month,
    )  # fmt: skip
    totals = simulation.draws.sum((dims.PROVENANCE, dims.CHANNEL, dims.SEGMENT))
    seen = set(data.features.realised["metric"])
    wanted = [m for m in dims.METRICS if m in seen and (m != dims.BOOKINGS or simulation.has_amounts)]
    return {metric: totals[metric].transpose(dims.DRAW, dims.WEEK).to_numpy() for metric in wanted}


def backtest_company(
    fitted: FittedCompany, origins: int = 4, horizon_weeks: int = HORIZON_WEEKS, draws: int = 500, jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The output ``backtest`` at ``origins`` past dates, the model beside every baseline."""
    dates = default_origins(fitted.features, horizon_weeks, origins)
    forecasters = {MODEL: revmodel_forecaster, **BASELINES}
    return backtest(
        fitted.data.tables, fitted.config, dates, horizon_weeks, forecasters, draws=draws, seed=fitted.config.seed,
        jobs=jobs, observed_until=fitted.as_of, progress=progress,
    )  # fmt: skip
