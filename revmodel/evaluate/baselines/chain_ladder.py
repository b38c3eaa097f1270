"""Chain ladder: cohorts of journeys developed to wins as older cohorts did, in blocks of four weeks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.baselines.cohorts import Cohorts, cohorts_to, entries_ahead
from revmodel.evaluate.baselines.won_amounts import amounts_of_counts, bookings_of_wins, recent_first_amounts
from revmodel.evaluate.forecaster import BacktestInput, Floats, metrics_seen

__all__ = ["chain_ladder"]

BLOCK_WEEKS = 4
HALF_LIFE_BLOCKS = 6.5  # half a year: a development pattern older than that says half as much
COHORT_PRIOR = 8.0  # expected wins that a cohort's own level must have behind it to weigh half
LEVEL_DECAY = 0.8  # per block: how fast cohorts lose weight in the level of those to come


@dataclass(frozen=True)
class _Triangle:
    """begun : (cohort,), journeys, the oldest first. reached : (cohort, development), of them by block since.

    seen : (cohort, development), whether that block lies behind us and was recorded.
    """

    begun: Floats
    reached: Floats
    seen: npt.NDArray[np.bool_]


def chain_ladder(data: BacktestInput) -> dict[str, Floats]:
    """Wins (and pipeline) of cohorts by four-week block of entry, developed as older cohorts did.

    Incremental counts of cohort i, development d are over-dispersed Poisson with mean N_i · r_d · u_i: N_i journeys
    begun, r_d the development pattern a journey (recent blocks weigh more), u_i the cohort's own level, gamma around 1.
    An old cohort thus develops from its own count (chain ladder), a young one from the general level
    (Bornhuetter-Ferguson). Cohorts to come: AutoETS on entries, at the level of the latest cohorts. Draws: gamma
    posteriors of r and u, and the process itself. Counts of pipeline and wins draw known amounts.
    Metrics: wins, bookings, and pipeline_created where leads come before deals. Returns metric → (draw, week).
    Raises ModelError: less than eight weeks of wins.
    Source: England and Verrall 2002, "Stochastic claims reserving" (ODP); Verrall 2004, "A Bayesian generalized linear
    model for the Bornhuetter-Ferguson method".
    """
    rng = np.random.default_rng(data.seed)
    seen = metrics_seen(data.features.realised)
    funnel = data.config.funnel
    if dims.WINS not in seen:
        raise ModelError(f"no win is recorded by {data.features.as_of}: chain ladder wants past wins")
    wins = _developed(cohorts_to(data, "won", dims.WINS), data.horizon_weeks, data.draws, rng)
    answers = {dims.WINS: wins.astype(float), **bookings_of_wins(data.features, wins, rng)}
    if funnel.lead_stages and funnel.first_deal_stage and dims.PIPELINE_CREATED in seen:
        made = cohorts_to(data, funnel.first_deal_stage, dims.PIPELINE_CREATED)
        counts = _developed(made, data.horizon_weeks, data.draws, rng)
        answers[dims.PIPELINE_CREATED] = amounts_of_counts(recent_first_amounts(data), counts, rng)
    return answers


def _developed(cohorts: Cohorts, horizon_weeks: int, draws: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Counts by week ahead, (draw, week)."""
    blocks_ahead = -(-horizon_weeks // BLOCK_WEEKS)
    triangle = _triangle(cohorts)
    pattern, dispersion = _pattern(triangle, draws, rng)
    levels = _levels(triangle, pattern, dispersion, rng)
    ahead = entries_ahead(cohorts.begun(_weeks_back(cohorts)), blocks_ahead * BLOCK_WEEKS, draws, rng)
    new = ahead.reshape(draws, blocks_ahead, BLOCK_WEEKS).sum(axis=2)
    mean = np.zeros((draws, blocks_ahead))
    depth = pattern.shape[1]
    for cohort, begun in enumerate(triangle.begun):
        done = len(triangle.begun) - cohort  # developments that lie behind us
        for block in range(min(blocks_ahead, depth - done)):
            mean[:, block] += begun * pattern[:, done + block] * levels[:, cohort]
    for born in range(blocks_ahead):
        for block in range(born, min(blocks_ahead, born + depth)):
            mean[:, block] += new[:, born] * pattern[:, block - born] * levels[:, -1]
    weekly = np.repeat(mean, BLOCK_WEEKS, axis=1)[:, :horizon_weeks] / BLOCK_WEEKS
    return _over_dispersed(weekly, dispersion, rng)


def _weeks_back(cohorts: Cohorts) -> int:
    """Whole blocks of history, in weeks."""
    return max(1, (int(cohorts.frame["began_ago"].max()) + 1) // BLOCK_WEEKS) * BLOCK_WEEKS


def _triangle(cohorts: Cohorts) -> _Triangle:
    count = _weeks_back(cohorts) // BLOCK_WEEKS
    frame = cohorts.frame[cohorts.frame["began_ago"] < count * BLOCK_WEEKS]
    began = frame["began_ago"].to_numpy() // BLOCK_WEEKS
    begun = np.bincount(began, weights=frame["n"], minlength=count)[::-1].astype(float)
    done = frame[frame["outcome"] == dims.ADVANCE]
    entry = done["began_ago"].to_numpy() // BLOCK_WEEKS
    development = entry - done["ended_ago"].to_numpy(dtype=np.int64) // BLOCK_WEEKS
    reached = np.zeros((count, count))
    np.add.at(reached, (count - 1 - entry, np.maximum(development, 0)), done["n"])
    calendar_ago = np.arange(count)[::-1, None] - np.arange(count)[None, :]
    recorded = calendar_ago < max(1, cohorts.observed_weeks // BLOCK_WEEKS)
    return _Triangle(begun, reached, (calendar_ago >= 0) & recorded)


def _pattern(triangle: _Triangle, draws: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """Draws of r, (draw, development), and the dispersion (variance over mean, ≥ 1)."""
    count = triangle.begun.size
    ago = np.arange(count)[::-1, None] - np.arange(count)[None, :]
    weight = np.where(triangle.seen, 0.5 ** (np.maximum(ago, 0) / HALF_LIFE_BLOCKS), 0.0)
    exposure = (weight * triangle.begun[:, None]).sum(axis=0)
    events = (weight * triangle.reached).sum(axis=0)
    rate = (events + 0.1) / (exposure + 1.0)
    rate[exposure == 0] = 0.0
    fitted = triangle.begun[:, None] * rate
    inside = triangle.seen & (fitted > 0.2)
    pearson = (triangle.reached - fitted)[inside] ** 2 / fitted[inside]
    dispersion = float(max(1.0, pearson.mean())) if pearson.size else 1.0
    shape = np.maximum(events + 0.1, 1e-6) / dispersion
    drawn = rng.gamma(shape, 1.0, (draws, count)) / np.maximum(shape, 1e-12) * rate
    return drawn, dispersion


def _levels(triangle: _Triangle, pattern: Floats, dispersion: float, rng: np.random.Generator) -> Floats:
    """Draws of u, (draw, cohort + 1): each cohort's level beside the pattern; the last is that of cohorts to come."""
    middle = pattern.mean(axis=0)
    expected = (triangle.seen * triangle.begun[:, None] * middle).sum(axis=1) / dispersion
    events = (triangle.seen * triangle.reached).sum(axis=1) / dispersion
    draws = len(pattern)
    shape, rate = COHORT_PRIOR + events, COHORT_PRIOR + expected
    own = rng.gamma(shape, 1 / rate, (draws, shape.size))
    weight = LEVEL_DECAY ** np.arange(shape.size)[::-1]
    shape_ahead, rate_ahead = COHORT_PRIOR + weight @ events, COHORT_PRIOR + weight @ expected
    ahead = rng.gamma(shape_ahead, 1 / rate_ahead, (draws, 1))
    return np.concatenate([own, ahead], axis=1)


def _over_dispersed(mean: Floats, dispersion: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Counts with variance ``dispersion`` × mean: Poisson, or negative binomial above 1."""
    if dispersion > 1.01:
        scale = dispersion - 1
        mean = rng.gamma(np.maximum(mean / scale, 1e-9), scale)
    return rng.poisson(mean).astype(np.int64)
