"""The clock turns hazards by age week into chances by calendar week, without a systematic delay."""

import numpy as np
import pytest
from draws_by_hand import funnel_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.forecast.clock import clock, empty_chances, fill_chances, odds_by_age, odds_by_week

EDGES = (0, 1, 2, 4)


def survival_by_calendar_week(rates: np.ndarray, moments: int = 20_000) -> np.ndarray:
    """Still there at the end of calendar week c, averaged over the moment of entry: the definition, by brute force."""
    entry = (np.arange(moments) + 0.5) / moments
    cumulative = np.concatenate([[0.0], np.cumsum(rates)])
    lived = np.arange(len(rates))[:, None] + 1.0 - entry[None, :]
    return np.exp(-np.interp(lived, np.arange(len(rates) + 1), cumulative)).mean(axis=1)


def stays(hazards: list[float]) -> np.ndarray:
    """Chance to stay in calendar week 0, 1, … for hazards by age bin."""
    funnel = funnel_of([(0.5, 0.0, 0.0)], edges=EDGES, weeks=1)
    funnel.log_odds[0, 0, 0, 0] = np.log(hazards) - np.log1p(-np.asarray(hazards))
    steps = clock(EDGES)
    chances = empty_chances(1, funnel, steps)
    by_age, by_week = odds_by_age(funnel.log_odds[0]), odds_by_week(funnel.calendar[0])
    fill_chances(by_age, by_week, steps.before, steps.after, chances)
    return chances.stay[0, 0, 0, steps.step_of_week]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(1e-6, 0.97), min_size=4, max_size=4))
def test_survival_is_the_average_over_the_moment_of_entry(hazards):
    by_age_week = np.array([hazards[0], hazards[1], hazards[2], hazards[2], hazards[3], hazards[3]])
    expected = survival_by_calendar_week(-np.log1p(-by_age_week))
    np.testing.assert_allclose(np.cumprod(stays(hazards)), expected, rtol=1e-4)


def test_constant_hazard_is_the_weekly_hazard_after_the_week_of_entry():
    chance = stays([0.2] * 4)
    np.testing.assert_allclose(chance[1:], 0.8)
    assert chance[0] == pytest.approx(0.2 / -np.log(0.8))


def test_hazards_of_zero_and_one_stay_chances():
    assert stays([1e-300] * 4) == pytest.approx(1.0)
    with np.errstate(divide="ignore"):
        sure = stays([1.0 - 1e-16, 0.5, 0.5, 0.5])
    assert np.isfinite(sure).all()
    assert ((sure >= 0) & (sure <= 1)).all()
