"""Deal size: what simulated amounts were drawn from is found, draws stay below the cap, and no amount is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated_panel import won_deals_of

from revmodel.features.tables import WonDeals
from revmodel.models.deal_size import DealSize

CHANNELS, SEGMENTS = ("events", "search"), ("enterprise", "smb")
GROUPS = [(c, s) for c in CHANNELS for s in SEGMENTS]
LOG_MEAN = {"enterprise": np.log(80_000.0), "smb": np.log(9_000.0)}
SD = 0.6


def fit(won: WonDeals, seed: int = 1) -> DealSize:
    return DealSize(engine="laplace", draws=400, seed=seed).fit(won, CHANNELS, SEGMENTS)


@pytest.fixture(scope="module")
def won() -> WonDeals:
    """Three hundred deals of two segments; what was first on file was a tenth less."""
    rng = np.random.default_rng(1)
    parts = [
        won_deals_of(rng.lognormal(mean, SD, 75), channel, segment, first=0.9).frame
        for segment, mean in LOG_MEAN.items()
        for channel in CHANNELS
    ]
    return WonDeals(pd.concat(parts, ignore_index=True))


@pytest.fixture(scope="module")
def fitted(won: WonDeals) -> DealSize:
    return fit(won)


def test_mean_and_spread_of_log_amounts_are_recovered(fitted: DealSize) -> None:
    draws = fitted.predict(GROUPS, 400, np.random.default_rng(1))
    assert draws.has_amounts
    for g, (_, segment) in enumerate(GROUPS):
        assert draws.mean[:, g].mean() == pytest.approx(LOG_MEAN[segment], abs=0.2)
        assert 0.02 < draws.mean[:, g].std() < 0.2
    assert draws.sd.mean() == pytest.approx(SD, rel=0.1)


def test_amounts_are_capped_at_twice_the_largest_deal(fitted: DealSize, won: WonDeals) -> None:
    draws = fitted.predict(GROUPS, 10, np.random.default_rng(1))
    assert np.exp(draws.log_cap) == pytest.approx(2 * won.frame["amount"].max())


def test_slippage_of_open_deals_is_what_won_deals_showed(fitted: DealSize) -> None:
    draws = fitted.predict(GROUPS, 400, np.random.default_rng(1))
    assert draws.slippage_mean.mean() == pytest.approx(-np.log(0.9), abs=0.01)
    assert (draws.slippage_sd > 0).all()


@pytest.mark.parametrize("amounts", [np.array([]), np.full(50, np.nan), np.full(4, 100.0), np.zeros(50)])
def test_without_amounts_there_are_none(amounts: np.ndarray) -> None:
    """None at all, none on file, fewer than five, all of them nothing: each deal then counts as one."""
    fitted = fit(won_deals_of(amounts))
    assert fitted.posterior_ is None
    draws = fitted.predict(GROUPS, 50, np.random.default_rng(1))
    assert not draws.has_amounts
    assert draws.mean.shape == (50, len(GROUPS))


def test_equal_amounts_do_not_break_the_fit() -> None:
    fitted = fit(won_deals_of(np.full(60, 1200.0)))
    assert fitted.posterior_ is not None
    assert fitted.posterior_.mode.converged
    draws = fitted.predict([("search", "smb")], 200, np.random.default_rng(1))
    assert np.exp(draws.mean.mean()) == pytest.approx(1200, rel=0.05)


def test_same_seed_gives_the_same_draws(fitted: DealSize, won: WonDeals) -> None:
    assert fitted.posterior_ is not None
    again, other = fit(won), fit(won, seed=2)
    assert again.posterior_ is not None
    assert other.posterior_ is not None
    np.testing.assert_array_equal(again.posterior_.thetas, fitted.posterior_.thetas)
    assert not np.array_equal(other.posterior_.thetas, fitted.posterior_.thetas)


def test_more_deals_up_to_the_padding_share_one_compiled_model(fitted: DealSize, won: WonDeals) -> None:
    before = len(DealSize._compiled)
    assert fit(WonDeals(won.frame.head(200))).log_cap_ <= fitted.log_cap_
    assert len(DealSize._compiled) == before
