"""Spend ahead without a plan: what is expected of season and persistence, and what is drawn around it."""

from __future__ import annotations

import numpy as np

from revmodel.forecast.spend_ahead import FIRST_START, expected_spend, spend_paths

WEEKS = np.arange(156)


def noisy(mean: np.ndarray, seed: int, sd: float = 0.1) -> np.ndarray:
    return mean * np.random.default_rng(seed).lognormal(0, sd, len(mean))


def test_of_a_short_history_the_mean_is_held() -> None:
    spend = np.stack([np.arange(30.0), np.ones(30)])
    np.testing.assert_allclose(expected_spend(spend, 4), [[14.5] * 4, [1.0] * 4])
    paths = spend_paths(spend, 4, 5, np.random.default_rng(1))
    np.testing.assert_allclose(paths, np.broadcast_to(expected_spend(spend, 4), (5, 2, 4)))


def test_no_channel_gives_no_spend() -> None:
    assert expected_spend(np.zeros((0, 100)), 6).shape == (0, 6)
    assert spend_paths(np.zeros((0, 100)), 6, 3, np.random.default_rng(1)).shape == (3, 0, 6)


def test_a_season_seen_twice_is_expected_again() -> None:
    season = 100 * (1 + 0.8 * np.sin(2 * np.pi * WEEKS / 52))
    spend = np.stack([noisy(season, 1), noisy(season, 2)])
    told = expected_spend(spend, 26)
    came = 100 * (1 + 0.8 * np.sin(2 * np.pi * (156 + np.arange(26)) / 52))
    assert np.abs(told - came).mean() < 0.35 * np.abs(100 - came).mean()


def test_what_lasts_is_told_from_what_is_gone_next_week() -> None:
    rng = np.random.default_rng(4)
    lasting = 100 * np.exp(np.clip(np.cumsum(rng.normal(0, 0.12, (4, 156)), axis=1), -1, 1))
    fleeting = rng.gamma(2, 50, (4, 156))
    for spend, near in ((lasting, True), (fleeting, False)):
        mean, recent = spend[:, -52:].mean(axis=1), spend[:, -4:].mean(axis=1)
        told = expected_spend(spend, 2).mean(axis=1)
        moved = ((told - mean) * (recent - mean)).sum() / ((recent - mean) ** 2).sum()
        assert (moved > 0.5) if near else (moved < 0.25)


def test_paths_hold_what_comes_as_often_as_they_say_and_keep_the_mean() -> None:
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(40):
        spend = 100 * rng.gamma(4, 0.25, (3, 169))
        paths = spend_paths(spend[:, :156], 13, 300, rng).sum(axis=(1, 2))
        low, high = np.quantile(paths, [0.1, 0.9])
        inside.append(low <= spend[:, 156:].sum() <= high)
        assert abs(paths.mean() / expected_spend(spend[:, :156], 13).sum() - 1) < 0.05
    assert 0.6 <= np.mean(inside) <= 0.95  # 0.8 ± 0.13 and what is learned on few weeks


def test_channels_that_move_together_do_so_ahead_and_nothing_is_negative() -> None:
    common = np.random.default_rng(6).gamma(1.0, 100, 156)
    paths = spend_paths(np.stack([common, common]), 40, 200, np.random.default_rng(7))
    assert paths.shape == (200, 2, 40)
    np.testing.assert_allclose(paths[:, 0], paths[:, 1])
    assert (paths >= 0).all()
    assert paths.std(axis=0).min() > 0


def test_longer_horizons_than_the_past_shows_are_drawn_in_pieces() -> None:
    spend = np.random.default_rng(8).gamma(2.0, 50, (2, FIRST_START + 20))
    paths = spend_paths(spend, 26, 50, np.random.default_rng(9))
    assert paths.shape == (50, 2, 26)
    assert paths[:, :, -1].std() > 0
