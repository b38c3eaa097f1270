"""A run's forecast, combined and recalibrated by its company's past: totals follow, parts add up, the run says how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from revmodel import dims
from revmodel.evaluate.combine import FUNNEL
from revmodel.evaluate.forecaster import BacktestInput
from revmodel.forecast.simulation import Simulation
from revmodel.workflows import backtest
from revmodel.workflows.calibrate import Calibrated, calibrate
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.parts import simulate_quarters


def twice_the_recent_level(data: BacktestInput) -> dict[str, np.ndarray]:
    """In place of the funnel model, which would have to be fitted at every date: far too high, and sure of itself."""
    rng = np.random.default_rng(data.seed)
    recent = data.features.realised[data.features.realised["date"] > data.features.realised["date"].max() - 91 * DAY]
    weekly = recent.groupby("metric")["value"].sum() / 13
    shape = (data.draws, data.horizon_weeks)
    return {metric: 2 * level * rng.normal(1, 0.02, shape) for metric, level in weekly.items()}


DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def fitted(real_run, tmp_path_factory) -> FittedCompany:
    config = real_run.fitted.config
    forecast = config.forecast.model_copy(update={"calibrate": True, "past_origins": 4})
    reports = str(tmp_path_factory.mktemp("reports"))
    return replace(real_run.fitted, config=config.model_copy(update={"forecast": forecast, "reports": reports}))


@pytest.fixture(scope="module")
def raw(fitted) -> Simulation:
    return simulate_quarters(fitted)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def told(fitted, raw, said) -> Calibrated:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "revmodel_forecaster", twice_the_recent_level)
        return calibrate(fitted, raw, progress=said.append)


def test_a_method_that_was_wrong_loses_weight_and_the_weights_are_told(told):
    weights = told.tables["weights"]
    assert weights.groupby(["metric", "horizon"])["weight"].sum().to_numpy() == pytest.approx(1)
    funnel = weights[(weights["method"] == FUNNEL) & (weights["metric"] == dims.LEADS)]
    assert (funnel["weight"] < 0.5).all()
    sentences = told.tables["learned"]["sentence"]
    assert sentences.str.contains("funnel model|AutoETS").all()
    assert sentences.str.contains("past totals lay in the 8-in-10 range").all()


def test_every_part_moves_with_the_total(raw, told):
    for metric in (dims.LEADS, dims.WINS, dims.BOOKINGS):
        total = told.simulation.weekly(metric)
        for dim in (dims.PROVENANCE, dims.CHANNEL, dims.SEGMENT):
            assert sum(told.simulation.weekly_by(metric, dim).values()) == pytest.approx(total)
        assert not np.allclose(total, raw.weekly(metric))
    assert told.simulation.draws[dims.WINS].dims == raw.draws[dims.WINS].dims


def test_past_dates_are_kept_and_progress_is_told(fitted, raw, told, said):
    assert said[0] == "past forecasts, each with what was known then ░░░░░░░░░░ 0 of 4"
    assert "2 of 4, about " in said[2]
    assert said[-1] == "past forecasts, each with what was known then ██████████ 4 of 4"
    again = calibrate(fitted, raw)  # the funnel model itself would now be fitted, were anything forecast anew
    xr.testing.assert_equal(again.simulation.draws, told.simulation.draws)
    assert len(list(Path(fitted.config.reports).rglob("*.npz"))) == 4


def test_without_calibration_the_simulation_is_as_it_was(fitted, raw):
    forecast = fitted.config.forecast.model_copy(update={"calibrate": False})
    plain = replace(fitted, config=fitted.config.model_copy(update={"forecast": forecast}))
    assert calibrate(plain, raw).simulation is raw
