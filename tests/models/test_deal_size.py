"""Deal size: what simulated amounts were drawn from is found, draws stay below the cap, and no amount is said."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from simulated_panel import won_deals_of

from revmodel.features.tables import Groups, WonDeals
from revmodel.models import priors
from revmodel.models.deal_size import DealSize
from revmodel.models.draws import DealSizeDraws
from revmodel.models.health import health_table
from revmodel.models.slippage import Slippage

CHANNELS, SEGMENTS = ("events", "search"), ("enterprise", "smb")
GROUPS = Groups.of(pd.DataFrame([(c, s) for c in CHANNELS for s in SEGMENTS], columns=["channel", "segment"]))
AS_OF = dt.date(2026, 1, 31)
SEARCH_SMB = 3
LOG_MEAN = {"enterprise": np.log(80_000.0), "smb": np.log(9_000.0)}
SD = 0.6


def fit(won: WonDeals, seed: int = 1) -> DealSize:
    return DealSize(engine="laplace", draws=400, seed=seed).fit(won, GROUPS, AS_OF)


def sample_of(draws: DealSizeDraws, deals: int, rng: np.random.Generator) -> np.ndarray:
    """(draw, deal): amounts of the group that the deals are of."""
    wide = rng.random((len(draws.sd), deals)) < draws.wide_share[:, None]
    spread = np.where(wide, draws.wide_sd[:, None], draws.sd[:, None])
    log_amount = draws.mean[:, [SEARCH_SMB]] + spread * rng.standard_normal(wide.shape)
    return np.exp(np.minimum(log_amount, draws.log_cap))


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
    for g, segment in enumerate(GROUPS.segment):
        assert draws.mean[:, g].mean() == pytest.approx(LOG_MEAN[segment], abs=0.2)
        assert 0.02 < draws.mean[:, g].std() < 0.2
    spread = np.sqrt((1 - draws.wide_share) * draws.sd**2 + draws.wide_share * draws.wide_sd**2)
    assert spread.mean() == pytest.approx(SD, rel=0.1)


def test_amounts_are_capped_at_twice_the_largest_deal(fitted: DealSize, won: WonDeals) -> None:
    draws = fitted.predict(GROUPS, 10, np.random.default_rng(1))
    assert np.exp(draws.log_cap) == pytest.approx(2 * won.frame["amount"].max())


def test_slippage_of_first_amounts_is_what_won_deals_showed(fitted: DealSize) -> None:
    draws = fitted.predict(GROUPS, 400, np.random.default_rng(1))
    assert draws.slippage[:, 0] == pytest.approx(-np.log(0.9), abs=1e-9)


def test_slippage_depends_on_the_stage_and_keeps_amounts_that_do_not_change() -> None:
    """Early amounts halve in one deal of four; late ones never move: no law of a fixed form says both."""
    n = 400
    amount = np.where(np.arange(n) % 4 == 0, 50.0, 100.0)
    won = pd.DataFrame({"amount": amount, "first_amount": 100.0})
    early = pd.DataFrame({"deal_id": np.arange(n), "stage": "early", "won_amount": amount, "amount": 100.0})
    late = early.assign(stage="late", amount=amount)
    lost = early.assign(won_amount=np.nan)
    drawn = (
        Slippage().fit(won, pd.concat([early, late, lost]), ("early", "late")).predict(200, np.random.default_rng(1))
    )
    assert drawn.shape[:2] == (200, 3)
    assert (drawn[:, 1] == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert (drawn[:, 2] == 0).mean() > 0.97
    assert set(np.round(np.exp(drawn), 9).ravel()) == {0.5, 1.0}
    halved = (drawn[:, 1] != 0).mean(axis=1)
    assert 0.01 < halved.std() < 0.06  # four hundred deals do not tell the share exactly


def test_a_stage_of_one_deal_borrows_from_all() -> None:
    won = pd.DataFrame({"amount": [100.0] * 50, "first_amount": 100.0})
    odd = pd.DataFrame({"deal_id": ["D"], "stage": ["s"], "won_amount": [300.0], "amount": [100.0]})
    drawn = Slippage().fit(won, odd, ("s",)).predict(300, np.random.default_rng(1))
    assert (drawn[:, 1] > 0).mean() < 0.2


def test_few_deals_out_of_the_ordinary_do_not_widen_all_others() -> None:
    """Eight of four hundred are twenty times larger: the body keeps its spread, and the mean is still theirs too."""
    rng = np.random.default_rng(2)
    amounts = rng.lognormal(9.0, 0.3, 400)
    amounts[:8] *= 20
    fitted = DealSize(engine="laplace", draws=400).fit(won_deals_of(amounts), GROUPS, AS_OF)
    draws = fitted.predict(GROUPS, 400, rng)
    assert draws.sd.mean() == pytest.approx(0.3, rel=0.15)
    assert 0.01 < draws.wide_share.mean() < 0.06
    drawn = sample_of(draws, 200, rng)
    assert np.median(drawn) == pytest.approx(np.median(amounts), rel=0.1)
    assert drawn.mean() == pytest.approx(amounts.mean(), rel=0.35)
    assert draws.expected_won()[:, SEARCH_SMB].mean() == pytest.approx(drawn.mean(), rel=0.1)
    top = np.sort(drawn, axis=1)[:, -len(drawn[0]) // 20 :].sum(axis=1) / drawn.sum(axis=1)
    seen = np.sort(amounts)[-20:].sum() / amounts.sum()
    assert np.quantile(top, 0.02) < seen < np.quantile(top, 0.98)


def test_prior_predictive_amounts_lie_within_what_companies_sell() -> None:
    """Around a crude mean of 10,000: nearly all deals of all groups between 100 and a million."""
    rng = np.random.default_rng(3)
    n = 4000
    effects = sum(
        np.exp(np.log(median) + log_sd * rng.standard_normal(n)) * rng.standard_normal(n)
        for median, log_sd in priors.SIZE_SPREADS.values()
    )
    sd = 0.6 * np.exp(priors.SIZE_LOG_SPREAD_SD * rng.standard_normal(n))
    share = 1 / (1 + np.exp(-priors.WIDE_LOGIT_MEAN - priors.WIDE_LOGIT_SD * rng.standard_normal(n)))
    ratio = priors.WIDE_LEAST_RATIO + np.exp(
        priors.WIDE_LOG_RATIO_MEAN + priors.WIDE_LOG_RATIO_SD * rng.standard_normal(n)
    )
    spread = np.where(rng.random(n) < share, sd * ratio, sd)
    log_amount = np.log(1e4) + priors.SIZE_MEAN_SD * rng.standard_normal(n) + effects + spread * rng.standard_normal(n)
    inside = ((log_amount > np.log(1e2)) & (log_amount < np.log(1e6))).mean()
    assert 0.9 < inside < 0.995


def test_rising_prices_are_followed_to_the_as_of_date() -> None:
    """Ten per cent a quarter for two years: a mean over all deals would lie 40 % below today's."""
    rng = np.random.default_rng(4)
    days = np.sort(rng.integers(0, 728, 500))
    level = 9.0 - 0.1 * days / 91
    won = won_deals_of(np.exp(level + 0.3 * rng.standard_normal(500)))
    won.frame["won_at"] = pd.Timestamp(AS_OF) - pd.to_timedelta(days, unit="D")
    draws = DealSize(engine="laplace", draws=400).fit(won, GROUPS, AS_OF).predict(GROUPS, 400, rng)
    assert draws.mean[:, SEARCH_SMB].mean() == pytest.approx(8.95, abs=0.12)


