"""Plans beside the current one: the same futures, so the same plan is the same and chance cancels."""

from __future__ import annotations

import numpy as np
import pytest
from toy import toy_ahead

from revmodel.planning.compare import Futures, compare, seen_and_then
from revmodel.planning.frontier import BestSplit, best_split, frontier, window_surface
from revmodel.planning.scenario import CURRENT
from revmodel.planning.scenario_tables import Limits, channels_table, frontier_table, quarters_table, summary_table

WINDOW = (np.arange(26) < 13).astype(float)
QUARTERS = ("2026Q4", "2027Q1")
AHEAD = toy_ahead()


def futures(noise: float = 0.5) -> Futures:
    """What is to come is what is expected, times luck that no plan has a part in."""
    shares = np.zeros((2, 26))
    shares[0, :13], shares[1, 13:] = 1.0, 1.0
    luck = np.random.default_rng(5).lognormal(0, noise, (40, 1))
    created = AHEAD.records(AHEAD.spend)
    to_come = {metric: luck * (AHEAD.by_week(metric, created) @ shares.T) for metric in ("leads", "bookings")}
    return Futures(QUARTERS, shares, {name: 1e5 + one for name, one in to_come.items()}, to_come)


def plans() -> dict[str, np.ndarray]:
    less, moved = AHEAD.spend.copy(), AHEAD.spend.copy()
    less[:, :13] *= 0.5
    moved[0, :13], moved[1, :13] = 500.0, 1500.0
    return {CURRENT: AHEAD.spend, "same": AHEAD.spend.copy(), "less": less, "moved": moved}


FOUND = compare(AHEAD, futures(), plans(), WINDOW, 26)


def test_the_same_plan_changes_nothing_in_any_draw() -> None:
    assert all((one == 0).all() for one in FOUND["same"].change.values())


def test_luck_that_plans_share_cancels() -> None:
    """Half the spend brings fewer deals in every single draw, however widely their number varies by chance."""
    change, total = FOUND["less"].change["bookings"], FOUND[CURRENT].total["bookings"]
    assert (change.sum(axis=1) < 0).all()
    assert total.sum(axis=1).std() > np.abs(change.sum(axis=1)).mean()


def test_change_is_what_the_curve_and_the_lag_say() -> None:
    """9·(1 − √½) leads a week less for 13 weeks, of 29: in the quarter itself, deals of nine of those weeks."""
    leads = FOUND["less"].change["leads"] / futures().to_come["leads"]
    caused = AHEAD.caused(AHEAD.spend)[:, :, 0].sum(axis=1)
    assert leads[:, 0] == pytest.approx(-(1 - np.sqrt(0.5)) * caused / (20 + caused))
    bookings = FOUND["less"].change["bookings"] / futures().to_come["bookings"]
    assert bookings[:, 0] == pytest.approx(leads[:, 0])
    assert bookings[:, 1] == pytest.approx(leads[:, 0] * 4 / 13)


def test_value_of_a_plan_is_of_its_own_window() -> None:
    plan = FOUND[CURRENT].plan
    assert plan.spend == pytest.approx([13_000.0, 13_000.0])
    assert plan.value == pytest.approx(13 * 1_000.0 * AHEAD.caused(AHEAD.spend)[:, :, 0])
    assert plan.next_unit == pytest.approx(plan.value / 13_000.0 / 2, rel=0.01)  # slope of a square root


def limits() -> Limits:
    now = FOUND[CURRENT].plan.spend
    then = {name: np.array([6_500.0, 20_000.0]) for name in FOUND}
    return Limits(0.7 * now, 1.3 * now, np.array([15_000.0, 15_000.0]), then)


def splits() -> dict[str, BestSplit]:
    surface, held = window_surface(AHEAD, WINDOW, 26, limits().upper), limits()
    return {
        name: best_split(surface, float(one.plan.spend.sum()), held.lower, held.upper) for name, one in FOUND.items()
    }


def test_a_best_split_says_which_limits_stop_it() -> None:
    """Limits from 0.7 to 1.3 of what is spent now, 26,000 in all: half of it is less than they ask for."""
    surface, held = window_surface(AHEAD, WINDOW, 26, limits().upper), limits()
    found = [best_split(surface, budget, held.lower, held.upper) for budget in (13_000.0, 26_000.0, 40_000.0)]
    assert [one.stopped_by for one in found] == ["lower", "", "upper"]
    assert [one.spent for one in found] == pytest.approx([0.7 * 26_000, 26_000, 1.3 * 26_000])
    table = summary_table(
        FOUND, channels_table(FOUND, AHEAD.channels, held), "bookings", splits(), dict.fromkeys(FOUND, ("", ""))
    ).set_index("scenario")
    assert table.loc["less", "best_split_stopped_by"] == "lower"
    assert table.loc["less", "best_split_spend"] == pytest.approx(0.7 * 26_000)
    assert table.loc["moved", "best_split_stopped_by"] == ""


