"""The clock turns hazards by age week into chances by calendar week, without a systematic delay."""

import numpy as np
import pytest
from draws_by_hand import funnel_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.forecast.arrays import Chances
from revmodel.forecast.clock import clock, odds_by_age, odds_by_week, share_at_once
from revmodel.forecast.engine import fill_chances

EDGES = (0, 1, 2, 4)


def survival_by_calendar_week(hazards: np.ndarray, by_day: list[float], moments: int = 20_000) -> np.ndarray:
    """Still there at the end of calendar week c, averaged over the moment of entry: the definition, by brute force.

    The rate is constant inside each day of the first week, and inside each later week of age.
    """
    entry = (np.arange(moments) + 0.5) / moments
    lived = np.arange(len(hazards))[:, None] + 1.0 - entry[None, :]
    first = -np.log1p(-hazards[0] * np.concatenate([[0.0], np.cumsum(by_day)]))
    later = first[-1] + np.cumsum(-np.log1p(-hazards[1:]))
    ages = np.concatenate([np.arange(8) / 7, np.arange(2, len(hazards) + 1)])
    return np.exp(-np.interp(lived, ages, np.concatenate([first, later]))).mean(axis=1)


def stays(hazards: list[float], by_day: list[float] | None = None) -> np.ndarray:
    """Chance to stay in calendar week 0, 1, … for hazards by age bin; exits of the first week by day (None: even)."""
    funnel = funnel_of([(0.5, 0.0, 0.0)], edges=EDGES, weeks=1)
    funnel.log_odds[0, 0, 0, 0] = np.log(hazards) - np.log1p(-np.asarray(hazards))
    funnel.first_week[0, 0] = 1 / 7 if by_day is None else by_day
    steps, room = clock(EDGES), (1, 2, 1, 1, len(clock(EDGES).after))
    chances = Chances(np.empty(room), np.empty(room))
    by_age, by_week = odds_by_age(funnel.log_odds[0]), odds_by_week(funnel.calendar[0], funnel.again[0])
    at_once = share_at_once(funnel.first_week[0])
    fill_chances(by_age, by_week, at_once, steps.before, steps.after, steps.bin_of, chances)
    return chances.stay[0, 0, 0, 0, steps.step_of_week]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(1e-6, 0.97), min_size=4, max_size=4), st.lists(st.floats(0.01, 1.0), min_size=7, max_size=7))
def test_survival_is_the_average_over_the_moment_of_entry(hazards, weights):
    by_day = list(np.array(weights) / sum(weights))
    by_age_week = np.array([hazards[0], hazards[1], hazards[2], hazards[2], hazards[3], hazards[3]])
    expected = survival_by_calendar_week(by_age_week, by_day)
    np.testing.assert_allclose(np.cumprod(stays(hazards, by_day)), expected, rtol=2e-3)


def test_a_first_bin_of_several_weeks_has_days_in_its_first_week_only():
    steps = clock((0, 5))
    assert steps.bin_of.tolist() == [0, 0, 1]
    assert steps.after[steps.step_of_week].tolist() == [0, 1, 1, 1, 1, 2, 2]
    assert steps.before[steps.step_of_week].tolist() == [0, 0, 1, 1, 1, 1, 2]


def test_constant_hazard_is_the_weekly_hazard_after_the_week_of_entry():
    chance = stays([0.2] * 4)
    np.testing.assert_allclose(chance[2:], 0.8)
    assert chance[0] == pytest.approx(0.9, abs=1e-3)  # half of the first week of age


def test_hazards_of_zero_and_one_stay_chances():
    assert stays([1e-300] * 4) == pytest.approx(1.0)
    with np.errstate(divide="ignore"):
        sure = stays([1.0 - 1e-16, 0.5, 0.5, 0.5])
    assert np.isfinite(sure).all()
    assert ((sure >= 0) & (sure <= 1)).all()
