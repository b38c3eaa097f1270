"""What a new lead is worth on average: pipeline and revenue, by when they land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError
from revmodel.models.draws import DealSizeDraws

__all__ = ["LeadValue", "lead_value"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeadValue:
    """Expected worth of one new lead.

    pipeline_within, revenue_within : (draw, group, week), cumulative: what has landed by the end of the week that is
        ``week`` weeks after the one the lead came in (0: the same week)
    wins_within : the same of wins; None where only their worth is known
    is_money : False where no amounts are known; pipeline and revenue are then counts of opportunities and wins
    The long-term worth is what has landed by the last week known.
    """

    pipeline_within: Floats
    revenue_within: Floats
    is_money: bool
    wins_within: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of different shape or that fall with time."""
        shape = self.pipeline_within.shape
        if len(shape) != 3 or shape != self.revenue_within.shape:
            raise ModelError(
                f"pipeline {shape} and revenue {self.revenue_within.shape} of a lead need one shape (draw, group, week)"
            )
        for name in ("pipeline_within", "revenue_within"):
            worth = getattr(self, name)
            if not np.isfinite(worth).all() or (np.diff(worth, axis=2) < -1e-9 * np.abs(worth).max()).any():
                raise ModelError(f"{name} must be finite and cumulative over weeks: pass cumulative sums")

    def within(self, metric: str) -> Floats:
        """(draw, group, week) cumulative worth in one metric: 'leads', 'pipeline', 'revenue' or 'wins'."""
        if metric == "leads":
            return np.ones_like(self.pipeline_within)
        if metric == "wins" and self.is_money:
            if self.wins_within is None:
                raise ModelError("this worth of a lead holds revenue and no wins: build it with lead_value")
            return self.wins_within
        return self.pipeline_within if metric == "pipeline" else self.revenue_within


def lead_value(opportunity_chance: Floats, win_chance: Floats, sizes: DealSizeDraws) -> LeadValue:
    """Chances of the funnel times deal sizes.

    opportunity_chance, win_chance : (draw, group, week), probability that a new lead becomes an opportunity, is won,
        in each week after it came in; not cumulative
    """
    won = np.cumsum(win_chance, axis=2)
    opened = np.cumsum(opportunity_chance, axis=2)
    if not sizes.has_amounts:
        return LeadValue(opened, won, is_money=False)
    first, final = sizes.expected_first(), sizes.expected_won()
    return LeadValue(opened * first[:, :, None], won * final[:, :, None], is_money=True, wins_within=won)
