"""Stacking: one forecast of several, weighted by how they forecast before, as of each origin only.

Quantiles are averaged, not probabilities: where methods disagree about the level, the pool of probabilities is wider
than each of them, and the average of quantiles is as sharp as they are. What spread is missing is learned afterwards
(recalibrate.py), from how the combination itself did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from revmodel.evaluate.fans import LEVELS, pinball_of, quantile_crps
from revmodel.evaluate.lessons import Lesson

__all__ = ["FUNNEL", "PRIOR_WEIGHTS", "Stacking", "Weights", "average_quantiles"]

Floats = npt.NDArray[np.float64]
FUNNEL = "revmodel (funnel model alone)"

# What each method is worth before a company has shown anything. The funnel model knows most of what decides a quarter;
# snapshots see the same records in another way; series methods adapt fastest. Methods not named here are only compared.
PRIOR_WEIGHTS: Mapping[str, float] = {
    FUNNEL: 0.85,
    "snapshot_roll_forward": 0.04,
    "chain_ladder": 0.02,
    "mixture_cure": 0.02,
    "auto_ets": 0.03,
    "auto_arima": 0.03,
    "seasonal_naive": 0.01,
}


@dataclass(frozen=True)
class Weights:
    """method → weight by metric, each summing to 1 over the methods that answer for it."""

    by_metric: Mapping[str, Mapping[str, float]]

    def of(self, metric: str, methods: Sequence[str]) -> dict[str, float]:
        """Weights of those of ``methods`` that have one, summing to 1."""
        known = self.by_metric.get(metric, PRIOR_WEIGHTS)
        mine = {method: known[method] for method in methods if known.get(method, 0) > 0}
        total = sum(mine.values())
        return {method: weight / total for method, weight in mine.items()} if total > 0 else {}

    def among(self, answers: Mapping[str, Mapping[str, Floats]]) -> Weights:
        """The weights of those that answer now. answers : metric → method → anything."""
        return Weights({metric: self.of(metric, tuple(methods)) for metric, methods in answers.items()})


@dataclass(frozen=True)
class Stacking:
    """How weights are learned: log w = log prior + what all metrics share + what is the metric's own, each shrunk to 0.

    evidence : how much a lesson counts: a method whose CRPS is 10 % lower over n independent lessons gains
    0.1 · n · evidence in log weight before shrinkage. shared_sd, own_sd : spreads of the two parts. half_life_weeks :
    lessons this old count half. horizon_decay : lessons of a horizon e times as long (or short)
    count exp(−horizon_decay).
    """

    prior: Mapping[str, float]
    evidence: float = 1.5
    shared_sd: float = 0.7
    own_sd: float = 0.5
    half_life_weeks: float = 39.0
    horizon_decay: float = 0.7

    def fit(self, taught: Sequence[Lesson], horizon_weeks: int) -> Weights:
        """Weights for totals of ``horizon_weeks`` weeks; the prior's where nothing was taught."""
        methods = tuple(self.prior)
        useful = [one for one in taught if any(method in one.fans for method in methods)]
        metrics = tuple(sorted({one.metric for one in useful}))
        if not useful:
            return Weights({})
        problem = _Problem.of(self, useful, methods, metrics, horizon_weeks)
        size = len(methods) * (1 + len(metrics))
        best = minimize(problem.loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 80})
        log_weights = problem.log_weights(best.x)
        by_metric = {}
        for position, metric in enumerate(metrics):
            raw = np.exp(log_weights[position] - log_weights[position].max())
            by_metric[metric] = dict(zip(methods, (raw / raw.sum()).tolist(), strict=True))
        return Weights(by_metric)


