"""Draws of the future: the funnel run forward week by week."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from revmodel.dims import DRAW, GROUP, GROUP_DIMS, PROVENANCE, WEEK

__all__ = ["Simulation"]


@dataclass(frozen=True)
class Simulation:
    """Simulated weeks after the as-of date.

    draws: Dataset with variables leads, pipeline_created, wins, bookings over dims
        (draw, week, provenance, group); week 0 covers as_of+1 … as_of+7; provenance without "actual"; the coordinates
        channel, segment, region, owner, type and band (dims.GROUP_DIMS) say what each group is.
        leads and wins are counts; pipeline_created and bookings are money where has_amounts, else counts.
        opportunities (same dims): the count behind pipeline_created.
    deals: one row an open deal: deal_id, stage, channel, segment, age_weeks, amount, p_win,
        p_win_this_quarter, expected_close_p10/p50/p90 (dates, given won inside the horizon).
    deal_wins: (deal, week), the chance that each deal is won in that week; rows as in ``deals``.
    won_week, won_amount: (draw, deal), the week of each deal's win, −1 where it is not won, and what it books.
    """

    as_of: dt.date
    draws: xr.Dataset
    deals: pd.DataFrame
    has_amounts: bool
    deal_wins: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    won_week: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int16))
    won_amount: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def weekly(self, metric: str) -> npt.NDArray[np.float64]:
        """Draws of the company's weekly totals, (draw, week)."""
        return np.asarray(self.draws[metric].sum((PROVENANCE, GROUP)).transpose(DRAW, WEEK).values, dtype=np.float64)

    def weekly_by(self, metric: str, dim: str) -> dict[str, npt.NDArray[np.float64]]:
        """Draws of weekly totals, (draw, week), of each level of one dimension: provenance or one of dims.GROUP_DIMS.

        Sums of the same draws, so levels add up to ``weekly``: by type, new business, expansion and renewal.
        """
        if dim == PROVENANCE:
            parts = self.draws[metric].sum(GROUP).transpose(PROVENANCE, DRAW, WEEK)
            return {str(name): part.values for name, part in zip(parts[PROVENANCE].values, parts, strict=True)}
        if dim not in GROUP_DIMS:
            raise KeyError(f"draws came to be summed by {dim!r}, wanted {PROVENANCE} or one of {', '.join(GROUP_DIMS)}")
        parts = self.draws[metric].sum(PROVENANCE).transpose(GROUP, DRAW, WEEK)
        level = [str(name) for name in self.draws[dim].values]
        return {name: parts.values[[at == name for at in level]].sum(axis=0) for name in dict.fromkeys(level)}
