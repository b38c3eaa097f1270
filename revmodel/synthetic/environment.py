"""What moves everything at once: season, weekly shocks, a site outage, and conversion that drifts or breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.synthetic.profile import STAGES, Floats
from revmodel.synthetic.timeline import BURN_IN_WEEKS, Timeline

__all__ = ["Environment", "draw_environment", "season"]

WEEKDAY_WEIGHTS = np.array([1.15, 1.22, 1.22, 1.18, 0.95, 0.70, 0.58])
WEEKDAY_WEIGHTS = WEEKDAY_WEIGHTS / WEEKDAY_WEIGHTS.mean()
BASELINE_GROWTH_PER_YEAR = 0.05
OUTAGE_FACTOR = 0.5  # of the leads that would have come in the week of the site outage
BREAK_AT = 0.8  # share of history after which the optional break comes
BREAK_LOG_ODDS = -0.25
BREAK_DWELL_FACTOR = 1.35
SHOCK_PERSISTENCE, SHOCK_SD = 0.5, 0.07
DRIFT_PERSISTENCE, DRIFT_SD, ENTRY_NOISE_SD = 0.96, 0.10, 0.07


@dataclass(frozen=True)
class Environment:
    """Shared conditions.

    demand : (day,), factor of baseline leads; sensitivity : (day,), factor of leads caused by spend. Both over all
    days of all weeks of the timeline, weekday pattern, shocks and outage included.
    log_odds : (week, stage), added to the log-odds of moving on for a record that enters the stage in that week.
    dwell_factor : (week,), of the time a record that enters in that week takes.
    postponed : (week,), chance that a move due in that week waits for the next.
    outage_week : index of the week of the site outage. break_day : days since the start, or None.
    """

    demand: Floats
    sensitivity: Floats
    log_odds: Floats
    dwell_factor: Floats
    postponed: Floats
    outage_week: int
    break_day: float | None


def season(day_of_year: Floats) -> Floats:
    """Demand over the year: spring and autumn highs, an August low, a standstill over the year's end."""
    waves = 0.06 * np.sin(2 * np.pi * (day_of_year - 20) / 365.25) + 0.07 * np.sin(
        4 * np.pi * (day_of_year - 35) / 365.25
    )
    august = -0.16 * np.exp(-0.5 * ((day_of_year - 226) / 14) ** 2)
    from_new_year = np.minimum(day_of_year, 365 - day_of_year)
    year_end = -0.45 * np.exp(-0.5 * (from_new_year / 6) ** 2)
    return np.asarray(1 + waves + august + year_end)


def draw_environment(timeline: Timeline, break_: bool, rng: np.random.Generator) -> Environment:
    """Draw the shared conditions of one company."""
    by_season = season(timeline.day_of_year)
    outage_week = BURN_IN_WEEKS + round(timeline.history_weeks * 0.55) + int(rng.integers(-3, 4))
    shock = np.exp(_autoregression(timeline.weeks, SHOCK_PERSISTENCE, SHOCK_SD, rng))
    shock[outage_week] *= OUTAGE_FACTOR
    by_day = np.repeat(shock, 7) * np.tile(WEEKDAY_WEIGHTS, timeline.weeks)
    years = (np.arange(timeline.weeks * 7) - BURN_IN_WEEKS * 7) / 365.25
    growth = (1 + BASELINE_GROWTH_PER_YEAR) ** years
    break_day = float(round(timeline.cut * BREAK_AT)) if break_ else None
    broken = _after(timeline, break_day)
    log_odds = _conversion_drift(timeline, rng) + BREAK_LOG_ODDS * broken[:, None]
    return Environment(
        demand=by_season * growth * by_day,
        sensitivity=by_season**0.4 * by_day,
        log_odds=log_odds,
        dwell_factor=np.where(broken > 0, BREAK_DWELL_FACTOR, 1.0),
        postponed=_postponed(timeline, by_season, rng),
        outage_week=outage_week,
        break_day=break_day,
    )


def _autoregression(weeks: int, persistence: float, sd: float, rng: np.random.Generator) -> Floats:
    """A stationary first-order autoregression with standard deviation ``sd``."""
    innovations = rng.normal(0, sd * np.sqrt(1 - persistence**2), weeks)
    path = np.empty(weeks)
    path[0] = rng.normal(0, sd)
    for week in range(1, weeks):
        path[week] = persistence * path[week - 1] + innovations[week]
    return path


def _conversion_drift(timeline: Timeline, rng: np.random.Generator) -> Floats:
    """(week, stage): one slow path shared by all stages, a smaller one each, and noise of the entry week."""
    shared = _autoregression(timeline.weeks, DRIFT_PERSISTENCE, DRIFT_SD, rng)
    own = [_autoregression(timeline.weeks, DRIFT_PERSISTENCE, DRIFT_SD * 0.6, rng) for _ in STAGES]
    noise = rng.normal(0, ENTRY_NOISE_SD, timeline.weeks)
    return np.asarray((shared + noise)[:, None] + np.stack(own, axis=1))


def _after(timeline: Timeline, break_day: float | None) -> Floats:
    """(week,): 1 in weeks that begin on or after the break."""
    if break_day is None:
        return np.zeros(timeline.weeks)
    mondays = (np.arange(timeline.weeks) - BURN_IN_WEEKS) * 7
    return (mondays >= break_day).astype(float)


def _postponed(timeline: Timeline, by_season: Floats, rng: np.random.Generator) -> Floats:
    """(week,): few moves wait in a busy week, many in August and over the year's end, with luck of the week."""
    slack = np.clip(1 - by_season.reshape(-1, 7).mean(axis=1), 0, None)
    luck = rng.beta(1.2, 8, timeline.weeks)
    return np.asarray(np.clip(luck + 1.2 * slack, 0, 0.75))
