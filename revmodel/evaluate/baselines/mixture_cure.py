"""Mixture cure: a share of each channel's leads never wins; the others take a Weibull time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.baselines.cohorts import Cohorts, cohorts_to, entries_ahead
from revmodel.evaluate.baselines.won_amounts import bookings_of_wins
from revmodel.evaluate.forecaster import BacktestInput, Floats, metrics_seen

__all__ = ["mixture_cure"]

COHORT_WEEKS = 104  # cohorts older than that are another company
CHECK_WEEKS = 26  # the latest weeks, over which the spread of wins around the fit is measured
FEWEST_WINS = 10


@dataclass(frozen=True)
class _Channel:
    """Journeys of one channel by age in weeks: won in, lost in and still open at, (age,)."""

    won: Floats
    lost: Floats
    open: Floats


def mixture_cure(data: BacktestInput) -> dict[str, Floats]:
    """Wins, by a Weibull time to the win with a cured share, fitted to each channel by maximum likelihood.

    A win at age a adds log π f(a); a loss log(1 − π); an open journey log(π S(a) + (1 − π) H(a)), H the share of the
    others that is still open at that age (Kaplan-Meier). Cohorts of the last two years; channels with fewer than 20
    wins are told together. Draws: parameters from the normal at the maximum (Laplace), entries ahead by AutoETS, and
    counts as over-dispersed as the last half year's wins were around the fit.
    Metrics: wins, bookings. Returns metric → (draw, week). Raises ModelError: fewer than ten wins.
    Source: Boag 1949; Farewell 1982, "The use of mixture models for the analysis of survival data with long-term
    survivors" (mixture cure).
    """
    rng = np.random.default_rng(data.seed)
    if dims.WINS not in metrics_seen(data.features.realised):
        raise ModelError(f"no win is recorded by {data.features.as_of}: mixture cure wants past wins")
    cohorts = cohorts_to(data, "won", dims.WINS)
    history = min(COHORT_WEEKS, int(cohorts.frame["began_ago"].max()) + 1)
    frame = cohorts.frame[cohorts.frame["began_ago"] < history]
    total = int(frame.loc[frame["outcome"] == dims.ADVANCE, "n"].sum())
    if total < FEWEST_WINS:
        raise ModelError(f"{total} wins in {history} weeks: mixture cure wants {FEWEST_WINS}; take a later origin")
    cohorts = Cohorts(frame, cohorts.observed_weeks)
    ahead = np.zeros((data.draws, data.horizon_weeks))
    behind = np.zeros(min(CHECK_WEEKS, history, cohorts.observed_weeks))
    for channel in cohorts.channels:
        counts = _by_age(cohorts, channel, history)
        still_open = _still_open(counts)
        parameters = _laplace(counts, still_open, data.draws, rng)
        begun = cohorts.begun(history, channel)
        entries = entries_ahead(begun, data.horizon_weeks, data.draws, rng)
        ahead += _wins_ahead(counts, still_open, parameters, entries)
        behind += _wins_behind(begun, parameters.mean(axis=0), behind.size)
    dispersion = _dispersion(data, behind)
    wins = rng.poisson(_shaken(ahead, dispersion, rng))
    return {dims.WINS: wins.astype(float), **bookings_of_wins(data.features, wins, rng)}


def _by_age(cohorts: Cohorts, channel: str, ages: int) -> _Channel:
    """What was not recorded (journeys that ended before the goal was) is left out."""
    rows = cohorts.frame[cohorts.frame["channel"] == channel]
    began, ended = rows["began_ago"].to_numpy(), rows["ended_ago"].to_numpy()
    followed = began < max(cohorts.observed_weeks, 1) + 8  # older ones may have won unseen
    out = {}
    for outcome in (dims.ADVANCE, dims.LOST, "open"):
        mine = (rows["outcome"] == outcome).to_numpy() & followed
        age = began[mine] - (0 if outcome == "open" else ended[mine])
        age = np.clip(age.astype(np.int64), 0, ages - 1)
        out[outcome] = np.bincount(age, weights=rows["n"].to_numpy()[mine], minlength=ages).astype(float)
    return _Channel(out[dims.ADVANCE], out[dims.LOST], out["open"])


def _still_open(counts: _Channel) -> Floats:
    """Share of journeys that will not win and are not yet lost after age a, (age,): Kaplan-Meier, wins as censored."""
    leaves = counts.won + counts.lost + counts.open
    at_risk = np.cumsum(leaves[::-1])[::-1]
    return np.asarray(np.cumprod(1 - counts.lost / np.maximum(at_risk, 1.0)))


def _survival(parameters: Floats, ages: Floats) -> Floats:
    """Weibull survival after ``ages`` weeks, (…, age); parameters (…, 3): logit π, log shape, log scale."""
    shape, scale = np.exp(parameters[..., 1:2]), np.exp(parameters[..., 2:3])
    return np.asarray(np.exp(-((ages / scale) ** shape)))


def _negative_log_likelihood(parameters: Floats, counts: _Channel, still_open: Floats) -> float:
    ages = np.arange(counts.won.size + 1.0)
    survival = _survival(parameters, ages)
    won = expit(parameters[0])
    density = np.maximum(survival[:-1] - survival[1:], 1e-12)
    stay = won * survival[1:] + (1 - won) * still_open
    value = counts.won @ np.log(won * density) + counts.lost.sum() * np.log1p(-won)
    value += counts.open @ np.log(np.maximum(stay, 1e-300))
    prior = ((parameters - [-2.0, 0.0, 3.0]) ** 2 / [4.0, 0.5, 2.0]).sum() / 2  # keeps thin channels finite
    return float(prior - value)


def _laplace(counts: _Channel, still_open: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """(draw, 3) parameters from the normal at the maximum."""
    best = minimize(
        _negative_log_likelihood, np.array([-2.0, 0.2, 2.5]), args=(counts, still_open), method="BFGS",
        options={"maxiter": 60},
    )  # fmt: skip
    covariance = np.asarray(best.hess_inv)
    spread = np.linalg.cholesky(covariance + 1e-9 * np.eye(3))
    return np.asarray(best.x + rng.standard_normal((draws, 3)) @ spread.T)


def _wins_ahead(counts: _Channel, still_open: Floats, parameters: Floats, entries: npt.NDArray[np.int64]) -> Floats:
    """Expected wins by week, (draw, week): of what is open, and of what will begin."""
    draws, horizon = entries.shape
    ages = np.arange(counts.open.size + horizon + 2.0)
    survival = _survival(parameters, ages)
    won = expit(parameters[:, :1])
    age = np.flatnonzero(counts.open)
    stay = won * survival[:, age + 1] + (1 - won) * still_open[age]
    chance = counts.open[age] * won / np.maximum(stay, 1e-300)
    out = np.empty((draws, horizon))
    fresh = won * (survival[:, :-1] - survival[:, 1:])
    for week in range(horizon):
        leave = survival[:, age + 1 + week] - survival[:, age + 2 + week]
        out[:, week] = (chance * leave).sum(axis=1)
        out[:, week] += (entries[:, : week + 1] * fresh[:, week::-1][:, : week + 1]).sum(axis=1)
    return out


def _wins_behind(begun: Floats, parameters: Floats, weeks: int) -> Floats:
    """Expected wins in each of the last ``weeks`` weeks of journeys begun in the cohorts, (week,), oldest first."""
    survival = _survival(parameters, np.arange(begun.size + 1.0))
    density = expit(parameters[0]) * (survival[:-1] - survival[1:])
    return np.convolve(begun, density)[: begun.size][-weeks:]


def _dispersion(data: BacktestInput, expected: Floats) -> float:
    """Variance over mean of four-week blocks of wins around the fit, ≥ 1."""
    won = data.features.realised[data.features.realised["metric"] == dims.WINS]
    weeks_ago = (np.datetime64(data.features.as_of) - won["date"].to_numpy().astype("datetime64[D]")).astype(int) // 7
    actual = np.bincount(weeks_ago, weights=won["value"], minlength=expected.size)[: expected.size][::-1]
    blocks = expected.size // 4
    if blocks < 2:
        return 1.0
    fit = expected[-4 * blocks :].reshape(blocks, 4).sum(axis=1)
    came = actual[-4 * blocks :].reshape(blocks, 4).sum(axis=1)
    return float(max(1.0, ((came - fit) ** 2 / np.maximum(fit, 0.5)).mean()))


def _shaken(mean: Floats, dispersion: float, rng: np.random.Generator) -> Floats:
    """Means that share a gamma factor over four weeks, so that a block's variance is ``dispersion`` × its mean."""
    if dispersion <= 1.01:
        return mean
    blocks = -(-mean.shape[1] // 4)
    block_mean = max(float(mean.mean()) * 4, 1e-6)
    shape = block_mean / (dispersion - 1)
    factor = rng.gamma(shape, 1 / shape, (len(mean), blocks))
    return np.asarray(mean * np.repeat(factor, 4, axis=1)[:, : mean.shape[1]])
