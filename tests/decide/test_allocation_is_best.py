"""The plan is the best there is: against trying all plans, and by its own certificate."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest
from surfaces import best_by_trying, surface_of

from revmodel.decide.allocate import allocate
from revmodel.decide.surface import ResponseSurface

AIMS = [("mean", 0.0), ("mean_minus_risk", 1.0), ("cvar", 0.2)]


@pytest.mark.parametrize("shape", ["concave", "s"])
@pytest.mark.parametrize(("objective", "risk"), AIMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_plan_tried_beats_the_proposed_one(shape, objective, risk, seed):
    surface = surface_of(shape, seed)
    lower, upper = 0.3 * surface.current, 2.0 * surface.current
    budget = float(surface.current.sum())
    found = allocate(surface, budget, lower, upper, objective=objective, risk=risk)
    tried = best_by_trying(surface, budget, lower, upper, objective, risk, steps=61)
    assert found.objective_proposed >= tried - 1e-4 * abs(tried)
    assert found.bound >= tried - 1e-9 * abs(tried)
    assert found.certified_gap <= 1e-4


@pytest.mark.parametrize(("objective", "risk"), AIMS)
def test_the_proposed_plan_is_worth_what_it_says(objective, risk):
    surface = surface_of("concave", 5)
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current, objective=objective, risk=risk
    )
    total = surface.value_at(found.proposed).sum(axis=1)
    tail = np.sort(total)[: round(0.2 * total.size)]
    wanted = {"mean": total.mean(), "mean_minus_risk": total.mean() - risk * total.std(), "cvar": tail.mean()}
    assert found.objective_proposed == pytest.approx(wanted[objective])


def test_two_s_shaped_channels_are_not_both_starved():
    # Convex up to its end: half the budget in each is worth 2·0.25, all of it in one is worth 1.
    grid = np.tile(np.linspace(0, 1, 11), (2, 1))
    surface = ResponseSurface(("a", "b"), grid, (grid**2)[None], np.array([0.5, 0.5]))
    found = allocate(surface, 1.0, np.zeros(2), np.ones(2))
    assert sorted(found.proposed) == pytest.approx([0.0, 1.0], abs=1e-9)
    assert found.objective_proposed == pytest.approx(1.0)
    assert found.bound == pytest.approx(1.0, rel=1e-4)


def test_marginal_values_agree_where_no_limit_binds():
    surface = surface_of("concave", 3, points=201)
    found = allocate(surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current)
    inside = (found.proposed > 0) & (found.proposed < 2 * surface.current * 0.999)
    marginal = surface.marginal_at(found.proposed).mean(axis=0)[inside]
    assert inside.sum() >= 2
    assert marginal == pytest.approx(np.full(inside.sum(), marginal.mean()), rel=0.03)


def test_more_aversion_to_risk_buys_less_spread():
    surface = surface_of("concave", 7)
    limits = (0.2 * surface.current, 2 * surface.current)
    spread = [
        surface.value_at(
            allocate(surface, float(surface.current.sum()), *limits, objective="mean_minus_risk", risk=risk).proposed
        )
        .sum(axis=1)
        .std()
        for risk in (0.0, 1.0, 3.0)
    ]
    assert spread[0] > spread[1] > spread[2]


def test_a_search_cut_short_still_reports_an_honest_gap():
    surface = surface_of("s", 4, channels=5)
    asked = (surface, float(surface.current.sum()), 0.3 * surface.current, 2 * surface.current)
    hurried, patient = allocate(*asked, time_limit_s=0.0), allocate(*asked)
    assert hurried.objective_proposed <= patient.objective_proposed <= hurried.bound
    assert patient.certified_gap < hurried.certified_gap < 1


@pytest.mark.parametrize("shape", ["concave", "s"])
def test_eight_channels_and_two_thousand_draws_take_about_a_second(shape):
    surface = surface_of(shape, 11, channels=8, draws=2000, points=41)
    started = process_time()
    found = allocate(surface, float(surface.current.sum()), 0.3 * surface.current, 2 * surface.current)
    assert process_time() - started < 2.0
    assert found.certified_gap <= 1e-3
