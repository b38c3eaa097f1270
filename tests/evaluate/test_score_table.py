"""The record of a backtest and the comparison of two models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import ModelError
from revmodel.evaluate.fans import LEVELS
from revmodel.evaluate.score_table import paired_difference, score_table
from revmodel.evaluate.scores import score_fan


def _backtest(models: dict[str, list[np.ndarray]], actuals: list[float], spacing_weeks: int = 13) -> pd.DataFrame:
    origins = pd.date_range("2025-01-01", periods=len(actuals), freq=f"{7 * spacing_weeks}D")
    return pd.DataFrame(
        {
            "origin": origin,
            "horizon": 13,
            "metric": "wins",
            "model": model,
            **score_fan(np.quantile(draws, LEVELS), actual),
        }
        for model, forecasts in models.items()
        for origin, draws, actual in zip(origins, forecasts, actuals, strict=False)
    )


def test_score_table_by_hand():
    backtest = _backtest({"point": [np.array([90.0]), np.array([120.0])]}, [100.0, 100.0])
    row = score_table(backtest).iloc[0]
    assert (row["metric"], row["model"], row["horizon"], row["n"]) == ("wins", "point", 13, 2)
    assert row["crps"] == pytest.approx(15.0)
    assert row["wape"] == pytest.approx(0.15)
    assert row["bias"] == pytest.approx(0.05)
    assert row["covered_80"] == 0


def test_score_table_puts_the_best_crps_first():
    actuals = [100.0, 80.0]
    models = {"far": [np.array([150.0])] * 2, "near": [np.array([95.0])] * 2}
    assert score_table(_backtest(models, actuals))["model"].tolist() == ["near", "far"]


def test_score_table_of_an_empty_backtest_has_its_columns_and_no_row():
    empty = _backtest({"point": [np.array([1.0])]}, [1.0]).iloc[:0]
    assert score_table(empty).empty
    assert "covered_90" in score_table(empty).columns


def test_paired_difference_is_below_zero_for_the_better_model_and_its_interval_says_so():
    rng = np.random.default_rng(2)
    actuals = rng.normal(100, 5, 30).tolist()
    models = {"good": [np.array([100.0])] * 30, "bad": [np.array([130.0])] * 30}
    row = paired_difference(_backtest(models, actuals), "good", "bad").iloc[0]
    assert row["mean"] < -20
    assert row["p90"] < 0
    assert row["n"] == 30


def test_paired_difference_uses_only_origins_where_both_answered():
    models = {"always": [np.array([10.0])] * 4, "late": [np.array([12.0])] * 3}
    row = paired_difference(_backtest(models, [10.0] * 4), "always", "late").iloc[0]
    assert row["n"] == 3
    assert row["mean"] == pytest.approx(-2.0)


def test_overlapping_horizons_widen_the_standard_error():
    run = np.repeat([90.0, 130.0, 85.0, 125.0, 120.0, 95.0], 4).tolist()  # the same news seen by four origins
    models = {"a": [np.array([100.0])] * 24, "b": [np.array([115.0])] * 24}
    apart = paired_difference(_backtest(models, run, spacing_weeks=13), "a", "b").iloc[0]
    overlapping = paired_difference(_backtest(models, run, spacing_weeks=3), "a", "b").iloc[0]
    assert overlapping["se"] > 1.3 * apart["se"]
    assert overlapping["mean"] == pytest.approx(apart["mean"])


def test_two_origins_give_a_mean_and_no_interval():
    models = {"a": [np.array([10.0])] * 2, "b": [np.array([12.0])] * 2}
    row = paired_difference(_backtest(models, [10.0, 10.0]), "a", "b").iloc[0]
    assert row["mean"] == pytest.approx(-2.0)
    assert np.isnan(row["se"])


def test_models_that_never_answered_together_are_refused_by_name():
    with pytest.raises(ModelError, match="'ghost'"):
        paired_difference(_backtest({"a": [np.array([1.0])]}, [1.0]), "a", "ghost")
