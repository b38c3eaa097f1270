"""The value of a test: never negative, nothing where it cannot change the plan, more the better the test is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.decide.surface import ResponseSurface
from revmodel.errors import ModelError
from revmodel.planning.lift_designs import DESIGNS, best_designs
from revmodel.planning.lift_value import (
    NO_SHARED_NOISE,
    LiftDesign,
    candidate_plans,
    lift_error,
    next_tests_table,
    value_of_test,
)  # fmt: skip

DRAWS = 400


def surface(spread: tuple[float, float]) -> ResponseSurface:
    """Two channels with curves c·√spend; c is known as well as the spread of its logarithm says."""
    rng = np.random.default_rng(6)
    grid = np.tile(np.linspace(0.0, 200.0, 41), (2, 1))
    effect = np.exp(np.array(spread) * rng.standard_normal((DRAWS, 2)))
    return ResponseSurface(("known", "unknown"), grid, effect[:, :, None] * np.sqrt(grid), np.array([100.0, 100.0]))


def lifts_of(of: ResponseSurface) -> np.ndarray:
    return of.value_at(of.current) * 0.5


def table_of(of: ResponseSurface, error: float, design: LiftDesign | None = None) -> pd.DataFrame:
    plans = candidate_plans(of, 200.0, np.full(2, 20.0), np.full(2, 180.0))
    value = np.stack([of.value_at(plan).sum(axis=1) for plan in plans], axis=1)
    args = value, lifts_of(of), np.full(2, 10.0), (error, NO_SHARED_NOISE), design or LiftDesign()
    return next_tests_table(of.channels, *args, seed=1).set_index("channel")


def test_the_channel_that_is_not_known_is_the_one_to_test() -> None:
    table = table_of(surface((0.02, 0.8)), 0.2)
    assert table["value"].idxmax() == "unknown"
    assert table.loc["unknown", "value"] > 20 * table.loc["known", "value"]


def test_a_test_that_finds_nothing_out_is_worth_nothing() -> None:
    of = surface((0.02, 0.8))
    blind = table_of(of, 1e6)
    assert blind.loc["unknown", "value"] == pytest.approx(0.0, abs=1e-3)
    assert blind.loc["unknown", "power"] == pytest.approx(0.05, abs=0.01)


def test_a_better_test_is_worth_more_and_never_more_than_exact_knowledge() -> None:
    of = surface((0.02, 0.8))
    values = [table_of(of, error).loc["unknown", ["value", "value_if_exact"]] for error in (8.0, 3.0, 0.5)]
    told = [row["value"] for row in values]
    assert told == sorted(told)
    assert all(row["value"] <= row["value_if_exact"] for row in values)


def test_value_is_that_of_a_choice_worked_out_by_hand() -> None:
    """Even odds that a plan brings 10 or −10, against 0 for sure: knowing which is worth 5."""
    state = np.repeat([1.0, -1.0], 500)
    value = np.column_stack([np.zeros(1000), 10 * state])
    told, exact = value_of_test(value, state, 1e-3, np.random.default_rng(7))
    assert told == pytest.approx(5.0, rel=0.15)
    assert exact == pytest.approx(5.0, rel=0.15)
    assert value_of_test(value, np.zeros(1000), 1.0, np.random.default_rng(7)) == (0.0, 0.0)


def test_error_of_half_the_regions_is_that_of_two_equal_samples() -> None:
    """100 leads a week, 8 weeks, half of them tested: 400 leads against 400, each with a variance of 400."""
    assert lift_error(100.0, 1.0, LiftDesign()) == pytest.approx(np.sqrt(800))
    assert lift_error(100.0, 4.0, LiftDesign()) == pytest.approx(2 * np.sqrt(800))


@pytest.mark.parametrize("wrong", [{"regions": 1.0}, {"weeks": 0}, {"change": 0.0}, {"change": -1.5}])
def test_designs_that_are_no_tests_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="wanted a share between 0 and 1"):
        LiftDesign(**wrong)  # type: ignore[arg-type]


def test_of_the_designs_that_tell_enough_the_one_that_moves_least_is_chosen() -> None:
    of = surface((0.02, 0.8))
    small, large = LiftDesign(0.25, 4, -0.5), LiftDesign(0.5, 12, -1.0)
    alike = best_designs(pd.concat([table_of(of, 0.5, large).reset_index(), table_of(of, 0.55, small).reset_index()]))
    assert alike["channel"].tolist() == ["unknown", "known"]
    assert alike.loc[0, ["regions", "weeks", "change"]].tolist() == [0.25, 4, -0.5]
    blind = best_designs(pd.concat([table_of(of, 0.5, large).reset_index(), table_of(of, 50.0, small).reset_index()]))
    assert blind.loc[0, ["regions", "weeks", "change"]].tolist() == [0.5, 12, -1.0]


def test_longer_and_larger_tests_are_among_the_designs() -> None:
    assert len(set(DESIGNS)) == len(DESIGNS) >= 12
    assert {design.weeks for design in DESIGNS} == {4, 8, 12}
