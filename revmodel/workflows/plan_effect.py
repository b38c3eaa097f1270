"""What a new spend plan brings more than the one before: the new models, run with both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import CHANNEL, METRIC, NOT_YET_CREATED, PERIOD
from revmodel.features.tables import OpenRecords
from revmodel.forecast.totals import days_within, total_rows
from revmodel.forecast.weekly import quarter_means
from revmodel.models.predict import future_weeks
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.parts import quarters_ahead, simulate_quarters

__all__ = ["plan_effect", "spend_of_plan"]

Floats = npt.NDArray[np.float64]
DRAWS = 300
_SAME = 0.01  # plans that differ by less than this share of the spend are one: weeks of two runs begin on other days


def plan_effect(
    fitted: FittedCompany, forecast: pd.DataFrame, old_plan: pd.DataFrame | None
) -> dict[tuple[str, str], float]:
    """(metric, quarter) → mean of what the new plan brings less what the old one would; nothing where they are one.

    Of what the forecast expects from what is not created yet, the share by which the two simulations differ, so that
    it is in the forecast's own measure.
    """
    channels, weeks = fitted.model.response_.data_.channels, quarters_ahead(fitted)
    if old_plan is None or not channels:
        return {}
    spend = fitted.spend_ahead(weeks)
    before = spend_of_plan(old_plan, spend, channels, future_weeks(pd.Timestamp(fitted.as_of), weeks))
    if np.abs(spend - before).sum() <= _SAME * max(spend.sum(), before.sum()):
        return {}
    quarters, month = fitted.config.forecast.quarters, fitted.config.forecast.fiscal_year_start_month
    nobody = OpenRecords(fitted.features.open_records.frame.iloc[:0])
    new, old = (
        quarter_means(simulate_quarters(fitted, spend=one, draws=DRAWS, records=nobody), quarters, month)
        for one in (spend, before)
    )
    to_come = total_rows(forecast, provenance=NOT_YET_CREATED).set_index([METRIC, PERIOD])["mean"]
    return {
        key: float(mean) * (1 - old[key] / new[key]) for key, mean in to_come.items() if key in new and new[key] > 0
    }


def spend_of_plan(plan: pd.DataFrame, otherwise: Floats, channels: tuple[str, ...], weeks: pd.DatetimeIndex) -> Floats:
    """(channel, week): what a plan of other weeks spends in these; ``otherwise`` on days and channels without it.

    plan : week_end, channel, spend; a week's spend is spread evenly over its days. weeks : last days.
    """
    wide = plan.pivot_table(index="week_end", columns=CHANNEL, values="spend", aggfunc="sum")
    ends = pd.Series(weeks)
    overlap = np.array([days_within(ends, end - pd.Timedelta(days=6), end) for end in wide.index])  # (old week, week)
    out = otherwise.copy()
    for i, channel in enumerate(channels):
        if channel in wide.columns:
            out[i] = wide[channel].to_numpy() / 7 @ overlap + otherwise[i] * (1 - overlap.sum(axis=0) / 7)
    return out
