"""Baselines on weekly totals: what they repeat, how wide they are, and when they refuse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hand_made import AS_OF, features_of

from revmodel.errors import ModelError
from revmodel.evaluate.baselines import auto_arima, auto_ets, last_period, last_year, seasonal_naive
from revmodel.evaluate.baselines.arima import _psi_weights
from revmodel.evaluate.forecaster import BacktestInput, metrics_seen, weekly_history
from revmodel.evaluate.scores import covered


def _given(weekly: dict[str, np.ndarray], horizon_weeks: int = 13, draws: int = 400, seed: int = 1) -> BacktestInput:
    return BacktestInput(None, None, features_of(weekly), horizon_weeks, draws, seed)  # type: ignore[arg-type]


def _counts(weeks: int, mean: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, weeks).astype(float)


def test_history_begins_after_the_first_week_in_which_the_metric_was_seen():
    features = features_of({"leads": np.arange(1.0, 31.0), "wins": np.array([3.0, 0.0, 5.0])})
    assert weekly_history(features, "wins").tolist() == [0.0, 5.0]
    assert weekly_history(features, "leads").tolist() == list(range(2, 31))
    assert weekly_history(features, "wins").index[-1].date() == AS_OF
    assert metrics_seen(features.realised) == ("leads", "wins")


def test_a_week_ends_on_the_as_of_date_and_the_day_after_the_last_one_belongs_to_the_next():
    features = features_of({"wins": np.array([1.0, 2.0, 4.0])})
    features.realised["date"] = features.realised["date"] - np.timedelta64(6, "D")  # the first day of each week
    assert weekly_history(features, "wins").tolist() == [2.0, 4.0]


def test_last_period_repeats_the_weeks_just_before():
    pattern = np.tile([4.0, 9.0, 16.0, 25.0], 15)
    draws = last_period(_given({"wins": pattern}, horizon_weeks=4))["wins"]
    np.testing.assert_allclose(draws.mean(axis=0), pattern[-4:])


def test_seasonal_naive_repeats_last_year_and_grows_with_it():
    year = 100 + 50 * np.sin(2 * np.pi * np.arange(52) / 52)
    history = np.concatenate([year, 1.2 * year, 1.44 * year])
    draws = seasonal_naive(_given({"leads": history}, horizon_weeks=13))["leads"]
    assert draws.sum(axis=1).mean() == pytest.approx(1.728 * year[:13].sum(), rel=0.08)


def test_seasonal_naive_does_not_take_a_start_for_growth():
    start = np.concatenate([np.ones(13), np.full(65, 50.0)])
    draws = seasonal_naive(_given({"wins": start}))["wins"]
    assert draws.sum(axis=1).mean() < 13 * 50 * 2.2


def test_seasonal_naive_without_a_year_is_the_mean_of_13_weeks():
    history = _counts(40, 30.0)
    draws = seasonal_naive(_given({"leads": history}, horizon_weeks=4, draws=4000))["leads"]
    assert draws.mean() == pytest.approx(history[-13:].mean(), rel=0.1)


@pytest.mark.parametrize("baseline", [last_period, seasonal_naive, auto_ets])
def test_intervals_of_a_steady_series_hold_about_as_often_as_they_say(baseline):
    held = []
    for seed in range(20):
        series = _counts(98, 20.0, seed)
        draws = baseline(_given({"wins": series[:85]}, seed=seed))["wins"]
        held.append(covered(draws.sum(axis=1), series[85:].sum(), 90))
    assert np.mean(held) >= 0.75


@pytest.mark.parametrize("baseline", [last_period, seasonal_naive, auto_ets])
def test_same_seed_same_draws_and_none_is_negative(baseline):
    weekly = {"leads": _counts(70, 40.0), "wins": _counts(70, 2.0)}
    first, again = baseline(_given(weekly)), baseline(_given(weekly))
    other = baseline(_given(weekly, seed=2))
    assert list(first) == ["leads", "wins"]
    for metric, draws in first.items():
        assert draws.shape == (400, 13)
        assert (draws >= 0).all()
        np.testing.assert_array_equal(draws, again[metric])
        assert not np.array_equal(draws, other[metric])


def test_auto_ets_follows_a_trend():
    draws = auto_ets(_given({"leads": 20 + 2.0 * np.arange(60) + _counts(60, 1.0)}, horizon_weeks=8))["leads"]
    assert draws.mean(axis=0)[-1] == pytest.approx(20 + 2 * 67, rel=0.12)


def test_auto_ets_of_a_constant_series_is_that_constant():
    assert (auto_ets(_given({"leads": np.full(40, 5.0)}))["leads"] == 5.0).all()


@pytest.mark.parametrize("baseline", [last_period, seasonal_naive, auto_ets])
def test_a_short_history_is_refused_and_says_how_much_is_wanted(baseline):
    with pytest.raises(ModelError, match="wins: 9 weeks of history"):
        baseline(_given({"wins": _counts(10, 20.0) + 1}))


def test_a_metric_with_little_history_is_left_out_and_the_others_are_answered():
    assert list(auto_ets(_given({"leads": _counts(60, 9.0), "wins": np.ones(10)}))) == ["leads"]


def test_nothing_realised_is_refused():
    features = features_of({"wins": np.ones(30)})
    nothing = dataclasses.replace(features, realised=features.realised.iloc[:0])
    with pytest.raises(ModelError, match="nothing has happened"):
        last_period(BacktestInput(None, None, nothing, 4, 100, 1))  # type: ignore[arg-type]


def test_last_year_repeats_the_weeks_of_a_year_ago_without_growth():
    season = 20 + 10 * np.sin(np.arange(52) / 52 * 2 * np.pi)
    history = np.concatenate([season, season, season])
    draws = last_year(_given({"wins": history}))["wins"]
    assert np.median(draws, axis=0) == pytest.approx(season[: draws.shape[1]], rel=0.01)


def test_auto_arima_keeps_a_level_and_widens_with_the_horizon():
    rng = np.random.default_rng(2)
    draws = auto_arima(_given({"wins": rng.poisson(50, 100).astype(float)}))["wins"]
    assert draws.mean() == pytest.approx(50, rel=0.08)
    walk = np.square(15 + 0.5 * np.cumsum(rng.normal(0, 1, 120)))
    sd = auto_arima(_given({"wins": walk}))["wins"].std(axis=0)
    assert sd[-1] > 1.5 * sd[0]


def test_psi_weights_by_hand():
    ar = {"arma": (1, 0, 0, 0, 1, 0, 0), "coef": {"ar1": 0.5}}
    assert _psi_weights(ar, 4) == pytest.approx([1, 0.5, 0.25, 0.125])
    walk_with_ma = {"arma": (0, 1, 0, 0, 1, 1, 0), "coef": {"ma1": -0.6}}
    assert _psi_weights(walk_with_ma, 3) == pytest.approx([1, 0.4, 0.4])
