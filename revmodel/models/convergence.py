"""Have the chains converged? R-hat and effective sample size of every parameter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

__all__ = ["MAX_RHAT", "MIN_ESS", "has_converged", "rhat_and_ess"]

MAX_RHAT = 1.01  # Vehtari et al. 2021
MIN_ESS = 400.0  # bulk effective draws: 100 a chain (Vehtari et al. 2021)


def rhat_and_ess(by_chain: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The largest rank-normalised split R-hat and the smallest bulk ESS over all parameters, (chain, draw, dim)."""
    import arviz_stats

    data = xr.Dataset({"theta": (("chain", "draw", "dim"), by_chain)})
    return float(arviz_stats.rhat(data)["theta"].max()), float(arviz_stats.ess(data)["theta"].min())


def has_converged(rhat: float, ess: float) -> bool:
    """Whether both bars hold."""
    return rhat < MAX_RHAT and ess > MIN_ESS
