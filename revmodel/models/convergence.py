"""Have the chains converged? R-hat and effective sample size of every parameter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special, stats

__all__ = ["MAX_RHAT", "MIN_ESS", "has_converged", "rhat_and_ess"]

MAX_RHAT = 1.01  # Vehtari et al. 2021
MIN_ESS = 400.0  # bulk effective draws: 100 a chain (Vehtari et al. 2021)


def rhat_and_ess(by_chain: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The largest rank-normalised split R-hat and the smallest bulk ESS over all parameters, (chain, draw, dim).

    ArviZ's, with all parameters ranked at once and the ranks shared by both: ranking them one by one, twice, was most
    of the time (Vehtari et al. 2021, sections 4.1 and 4.3).
    """
    import arviz_stats

    half = by_chain.shape[1] // 2
    split = np.concatenate([by_chain[:, :half], by_chain[:, -half:]])
    folded = np.abs(split - np.median(split, axis=(0, 1)))
    level, spread = (_as_dataset(_rank_normalised(part)) for part in (split, folded))
    rhats = [float(arviz_stats.rhat(part, method="identity")["theta"].max()) for part in (level, spread)]
    return max(rhats), float(arviz_stats.ess(level, method="identity")["theta"].min())


def _rank_normalised(chains: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Normal scores of the ranks over all chains (Blom 1958), (chain, draw, dim)."""
    pooled = chains.reshape(-1, chains.shape[2])
    ranks = stats.rankdata(pooled, method="average", axis=0)
    scores = special.ndtri((ranks - 0.375) / (len(pooled) + 0.25))
    return np.asarray(scores.reshape(chains.shape))


def _as_dataset(by_chain: npt.NDArray[np.float64]) -> xr.Dataset:
    return xr.Dataset({"theta": (("chain", "draw", "dim"), by_chain)})


def has_converged(rhat: float, ess: float) -> bool:
    """Whether both bars hold."""
    return rhat < MAX_RHAT and ess > MIN_ESS
