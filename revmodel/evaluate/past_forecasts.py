"""The forecast's own record: what past runs said of each quarter, and what it came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.dims import METRIC, PERIOD
from revmodel.forecast.totals import quarter_totals

__all__ = ["PastRun", "one_a_quarter", "past_forecasts"]

_COLUMNS = [
    *("run", "as_of", METRIC, PERIOD, "period_start", "period_end", "p10", "p50", "p90", "target"),
    *("actual", "ended", "inside_80"),
]
_EMPTY = dict.fromkeys(("as_of", "period_start", "period_end"), "datetime64[ns]") | {"ended": "bool"}


@dataclass(frozen=True)
class PastRun:
    """A run of the past: its name, its day, its forecast table."""

    run: str
    as_of: dt.date
    forecast: pd.DataFrame


def past_forecasts(runs: Iterable[PastRun], realised: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """The table ``record``: one row a past run, metric and quarter, oldest quarter first.

    Only what was said before the quarter's last day, by runs as of an earlier day than ``as_of``.
    actual : what is on record now of the quarter, by ``as_of``. ended : the quarter is over, so actual is its total.
    inside_80 : the total lies between p10 and p90; NaN where the quarter is not over.
    """
    rows = [_rows(run, as_of) for run in runs if run.as_of < as_of]
    if not rows:
        return pd.DataFrame(columns=_COLUMNS).astype(_EMPTY)
    table = pd.concat(rows, ignore_index=True)
    table["actual"] = [
        _came(realised, row[METRIC], row["period_start"], row["period_end"]) for row in table.to_dict("records")
    ]
    table["ended"] = table["period_end"] <= pd.Timestamp(as_of)
    inside = (table["actual"] >= table["p10"]) & (table["actual"] <= table["p90"])
    table["inside_80"] = np.where(table["ended"], inside.astype(float), np.nan)
    return table[_COLUMNS].sort_values(["period_start", METRIC, "as_of", "run"], ignore_index=True)


def one_a_quarter(record: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Of each quarter that is over the forecast made nearest its start, before it rather than after.

    Runs of one quarter share its outcome: counted each, they would prove more than they do.
    """
    rows = record[(record[METRIC] == metric) & record["ended"].astype(bool)]
    days = (rows["as_of"] - rows["period_start"]).dt.days + 1  # 0: as of the day before the quarter begins
    ordered = rows.assign(late=days > 0, far=days.abs()).sort_values(["period_start", "far", "late", "run"])
    return ordered.drop_duplicates(PERIOD).drop(columns=["late", "far"]).reset_index(drop=True)


def _rows(run: PastRun, as_of: dt.date) -> pd.DataFrame:
    totals = quarter_totals(run.forecast)
    said = totals[totals["period_end"] > pd.Timestamp(run.as_of)]
    begun = said[said["period_start"] <= pd.Timestamp(as_of)]
    return begun.assign(run=run.run, as_of=pd.Timestamp(run.as_of))


def _came(realised: pd.DataFrame, metric: str, start: pd.Timestamp, end: pd.Timestamp) -> float:
    rows = realised[realised[METRIC] == metric]
    inside = (rows["date"] >= start) & (rows["date"] < end + pd.Timedelta(days=1))
    return float(rows.loc[inside, "value"].sum())
