"""What fitted models hand to the forecast: draws as plain arrays with named axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ArrivalDraws", "DealSizeDraws", "FunnelDraws"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FunnelDraws:
    """Weekly hazards of leaving each stage, by cause, for the weeks after the as-of date.

    A record in stage s, group g (a channel × segment pair), age bin b leaves in future week t by cause k with
    probability exp(η_k) / (1 + Σ_j exp(η_j)), where η_k = log_odds[draw, s, k, g, b] + calendar[draw, s, k, t].

    log_odds : (draw, stage, cause, group, age_bin); causes in the order of dims.CAUSES
    calendar : (draw, stage, cause, week), drift, phase of the quarter and weekly shocks
    destination : (draw, stage, cause, to), probabilities summing to 1 over `to`; `to` indexes
        (*stages, "won", "lost"). Cause lost goes to "lost" with probability 1.
    group_channel, group_segment : names of each group; age_edges_weeks: left edges of the age bins.
    """

    stages: tuple[str, ...]
    group_channel: tuple[str, ...]
    group_segment: tuple[str, ...]
    age_edges_weeks: tuple[int, ...]
    log_odds: Floats
    calendar: Floats
    destination: Floats


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
