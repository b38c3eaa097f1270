"""What fitted models hand to the forecast: draws as plain arrays with named axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

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
    """Amounts of won deals, and how amounts on file slip until a deal is won; all on the log scale.

    Log amount of a won deal: mean[draw, group] plus Normal(0, sd[draw]) or, with chance wide_share[draw],
    Normal(0, wide_sd[draw]); capped at log_cap.
    slippage : (draw, origin, value), equally likely log ratios of the amount won to the amount on file of a deal that
        is won. Origin 0: the amount first on file; 1 + s: on file while the deal was in stage s of the funnel.
    has_amounts: False where no amount is known: bookings and pipeline are then counts.
    """

    mean: Floats
    sd: Floats
    wide_share: Floats
    wide_sd: Floats
    log_cap: float
    slippage: Floats
    has_amounts: bool

    @property
    def first_spreads(self) -> tuple[Floats, Floats]:
        """(draw,) sd and wide sd of the amount first on file, so that amount × slippage has the law of won amounts."""
        variance = self.slippage[:, 0].var(axis=1)
        return tuple(np.sqrt(np.maximum(sd**2 - variance, 0.0)) for sd in (self.sd, self.wide_sd))  # type: ignore[return-value]

    def expected_won(self) -> Floats:
        """(draw, group): mean amount of a won deal, currency."""
        return self._mean_of(self.mean, self.sd, self.wide_sd)

    def expected_first(self) -> Floats:
        """(draw, group): mean amount first put on file of a deal that is won, currency."""
        return self._mean_of(self.mean - self.slippage[:, 0].mean(axis=1)[:, None], *self.first_spreads)

    def _mean_of(self, mean: Floats, sd: Floats, wide_sd: Floats) -> Floats:
        share = self.wide_share[:, None]
        ordinary = _capped_lognormal_mean(mean, sd[:, None], self.log_cap)
        return (1 - share) * ordinary + share * _capped_lognormal_mean(mean, wide_sd[:, None], self.log_cap)


def _capped_lognormal_mean(mean: Floats, sd: Floats, log_cap: float) -> Floats:
    """E[exp(min(X, cap))], X ~ Normal(mean, sd): the part below the cap by its mean, the part above at the cap."""
    safe_sd = np.maximum(sd, 1e-12)
    room = (log_cap - mean) / safe_sd
    return np.asarray(np.exp(mean + safe_sd**2 / 2) * ndtr(room - safe_sd) + np.exp(log_cap) * ndtr(-room))
