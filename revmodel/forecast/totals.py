"""The rows of a forecast that are about the whole company."""

from __future__ import annotations

import pandas as pd

from revmodel.dims import ACTUAL, ALL, GROUP_DIMS, METRIC, PERIOD, PROVENANCE
from revmodel.features.fiscal import Grain

__all__ = ["quarter_totals", "total_rows"]


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
