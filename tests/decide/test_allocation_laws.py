"""Laws an allocation keeps whatever the problem: limits, the total, scale, ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surfaces import surface_of

from revmodel.decide.allocate import allocate
from revmodel.decide.surface import ResponseSurface

problems = st.tuples(st.sampled_from(["concave", "s"]), st.integers(0, 10_000), st.integers(1, 4))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems, st.floats(0, 1), st.floats(0, 1), st.floats(1, 2))
def test_the_plan_keeps_its_limits_and_spends_the_whole_budget(problem, place, low, high):
    shape, seed, channels = problem
    surface = surface_of(shape, seed, channels=channels, draws=8, points=7)
    lower, upper = low * surface.current, high * surface.current
    budget = float(lower.sum() + place * (upper.sum() - lower.sum()))
    found = allocate(surface, budget, lower, upper)
    assert (found.proposed >= lower).all()
    assert (found.proposed <= upper).all()
    assert found.proposed.sum() == pytest.approx(budget, rel=1e-12)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(problems, st.floats(0.3, 2), st.floats(0, 1))
def test_more_budget_is_never_worse_when_it_need_not_be_spent(problem, budget_share, more):
    shape, seed, channels = problem
    surface = surface_of(shape, seed, channels=channels, draws=8, points=7)
    budget = budget_share * float(surface.current.sum())
    lower, upper = 0 * surface.current, 2 * surface.current
    less = allocate(surface, budget, lower, upper, at_most=True)
    richer = allocate(surface, budget * (1 + more), lower, upper, at_most=True)
    assert less.proposed.sum() <= budget * (1 + 1e-9)
    assert richer.objective_proposed >= less.objective_proposed * (1 - 2e-5)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(problems)
def test_the_plan_is_never_worse_than_current_spend_where_that_is_allowed(problem):
    shape, seed, channels = problem
    surface = surface_of(shape, seed, channels=channels, draws=8, points=7)
    found = allocate(surface, float(surface.current.sum()), 0.5 * surface.current, 1.5 * surface.current)
    assert found.objective_proposed >= found.objective_current * (1 - 1e-12)


@pytest.mark.parametrize("shape", ["concave", "s"])
@pytest.mark.parametrize("money", [0.1, 1e3, 1e7])
@pytest.mark.parametrize("worth", [1e-6, 1e9])
def test_units_of_money_and_of_value_do_not_change_the_split(shape, money, worth):
    plain = surface_of(shape, 21, spend=100.0)
    scaled = ResponseSurface(plain.channels, plain.spend * money, plain.value * worth, plain.current * money)
    plans = [
        allocate(s, float(s.current.sum()), 0.3 * s.current, 2 * s.current).proposed / s.current.sum()
        for s in (plain, scaled)
    ]
    assert np.abs(plans[0] - plain.current / plain.current.sum()).max() > 0.05
    assert plans[1] == pytest.approx(plans[0], abs=1e-6)


def test_a_constant_part_of_the_value_does_not_change_the_split():
    plain = surface_of("concave", 22)
    lifted = ResponseSurface(plain.channels, plain.spend, plain.value + 1e6, plain.current)
    plans = [allocate(s, float(s.current.sum()), 0.3 * s.current, 2 * s.current).proposed for s in (plain, lifted)]
    assert plans[1] == pytest.approx(plans[0], abs=1e-6 * float(plain.current.sum()))


def test_one_channel_gets_the_budget():
    surface = surface_of("s", 1, channels=1)
    found = allocate(surface, 1.2 * float(surface.current[0]), 0 * surface.current, 2 * surface.current)
    assert found.proposed == pytest.approx(1.2 * surface.current)
    assert found.certified_gap < 1e-6


@pytest.mark.parametrize("objective", ["mean", "mean_minus_risk", "cvar"])
def test_where_spend_does_nothing_nothing_moves(objective):
    current = np.array([10.0, 20.0, 30.0])
    grid = np.linspace(0, 60, 13) * np.ones((3, 1))
    surface = ResponseSurface(("a", "b", "c"), grid, np.zeros((5, 3, 13)), current)
    risk = {"mean": 0.0, "mean_minus_risk": 1.0, "cvar": 0.5}[objective]
    found = allocate(surface, 60.0, 0 * current, 2 * current, objective=objective, risk=risk)
    assert found.proposed == pytest.approx(current)
    assert found.certified_gap == 0


def test_of_equal_plans_the_nearest_to_current_spend_is_proposed():
    # a, b and c are worth the same everywhere; only d is worth more, and 5 more is all that d may get.
    current = np.array([10.0, 10.0, 10.0, 10.0])
    grid = np.linspace(0, 20, 5) * np.ones((4, 1))
    surface = ResponseSurface(("a", "b", "c", "d"), grid, (grid * np.array([[1], [1], [1], [2]]))[None], current)
    found = allocate(surface, 40.0, 0 * current, np.array([20, 20, 20, 15.0]))
    assert found.proposed[3] == pytest.approx(15)
    assert np.abs(found.proposed[:3] - 10).sum() == pytest.approx(5)


def test_money_that_would_do_harm_is_left_over():
    grid = np.linspace(0, 10, 11) * np.ones((2, 1))
    value = np.stack([grid[0] * 2, -((grid[1] - 3) ** 2)])[None]
    surface = ResponseSurface(("good", "annoying"), grid, value, np.array([5.0, 5.0]))
    found = allocate(surface, 20.0, np.zeros(2), np.full(2, 10.0), at_most=True)
    assert found.proposed == pytest.approx([10.0, 3.0])


def test_a_fixed_line_stays_and_the_rest_moves_around_it():
    surface = surface_of("concave", 9)
    settled = float(0.8 * surface.current[1])
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current, fixed={"channel 2": settled}
    )
    assert found.proposed[1] == pytest.approx(settled)
    assert found.fixed.tolist() == [False, True, False]
    assert found.proposed.sum() == pytest.approx(surface.current.sum())


def test_the_same_question_gets_the_same_answer():
    surface = surface_of("s", 13, channels=6)
    asked = (surface, float(surface.current.sum()), 0.3 * surface.current, 2 * surface.current)
    assert (allocate(*asked).proposed == allocate(*asked).proposed).all()


@pytest.mark.parametrize(("objective", "risk"), [("mean", 0.0), ("mean_minus_risk", 2.0), ("cvar", 0.1)])
def test_where_every_line_is_pinned_the_plan_is_the_pins(objective, risk):
    plain = surface_of("s", 30)
    surface = ResponseSurface(plain.channels, plain.spend, plain.value * 1e9, plain.current)
    pins = 0.9 * surface.current
    found = allocate(surface, float(pins.sum()), pins, pins, objective=objective, risk=risk)
    assert found.proposed == pytest.approx(pins)
    assert found.certified_gap < 1e-9


def test_a_dark_channel_stays_dark_where_its_limits_are_multiples_of_nothing():
    plain = surface_of("concave", 31)
    current = plain.current * np.array([1.0, 0.0, 1.0])
    surface = ResponseSurface(plain.channels, plain.spend, plain.value, current)
    found = allocate(surface, float(current.sum()), 0.7 * current, 1.3 * current)
    assert found.proposed[1] == 0
    assert found.certified_gap < 1e-6
