"""The provenance bridge: how actuals, open deals, open leads and the not yet created make up a forecast."""

from __future__ import annotations

import pandas as pd

from revmodel.dims import ALL, GROUP_DIMS, METRIC, PERIOD, PROVENANCE, PROVENANCES
from revmodel.errors import ModelError

__all__ = ["provenance_bridge"]


def provenance_bridge(forecast_table: pd.DataFrame, metric: str, period: str) -> pd.DataFrame:
    """Steps of the bridge, in the order of certainty: step, mean, p10, p90, start, end; the last is the forecast.

    ``start`` and ``end`` are running totals of the means; the last ``end`` is the forecast's mean. Percentiles do not
    add up over steps, means do. A period that has not begun has no actual: its step is 0.
    Raises ModelError: the table has no such metric and period.
    """
    at = (forecast_table[METRIC] == metric) & (forecast_table[PERIOD] == period)
    told = [name for name in GROUP_DIMS if name in forecast_table]
    rows = forecast_table[at & (forecast_table[told] == ALL).all(axis=1)]
    if rows.empty:
        held = sorted(set(zip(forecast_table[METRIC], forecast_table[PERIOD], strict=True)))
        raise ModelError(f"no forecast of {metric!r} in {period!r}: the table holds {held[:8]} …; choose one of them")
    by_step = rows.set_index(PROVENANCE)[["mean", "p10", "p90"]]
    steps = by_step.reindex(list(PROVENANCES), fill_value=0.0)
    steps["end"] = steps["mean"].cumsum()
    steps["start"] = steps["end"] - steps["mean"]
    total = by_step.loc[[ALL]].rename(index={ALL: "forecast"}).assign(start=0.0)
    total["end"] = total["mean"]
    return pd.concat([steps, total]).rename_axis("step").reset_index()[["step", "mean", "p10", "p90", "start", "end"]]
