"""Signals against their own history: how often they alarm for nothing, and that they do when something broke."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.evaluate.signals import BASE_WEEKS, LATEST_WEEKS, own_history, stage_rates

LEVEL = 0.02


def white(rng: np.random.Generator) -> np.ndarray:
    return np.exp(rng.normal(0, 0.1, 150))


def sticky(rng: np.random.Generator) -> np.ndarray:
    """Each week's deviation is six tenths of the last one's, and news."""
    noise, out = rng.normal(0, 0.1, 180), np.zeros(180)
    for i in range(1, 180):
        out[i] = 0.6 * out[i - 1] + noise[i]
    return np.exp(out[30:])


def wandering(rng: np.random.Generator) -> np.ndarray:
    return np.exp(np.cumsum(rng.normal(0, 0.03, 150)))


@pytest.mark.parametrize("law", [white, sticky, wandering])
def test_unchanged_series_alarms_at_the_stated_rate(law: object) -> None:
    """800 series: 0.02 stated; beyond 0.035 would come once in 700 runs of this test."""
    rng = np.random.default_rng(21)
    found = own_history({str(i): law(rng) for i in range(800)})  # type: ignore[operator]
    assert len(found) == 800
    assert 0.005 < (found["p_value"] < LEVEL).mean() < 0.035


def test_fall_by_three_tenths_in_the_latest_month_stands_out() -> None:
    rng = np.random.default_rng(22)
    series = {str(i): white(rng) for i in range(100)}
    for values in series.values():
        values[-LATEST_WEEKS:] *= 0.7
    found = own_history(series)
    assert (found["p_value"] < 0.05 / 13 / 12).mean() > 0.8
    assert (found["score"] < 0).all()
    assert (found["value"] < found["p10"]).all()


def test_value_and_middle_are_the_latest_weeks_and_those_before() -> None:
    values = np.concatenate([np.random.default_rng(23).uniform(9, 11, 100), np.full(13, 10.0), np.full(4, 12.0)])
    row = own_history({"a": values}).iloc[0]
    assert (row["value"], row["p50"]) == pytest.approx((12.0, 10.0))
    assert row["p10"] < row["p50"] < row["p90"]


def test_share_that_was_zero_at_times_has_no_range_below_zero() -> None:
    values = np.random.default_rng(24).choice([0.0, 0.0, 0.0, 0.0, 0.9], 120)
    assert own_history({"a": values})["p10"].iloc[0] >= 0


def test_short_or_silent_series_are_left_out() -> None:
    short = np.arange(1.0, BASE_WEEKS + LATEST_WEEKS + 8)
    assert own_history({"short": short, "silent": np.full(120, np.nan), "constant": np.ones(120)}).empty


def cells(rng: np.random.Generator, pace: float) -> pd.DataFrame:
    """Eighteen months of a stage of which 3 in 10 move on in their first week and 1 in 10 later; ``pace``: of late."""
    rows = []
    for week in [*range(26), *range(26, 78, 4)]:
        for age_bin, rate in ((0, 0.3), (1, 0.1)):
            n = rng.poisson(60 if week < 26 else 240)
            rows.append(("mql", age_bin, week, n, rng.binomial(n, rate * (pace if week < 4 else 1.0))))
    return pd.DataFrame(rows, columns=["stage", "age_bin", "week", "n", "advance"])


def test_slower_stage_is_seen_and_a_steady_one_is_not() -> None:
    rng = np.random.default_rng(25)
    steady = pd.concat([stage_rates(cells(rng, 1.0)) for _ in range(60)])
    slower = pd.concat([stage_rates(cells(rng, 0.6)) for _ in range(25)])
    assert (steady["p_value"] < 0.05).mean() < 0.14
    assert (slower["p_value"] < 0.01).mean() > 0.8
    assert slower["value"].median() == pytest.approx(0.6, abs=0.05)


def test_older_mix_of_ages_is_not_taken_for_a_slower_pace() -> None:
    rng = np.random.default_rng(26)
    aged = cells(rng, 1.0)
    young = (aged["week"] < 4) & (aged["age_bin"] == 0)
    aged.loc[young, ["n", "advance"]] = (aged.loc[young, ["n", "advance"]] / 4).astype(int)
    assert stage_rates(aged)["value"].iloc[0] == pytest.approx(1.0, abs=0.25)
