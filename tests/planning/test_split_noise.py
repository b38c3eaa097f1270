"""What blurs a test against other regions: not what moves all of them at once."""

from __future__ import annotations

import numpy as np
import pytest

from revmodel.planning.lift_value import FROM_THE_PAST, NO_SHARED_NOISE, LiftDesign, LiftNoise, lift_error
from revmodel.planning.split_noise import BEFORE_WEEKS, split_ratio

SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def drawn(seed: int, weeks: int, shared: float, own: float, leads: float = 400.0) -> np.ndarray:
    """(region, week) counts: a wave that all regions share, and one of each region alone, both on the log scale."""
    rng = np.random.default_rng(seed)
    wave = shared * rng.standard_normal(weeks) + own * rng.standard_normal((4, weeks))
    return rng.poisson(leads * SHARES[:, None] * np.exp(wave)).astype(float)


@pytest.mark.parametrize("shared", [0.0, 0.3])
def test_what_all_regions_share_does_not_blur_a_test(shared: float) -> None:
    """By pure chance 1, and what the share of the weeks before does not know: weeks ÷ weeks before more."""
    found = [split_ratio(drawn(seed, 156, shared, 0.0), 8) for seed in range(40)]
    assert np.mean(found) == pytest.approx(1 + 8 / BEFORE_WEEKS, rel=0.1)


def test_what_moves_a_region_alone_does() -> None:
    """By hand: beyond chance a region's part varies by leads · sd² · (1 − Σ share²) ÷ (regions − 1) times its mean."""
    found = np.mean([split_ratio(drawn(seed, 156, 0.0, 0.2), 8) for seed in range(40)])
    alone = 400.0 * 0.2**2 * (1 - (SHARES**2).sum()) / 3
    assert found == pytest.approx((1 + alone) * (1 + 8 / BEFORE_WEEKS), rel=0.12)


def test_the_error_told_is_how_far_such_a_test_is_off() -> None:
    """Tests in half of twenty regions where nothing was changed, on a past that was not looked at."""
    rng, design, off, told = np.random.default_rng(3), LiftDesign(0.5, 8, -1.0), [], []
    for _ in range(150):
        wave = 0.2 * rng.standard_normal(170) + 0.1 * rng.standard_normal((20, 170))
        counts = rng.poisson(30 * np.exp(wave)).astype(float)
        past, ahead = counts[:, :162], counts[:, 162:]
        tested = rng.permutation(20) < 10
        usual = past[:, -BEFORE_WEEKS:]
        scale = usual[tested].sum() / usual[~tested].sum()
        off.append(ahead[tested].sum() - scale * ahead[~tested].sum())
        told.append(LiftNoise(600.0, 1.0, past).error(design)[0])
    assert np.mean(told) == pytest.approx(np.std(off), rel=0.2)


def test_without_regions_or_a_past_nothing_is_taken_to_be_shared() -> None:
    design = LiftDesign()
    one, short = drawn(1, 156, 0.3, 0.0)[:1], drawn(1, BEFORE_WEEKS + 8, 0.3, 0.0)
    assert split_ratio(one, 8) is None
    assert split_ratio(short, 8) is None
    for counts in (None, one, short):
        noise = LiftNoise(400.0, 7.0, counts)
        assert noise.error(design) == (lift_error(400.0, 7.0, design), NO_SHARED_NOISE)
    assert LiftNoise(400.0, 7.0, drawn(1, 156, 0.3, 0.0)).error(design)[1] == FROM_THE_PAST


def test_a_region_that_never_had_anything_is_left_out() -> None:
    counts = drawn(5, 156, 0.1, 0.1)
    assert split_ratio(np.vstack([counts, np.zeros((1, 156))]), 8) == split_ratio(counts, 8)
