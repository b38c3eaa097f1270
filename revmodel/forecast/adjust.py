"""Simulated futures moved to another distribution of the totals, every part of a future with it.

What was learned from past forecasts (evaluate.stacked) says how the total of a quarter is distributed; the simulation
says which futures make it up. Each future keeps its rank: the future with the tenth largest bookings of a quarter gets
the tenth largest of the new distribution, and all parts of that future's bookings in that quarter are multiplied by one
factor. So parts still add up to totals, and what goes together in the simulation still does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from revmodel.dims import DRAW, PIPELINE_CREATED, WEEK
from revmodel.errors import ModelError
from revmodel.forecast.simulation import Simulation

__all__ = ["adjusted", "window_totals"]

Floats = npt.NDArray[np.float64]
_FOLLOWS = {"opportunities": PIPELINE_CREATED}  # a count that is multiplied by what its money is multiplied by
MOST_TIMES = 20.0  # no week of a future is made more than so many times what it was


def window_totals(weekly: Floats, shares: Floats) -> Floats:
    """Totals of windows, (draw, window), of weekly draws (draw, week). shares : (window, week), see week_shares."""
    return np.asarray(weekly @ shares.T)


def adjusted(simulation: Simulation, targets: Mapping[str, Floats], shares: Floats, levels: Floats) -> Simulation:
    """The simulation with totals of windows distributed as ``targets``.

    targets : metric → (window, level), quantiles at ``levels`` of what is yet to come in each window; a row of NaN
    leaves that window of the metric as it is. shares : (window, week), how much of each week lies in each window;
    windows in order of time. A week that lies in two windows gets the factor of the one that holds more of it; the
    other's factor makes up for it. Futures in which nothing happens stay so: they have no parts to multiply.
    Raises ModelError: targets and windows are not of one shape, or a metric was not simulated.
    """
    draws = simulation.draws.copy()
    for metric, wanted in targets.items():
        if metric not in draws or wanted.shape != (len(shares), len(levels)):
            raise ModelError(
                f"targets of {metric} came with shape {wanted.shape}: wanted (window {len(shares)}, level "
                f"{len(levels)}) of one of {', '.join(map(str, draws))}"
            )
        factor = _factors(simulation.weekly(metric), wanted, shares, levels)
        by_week = xr.DataArray(factor, dims=(DRAW, WEEK))
        for name in (metric, *(other for other, of in _FOLLOWS.items() if of == metric and other in draws)):
            draws[name] = (draws[name] * by_week).transpose(*simulation.draws[name].dims)
    return replace(simulation, draws=draws)


def _factors(weekly: Floats, wanted: Floats, shares: Floats, levels: Floats) -> Floats:
    """What each week of each future is multiplied by, (draw, week)."""
    now = window_totals(weekly, shares)
    goal = np.where(np.isfinite(wanted).all(axis=1), _by_rank(now, wanted, levels), now)
    owner = np.where(shares.sum(axis=0) > 0, shares.argmax(axis=0), len(shares))  # len(shares): beyond all windows
    windows = len(shares)
    factor = np.ones((len(weekly), windows + 1))
    # Of window i, weeks owned by window j bring part[:, i, j]; solve Σ_j part_ij f_j = goal_i, window by window.
    part = np.stack([weekly[:, owner == j] @ shares[:, owner == j].T for j in range(windows)], axis=2)
    for _ in range(8):  # neighbours share one week at most, so this settles at once
        for i in range(windows):
            others = (part[:, i, :] * factor[:, :windows]).sum(axis=1) - part[:, i, i] * factor[:, i]
            others += now[:, i] - part[:, i, :].sum(axis=1)
            own = part[:, i, i]
            wanted_of_own = np.maximum(goal[:, i] - others, 0.0)
            factor[:, i] = np.where(own > 0, np.minimum(wanted_of_own / np.where(own > 0, own, 1.0), MOST_TIMES), 1.0)
    return np.asarray(factor[:, owner])


def _by_rank(now: Floats, wanted: Floats, levels: Floats) -> Floats:
    """Quantiles of ``wanted`` (window, level) at the ranks of ``now`` (draw, window); ties in order of the draws."""
    count = len(now)
    rank = np.argsort(np.argsort(now, axis=0, kind="stable"), axis=0, kind="stable")
    probability = (rank + 0.5) / count
    columns = [np.interp(probability[:, i], levels, wanted[i]) for i in range(now.shape[1])]
    return np.column_stack(columns)
