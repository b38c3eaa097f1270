"""Rules of a plan: kept, with the best plan among those that keep them, and clashes named one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from surfaces import surface_of

from revmodel.decide.allocate import allocate
from revmodel.decide.least_spend import least_spend
from revmodel.decide.objectives import utility
from revmodel.decide.rules import Group, Pace, PlanRules
from revmodel.errors import InfeasibleError, ModelError

NAMES = ("channel 1", "channel 2", "channel 3")


def best_in_steps(surface, step, allowed, objective="mean", risk=0.0, target=None):
    """The best of all plans in multiples of ``step`` that spend no more than now and that ``allowed`` lets pass."""
    budget, best = float(surface.current.sum()), -np.inf
    counts = [np.arange(0, 2 * now / step + 1e-9) for now in surface.current]
    values = [surface.channel_value(c, count * step) for c, count in enumerate(counts)]
    for places in itertools.product(*(range(len(count)) for count in counts)):
        plan = np.array(places) * step
        if plan.sum() <= budget * (1 + 1e-12) and allowed(plan):
            total = sum(values[c][:, place] for c, place in enumerate(places))
            best = max(best, utility(total, objective, risk, target))
    return best


@pytest.mark.parametrize("shape", ["concave", "s"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_steps_and_minimum_find_the_best_of_all_bookable_plans(shape, seed):
    surface, step, least = surface_of(shape, seed), 10.0, 60.0
    rules = PlanRules(minimum=dict.fromkeys(NAMES, least), steps=dict.fromkeys(NAMES, step))
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current, rules=rules, at_most=True
    )
    tried = best_in_steps(surface, step, lambda plan: ((plan == 0) | (plan >= least)).all())
    assert found.objective_proposed == pytest.approx(tried, rel=3e-3)
    assert found.bound >= tried * (1 - 1e-9)
    assert found.certified_gap <= 1e-2
    assert found.proposed / step == pytest.approx(np.round(found.proposed / step), abs=1e-6)


@pytest.mark.parametrize("shape", ["concave", "s"])
def test_at_most_so_many_channels_change(shape):
    surface = surface_of(shape, 4, channels=4)
    rules = PlanRules(most_changed=2)
    limits = (0 * surface.current, 2 * surface.current)
    found = allocate(surface, float(surface.current.sum()), *limits, rules=rules)
    changed = np.abs(found.proposed - surface.current) > 1e-6
    assert changed.sum() == 2
    pairs = []
    for pair in itertools.combinations(range(4), 2):
        low, high = surface.current.copy(), surface.current.copy()
        low[list(pair)], high[list(pair)] = 0.0, 2 * surface.current[list(pair)]
        pairs.append(allocate(surface, float(surface.current.sum()), low, high).objective_proposed)
    assert found.objective_proposed == pytest.approx(max(pairs), rel=2e-3)


def test_groups_are_limited_together():
    surface = surface_of("concave", 5, channels=4)
    most = 0.5 * float(surface.current[:2].sum())
    rules = PlanRules(groups=(Group("brand", ("channel 1", "channel 2"), most=most),))
    found = allocate(surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current, rules=rules)
    assert found.proposed[:2].sum() <= most * (1 + 1e-6)
    assert found.certified_gap < 1e-4


@pytest.mark.parametrize(("objective", "risk"), [("mean_minus_risk", 1.0), ("cvar", 0.2)])
def test_rules_and_risk_go_together(objective, risk):
    surface = surface_of("s", 6)
    rules = PlanRules(steps=dict.fromkeys(NAMES, 10.0))
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current,
        objective=objective, risk=risk, rules=rules, at_most=True,
    )  # fmt: skip
    tried = best_in_steps(surface, 10.0, lambda _: True, objective, risk)
    assert found.objective_proposed == pytest.approx(tried, rel=5e-3)
    assert found.bound >= tried * (1 - 1e-9)


@pytest.mark.parametrize("shape", ["concave", "s"])
def test_the_chance_of_a_target_is_the_highest_there_is(shape):
    surface = surface_of(shape, 7)
    totals = surface.value_at(surface.current).sum(1)
    target = float(np.quantile(totals, 0.6))
    rules = PlanRules(steps=dict.fromkeys(NAMES, 10.0))
    found = allocate(
        surface, float(surface.current.sum()), 0 * surface.current, 2 * surface.current,
        objective="probability", target=target, rules=rules, at_most=True,
    )  # fmt: skip
    tried = best_in_steps(surface, 10.0, lambda _: True, "probability", 0.0, target)
    assert found.objective_proposed >= tried - 1e-9
    assert found.objective_proposed == (surface.value_at(found.proposed).sum(1) >= target).mean()
    assert found.certified_gap <= 1e-2


def test_what_is_spent_now_has_no_risk_of_change():
    surface = surface_of("concave", 8)
    asked = (surface, float(surface.current.sum()), 0.7 * surface.current, 1.3 * surface.current)
    timid = allocate(*asked, objective="mean_minus_risk", risk=50.0, risk_of="change")
    assert timid.proposed == pytest.approx(surface.current)
    bold = allocate(*asked, objective="mean_minus_risk", risk=0.0, risk_of="change")
    assert bold.proposed == pytest.approx(allocate(*asked).proposed, rel=1e-3)
    assert bold.objective_proposed == pytest.approx(allocate(*asked).objective_proposed)


def test_a_spread_of_rounding_is_no_risk():
    """Of what is spent now nothing changes in any draw but for rounding, which once looked like a risk."""
    surface = surface_of("concave", 216, channels=6, draws=4000, points=27)
    asked = (surface, float(surface.current.sum()), 0.7 * surface.current, 1.3 * surface.current)
    for risk in (1.0, 1.5, 2.0, 5.0):
        found = allocate(*asked, objective="mean_minus_risk", risk=risk, risk_of="change")
        assert found.objective_proposed >= found.objective_current * (1 - 1e-12)


def test_a_clash_names_a_set_of_limits_each_of_which_has_a_part_in_it():
    surface = surface_of("concave", 9, channels=4)
    total = float(surface.current.sum())
    rules = PlanRules(
        groups=(
            Group("left", ("channel 1", "channel 2"), most=0.3 * total),
            Group("right", ("channel 3", "channel 4"), most=0.3 * total),
            Group("idle", ("channel 1", "channel 3"), most=0.9 * total),
        )
    )
    with pytest.raises(InfeasibleError) as caught:
        allocate(surface, total, 0 * surface.current, 2 * surface.current, rules=rules)
    said = str(caught.value)
    assert "these 3 limits cannot be met together" in said
    assert "the budget of" in said
    assert "group left" in said
    assert "group right" in said
    assert "idle" not in said
    assert "gets at least" not in said


def test_a_group_beyond_what_its_channels_may_get_names_them():
    surface = surface_of("concave", 9, channels=4)
    rules = PlanRules(groups=(Group("left", ("channel 1", "channel 2"), least=3 * float(surface.current[:2].sum())),))
    with pytest.raises(InfeasibleError, match=r"these 3 limits.*channel 1 gets at most.*channel 2 gets at most.*left"):
        allocate(surface, 4 * float(surface.current[:2].sum()), 0 * surface.current, 2 * surface.current, rules=rules,
                 at_most=True)  # fmt: skip


def test_steps_that_cannot_add_up_to_the_budget_are_named():
    surface = surface_of("concave", 10, channels=2)
    rules = PlanRules(steps={"channel 1": 30.0, "channel 2": 30.0})
    with pytest.raises(InfeasibleError, match=r"the budget of 100\.5 is spent; channel 1 gets a multiple of 30; chann"):
        allocate(surface, 100.5, 0 * surface.current, 2 * surface.current, rules=rules)


def test_a_rule_for_an_unknown_channel_is_refused():
    surface = surface_of("concave", 10, channels=2)
    with pytest.raises(InfeasibleError, match="tv is named in pace but is no channel here: channel 1, channel 2"):
        allocate(surface, 100.0, 0 * surface.current, 2 * surface.current, rules=PlanRules(pace={"tv": Pace(0.1)}))


def test_a_plan_of_one_period_changes_from_what_was_spent_over_as_long_before():
    before = surface_of("concave", 10, channels=3).current * np.array([0.5, 1.0, 1.0])
    surface = replace(surface_of("concave", 10, channels=3), spent_before=before)
    total, limits = float(surface.current.sum()), (0 * surface.current, 2 * surface.current)
    found = allocate(surface, total, *limits, rules=PlanRules(pace={"channel 1": Pace(most_change=0.1)}))
    assert abs(found.proposed[0] / before[0] - 1) <= 0.1 + 1e-6
    assert abs(allocate(surface, total, *limits).proposed[0] / before[0] - 1) > 0.2
    for nothing in (Pace(most_change=0.1, from_before=False), Pace(least_share=0.1)):
        with pytest.raises(InfeasibleError, match="pace of channel 1: a plan of one period can only change from what"):
            allocate(surface, total, *limits, rules=PlanRules(pace={"channel 1": nothing}))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Group("g", (), most=1.0), lambda: Group("g", ("a",)), lambda: Group("g", ("a",), 2.0, 1.0),
        lambda: Pace(-0.1), lambda: Pace(most_share=1.5), lambda: PlanRules(steps={"a": 0.0}),
        lambda: PlanRules(minimum={"a": np.inf}), lambda: PlanRules(most_changed=-1),
    ],
)  # fmt: skip
def test_rules_without_meaning_are_refused(wrong):
    with pytest.raises(InfeasibleError):
        wrong()


def test_the_least_spend_reaches_its_target_and_less_is_proven_not_to():
    surface = surface_of("concave", 11)
    lower, upper = 0 * surface.current, 2 * surface.current
    target = float(surface.value_at(surface.current).sum(1).mean())
    found = least_spend(surface, target, lower, upper)
    assert found.allocation.objective_proposed >= target
    assert found.spend <= surface.current.sum() * (1 + 1e-9)
    assert found.not_below <= found.spend <= found.not_below + 0.01 * upper.sum()
    short = allocate(surface, 0.97 * found.not_below, lower, upper, at_most=True)
    assert short.bound < target


def test_the_least_spend_for_a_chance_has_that_chance():
    surface = surface_of("concave", 12)
    target = float(surface.value_at(surface.current).sum(1).mean())
    found = least_spend(surface, target, 0 * surface.current, 2 * surface.current, probability=0.6)
    assert (surface.value_at(found.allocation.proposed).sum(1) >= target).mean() >= 0.6
    dearer = least_spend(surface, target, 0 * surface.current, 2 * surface.current, probability=0.8)
    assert dearer.spend > found.spend


def test_a_target_out_of_reach_is_refused_with_what_can_be_reached():
    surface = surface_of("concave", 13)
    with pytest.raises(InfeasibleError, match="do not reach 1m: the best plan reaches"):
        least_spend(surface, 1e6, 0 * surface.current, 2 * surface.current)


def test_a_target_without_the_objective_is_refused():
    surface = surface_of("concave", 13)
    with pytest.raises(ModelError, match="a target goes with objective probability"):
        allocate(surface, 100.0, 0 * surface.current, 2 * surface.current, target=3.0)
