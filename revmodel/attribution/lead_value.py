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
    pipeline_long_term, revenue_long_term : (draw, group), what lands within forecast/later.py: LONG_TERM_WEEKS, or
        within the weeks above where they are more
    wins_within : wins, cumulative as the first two; None where only their worth is known
    is_money : False where no amounts are known; pipeline and revenue are then counts of opportunities and wins
    """

    pipeline_within: Floats
    revenue_within: Floats
    pipeline_long_term: Floats
    revenue_long_term: Floats
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
        for metric in ("pipeline", "revenue"):
            late, known = self.long_term(metric), self.within(metric)[:, :, -1]
            if late.shape != known.shape or not (late >= known * (1 - 1e-9)).all():
                raise ModelError(
                    f"{metric}_long_term must have the shape {known.shape} and be no less than what has landed before"
                )

    def within(self, metric: str) -> Floats:
        """(draw, group, week) cumulative worth in one metric: 'leads', 'pipeline', 'revenue' or 'wins'."""
        if metric == "leads":
            return np.ones_like(self.pipeline_within)
        if metric == "wins" and self.is_money:
            if self.wins_within is None:
                raise ModelError("this worth of a lead holds revenue and no wins: build it with lead_value")
            return self.wins_within
        return self.pipeline_within if metric == "pipeline" else self.revenue_within

    def long_term(self, metric: str) -> Floats:
        """(draw, group) worth in the long term, in one metric as of ``within``."""
        if metric == "leads":
            return np.ones_like(self.pipeline_long_term)
        return self.pipeline_long_term if metric == "pipeline" else self.revenue_long_term


def lead_value(
    opportunity_chance: Floats, win_chance: Floats, sizes: DealSizeDraws, growth: tuple[Floats, Floats]
) -> LeadValue:
    """Chances of the funnel times deal sizes.

    opportunity_chance, win_chance : (draw, group, week), probability that a new lead becomes an opportunity, is won,
        in each week after it came in; not cumulative
    growth : of opportunities and of wins, (group,) each, how many times those of these weeks come in the long term
    """
    won = np.cumsum(win_chance, axis=2)
    opened = np.cumsum(opportunity_chance, axis=2)
    pipeline, revenue, wins = opened, won, None
    if sizes.has_amounts:
        wins = won
        pipeline, revenue = opened * sizes.expected_first()[:, :, None], won * sizes.expected_won()[:, :, None]
    late = pipeline[:, :, -1] * growth[0], revenue[:, :, -1] * growth[1]
    return LeadValue(pipeline, revenue, *late, is_money=sizes.has_amounts, wins_within=wins)
