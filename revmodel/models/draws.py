"""What fitted models hand to the forecast: draws as plain arrays with named axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel.features.tables import Groups

__all__ = ["ArrivalDraws", "DealSizeDraws", "FunnelDraws"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FunnelDraws:
    """Weekly hazards of leaving each stage, by cause, for the weeks after the as-of date.

    A record in stage s, group g, age bin b leaves in future week t by cause k with probability
    exp(η_k) / (1 + Σ_j exp(η_j)), where η_k = log_odds[draw, s, k, g, b] + calendar[draw, s, k, t], plus
    again[draw, s, k] if it is there for the second time or more (attempt > 1).

    log_odds : (draw, stage, cause, group, age_bin); causes in the order of dims.CAUSES
    calendar : (draw, stage, cause, week): drift, calendar effects, shocks and covariates of the weeks ahead
    again : (draw, stage, cause), added to the log-odds of a repeated visit
    first_week : (draw, stage, 7), of the exits in the first week in the stage, the share on each day; sums to 1
    destination : (draw, stage, cause, to), probabilities summing to 1 over `to`; `to` indexes
        (*stages, "won", "lost"). Cause lost goes to "lost" with probability 1.
    groups: what the positions on the group axis are; age_edges_weeks: left edges of the age bins.
    """

    stages: tuple[str, ...]
    groups: Groups
    age_edges_weeks: tuple[int, ...]
    log_odds: Floats
    calendar: Floats
    destination: Floats
    again: Floats
    first_week: Floats

    @property
    def group_channel(self) -> tuple[str, ...]:
        """Channel of each group."""
        return self.groups.channel

    @property
    def group_segment(self) -> tuple[str, ...]:
        """Segment of each group."""
        return self.groups.segment


@dataclass(frozen=True)
class ArrivalDraws:
    """Records not yet created.

    counts : (draw, week, stage, group), integers: records that will enter the funnel at that stage.
    """

    counts: Ints


@dataclass(frozen=True)
class DealSizeDraws:
    """Log-amount of a won deal: Normal(mean[draw, group], sd[draw]) capped at log_cap.

    slippage_mean, slippage_sd : (draw,), log of (won amount / amount on file) for an open deal, given that it is won.
    has_amounts: False where no amount is known: bookings and pipeline are then counts.
    """

    mean: Floats
    sd: Floats
    log_cap: float
    slippage_mean: Floats
    slippage_sd: Floats
    has_amounts: bool
