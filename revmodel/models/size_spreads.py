"""Empirical Bayes for deal size: how far the levels of each dimension differ, and how fast amounts drift."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from revmodel.models.compiled import CompiledModel
from revmodel.models.sampling import Mode, find_mode

__all__ = ["fit_size_spreads"]

Floats = npt.NDArray[np.float64]
ROUNDS = 12
TOLERANCE = 0.05  # of the log spread: five per cent of a spread moves no forecast
OVER_RELAXATION = 1.6  # EM for variances creeps; longer steps along its direction converge sooner


def fit_size_spreads(
    model: CompiledModel,
    data: Mapping[str, Floats],
    priors: Mapping[str, tuple[float, float]],
    used: Mapping[str, int],
) -> tuple[Mode, Floats]:
    """The mode at the best spreads, and the log spreads in the order of ``priors``: type-II maximum a posteriori.

    priors : variable of standardised effects → LogNormal(median, log sd) of their spread. used : how many of each
    variable's effects data touch (the others are padding); 0: the spread stays at its median.
    Laplace-EM: given mode and covariance, E[z²] says whether a spread is too small or too large (Laird & Ware 1982).
    """
    log_spread = np.array([np.log(median) for median, _ in priors.values()])
    mode: Mode | None = None
    for _ in range(ROUNDS):
        mode = find_mode(model, {**data, "log_spread": log_spread}, mode)
        second = model.unpack((mode.theta**2 + np.einsum("ij,ij->i", mode.factor, mode.factor))[None])
        step = np.array([
            _newton(float(second[name][0, : used[name]].sum()), used[name], log_spread[i], *prior)
            for i, (name, prior) in enumerate(priors.items())
        ])  # fmt: skip
        log_spread = log_spread + OVER_RELAXATION * step
        if np.abs(step).max() < TOLERANCE:
            break
    return find_mode(model, {**data, "log_spread": log_spread}, mode), log_spread


def _newton(total: float, n: int, log_spread: float, median: float, log_sd: float) -> float:
    """The change r of a log spread that maximises −n·r − total·exp(−2r)/2 + log prior."""
    r, precision = 0.0, log_sd**-2
    for _ in range(20 if n else 0):
        shrink = total * np.exp(-2 * r)
        gradient = -n + shrink - (log_spread + r - np.log(median)) * precision
        r += float(np.clip(gradient / (2 * shrink + precision), -0.5, 0.5))
    return r
