"""Limits that clash are refused with the numbers that clash."""

from __future__ import annotations

import numpy as np
import pytest
from surfaces import surface_of

from revmodel.decide.allocate import allocate
from revmodel.decide.surface import ResponseSurface, spend_grid
from revmodel.errors import InfeasibleError, ModelError

CURRENT = np.array([600_000.0, 400_000.0, 200_000.0])


def _linear() -> ResponseSurface:
    grid = spend_grid(CURRENT, 2 * CURRENT, 5)
    return ResponseSurface(("search", "events", "partners"), grid, grid[None] * 2, CURRENT)


def test_lower_limits_above_the_budget_are_named_with_their_sum():
    with pytest.raises(InfeasibleError, match=r"lower limits add up to 1\.2m, more than the budget 1m: search 600k, e"):
        allocate(_linear(), 1_000_000, CURRENT, 2 * CURRENT)


def test_upper_limits_below_the_budget_are_named_with_their_sum():
    with pytest.raises(InfeasibleError, match=r"upper limits add up to 1\.2m, less than the budget 2m: search 600k"):
        allocate(_linear(), 2_000_000, 0 * CURRENT, CURRENT)


def test_upper_limits_below_a_budget_that_need_not_be_spent_are_no_clash():
    found = allocate(_linear(), 2_000_000, 0 * CURRENT, CURRENT, at_most=True)
    assert found.proposed == pytest.approx(CURRENT)


def test_a_fixed_line_is_named_as_fixed_in_a_clash():
    with pytest.raises(InfeasibleError, match=r"search 1\.1m \(fixed\)"):
        allocate(_linear(), 1_000_000, 0 * CURRENT, 2 * CURRENT, fixed={"search": 1_100_000})


def test_fixing_an_unknown_channel_is_refused():
    with pytest.raises(InfeasibleError, match="serach is fixed but is no channel here: search, events, partners"):
        allocate(_linear(), 1_200_000, 0 * CURRENT, 2 * CURRENT, fixed={"serach": 1.0})


def test_a_lower_limit_above_the_upper_one_is_refused_by_channel():
    with pytest.raises(InfeasibleError, match="limits of events"):
        allocate(_linear(), 1_200_000, np.array([0, 500_000, 0.0]), np.array([9e5, 4e5, 4e5]))


@pytest.mark.parametrize("budget", [-1.0, np.nan, np.inf])
def test_a_budget_that_is_no_amount_is_refused(budget):
    with pytest.raises(InfeasibleError, match="the budget is"):
        allocate(_linear(), budget, 0 * CURRENT, 2 * CURRENT)


def test_a_limit_beyond_the_surface_asks_for_a_wider_grid():
    with pytest.raises(ModelError, match=r"upper limit of search is 1\.8m but its response is known only up to 1\.2m"):
        allocate(_linear(), 1_200_000, 0 * CURRENT, 3 * CURRENT)


@pytest.mark.parametrize(
    ("objective", "risk", "message"),
    [
        ("median", 0.0, "no objective called 'median'"),
        ("mean", 0.5, "mean takes no risk"),
        ("mean_minus_risk", -1.0, "0 or more; came -1"),
        ("cvar", 0.0, "above 0 and at most 1"),
    ],
)
def test_an_objective_without_meaning_is_refused(objective, risk, message):
    with pytest.raises(ModelError, match=message):
        allocate(_linear(), 1_200_000, 0 * CURRENT, 2 * CURRENT, objective=objective, risk=risk)


def test_a_budget_of_zero_is_a_plan_of_zero():
    found = allocate(_linear(), 0.0, 0 * CURRENT, 2 * CURRENT)
    assert found.proposed.tolist() == [0, 0, 0]


def test_a_surface_must_have_one_reading():
    surface = surface_of("concave", 1)
    with pytest.raises(ModelError, match="value has shape"):
        ResponseSurface(surface.channels, surface.spend, surface.value[:, :, :-1], surface.current)
    with pytest.raises(ModelError, match="rise strictly"):
        ResponseSurface(surface.channels, 0 * surface.spend, surface.value, surface.current)
    with pytest.raises(ModelError, match="not finite"):
        ResponseSurface(surface.channels, surface.spend, surface.value * np.nan, surface.current)
    with pytest.raises(ModelError, match="outside the surface's grid"):
        ResponseSurface(surface.channels, surface.spend, surface.value, 9 * surface.current)


def test_a_dark_channel_still_gets_a_grid_that_rises():
    grid = spend_grid(np.array([0.0, 10.0]), np.array([0.0, 20.0]), 5)
    assert grid[:, 0].tolist() == [0, 0]
    assert (np.diff(grid) > 0).all()
    assert grid[1, -1] == 20
