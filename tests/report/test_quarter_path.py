"""The way through a quarter ends where the forecast says."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from revmodel.dims import DRAW, GROUP, GROUP_DIMS, METRICS, PROVENANCE, PROVENANCES, WEEK
from revmodel.forecast.rollup import forecast_table
from revmodel.forecast.simulation import Simulation
from revmodel.report.path import quarter_path

AS_OF = dt.date(2026, 11, 15)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    rng = np.random.default_rng(3)
    dims, shape = (DRAW, WEEK, PROVENANCE, GROUP), (200, 20, 3, 1)
    draws = {name: (dims, rng.poisson(2.0, shape).astype(float)) for name in (*METRICS, "opportunities")}
    named = {**dict.fromkeys(GROUP_DIMS, "all"), "channel": "a", "segment": "s"}
    coords = {PROVENANCE: list(PROVENANCES[1:]), **{dim: (GROUP, [name]) for dim, name in named.items()}}
    return Simulation(AS_OF, xr.Dataset(draws, coords=coords), pd.DataFrame(), has_amounts=True)


@pytest.fixture(scope="module")
def realised() -> pd.DataFrame:
    days = pd.date_range("2026-09-01", AS_OF, freq="D")
    return pd.DataFrame({"metric": "bookings", "date": days, "channel": "a", "segment": "s", "value": 1.0})


@pytest.fixture(scope="module")
def forecast(simulation: Simulation, realised: pd.DataFrame) -> pd.DataFrame:
    targets = pd.DataFrame({"period": ["2026Q4"], "metric": ["bookings"], "value": [90.0]})
    return forecast_table(simulation, realised, 2, 1, targets)


@pytest.fixture(scope="module")
def path(simulation: Simulation, realised: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    return quarter_path(simulation, realised, forecast, 1)


def test_path_ends_at_the_forecast_of_the_quarter(path: pd.DataFrame, forecast: pd.DataFrame) -> None:
    names = ["mean", "p05", "p10", "p50", "p90", "p95"]
    ends = path.groupby(["metric", "period"]).tail(1).set_index(["metric", "period"])[names]
    totals = forecast[(forecast[["channel", "segment", "provenance"]] == "all").all(axis=1)]
    totals = totals[totals["grain"] == "quarter"].set_index(["metric", "period"])[names]
    pd.testing.assert_frame_equal(ends.sort_index(), totals.loc[ends.index].sort_index())


def test_what_is_known_is_counted_since_the_quarter_began(path: pd.DataFrame) -> None:
    known = path[path["known"] & (path["metric"] == "bookings")]
    assert known["date"].max() == pd.Timestamp(AS_OF)
    assert known["mean"].iloc[-1] == 46  # a unit a day, 1 October to 15 November
    assert (known["p05"] == known["p95"]).all()
    assert set(known["period"]) == {"2026Q4"}


def test_middle_never_falls_and_the_range_widens(path: pd.DataFrame) -> None:
    for _, one in path.groupby(["metric", "period"]):
        assert one["date"].is_monotonic_increasing
        assert one["mean"].is_monotonic_increasing
        assert one["p95"].iloc[-1] - one["p05"].iloc[-1] >= one["p95"].iloc[0] - one["p05"].iloc[0]


def test_target_travels_with_its_quarter(path: pd.DataFrame) -> None:
    bookings = path[path["metric"] == "bookings"]
    assert set(bookings.loc[bookings["period"] == "2026Q4", "target"]) == {90.0}
    assert bookings.loc[bookings["period"] == "2027Q1", "target"].isna().all()
