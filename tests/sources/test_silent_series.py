"""A series that falls silent is found where chance cannot explain it, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from revmodel.sources.checks.silence import Silence, find_silence, share_of_usual

WEEKS = 156


def chance(silence: Silence | None) -> float:
    return 1.0 if silence is None else silence.chance


def test_channel_that_ends_is_found_with_its_weeks() -> None:
    values = np.random.default_rng(1).poisson(12, WEEKS).astype(float)
    values[130:] = 0
    silence = find_silence(values)
    assert silence is not None
    assert (silence.first, silence.last, silence.ongoing) == (130, WEEKS - 1, True)
    assert silence.expected == pytest.approx(12 * 26, rel=0.2)
    assert silence.chance < 1e-12


def test_hole_in_the_middle_is_found_though_a_few_rows_are_left() -> None:
    values = np.random.default_rng(2).poisson(20, WEEKS).astype(float)
    values[60:70] = [0, 1, 0, 0, 2, 0, 0, 0, 1, 0]
    silence = find_silence(values)
    assert silence is not None
    assert (silence.first, silence.last, silence.ongoing, silence.seen) == (60, 69, False, 4.0)
    assert silence.chance < 1e-9


def test_channel_that_comes_in_flights_is_expected_to_pause() -> None:
    """Eight weeks on, eight off: the last pause is like all others."""
    on = np.tile(np.repeat([1.0, 0.0], 8), 10)[:WEEKS]
    values = np.random.default_rng(3).poisson(12 * on).astype(float)
    steady = np.random.default_rng(3).poisson(6, WEEKS).astype(float)
    steady[-8:] = 0
    assert chance(find_silence(values)) > 1e-3
    assert chance(find_silence(steady)) < 1e-6


def test_silence_of_what_brings_it_explains_a_silence() -> None:
    values = np.random.default_rng(4).poisson(12, WEEKS).astype(float)
    values[120:] = 0
    spend = np.full(WEEKS, 100.0)
    assert chance(find_silence(values, driver=spend)) < 1e-12
    spend[119:] = 0
    assert find_silence(values, driver=spend) is None


def test_stray_first_row_does_not_make_a_late_start_a_silence() -> None:
    values = np.zeros(WEEKS)
    values[3] = 1
    values[80:] = np.random.default_rng(5).poisson(9, WEEKS - 80)
    assert chance(find_silence(values)) > 1e-3


@pytest.mark.parametrize("rate", [0.3, 2.0, 15.0])
def test_rate_of_false_alarms_is_what_it_says(rate: float) -> None:
    """Two hundred steady series of 156 weeks: corrected for the weeks looked at, one in a hundred or fewer."""
    rng = np.random.default_rng(6)
    chances = [chance(find_silence(rng.poisson(rate, WEEKS).astype(float))) * WEEKS for _ in range(200)]
    assert np.mean(np.array(chances) < 0.01) <= 0.01


def test_history_that_is_too_short_says_nothing() -> None:
    assert find_silence(np.array([5.0] * 8 + [0.0] * 6)) is None
    assert find_silence(np.zeros(100)) is None


def test_share_of_usual_compares_with_the_weeks_near() -> None:
    values = np.full(WEEKS, 10.0)
    values[100:110] = 4.0
    assert share_of_usual(values, 100, 109) == pytest.approx(0.4)
