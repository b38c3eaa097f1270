"""R-hat and effective sample size are ArviZ's, parameter by parameter."""

from __future__ import annotations

import arviz_stats
import numpy as np
import pytest
import xarray as xr

from revmodel.models.convergence import has_converged, rhat_and_ess


@pytest.mark.parametrize("shape", [(4, 300, 7), (4, 301, 3), (2, 100, 1)])
def test_they_are_arvizs(shape: tuple[int, int, int]) -> None:
    chains = np.random.default_rng(1).normal(size=shape)
    for draw in range(1, shape[1]):
        chains[:, draw] += 0.6 * chains[:, draw - 1]
    chains[0, :, -1] *= 2  # one chain that is wider, which only the folded ranks see
    data = xr.Dataset({"theta": (("chain", "draw", "dim"), chains)})
    expected = arviz_stats.rhat(data)["theta"].max().item(), arviz_stats.ess(data)["theta"].min().item()
    assert rhat_and_ess(chains) == pytest.approx(expected, rel=1e-10)


def test_chains_that_disagree_have_not_converged() -> None:
    chains = np.random.default_rng(2).normal(size=(4, 500, 2))
    assert has_converged(*rhat_and_ess(chains))
    chains[0] += 1.0
    assert not has_converged(*rhat_and_ess(chains))