def test_expansions_and_renewals_have_amounts_of_their_own() -> None:
    rng = np.random.default_rng(5)
    types = np.array(["new", "expansion", "renewal"])[np.arange(300) % 3]
    mean = {"new": 10.0, "expansion": 8.5, "renewal": 9.3}
    won = won_deals_of(np.exp([mean[kind] + 0.4 * rng.standard_normal() for kind in types]))
    won.frame["type"] = types
    groups = Groups.of(won.frame[["channel", "segment", "type"]])
    draws = DealSize(engine="laplace", draws=400).fit(won, groups, AS_OF).predict(groups, 400, rng)
    for g, kind in enumerate(groups.type):
        assert draws.mean[:, g].mean() == pytest.approx(mean[kind], abs=0.15)


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
    draws = fitted.predict(GROUPS, 200, np.random.default_rng(1))
    assert np.exp(draws.mean[:, SEARCH_SMB].mean()) == pytest.approx(1200, rel=0.02)


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


def test_laplace_and_nuts_agree(fitted: DealSize, won: WonDeals) -> None:
    """Group means within half of NUTS's sd, spreads within a third; NUTS passes its own checks."""
    nuts = DealSize(engine="nuts", draws=250, seed=1).fit(won, GROUPS, AS_OF)
    assert nuts.posterior_ is not None
    laplace, sampled = (each.predict(GROUPS, 400, np.random.default_rng(1)) for each in (fitted, nuts))
    sd = sampled.mean.std(axis=0)
    assert np.abs(laplace.mean.mean(axis=0) - sampled.mean.mean(axis=0)).max() < (0.5 * sd).min()
    assert laplace.mean.std(axis=0) / sd == pytest.approx(1.0, abs=0.33)
    assert laplace.expected_won().mean(axis=0) == pytest.approx(sampled.expected_won().mean(axis=0), rel=0.1)
    assert health_table("deal size", nuts.posterior_)["passed"].all()
