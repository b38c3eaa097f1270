"""What holds a plan back is said, also where it is no limit that anybody has set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from revmodel.config import AllocationConfig
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.workflows.budget import BudgetQuestion, best_plan
from revmodel.workflows.plan_limits import rules_left_out


def falling(most: float) -> BudgetQuestion:
    """Two lines over three weeks, of which the first is worth most; a week may be asked about up to ``most``."""
    line = LineResponse(
        "search", "search", np.ones((1, 1)), np.zeros(1), 10.0, "michaelis_menten",
        {"half_saturation": np.array([50.0])}, np.array([[90.0, 2.0, 1.0]]), np.ones(3), np.full(3, most),
    )  # fmt: skip
    lines = (line, replace(line, name="events", channel="events", worth=line.worth / 5))
    surface = PeriodSurface(lines, np.arange(3), np.full((2, 3), 10.0))
    return BudgetQuestion(surface, np.zeros(2), np.full(2, 30.0), np.full((2, 3), 10.0), "gain")


def test_a_period_at_the_end_of_its_response_is_told() -> None:
    settings = AllocationConfig(weeks=3, periods=3)
    plan, said = best_plan(falling(20.0), settings, None)
    assert plan.plan[0, 0] == pytest.approx(20.0)
    told = "More in one period than the response was asked about is not planned, and that binds: search (in 1 of 3"
    assert said.startswith(told)
    plan, said = best_plan(falling(30.0), settings, None)
    assert plan.plan[0, 0] > 20.0
    assert said == ""


def test_rules_that_scenarios_and_targets_do_not_look_at_are_named() -> None:
    assert rules_left_out(AllocationConfig()) == ""
    settings = AllocationConfig(minimum={"tv": 5.0}, most_changed=2)
    assert "minimum, most_changed of allocation are not looked at" in rules_left_out(settings)
