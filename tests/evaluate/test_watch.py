"""Alarms against the forecast: false ones as often as stated, true ones soon."""

from __future__ import annotations

import numpy as np
import pytest

from revmodel.evaluate.watch import RECENT_WEEKS, against_forecast

WEEKS, DRAWS, FALSE_ALARMS = 13, 200, 0.1
Draws = dict[str, np.ndarray]


def futures(rng: np.random.Generator, draws: int, level_sd: float = 0.05) -> Draws:
    """Leads with a level that is not known exactly and a walk; wins that hang on them; lopsided bookings."""
    level = rng.lognormal(0, level_sd, (draws, 1)) * np.exp(np.cumsum(rng.normal(0, 0.02, (draws, WEEKS)), axis=1))
    leads = rng.poisson(100 * level)
    wins = rng.poisson(0.05 * leads * rng.lognormal(0, 0.1, (draws, 1)))
    bookings = wins * 10_000 * rng.lognormal(0, 0.4, (draws, WEEKS))
    return {"leads": leads.astype(float), "wins": wins.astype(float), "bookings": bookings}


def looked_at(forecast: Draws, truth: Draws, i: int, weeks: int) -> bool:
    came = {name: values[i, :weeks] for name, values in truth.items()}
    return bool(against_forecast(forecast, came, FALSE_ALARMS)["alert"].any())


def test_right_forecast_alarms_in_the_stated_share_of_quarters_over_all_weekly_looks() -> None:
    """80 quarters of 13 looks each at three metrics: 0.1 stated; more than 0.2 would come about once in 500."""
    rng = np.random.default_rng(11)
    alarms = []
    for _ in range(4):
        forecast, truth = futures(rng, DRAWS), futures(rng, 20)
        alarms += [any(looked_at(forecast, truth, i, weeks) for weeks in range(1, WEEKS + 1)) for i in range(20)]
    assert 0.02 <= np.mean(alarms) <= 0.2


def test_drop_of_three_tenths_in_leads_is_found_within_six_weeks() -> None:
    rng = np.random.default_rng(12)
    forecast, truth = futures(rng, DRAWS), futures(rng, 40)
    truth["leads"] *= 0.7
    found = [any(looked_at(forecast, truth, i, weeks) for weeks in range(1, 7)) for i in range(40)]
    assert np.mean(found) > 0.9


def test_drop_after_good_weeks_is_seen_in_the_latest_weeks() -> None:
    rng = np.random.default_rng(13)
    forecast = futures(rng, DRAWS, level_sd=0.15)
    came = {"leads": np.concatenate([np.full(8, 106.0), np.full(4, 40.0)])}
    row = against_forecast(forecast, came, FALSE_ALARMS).iloc[0]
    assert row["since_weeks"] == RECENT_WEEKS
    assert row["score"] < -3
    assert row["alert"]


def test_range_is_that_of_the_draws_total_so_far() -> None:
    rng = np.random.default_rng(14)
    forecast = futures(rng, DRAWS)
    row = against_forecast(forecast, {"leads": np.array([100.0, 101.0, 99.0])}, FALSE_ALARMS).iloc[0]
    total = forecast["leads"][:, :3].sum(axis=1)
    assert [row["p10"], row["p50"], row["p90"]] == pytest.approx(np.percentile(total, (10, 50, 90)))
    assert (row["value"], row["weeks"], row["alert"]) == (300.0, 3, False)


def test_chance_cannot_be_smaller_than_the_draws_can_tell() -> None:
    rng = np.random.default_rng(15)
    row = against_forecast(futures(rng, DRAWS), {"wins": np.full(5, 90.0)}, FALSE_ALARMS).iloc[0]
    assert row["p_value"] == pytest.approx(1 / (DRAWS + 1))


def test_without_a_week_there_is_nothing_to_say() -> None:
    assert against_forecast({"leads": np.ones((5, 3))}, {"leads": np.zeros(0)}, 0.1).empty
