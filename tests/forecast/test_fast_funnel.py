"""A funnel that closes within days is as quick in the forecast as it is in continuous time."""

import datetime as dt

import numpy as np
import pytest
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of

from revmodel.forecast.simulate import simulate

AS_OF = dt.date(2026, 9, 30)
MEAN_DAYS = np.array([0.2, 0.5, 0.6])  # in each stage; closed after 1.3 days on average
RECORDS, WEEKS = 40_000, 30


def wins_by_week(first_week):
    """Wins of records that all arrive in week 0."""
    rates = 7 / MEAN_DAYS
    funnel = funnel_of([(-np.expm1(-rate), 0.0, 0.0) for rate in rates], weeks=WEEKS)
    funnel.first_week[:] = first_week
    sizes = sizes_of(funnel, has_amounts=False)
    draws = simulate(records_of(), funnel, arrivals_of(funnel, {(0, 0, 0): RECORDS}), sizes, AS_OF, WEEKS, "s1", 3)
    return draws.weekly("wins")[0]


@pytest.fixture(scope="module")
def in_continuous_time():
    """Wins by week: records arrive anywhere in week 0, each stay is exponential."""
    rng = np.random.default_rng(8)
    closed = rng.uniform(0, 7, RECORDS) + rng.exponential(MEAN_DAYS, (RECORDS, len(MEAN_DAYS))).sum(axis=1)
    return np.bincount((closed // 7).astype(int), minlength=WEEKS)[:WEEKS]


def days_of_exits():
    left = -np.expm1(-np.arange(8) / MEAN_DAYS[:, None])
    return np.diff(left, axis=1) / left[:, -1:]


def mean_week(wins):
    return (wins * np.arange(WEEKS)).sum() / wins.sum()


def test_wins_fall_into_the_weeks_of_the_continuous_funnel(in_continuous_time):
    wins = wins_by_week(days_of_exits())
    assert wins.sum() == RECORDS
    assert mean_week(wins) == pytest.approx(mean_week(in_continuous_time), abs=0.01)  # 1.3 of 7 days
    assert wins[0] / RECORDS == pytest.approx(in_continuous_time[0] / RECORDS, abs=0.03)  # each stage rounds apart


def test_without_the_days_it_would_be_late_by_half_a_week_a_stage(in_continuous_time):
    late = mean_week(wins_by_week(1 / 7)) - mean_week(in_continuous_time)
    assert late == pytest.approx(3 * 0.5 - MEAN_DAYS.sum() / 7, abs=0.1)
