"""Draws of the future: the funnel run forward week by week."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd
import xarray as xr

__all__ = ["Simulation"]


@dataclass(frozen=True)
class Simulation:
    """Simulated weeks after the as-of date.

    draws: Dataset with variables leads, pipeline_created, wins, bookings over dims
        (draw, week, provenance, channel, segment); week 0 covers as_of+1 … as_of+7; provenance without "actual".
        leads and wins are counts; pipeline_created and bookings are money where has_amounts, else counts.
        opportunities (same dims): the count behind pipeline_created.
    deals: one row an open deal: deal_id, stage, channel, segment, age_weeks, amount, p_win,
        p_win_this_quarter, expected_close_p10/p50/p90 (dates, given won inside the horizon).
    """

    as_of: dt.date
    draws: xr.Dataset
    deals: pd.DataFrame
    has_amounts: bool
