"""The way through each quarter: what is in so far, then draws of the total to each coming week, added up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import METRIC, PERCENTILES, PERIOD
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.rollup import metrics_of
from revmodel.forecast.simulation import Simulation
from revmodel.forecast.totals import total_rows
from revmodel.report.reading import rows_of

__all__ = ["quarter_path"]

_WEEK = pd.Timedelta(days=7)


def quarter_path(
    simulation: Simulation, realised: pd.DataFrame, forecast: pd.DataFrame, fiscal_year_start_month: int
) -> pd.DataFrame:
    """The table ``path``: each metric's total since the quarter began, at the end of each week.

    realised : metric, date, value (see features.tables.Features). forecast : the forecast table, for its quarters and
    targets. Columns: metric, period, date, known (the day has passed), mean, p05 … p95, target (of the quarter).
    The last date of a quarter is its last day, where the range is that of the forecast table.
    """
    totals = total_rows(forecast)
    target = totals.set_index([METRIC, PERIOD])["target"].to_dict()
    quarters = periods(simulation.as_of, totals[PERIOD].nunique(), fiscal_year_start_month, "quarter")
    rows: list[dict[str, object]] = []
    for metric in metrics_of(simulation, realised):
        weekly = simulation.weekly(metric)
        mine = realised[realised[METRIC] == metric]
        for one in rows_of(quarters):
            head = {METRIC: metric, PERIOD: one.period, "target": target.get((metric, one.period), np.nan)}
            rows += [head | row for row in _walk(simulation, weekly, mine, one.start, one.end)]
    summaries = ["mean", *(f"p{percent:02d}" for percent in PERCENTILES)]
    return pd.DataFrame(rows, columns=[METRIC, PERIOD, "date", "known", *summaries, "target"])


def _walk(
    simulation: Simulation,
    weekly: npt.NDArray[np.float64],
    realised: pd.DataFrame,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> Iterator[dict[str, object]]:
    """One quarter, week by week: weeks end on the weekday of the as-of date."""
    as_of = pd.Timestamp(simulation.as_of)
    known = sorted(day for day in pd.date_range(end=as_of, start=start, freq="D") if (as_of - day).days % 7 == 0)
    for day in known:
        yield {"date": day, "known": True, **_summary(np.array([_realised(realised, start, day)]))}
    ahead = [*pd.date_range(as_of + _WEEK, end, freq="7D"), end]
    ahead = [day for day in dict.fromkeys(ahead) if day >= start and day > as_of]
    table = pd.DataFrame({"start": start, "end": ahead})
    totals = weekly @ week_shares(table, simulation.as_of, weekly.shape[1]).T
    so_far = _realised(realised, start, as_of)
    for i, day in enumerate(ahead):
        yield {"date": day, "known": False, **_summary(so_far + totals[:, i])}


def _realised(realised: pd.DataFrame, start: pd.Timestamp, day: pd.Timestamp) -> float:
    """Total from ``start`` to ``day``, both included."""
    inside = (realised["date"] >= start) & (realised["date"] < day + pd.Timedelta(days=1))
    return float(realised.loc[inside, "value"].sum())


def _summary(total: npt.NDArray[np.float64]) -> dict[str, float]:
    quantiles = np.percentile(total, PERCENTILES)
    named = {f"p{percent:02d}": float(value) for percent, value in zip(PERCENTILES, quantiles, strict=True)}
    return {"mean": float(total.mean()), **named}
