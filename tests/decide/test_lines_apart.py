"""Lines sought apart: what they prove holds for every plan, and the plan put together is the best there is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from revmodel.decide import line_search, search
from revmodel.decide.allocate import allocate
from revmodel.decide.envelope import Cap, Tangents
from revmodel.decide.limits import resolve_limits
from revmodel.decide.line_programme import charged, line_programme
from revmodel.decide.objectives import Aim
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.plan_curves import plan_curves
from revmodel.decide.programme import Programme, programme_of
from revmodel.decide.rules import Group, PlanRules
from revmodel.decide.scale import STAKE
from tests.decide.period_surfaces import period_surface

WEEKS, STEP = 3, 250.0
AMOUNTS = STEP * np.array([0.0, 2, 3, 4, 5, 6, 7, 8])


def lines_in_steps(seed: int, lines: int = 2) -> tuple[PeriodSurface, PlanRules]:
    """S-shaped lines, each week of each nothing or two to eight steps; the first two share a limit."""
    surface = period_surface("hill", lines=lines, weeks=WEEKS, draws=8, slope=2.5, seed=seed, before=0.0)
    names = surface.channels
    return surface, PlanRules(
        groups=(Group("first two", names[:2], most=16 * STEP),),
        minimum=dict.fromkeys(names, 1.6 * STEP), steps=dict.fromkeys(names, STEP),
    )  # fmt: skip


def programme_for(surface: PeriodSurface, rules: PlanRules, budget: float) -> Programme:
    high = np.full(surface.current.shape, 8 * STEP)
    return programme_of(surface, resolve_limits(surface, budget, 0 * high, high, None, at_most=True), rules)


def test_a_line_alone_may_have_its_part_of_every_plan():
    surface, rules = lines_in_steps(seed=1, lines=3)
    rules = PlanRules(rules.groups, minimum=rules.minimum, steps=rules.steps, most_changed=2)
    surface = replace(surface, current=np.full((3, WEEKS), 3 * STEP))
    whole = programme_for(surface, rules, 40 * STEP)
    alone = [line_programme(whole, line) for line in range(3)]
    rng, kept = np.random.default_rng(0), 0
    for _ in range(400):
        plan = rng.choice(AMOUNTS[:6], (3, WEEKS)) / whole.unit
        plan[rng.integers(3)] = 3 * STEP / whole.unit  # a line that does not change
        if whole.admits(plan.ravel()):
            kept += 1
            assert all(one.admits(part) for one, part in zip(alone, plan, strict=True))
    assert kept > 20


def test_a_limit_that_is_left_to_one_line_binds_it_alone_and_charges_it_nothing():
    surface, rules = lines_in_steps(seed=1, lines=3)
    whole = programme_for(surface, rules, 40 * STEP)
    line = line_programme(whole, 0)
    much, less = (np.array([8.0, 8, more]) * STEP / whole.unit for more in (2, 0))
    assert line.admits(less)
    assert not line.admits(much)  # the limit of the first two is sixteen steps, whatever the second gets
    spend = np.concatenate([less, np.zeros(2 * WEEKS)])
    rows = [limit.says for limit in whole.limits for _ in limit.rows]
    duals = np.array([3.0 if said.startswith("group") else 1.0 if "budget" in said else 0.0 for said in rows])
    assert charged(whole, spend, duals) == pytest.approx(np.array([[1.0], [4.0], [1.0]]) * np.ones(WEEKS))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("price", [0.0, 100.0, 400.0])
def test_what_a_line_is_proven_to_bring_holds_for_all_its_plans(seed, price):
    surface, rules = lines_in_steps(seed)
    whole = programme_for(surface, rules, 20 * STEP)
    curves = plan_curves(surface, whole, Aim("mean", 0.0))
    joint = search.Search(curves, whole, 5e-3, np.inf, halfway=True, late_share=1e-2)
    joint.begin()
    prices = np.full(WEEKS, price)
    one = line_search.LineByLine(curves, whole)._searched(joint, 1, prices)
    one.go_on(400)
    cut = curves.line_cut(1, prices, one.bound)
    plans = np.array(list(itertools.product(AMOUNTS, repeat=WEEKS))) / whole.unit
    plans = plans[plans.sum(1) <= 16 * STEP / whole.unit + 1e-9]  # of the limit with the first line
    value = np.array([curves.worth_of(np.concatenate([np.zeros(WEEKS), plan])) for plan in plans])
    nothing = curves.worth_of(np.zeros(2 * WEEKS))
    brings = value - nothing
    assert (brings - price * plans.sum(1)).max() <= one.bound + 1e-6 * STAKE
    assert one.best == pytest.approx((brings - price * plans.sum(1)).max(), abs=one.close)
    assert one.bound - one.best <= one.close
    weights = cut.weights.toarray()[0]
    assert weights[WEEKS : 2 * WEEKS] == pytest.approx(-prices)
    assert weights[2 * WEEKS :].sum() == surface.lines[1].worth.shape[1]


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_plans_put_together_from_lines_are_the_best_of_all(seed, monkeypatch):
    """Help is asked for at once and little else is done; every plan there is has been tried."""
    monkeypatch.setattr(search, "FIRST_BRANCHES", 1)
    surface, rules = lines_in_steps(seed)
    asked = []
    helped = line_search.LineByLine.help
    monkeypatch.setattr(line_search.LineByLine, "help", lambda self, one: (asked.append(one), helped(self, one)))
    budget, high = 20 * STEP, np.full((2, WEEKS), 8 * STEP)
    found = allocate(surface, budget, 0 * high, high, rules=rules, at_most=True, gap_tolerance=1e-4)
    alone = np.stack(list(itertools.product(AMOUNTS, repeat=WEEKS)))
    value = np.stack([surface.value_at(np.stack([one, one])).mean(0) for one in alone], axis=1)
    both = np.where(alone.sum(1)[:, None] + alone.sum(1) <= 16 * STEP + 1e-6, value[0][:, None] + value[1], -np.inf)
    assert asked
    assert asked[0].held
    assert found.objective_proposed == pytest.approx(both.max(), rel=2e-4)
    assert found.bound >= both.max() * (1 - 1e-9)


def test_tangents_from_a_table_are_those_of_the_search():
    surface = period_surface("hill", lines=1, weeks=6, draws=200, seed=3)
    line = surface.lines[0]
    table = Tangents.of(line.curve, line.carried(surface.weekly(0, line.most)).max(1))
    rng = np.random.default_rng(0)
    for _ in range(20):
        low = rng.uniform(0, 0.7, 6) * line.most
        high = low + rng.uniform(0.02, 1, 6) * (line.most - low)
        bottom, top = (line.carried(surface.weekly(0, end)) for end in (low, high))
        slow, fast = Cap.over(line.curve, bottom, top), Cap.over(line.curve, bottom, top, table)
        at = bottom + (top - bottom) * rng.uniform(0, 1, bottom.shape)
        value = line.curve(at)
        assert fast.at(at, value)[0] == pytest.approx(slow.at(at, value)[0], rel=1e-7)
        assert (fast.at(at, value)[0] >= value * (1 - 1e-9)).all()


def test_hard_plans_by_week_are_proven_to_a_hundredth():
    """Eight lines in eight weeks with a group, a minimum and steps in every week."""
    surface = period_surface("hill", lines=8, weeks=8, draws=300, seed=5)
    names, each = surface.channels, float(surface.current.mean())
    rules = PlanRules(
        groups=(Group("first two", names[:2], most=0.8 * float(surface.current[:2].sum())),),
        minimum=dict.fromkeys(names, 0.5 * each), steps=dict.fromkeys(names, 0.05 * each),
    )  # fmt: skip
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current, rules=rules, at_most=True,
        time_limit_s=120.0,
    )  # fmt: skip
    assert found.certified_gap <= 0.0101
    assert found.objective_proposed > found.objective_current
