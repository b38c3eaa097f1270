"""From posteriors to the weeks ahead: hazards as the draws that the forecast runs on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.models import priors
from revmodel.models.draws import FunnelDraws
from revmodel.models.hazard_calendar import CALENDAR_COLUMNS, calendar_columns
from revmodel.models.hazards import FittedStage, StageHazards
from revmodel.models.steps import steps_ahead

__all__ = ["future_weeks", "predict_funnel"]

Floats = npt.NDArray[np.float64]
NEVER = -40.0  # log-odds of a way out that history never saw: it is not forecast
DAYS = 7


def future_weeks(as_of: pd.Timestamp, weeks: int) -> pd.DatetimeIndex:
    """Last days of the weeks after the as-of date: week 0 ends seven days after it."""
    return pd.date_range(as_of + pd.Timedelta(days=7), periods=weeks, freq="7D")


def predict_funnel(
    hazards: StageHazards, as_of: pd.Timestamp, weeks: int, draws: int, fiscal_year_start_month: int, seed: int
) -> FunnelDraws:
    """Weekly hazards of every stage for the weeks ahead (models/draws.py: FunnelDraws).

    Drift steps forward from the as-of date, every week has a shock of its own, and covariates walk on from their latest
    level; spreads are drawn from their own uncertainty, so that a short history gives a wide future.
    """
    rng = np.random.default_rng(seed)
    ahead = calendar_columns(future_weeks(as_of, weeks), fiscal_year_start_month, hazards.holidays_country)
    covariates = hazards.layout_.covariates.ahead(draws, weeks, rng)
    stages = list(hazards.stages_.values())
    log_odds, calendar, again = [], [], []
    for fitted in stages:
        pick = fitted.picked(draws)
        odds = fitted.log_odds(pick)
        odds[:, [k for k, cause in enumerate(dims.CAUSES) if cause in fitted.never_seen]] = NEVER
        log_odds.append(odds)
        calendar.append(_calendar(fitted, pick, ahead, covariates, rng))
        again.append(fitted.effect("again", pick)[:, :, 0])
    return FunnelDraws(
        stages=tuple(s.stage for s in stages),
        groups=hazards.layout_.groups,
        age_edges_weeks=hazards.layout_.age_edges_weeks,
        log_odds=np.stack(log_odds, axis=1),
        calendar=np.stack(calendar, axis=1),
        destination=_destinations(hazards, draws, rng),
        again=np.stack(again, axis=1),
        first_week=_first_week(hazards, draws, rng),
    )


def _calendar(
    fitted: FittedStage, pick: npt.NDArray[np.int64], ahead: Floats, covariates: Floats, rng: np.random.Generator
) -> Floats:
    """What the weeks ahead add to log-odds, (draw, cause, week). ahead : (week, calendar column)."""
    draws, weeks = len(pick), len(ahead)
    offset = priors.WORKING_DAYS_MEAN * ahead[:, CALENDAR_COLUMNS.index("working_days")]
    known = offset + fitted.effect("calendar", pick) @ ahead.T
    known = known + np.einsum("dkn,dnw->dkw", fitted.effect("covariate", pick), covariates)
    drift = steps_ahead(fitted.spread("drift", draws, rng), weeks, priors.STEP_DEGREES_OF_FREEDOM, rng)
    shock = fitted.spread("shock", draws, rng)[:, :, None] * rng.standard_normal((draws, len(dims.CAUSES), weeks))
    total: Floats = known + drift + shock
    return total


def _first_week(hazards: StageHazards, draws: int, rng: np.random.Generator) -> Floats:
    """Days of the exits in the first week, (draw, stage, day): Dirichlet, one exit a day before any is seen."""
    seen = hazards.cells_.first_week
    out = np.zeros((draws, len(hazards.stages_), DAYS))
    for i, stage in enumerate(hazards.stages_):
        counts = seen[seen["stage"] == stage].set_index("day")["count"].reindex(range(DAYS), fill_value=0)
        out[:, i] = rng.dirichlet(counts.to_numpy(float) + 1.0, draws)
    return out


def _destinations(hazards: StageHazards, draws: int, rng: np.random.Generator) -> Floats:
    """Where exits go, (draw, stage, cause, to): Dirichlet posterior over the moves that were ever seen."""
    cells, causes = hazards.cells_, dims.CAUSES
    ends = [*cells.stages, "won", "lost"]
    out = np.zeros((draws, len(cells.stages), len(causes), len(ends)))
    moves = cells.destinations
    for i, stage in enumerate(cells.stages):
        for k, cause in enumerate(causes):
            seen = moves[(moves["stage"] == stage) & (moves["cause"] == cause) & (moves["count"] > 0)]
            if cause == dims.LOST:
                out[:, i, k, ends.index("lost")] = 1.0
            elif len(seen):
                at = [ends.index(to) for to in seen["to_stage"]]
                out[:, i, k, at] = rng.dirichlet(seen["count"].to_numpy(float), draws)
            else:  # never taken: its hazard is nil, but the probabilities must add up
                out[:, i, k, i + 1 if cause == dims.ADVANCE else max(i - 1, 0)] = 1.0
    return out
