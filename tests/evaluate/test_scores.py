"""Scores: against arithmetic done by hand, scoringrules, and the laws that proper scores obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from revmodel.errors import ModelError
from revmodel.evaluate.fans import LEVELS
from revmodel.evaluate.scores import bias, covered, crps, interval_score, pinball, pit, score_fan, wape

ensembles = arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e6, 1e6))


@given(draws=ensembles, actual=st.floats(-1e6, 1e6))
def test_crps_is_the_fair_double_sum_over_pairs(draws, actual):
    pairs = np.abs(draws[:, None] - draws[None, :]).sum() / (2 * draws.size * (draws.size - 1))
    assert crps(draws, actual) == pytest.approx(np.abs(draws - actual).mean() - pairs, abs=1e-6)


def test_crps_of_a_normal_ensemble_is_the_closed_form():
    draws = np.random.default_rng(3).normal(10, 2, 200_000)
    # CRPS of Normal(10, 2) at its mean: 2·(√2 − 1)/√π, Gneiting and Raftery 2007, eq. 21
    assert crps(draws, 10.0) == pytest.approx(2 * (np.sqrt(2) - 1) / np.sqrt(np.pi), rel=0.01)


def test_crps_of_equal_draws_is_the_absolute_error():
    assert crps(np.full(50, 7.0), 4.0) == pytest.approx(3.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # scoringrules compiles on import
def test_crps_and_interval_score_agree_with_scoringrules():
    import scoringrules

    rng = np.random.default_rng(11)
    for size in (2, 17, 400):
        draws, actual = rng.gamma(2, 30, size), float(rng.gamma(2, 30))
        assert crps(draws, actual) == pytest.approx(scoringrules.crps_ensemble(actual, draws, estimator="fair"))
        low, high = np.percentile(draws, [10, 90])
        expected = scoringrules.interval_score(actual, low, high, 0.2)
        assert interval_score(draws, actual, 80) == pytest.approx(float(expected))


def test_pinball_at_the_median_is_half_the_absolute_error():
    assert pinball(np.array([10.0]), 14.0, levels=[50]) == 2.0
    assert pinball(np.array([10.0]), 6.0, levels=[50]) == 2.0


def test_pinball_punishes_an_overshot_high_quantile_lightly():
    assert pinball(np.array([10.0]), 4.0, levels=[90]) == pytest.approx(0.6)
    assert pinball(np.array([10.0]), 16.0, levels=[90]) == pytest.approx(5.4)


def test_interval_score_is_the_width_where_it_holds_and_more_where_it_misses():
    draws = np.linspace(0, 100, 101)
    assert interval_score(draws, 50.0, 80) == pytest.approx(80.0)
    assert interval_score(draws, 95.0, 80) == pytest.approx(80.0 + 2 / 0.2 * 5)


def test_coverage_counts_the_ends_as_inside():
    draws = np.linspace(0, 100, 101)
    assert covered(draws, 10.0, 80)
    assert not covered(draws, 9.9, 80)
    assert covered(draws, 9.9, 90)


def test_pit_counts_ties_half():
    assert pit(np.array([1.0, 2.0, 2.0, 3.0]), 2.0) == 0.5
    assert pit(np.array([1.0, 2.0]), 0.0) == 0.0


def test_wape_and_bias_by_hand():
    assert wape([90, 120], [100, 100]) == pytest.approx(0.15)
    assert bias([90, 120], [100, 100]) == pytest.approx(0.05)
    assert np.isnan(wape([1.0], [0.0]))


def test_calibrated_draws_are_covered_at_their_nominal_rate():
    rng = np.random.default_rng(5)
    rows = [
        score_fan(np.quantile(rng.normal(mean, 10, 400), LEVELS), rng.normal(mean, 10))
        for mean in rng.uniform(50, 90, 1500)
    ]
    for percent in (50, 80, 90):
        share = np.mean([row[f"covered_{percent}"] for row in rows])
        assert share == pytest.approx(percent / 100, abs=0.04)
    assert np.mean([row["pit"] for row in rows]) == pytest.approx(0.5, abs=0.03)


def test_draws_that_are_not_finite_are_refused():
    with pytest.raises(ModelError, match="1 not finite"):
        crps(np.array([1.0, np.nan]), 2.0)
    with pytest.raises(ModelError, match=r"shape \(2, 3\)"):
        score_fan(np.ones((2, 3)), 2.0)


def test_the_crps_of_quantiles_is_that_of_their_draws():
    draws = np.random.default_rng(3).gamma(4, 10, 200_000)
    of_quantiles = score_fan(np.quantile(draws, LEVELS), 55.0)["crps"]
    assert of_quantiles == pytest.approx(crps(draws, 55.0), rel=0.01)
