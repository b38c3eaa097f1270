"""Empirical Bayes for deal size: how far the levels of each dimension differ, and how fast amounts drift."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from revmodel.models.compiled import CompiledModel
from revmodel.models.empirical_bayes import OVER_RELAXATION, ROUNDS, TOLERANCE, spread_change
from revmodel.models.sampling import Mode, find_mode

__all__ = ["fit_size_spreads"]

Floats = npt.NDArray[np.float64]


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
    median, log_sd = np.array(list(priors.values())).T
    log_spread = np.log(median)
    mode: Mode | None = None
    for _ in range(ROUNDS):
        mode = find_mode(model, {**data, "log_spread": log_spread}, mode)
        second = model.unpack((mode.theta**2 + np.einsum("ij,ij->i", mode.factor, mode.factor))[None])
        squares = np.array([second[name][0, : used[name]].sum() for name in priors])
        step = spread_change(squares, [used[name] for name in priors], log_spread, median, log_sd)
        log_spread = log_spread + OVER_RELAXATION * step
        if np.abs(step).max() < TOLERANCE:
            break
    return find_mode(model, {**data, "log_spread": log_spread}, mode), log_spread
