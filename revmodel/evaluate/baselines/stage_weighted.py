"""The CRM's own forecast: each open deal times the win rate of its stage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.baselines.won_amounts import recent_amounts
from revmodel.evaluate.forecaster import BacktestInput, Floats, metrics_seen
from revmodel.journeys.events import WON_STAGE
from revmodel.journeys.spells import OPEN

__all__ = ["stage_weighted_pipeline"]


def stage_weighted_pipeline(data: BacktestInput) -> dict[str, Floats]:
    """Wins and bookings of the open deals whose close date on file falls within the horizon.

    An open deal (an open lead where the funnel has no deals) counts with the share of closed records that once stood
    in its stage and were won. Overdue close dates land in week 0; deals without one are left out; where none has
    one, all count and are spread evenly. Amount: on file, else the mean of the last year's wins. It adds nothing for
    deals not yet created and keeps forgotten deals, as such reports do.
    A point forecast: all draws are the same. Metrics: wins, bookings. Returns metric → (draw, week).
    Raises ModelError where no record has closed yet.
    """
    funnel = data.config.funnel
    stages = funnel.deal_stages or tuple(funnel.stages)
    rates = _win_rate_by_stage(data, stages)
    records = data.features.open_records.frame
    records = records[records["stage"].isin(stages)]
    chance = records["stage"].map(rates).fillna(rates.mean()).to_numpy(dtype=float)
    landing = _landing_weeks(records["close_date"], data)
    forecast = {dims.WINS: chance @ landing}
    if dims.BOOKINGS in metrics_seen(data.features.realised):
        known = recent_amounts(data.features)
        amounts = records["amount"].astype(float).fillna(known.mean()) if known.size else pd.Series(1.0, records.index)
        forecast[dims.BOOKINGS] = (chance * amounts.to_numpy(dtype=float)) @ landing
    return {metric: np.tile(weekly, (data.draws, 1)) for metric, weekly in forecast.items()}


def _win_rate_by_stage(data: BacktestInput, stages: tuple[str, ...]) -> pd.Series:
    """stage → share won of the closed records that once stood in it."""
    spells = data.journeys.spells
    spells = spells.filter(spells.stage.isin(stages))
    ends = spells.group_by(["record_type", "record_id"]).agg(
        won=(spells.to_stage == WON_STAGE).fill_null(False).max(), still_open=(spells.outcome == OPEN).max()
    )
    closed = ends.filter(~ends.still_open).drop("still_open")
    visited = spells.select("record_type", "record_id", "stage").distinct()
    joined = visited.join(closed, ["record_type", "record_id"])
    by_stage = joined.group_by("stage").agg(rate=joined.won.cast("float64").mean())
    rates: pd.DataFrame = by_stage.order_by("stage").to_pyarrow().to_pandas()
    if rates.empty:
        raise ModelError(
            f"no record of {list(stages)} has closed by {data.features.as_of}: "
            "stage weights want closed records; take a later origin"
        )
    return rates.set_index("stage")["rate"]


def _landing_weeks(close_date: pd.Series, data: BacktestInput) -> Floats:
    """Share of each record that lands in each week, (record, week); 0 beyond the horizon."""
    dates = pd.to_datetime(close_date)
    if dates.isna().all():
        return np.full((len(dates), data.horizon_weeks), 1 / data.horizon_weeks)
    days = (dates.dt.normalize() - pd.Timestamp(data.features.as_of)).dt.days
    week = ((days - 1) // 7).clip(lower=0).fillna(data.horizon_weeks).to_numpy()
    lands: Floats = (week[:, None] == np.arange(data.horizon_weeks)).astype(float)
    return lands
