"""What was paid, seen and clicked, day by day: a row that pays for a week or a month is spread over its days."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import numpy as np
import pandas as pd

from revmodel.dims import ALL, UNKNOWN
from revmodel.features.fiscal import Grain, period_of
from revmodel.features.spend_days import cadence_days, days_covered
from revmodel.metrics.totals import COLUMNS, DAYS_PER_MONTH
from revmodel.sources.tables import Tables

__all__ = ["SPEND_DIMENSIONS", "day_sums", "other_cost_days", "spend_days"]

SPEND_DIMENSIONS = ("channel", "campaign", "segment")
_MEASURES = ("spend", "impressions", "clicks")


def spend_days(tables: Tables, as_of: dt.date) -> pd.DataFrame:
    """measure ("spend", "impressions", "clicks"), date, value, channel, campaign, segment: a row a day.

    A row covers as many days as rows of its channel are apart (see features.spend_days), in equal parts, so that a week
    across the end of a quarter belongs to both.
    """
    keys = ["date", *SPEND_DIMENSIONS]
    rows = tables["spend"].group_by(keys).aggregate(**{name: tables["spend"][name].sum() for name in _MEASURES})
    frame: pd.DataFrame = rows.order_by(keys).to_pyarrow().to_pandas()
    frame["date"] = pd.to_datetime(frame["date"])
    for name in SPEND_DIMENSIONS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), UNKNOWN)
    parts = [_spread(part) for _, part in frame.groupby("channel", sort=True)]
    daily = pd.concat(parts) if parts else frame
    daily = daily[daily["date"] <= pd.Timestamp(as_of)]
    daily = daily.assign(spend_on_clicks=daily["spend"].where(daily["clicks"].notna()))
    long = daily.melt(keys, [*_MEASURES, "spend_on_clicks"], "measure", "value")
    return long[long["value"].notna()].reset_index(drop=True)


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    dates = pd.DatetimeIndex(rows["date"])
    first, days = days_covered(dates, cadence_days(dates))
    place = np.repeat(np.arange(len(rows)), days)
    shift = np.arange(place.size) - np.repeat(np.cumsum(days) - days, days)
    spread = rows.iloc[place].assign(date=pd.to_datetime(first[place] + shift, unit="D", origin="unix"))
    parts = {name: spread[name].astype(float) / days[place] for name in _MEASURES}
    return spread.assign(**parts)


def other_cost_days(per_month: float, first: dt.date, as_of: dt.date) -> pd.DataFrame:
    """What winning customers costs beside spend, the same every day: measure "other_cost", without dimensions."""
    days = pd.date_range(first, as_of, freq="D")
    return pd.DataFrame({"measure": "other_cost", "date": days, "value": per_month / DAYS_PER_MONTH})


def day_sums(
    days: pd.DataFrame, dimension: str | None, grain: Grain | Literal["day"], fiscal_year_start_month: int
) -> pd.DataFrame:
    """Days (measure, date, value, dimensions) summed by day or period, and level: the COLUMNS of totals."""
    if days.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    level = days[dimension] if dimension else ALL
    start = days["date"] if grain == "day" else period_of(days["date"], grain, fiscal_year_start_month)
    rows = days.assign(level=level, start=start, squares=days["value"] ** 2)
    keys = ["measure", "start", "level"]
    return rows.groupby(keys, as_index=False).agg(
        n=("value", "size"), total=("value", "sum"), squares=("squares", "sum")
    )