def test_tables_say_which_limits_a_plan_breaks_and_where_curves_are_guesses() -> None:
    table = channels_table(FOUND, AHEAD.channels, limits()).set_index(["scenario", "channel"])
    assert table.loc[("moved", "events"), "binding"] == "below lower"
    assert table.loc[("moved", "search"), "binding"] == "beyond upper"
    assert table.loc[(CURRENT, "search"), "binding"] == ""
    assert table.loc[("moved", "search"), "extrapolates"]
    assert not table.loc[("moved", "events"), "extrapolates"]


def test_summary_counts_the_change_of_spend_against_what_it_brings() -> None:
    channels = channels_table(FOUND, AHEAD.channels, limits())
    best, notes = splits(), dict.fromkeys(FOUND, ("", ""))
    table = summary_table(FOUND, channels, "bookings", best, notes).set_index("scenario")
    less = table.loc["less"]
    assert less["spend_change"] == pytest.approx(-13_000.0)
    assert less["net_mean"] == pytest.approx(less["gain_mean"] + 13_000.0)
    assert less["marginal_romi_mean"] == pytest.approx(less["gain_mean"] / -13_000.0 - 1)
    assert np.isnan(table.loc["same", "p_better"])
    assert np.isnan(table.loc["moved", "marginal_romi_mean"])
    assert table.loc["moved", "gain_mean"] > 0


def test_quarters_add_up_and_the_current_plan_has_no_change() -> None:
    shares = futures().shares
    spend = {name: one.spend.sum(axis=0) @ shares.T for name, one in FOUND.items()}
    table = quarters_table(FOUND, QUARTERS, spend).set_index(["scenario", "metric", "period"])
    for metric in ("spend", "leads", "bookings"):
        parts = sum(table.loc[("less", metric, quarter), "mean"] for quarter in QUARTERS)
        assert table.loc[("less", metric, "all"), "mean"] == pytest.approx(parts)
    assert table.loc[("less", "bookings", "2026Q4"), "p_more"] == 0.0
    assert np.isnan(table.loc[(CURRENT, "bookings", "all"), "p_more"])


def test_frontier_rises_ever_more_slowly_and_turns_where_the_next_unit_pays_no_more() -> None:
    """Best split of s: 3√a + 6√b with b = 4a brings √45·√s a week; the next unit is worth 1 at s = 45/4 · 1,000."""
    ahead = toy_ahead(spread=0.0)
    surface = window_surface(ahead, WINDOW, 26, np.full(2, 13 * 20_000.0))
    found = frontier(surface, np.zeros(2), np.full(2, 13 * 20_000.0))
    means = np.array([point.value.mean() for point in found.points])
    assert (np.diff(means) > 0).all()
    assert (np.diff(np.diff(means)) < 1e-6).all()
    assert found.turns == "inside"
    step = found.points[1].budget
    assert found.turns_at == pytest.approx(13 * 11_250.0, abs=step)


def test_frontier_says_when_no_budget_or_every_budget_pays() -> None:
    ahead = toy_ahead(spread=0.0)
    surface = window_surface(ahead, WINDOW, 26, np.full(2, 13_000.0))
    assert frontier(surface, np.full(2, 9_100.0), np.full(2, 13_000.0)).turns == "beyond"
    assert frontier(surface, np.full(2, 9_100.0), np.full(2, 13_000.0), unit=50.0).turns == "below"


def test_frontier_table_marks_budgets_beyond_what_was_seen() -> None:
    surface = window_surface(AHEAD, WINDOW, 26, np.full(2, 39_000.0))
    found = frontier(surface, np.zeros(2), np.full(2, 39_000.0))
    table = frontier_table(found, AHEAD.channels, np.full(2, 20_000.0), 26_000.0)
    assert table["extrapolates"].iloc[0] == ""
    assert "search" in table["extrapolates"].iloc[-1]
    assert table["times_current"].iloc[-1] == pytest.approx(3.0)


def test_most_ever_spent_counts_runs_across_the_as_of_date() -> None:
    history = np.array([[1.0, 5.0, 1.0, 4.0]])
    seen, then = seen_and_then(history, np.array([[4.0, 0.0, 1.0]]), 2)
    assert seen == pytest.approx([6.0])
    assert then == pytest.approx([8.0])  # the last week of history and the first of the plan
