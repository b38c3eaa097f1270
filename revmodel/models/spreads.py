"""Empirical Bayes for the spreads of effects: how far channels differ, how fast conversion drifts, how hard it shakes.

Each kind of effect has a spread, learned for each cause: its type-II maximum a posteriori, found by Laplace-EM: given
the mode and covariance of the effects e, E[e²] says whether the spread is too small or too large (Laird & Ware 1982).
Student-t effects are normal ones with a weight each, set by the same rounds (Lange et al. 1989). Sampling the spreads
jointly cost four times the leapfrog steps and left them with a tenth of the effective draws, for forecasts that hardly
differed; their uncertainty enters the forecast through the standard error returned here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from revmodel.models.empirical_bayes import OVER_RELAXATION, ROUNDS, TOLERANCE, spread_change, t_weights
from revmodel.models.hazard_data import Effects
from revmodel.models.hazard_mode import find_hazard_mode
from revmodel.models.sampling import Mode

__all__ = ["fit_spreads"]

Floats = npt.NDArray[np.float64]


def fit_spreads(
    data: dict[str, Floats], effects: Sequence[Effects], known: Collection[str] = ()
) -> tuple[Mode, dict[str, Floats]]:
    """The mode at the best spreads, with "row_scale", "row_mean" and "time_scale" of all effects and, of the learned
    kinds in their order, "log_spread" (kind, cause) and "log_spread_se".

    known : kinds whose scales in ``data`` stay as they are (models/across_stages.py).
    """
    learned = [each for each in effects if each.log_sd > 0]
    scales = {name: data[name].copy() for name in ("row_scale", "time_scale")}
    log_spread = np.array([_log_spread(scales, each) for each in learned]).reshape(-1, len(data["crude_log_odds"]))
    error = np.array([[each.log_sd] * log_spread.shape[1] for each in learned]).reshape(log_spread.shape)
    mode, before = find_hazard_mode({**data, **scales}), _flat(scales)
    for _ in range(ROUNDS):
        moved = 0.0
        moments = _moments(mode, scales)
        for i, each in enumerate(learned):
            if each.name in known:
                continue
            scale = scales[f"{each.where}_scale"][:, each.columns]
            z2, variance = (part[:, each.columns] for part in moments[each.where])
            second = z2 * (scale / each.widths) ** 2
            nu = each.degrees_of_freedom
            squares = (t_weights(second, log_spread[i], nu) * second).sum(1) * np.exp(-2 * log_spread[i])
            step = spread_change(squares, z2.shape[1], log_spread[i], each.median, each.log_sd)
            # How far data, not the prior, determine each effect: their sum sets the standard error.
            error[i] = 1 / np.sqrt(2 * (1 - variance).clip(0, 1).sum(1) + each.log_sd**-2)
            log_spread[i] += OVER_RELAXATION * step
            scale = np.exp(log_spread[i])[:, None] * each.widths / np.sqrt(t_weights(second, log_spread[i], nu))
            scales[f"{each.where}_scale"][:, each.columns] = scale
            moved = max(moved, float(np.abs(step).max()))
        on_log_odds = mode.theta * before
        before = _flat(scales)
        mode = find_hazard_mode({**data, **scales}, on_log_odds / before)
        if moved < TOLERANCE:
            break
    return mode, {**scales, "row_mean": data["row_mean"], "log_spread": log_spread, "log_spread_se": error}


def _log_spread(scales: dict[str, Floats], each: Effects) -> Floats:
    """(cause,): log of the spread that the scales of one kind have in the middle."""
    return np.asarray(np.median(np.log(scales[f"{each.where}_scale"][:, each.columns] / each.widths), axis=1))


def _flat(scales: dict[str, Floats]) -> Floats:
    return np.concatenate([scales["row_scale"].ravel(), scales["time_scale"].ravel()])


def _moments(mode: Mode, scales: dict[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    """E[z²] and the variance of the effects of rows and of times, (cause, column) each."""
    variance = np.einsum("ij,ij->i", mode.factor, mode.factor)
    second = mode.theta**2 + variance
    rows = scales["row_scale"].size
    return {
        "row": (second[:rows].reshape(scales["row_scale"].shape), variance[:rows].reshape(scales["row_scale"].shape)),
        "time": (
            second[rows:].reshape(scales["time_scale"].shape),
            variance[rows:].reshape(scales["time_scale"].shape),
        ),
    }
