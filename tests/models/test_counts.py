"""The written-out probability of counts equals the library's, far and near, with its derivative."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import digamma, gammaln
from scipy.stats import nbinom

from revmodel.models.counts import log_gamma, log_negative_binomial


def test_log_gamma_and_its_derivative() -> None:
    x = np.concatenate([np.geomspace(1e-4, 1e5, 400), [1.0, 2.0, 8.0]])
    symbol = pt.vector("x", dtype="float64")
    value = log_gamma(symbol)
    said = pytensor.function([symbol], [value, pytensor.grad(value.sum(), symbol)], mode="FAST_COMPILE")(x)
    np.testing.assert_allclose(said[0], gammaln(x), rtol=1e-13, atol=2e-14)
    np.testing.assert_allclose(said[1], digamma(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [0.05, 0.7, 5.0, 400.0])
def test_negative_binomial(size: float) -> None:
    count, mean = np.meshgrid([0.0, 1.0, 3.0, 40.0, 3000.0], [0.01, 2.0, 35.0, 2500.0])
    said = log_negative_binomial(pt.as_tensor(count), pt.as_tensor(mean), pt.as_tensor(np.array(size))).eval(
        mode="FAST_COMPILE"
    )
    known = nbinom.logpmf(count, size, size / (size + mean)) + gammaln(count + 1)
    np.testing.assert_allclose(said, known, rtol=1e-10, atol=1e-10)
