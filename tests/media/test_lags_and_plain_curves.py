"""Laws of carry-over and saturation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from revmodel.media.carry_over import geometric_weights
from revmodel.media.lags import lagged
from revmodel.media.saturation import michaelis_menten

half_lives = st.floats(0.05, 50)
positive = st.floats(1e-3, 1e6)


@given(half_life=half_lives, longest=st.integers(0, 52))
def test_carry_over_keeps_the_total_and_never_grows(half_life: float, longest: int) -> None:
    weights = geometric_weights(np.array([half_life]), np.arange(longest + 1))
    np.testing.assert_allclose(weights.sum(-1), 1.0)
    assert (weights >= 0).all()
    assert (np.diff(weights) <= 0).all()


@given(half_life=st.integers(1, 10))
def test_carry_over_halves_in_a_half_life(half_life: int) -> None:
    weights = geometric_weights(np.array([float(half_life)]), np.arange(21))[0]
    np.testing.assert_allclose(weights[half_life] / weights[0], 0.5)


@given(weeks=st.integers(1, 12), longest=st.integers(0, 15), seed=st.integers(0, 99))
def test_lags_are_the_same_spend_moved_on(weeks: int, longest: int, seed: int) -> None:
    spend = np.random.default_rng(seed).uniform(0, 9, (2, weeks))
    out = lagged(spend, longest)
    assert out.shape == (2, longest + 1, weeks)
    np.testing.assert_array_equal(out[:, 0], spend)
    for lag in range(longest + 1):
        for week in range(weeks):
            expected = spend[:, week - lag] if week >= lag else np.zeros(2)
            np.testing.assert_array_equal(out[:, lag, week], expected)


@given(spend=positive, half=positive, factor=st.floats(1.01, 10))
def test_saturation_rises_below_one_and_is_concave(spend: float, half: float, factor: float) -> None:
    value, more = michaelis_menten(spend, half), michaelis_menten(spend * factor, half)
    assert 0 < value <= more <= 1
    assert more <= value * factor
    assert michaelis_menten(0.0, half) == 0
    np.testing.assert_allclose(michaelis_menten(half, half), 0.5)
    np.testing.assert_allclose(michaelis_menten(spend * factor, half * factor), value)
