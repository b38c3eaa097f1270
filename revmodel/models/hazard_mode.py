"""The mode of a stage's posterior by Newton's method, with the exact curvature.

Log-odds are linear in standard normal effects, so the posterior is log-concave: Newton's method (with step halving)
finds its one mode in a few steps. With rows r, times t, causes k and x_krt = exp(η_kr + η_kt),

    p_k = x_k / (1 + Σ_j x_j),     −∂²log L / ∂η_k ∂η_l = n (p_k·1[k = l] − p_k·p_l)    (Agresti 2013, eq. 8.5)

The PyMC model in models/hazards.py is the specification; a test holds gradient and curvature against it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from revmodel.models.sampling import Mode

__all__ = ["find_hazard_mode"]

Floats = npt.NDArray[np.float64]
MAX_STEPS = 50
SMALL = 1e-6  # half the Newton decrement, in units of log density: what is left to gain


class _Problem(NamedTuple):
    """Designs times scales: rows (cause, row, column), times (cause, time, column). Added to each: level (cause, row),
    offset (time,)."""

    rows: Floats
    times: Floats
    level: Floats
    offset: Floats
    at_risk: Floats
    exits_by_row: Floats
    exits_by_time: Floats


def find_hazard_mode(data: dict[str, Floats], near: Floats | None = None) -> Mode:
    """Mode and covariance factor of one stage's effects (cause, column of rows), then (cause, column of times), flat.

    near : a point to start from.
    """
    problem = _problem(data)
    causes, _, row_columns = problem.rows.shape
    theta = np.zeros(causes * (row_columns + problem.times.shape[2])) if near is None else near
    value, gradient, curvature = _expand(problem, theta)
    for _ in range(MAX_STEPS):
        factor = cho_factor(curvature, lower=True, overwrite_a=True, check_finite=False)
        step = cho_solve(factor, gradient, check_finite=False)
        if gradient @ step < 2 * SMALL:
            break
        size = 1.0
        while (ahead := _value(problem, theta + size * step)) < value and size > 1e-4:
            size /= 2
        theta = theta + size * step
        value, gradient, curvature = ahead, *_expand(problem, theta)[1:]
    lower = np.tril(factor[0])
    inverse = solve_triangular(lower, np.eye(len(theta)), lower=True, check_finite=False)
    norm = float(np.abs(gradient).max())
    return Mode(theta, np.ascontiguousarray(inverse.T), bool(norm < 0.1), norm)


def _problem(data: dict[str, Floats]) -> _Problem:
    return _Problem(
        data["row_design"][None] * data["row_scale"][:, None, :],
        data["time_design"][None] * data["time_scale"][:, None, :],
        data["crude_log_odds"][:, None] + data["row_mean"] @ data["row_design"].T,
        data["time_offset"],
        data["at_risk"],
        data["exits_by_row"],
        data["exits_by_time"],
    )


def _predictors(problem: _Problem, theta: Floats) -> tuple[Floats, Floats]:
    """Log-odds by row (cause, row) and by time (cause, time)."""
    causes, _, columns = problem.rows.shape
    of_rows = theta[: causes * columns].reshape(causes, columns)
    of_times = theta[causes * columns :].reshape(causes, -1)
    by_row = problem.level + np.einsum("krc,kc->kr", problem.rows, of_rows)
    return by_row, problem.offset + np.einsum("ktc,kc->kt", problem.times, of_times)


def _value(problem: _Problem, theta: Floats) -> float:
    by_row, by_time = _predictors(problem, theta)
    leaving = np.exp(by_row).T @ np.exp(by_time)
    exits = (problem.exits_by_row * by_row).sum() + (problem.exits_by_time * by_time).sum()
    return float(exits - (problem.at_risk * np.log1p(leaving)).sum() - 0.5 * theta @ theta)


def _expand(problem: _Problem, theta: Floats) -> tuple[float, Floats, Floats]:
    """Log density, its gradient and minus its second derivatives."""
    by_row, by_time = _predictors(problem, theta)
    odds = np.exp(by_row)[:, :, None] * np.exp(by_time)[:, None, :]
    stay = 1 / (1 + odds.sum(0))
    exits = (problem.exits_by_row * by_row).sum() + (problem.exits_by_time * by_time).sum()
    value = float(exits + (problem.at_risk * np.log(stay)).sum() - 0.5 * theta @ theta)
    chance = odds * stay
    expected = problem.at_risk * chance
    of_rows = np.einsum("krc,kr->kc", problem.rows, problem.exits_by_row - expected.sum(2))
    of_times = np.einsum("ktc,kt->kc", problem.times, problem.exits_by_time - expected.sum(1))
    gradient = np.concatenate([of_rows.ravel(), of_times.ravel()]) - theta
    return value, gradient, _curvature(problem, chance, expected)


def _curvature(problem: _Problem, chance: Floats, expected: Floats) -> Floats:
    causes, _, r = problem.rows.shape
    t = problem.times.shape[2]
    out = np.eye(causes * (r + t))
    for k in range(causes):
        for j in range(causes):
            weight = expected[k] * ((k == j) - chance[j])
            at_k, at_j = slice(k * r, (k + 1) * r), slice(j * r, (j + 1) * r)
            of_time = slice(causes * r + j * t, causes * r + (j + 1) * t)
            if j <= k:
                own = problem.rows[k].T @ (weight.sum(1)[:, None] * problem.rows[j])
                out[at_k, at_j] += own
                if j < k:
                    out[at_j, at_k] += own.T
                between = problem.times[k].T @ (weight.sum(0)[:, None] * problem.times[j])
                of_k = slice(causes * r + k * t, causes * r + (k + 1) * t)
                out[of_k, of_time] += between
                if j < k:
                    out[of_time, of_k] += between.T
            crossed = (problem.rows[k].T @ weight) @ problem.times[j]
            out[at_k, of_time] += crossed
            out[of_time, at_k] += crossed.T
    return out