def average_quantiles(fans: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Weighted mean of quantiles (…, level): each level of the pool is the mean of the methods' quantiles there.

    Source: Lichtendahl, Grushka-Cockayne and Winkler 2013, "Is it better to average probabilities or quantiles?"
    """
    return np.asarray(sum(weight * fans[method] for method, weight in weights.items()))


@dataclass(frozen=True)
class _Problem:
    """fans : (lesson, method, level), 0 where absent; has : (lesson, method); factor : (lesson,) weight over scale."""

    fans: Floats
    has: npt.NDArray[np.bool_]
    actual: Floats
    factor: Floats
    metric: npt.NDArray[np.int64]
    log_prior: Floats
    metrics: int
    shared_sd: float
    own_sd: float

    @classmethod
    def of(
        cls, settings: Stacking, taught: Sequence[Lesson], methods: tuple[str, ...], metrics: tuple[str, ...],
        horizon_weeks: int,
    ) -> _Problem:  # fmt: skip
        has = np.array([[method in one.fans for method in methods] for one in taught])
        fans = np.zeros((len(taught), len(methods), LEVELS.size))
        for row, one in enumerate(taught):
            for column in np.flatnonzero(has[row]):
                fans[row, column] = one.fans[methods[column]]
        actual = np.array([one.actual for one in taught])
        weeks, ago = (np.array([getattr(one, name) for one in taught], float) for name in ("weeks", "ago_weeks"))
        weight = np.array([one.weight for one in taught])
        weight *= 0.5 ** ((ago - weeks) / settings.half_life_weeks)
        weight *= np.exp(-settings.horizon_decay * np.abs(np.log(weeks / horizon_weeks)))
        metric = np.array([metrics.index(one.metric) for one in taught])
        scale = _typical_score(fans, has, actual, metric, weeks)
        prior = np.log([settings.prior[method] for method in methods])
        factor = settings.evidence * weight / scale
        return cls(fans, has, actual, factor, metric, prior, len(metrics), settings.shared_sd, settings.own_sd)

    def log_weights(self, x: Floats) -> Floats:
        """(metric, method), not normalised."""
        parts = x.reshape(1 + self.metrics, -1)
        return np.asarray(self.log_prior + parts[0] + parts[1:])

    def loss(self, x: Floats) -> tuple[float, Floats]:
        """Penalised sum of scaled CRPS, and its gradient."""
        raw = np.where(self.has, np.exp(self.log_weights(x)[self.metric]), 0.0)
        weights = raw / raw.sum(axis=1, keepdims=True)
        pool = np.einsum("lm,lmq->lq", weights, self.fans)
        value = float(self.factor @ quantile_crps(pool, self.actual))
        slope = 2 * np.where(self.actual[:, None] < pool, 1 - LEVELS, -LEVELS) / LEVELS.size
        by_method = np.einsum("lq,lmq->lm", slope, self.fans)
        by_logit = self.factor[:, None] * weights * (by_method - (weights * by_method).sum(axis=1, keepdims=True))
        own = np.zeros((self.metrics, weights.shape[1]))
        np.add.at(own, self.metric, by_logit)
        parts = x.reshape(1 + self.metrics, -1)
        penalty = (parts[0] ** 2).sum() / self.shared_sd**2 / 2 + (parts[1:] ** 2).sum() / self.own_sd**2 / 2
        gradient = np.concatenate([[own.sum(axis=0) + parts[0] / self.shared_sd**2], own + parts[1:] / self.own_sd**2])
        return value + float(penalty), gradient.ravel()


def _typical_score(
    fans: Floats, has: npt.NDArray[np.bool_], actual: Floats, metric: npt.NDArray[np.int64], weeks: Floats
) -> Floats:
    """(lesson,): CRPS of the middle method, mean over lessons of the same metric and length: units drop out."""
    scores = np.where(has, 2 * pinball_of(fans, np.repeat(actual[:, None], has.shape[1], 1)).mean(axis=-1), np.nan)
    each = np.nanmedian(scores, axis=1)
    out = np.empty(len(actual))
    for kind in {*zip(metric.tolist(), weeks.tolist(), strict=True)}:
        same = (metric == kind[0]) & (weeks == kind[1])
        out[same] = max(float(each[same].mean()), 1e-9)
    return out
