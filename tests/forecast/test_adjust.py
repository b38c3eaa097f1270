"""Futures moved to another distribution: totals match it, parts still add up, ranks stay."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from revmodel.dims import BOOKINGS, DRAW, GROUP, PROVENANCE, WEEK, WINS
from revmodel.errors import ModelError
from revmodel.forecast.adjust import adjusted, window_totals
from revmodel.forecast.simulation import Simulation

LEVELS = (np.arange(100) + 0.5) / 100
WEEKS = 9
# Two windows: five weeks and four days, then the rest but three days of the last week.
SHARES = np.array([[1, 1, 1, 1, 1, 4 / 7, 0, 0, 0], [0, 0, 0, 0, 0, 3 / 7, 1, 1, 4 / 7]])


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    rng = np.random.default_rng(1)
    shape = (400, WEEKS, 2, 3)
    draws = xr.Dataset(
        {
            WINS: ((DRAW, WEEK, PROVENANCE, GROUP), rng.poisson(2.0, shape).astype(float)),
            BOOKINGS: ((DRAW, WEEK, PROVENANCE, GROUP), rng.gamma(2.0, 500.0, shape)),
        }
    )
    return Simulation(dt.date(2026, 9, 30), draws, pd.DataFrame(), has_amounts=True)


@pytest.fixture(scope="module")
def moved(simulation) -> tuple[Simulation, dict[str, np.ndarray]]:
    """Bookings of the first window made a third wider and a tenth higher, of the second left as they are."""
    totals = window_totals(simulation.weekly(BOOKINGS), SHARES)
    first = np.quantile(totals[:, 0], LEVELS)
    wider = first.mean() * 1.1 + 4 / 3 * (first - first.mean())
    targets = {BOOKINGS: np.stack([wider, np.full(100, np.nan)])}
    return adjusted(simulation, targets, SHARES, LEVELS), targets


def test_totals_have_the_distribution_asked_for(moved):
    after, targets = moved
    totals = window_totals(after.weekly(BOOKINGS), SHARES)
    inner = slice(2, -2)
    assert np.quantile(totals[:, 0], LEVELS)[inner] == pytest.approx(targets[BOOKINGS][0][inner], rel=0.005)


def test_a_window_without_a_target_keeps_every_future(simulation, moved):
    before = window_totals(simulation.weekly(BOOKINGS), SHARES)[:, 1]
    assert window_totals(moved[0].weekly(BOOKINGS), SHARES)[:, 1] == pytest.approx(before)


def test_every_part_of_a_future_moves_by_the_same_factor(simulation, moved):
    ratio = moved[0].draws[BOOKINGS] / simulation.draws[BOOKINGS]
    assert float((ratio.max((PROVENANCE, GROUP)) - ratio.min((PROVENANCE, GROUP))).max()) == pytest.approx(0, abs=1e-9)
    by_provenance = moved[0].weekly_by(BOOKINGS, PROVENANCE)
    assert sum(by_provenance.values()) == pytest.approx(moved[0].weekly(BOOKINGS))


def test_futures_keep_their_ranks_and_other_metrics_stay(simulation, moved):
    before, after = (window_totals(one.weekly(BOOKINGS), SHARES)[:, 0] for one in (simulation, moved[0]))
    in_order = after[np.argsort(before, kind="stable")]
    assert (np.diff(in_order) >= -1e-9 * after.max()).all()  # the lowest few may share the lowest quantile
    assert (np.diff(in_order) > 0).mean() > 0.98
    xr.testing.assert_equal(moved[0].draws[WINS], simulation.draws[WINS])


def test_both_windows_can_be_moved_though_they_share_a_week(simulation):
    totals = window_totals(simulation.weekly(BOOKINGS), SHARES)
    wanted = np.stack([1.2 * np.quantile(totals[:, 0], LEVELS), 0.8 * np.quantile(totals[:, 1], LEVELS)])
    after = window_totals(adjusted(simulation, {BOOKINGS: wanted}, SHARES, LEVELS).weekly(BOOKINGS), SHARES)
    for window in (0, 1):
        assert np.quantile(after[:, window], LEVELS)[2:-2] == pytest.approx(wanted[window][2:-2], rel=0.005)


def test_a_metric_that_was_not_simulated_is_refused(simulation):
    with pytest.raises(ModelError, match="targets of leads"):
        adjusted(simulation, {"leads": np.ones((2, 100))}, SHARES, LEVELS)
