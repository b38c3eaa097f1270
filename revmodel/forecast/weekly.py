"""Draws of each week's totals: what a later day compares with what then came in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from revmodel.dims import DRAW, WEEK
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.rollup import metrics_of
from revmodel.forecast.simulation import Simulation

__all__ = ["quarter_means", "weekly_totals"]


def weekly_totals(simulation: Simulation, realised: pd.DataFrame) -> xr.Dataset:
    """Metric → (draw, week) totals of the company; the coordinate week holds each week's last day."""
    ends = pd.Timestamp(simulation.as_of) + pd.to_timedelta(7 * (np.arange(simulation.draws.sizes[WEEK]) + 1), "D")
    totals = {name: _total(simulation.draws[name]) for name in metrics_of(simulation, realised)}
    return xr.Dataset(totals).assign_coords({WEEK: ends.as_unit("ns")})


def quarter_means(simulation: Simulation, quarters: int, fiscal_year_start_month: int) -> dict[tuple[str, str], float]:
    """(metric, quarter) → mean over draws of what the simulation brings to it."""
    table = periods(simulation.as_of, quarters, fiscal_year_start_month, "quarter")
    shares = week_shares(table, simulation.as_of, simulation.draws.sizes[WEEK])
    means = {str(name): shares @ _total(simulation.draws[name]).mean(DRAW).values for name in simulation.draws}
    return {
        (name, str(period)): float(value)
        for name, by_quarter in means.items()
        for period, value in zip(table["period"], by_quarter, strict=True)
    }


def _total(draws: xr.DataArray) -> xr.DataArray:
    """Over everything but draw and week."""
    rest = [name for name in draws.dims if name not in (DRAW, WEEK)]
    return draws.sum(rest).transpose(DRAW, WEEK).astype(np.float32)
