"""The rows of a forecast that are about the whole company."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.dims import ACTUAL, ALL, GROUP_DIMS, METRIC, PERIOD, PROVENANCE
from revmodel.features.fiscal import Grain

__all__ = ["days_within", "quarter_totals", "total_rows"]


def total_rows(forecast: pd.DataFrame, grain: Grain = "quarter", provenance: str = ALL) -> pd.DataFrame:
    """Rows over every channel, segment and whatever else groups are told apart by."""
    rows = forecast[(forecast["grain"] == grain) & (forecast[PROVENANCE] == provenance)]
    for name in GROUP_DIMS:
        if name in rows.columns:
            rows = rows[rows[name] == ALL]
    return rows


def quarter_totals(forecast: pd.DataFrame) -> pd.DataFrame:
    """One row a metric and quarter, in order, with ``actual``: what was in already."""
    totals, keys = total_rows(forecast), [METRIC, PERIOD]
    actual = total_rows(forecast, provenance=ACTUAL).drop_duplicates(keys).set_index(keys)["mean"].to_dict()
    so_far = [float(actual.get((row[METRIC], row[PERIOD]), 0.0)) for row in totals[keys].to_dict("records")]
    return totals.assign(actual=so_far).drop_duplicates(keys).reset_index(drop=True)


def days_within(week_ends: pd.Series, first: pd.Timestamp, last: pd.Timestamp) -> pd.Series:
    """How many of the seven days of each week lie between two days, both included.

    >>> ends = pd.Series(pd.to_datetime(["2026-10-04", "2026-10-11"]))
    >>> days_within(ends, pd.Timestamp("2026-10-01"), pd.Timestamp("2026-12-31")).tolist()
    [4, 7]
    """
    ends = week_ends.to_numpy()
    begins = ends - np.timedelta64(6, "D")
    days = np.minimum(ends, last.to_datetime64()) - np.maximum(begins, first.to_datetime64())
    return pd.Series(np.clip(days / np.timedelta64(1, "D") + 1, 0, 7).astype(np.int64), index=week_ends.index)
