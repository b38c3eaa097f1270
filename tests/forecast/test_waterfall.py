"""What moved adds up exactly for any two runs, and one thing that changed alone shows in its own step alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waterfall_by_hand import NOW, THEN, deal, realised_of, run, since, steps, win

from revmodel.forecast.waterfall import STEPS, what_moved

NOTHING = realised_of({})
OPEN_THEN = ("open", "2026-10-20", "proposal")


def one_change(
    now: dict[str, Any] | None, fate: tuple[str, str, str | None] | None = OPEN_THEN,
    wins: dict[str, Any] | None = None, plan: dict[tuple[str, str], float] | None = None,
    then: dict[str, Any] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Two deals; "other" stays as it is, "D-1" changes. pool: a constant."""
    old = run(THEN, {"D-1": then or deal(), "other": deal()}, NOTHING, {"wins": 3.0, "bookings": 3000.0})
    known = realised_of(wins or {})
    pool = {"wins": 3.0, "bookings": 3000.0}
    for (metric, _), change in (plan or {}).items():
        pool[metric] = 3000.0 + change
    deals = {"other": deal()} | ({"D-1": now} if now else {})
    new = run(NOW, deals, known, pool)
    fates = {"other": OPEN_THEN} | ({"D-1": fate} if fate else {})
    return what_moved(old, new, since(wins or {}, fates, known, plan))


def test_nothing_that_changed_moves_nothing() -> None:
    moved, deals = one_change(deal())
    for metric in ("wins", "bookings"):
        assert steps(moved, metric) == {}
    assert deals.empty


def test_lost_deal_shows_in_lost_alone() -> None:
    moved, deals = one_change(None, ("lost", "2026-11-05", "proposal"))
    assert steps(moved) == pytest.approx({"lost": -400.0})
    assert steps(moved, "wins", "2027Q1") == pytest.approx({"lost": -0.2})
    assert deals.loc[deals["metric"] == "bookings", "what"].unique().tolist() == ["lost on 2026-11-05"]


def test_deal_that_slips_out_of_the_quarter_shows_in_pushed_alone() -> None:
    moved, deals = one_change(deal(close_date="2027-02-01", p=(0.1, 0.45)))
    assert steps(moved) == pytest.approx({"pushed": -300.0})
    assert steps(moved, period="2027Q1") == pytest.approx({"pushed": 250.0})
    assert deals["deal_id"].unique().tolist() == ["D-1"]
    assert deals["what"].iloc[0] == "close date 2026-12-10 to 2027-02-01"


def test_deal_that_comes_earlier_shows_in_pulled_in_alone() -> None:
    then = deal(close_date="2027-02-01", p=(0.1, 0.45))
    moved, _ = one_change(deal(), then=then)
    assert steps(moved) == pytest.approx({"pulled_in": 300.0})
    assert steps(moved, period="2027Q1") == pytest.approx({"pulled_in": -250.0})


def test_next_stage_shows_in_advanced_alone() -> None:
    moved, _ = one_change(deal(stage="negotiation", p=(0.7, 0.1)))
    assert steps(moved) == pytest.approx({"advanced": 300.0})
    assert steps(moved, "wins") == pytest.approx({"advanced": 0.3})


def test_amount_shows_in_amount_alone() -> None:
    moved, deals = one_change(deal(amount=2500.0))
    assert steps(moved) == pytest.approx({"amount": 600.0})
    assert steps(moved, "wins") == {}
    assert deals.loc[deals["metric"] == "bookings", "what"].iloc[0] == "amount 1,000 to 2,500"


def test_first_amount_on_file_shows_in_amount_alone() -> None:
    moved, _ = one_change(deal(amount=2500.0), then=deal(amount=np.nan))
    assert steps(moved) == pytest.approx({"amount": 600.0})


def test_changed_amount_of_a_deal_that_advanced_is_told_apart() -> None:
    moved, _ = one_change(deal(stage="negotiation", amount=2000.0, p=(0.7, 0.1)))
    assert steps(moved) == pytest.approx({"advanced": 300.0, "amount": 700.0})


def test_win_that_was_half_expected_brings_the_other_half_as_an_actual() -> None:
    moved, deals = one_change(None, ("won", "2026-11-05", "proposal"), {"D-1": win("2026-11-05")})
    assert steps(moved) == pytest.approx({"actuals": 600.0})
    assert steps(moved, "wins", "2027Q1") == pytest.approx({"actuals": -0.2})
    assert set(deals["what"]) == {"won on 2026-11-05"}


def test_win_for_less_than_on_file_tells_the_difference_as_amount() -> None:
    moved, _ = one_change(None, ("won", "2026-11-05", "proposal"), {"D-1": win("2026-11-05", 800.0)})
    assert steps(moved) == pytest.approx({"actuals": 600.0, "amount": -200.0})


def test_late_recorded_win_shows_in_corrections_alone() -> None:
    moved, deals = one_change(None, ("won", "2026-10-28", "proposal"), {"D-1": win("2026-10-28")})
    assert steps(moved) == pytest.approx({"corrections": 600.0})
    assert steps(moved, "wins") == pytest.approx({"corrections": 0.6})
    assert deals["what"].iloc[0] == "won on 2026-10-28, recorded later"


def test_late_recorded_loss_and_deleted_deal_show_in_corrections_alone() -> None:
    for fate in (("lost", "2026-10-28", "proposal"), None):
        moved, _ = one_change(None, fate)
        assert steps(moved) == pytest.approx({"corrections": -400.0})


def test_cut_plan_shows_in_plan_alone() -> None:
    moved, deals = one_change(deal(), plan={("bookings", "2026Q4"): -500.0, ("bookings", "2027Q1"): -500.0})
    assert steps(moved) == pytest.approx({"plan": -500.0})
    assert deals.empty


def test_chance_learned_anew_shows_in_model_alone() -> None:
    moved, _ = one_change(deal(p=(0.5, 0.2)))
    assert steps(moved) == pytest.approx({"model": 100.0})


def test_deal_that_only_waited_loses_to_actuals_what_was_expected_by_now() -> None:
    """0.05 in each of two weeks: of 0.4, 0.3 is left, of deals of which 0.9 are not won yet."""
    moved, deals = one_change(deal(p=(0.3 / 0.9, 0.2)), then=deal(weekly=0.05))
    assert steps(moved) == pytest.approx({"actuals": 1000 * (0.3 / 0.9 - 0.4)})
    assert deals.loc[deals["metric"] == "bookings", "what"].iloc[0] == "waited"


def test_new_deal_shows_in_created_alone() -> None:
    old = run(THEN, {"other": deal()}, NOTHING, {})
    new = run(NOW, {"other": deal(), "D-9": deal(p=(0.3, 0.3))}, NOTHING, {})
    fates = {"other": OPEN_THEN, "D-9": ("open", "2026-11-03", None)}
    moved, deals = what_moved(old, new, since({}, fates, NOTHING))
    assert steps(moved) == pytest.approx({"created": 300.0})
    assert deals["what"].unique().tolist() == ["created"]


def test_new_deal_that_was_expected_of_leads_moves_nothing() -> None:
    old = run(THEN, {"other": deal()}, NOTHING, {"bookings": 300.0})
    new = run(NOW, {"other": deal(), "D-9": deal(p=(0.3, 0.3))}, NOTHING, {})
    fates = {"other": OPEN_THEN, "D-9": ("open", "2026-11-03", None)}
    moved, _ = what_moved(old, new, since({}, fates, NOTHING))
    assert steps(moved) == {}


def test_pool_cannot_have_been_created_when_no_time_has_passed() -> None:
    old, new = (run(THEN, {"other": deal()}, NOTHING, {"bookings": of}) for of in (300.0, 350.0))
    moved, _ = what_moved(old, new, since({}, {"other": OPEN_THEN}, NOTHING))
    assert steps(moved) == pytest.approx({"model": 50.0})


def test_leads_that_came_are_told_against_those_expected() -> None:
    """Weekly means of 7 to the end of the quarter: 61 of the days left, 14 of which have gone by."""
    old = run(THEN, {}, NOTHING, {"leads": 61.0})
    known = realised_of({}, [("2026-11-02", 10.0), ("2026-11-14", 10.0)])
    new = run(NOW, {}, known, {"leads": 47.0})
    moved, _ = what_moved(old, new, since({}, {}, known))
    assert steps(moved, "leads") == pytest.approx({"actuals": 20.0 - 14.0})


def test_without_weekly_means_what_was_expected_is_spread_evenly() -> None:
    old = run(THEN, {}, NOTHING, {"leads": 61.0})
    old = replace(old, forecast=old.forecast[old.forecast["grain"] != "week"])
    known = realised_of({}, [("2026-11-02", 20.0)])
    moved, _ = what_moved(old, run(NOW, {}, known, {"leads": 47.0}), since({}, {}, known))
    assert steps(moved, "leads") == pytest.approx({"actuals": 20.0 - 14.0})


def test_ten_largest_deals_of_a_step_are_named_in_order() -> None:
    names = {f"D-{i}": deal(amount=100.0 * (i + 1)) for i in range(14)}
    old, new = run(THEN, names, NOTHING, {}), run(NOW, {}, NOTHING, {})
    fates = dict.fromkeys(names, ("lost", "2026-11-05", "proposal"))
    moved, deals = what_moved(old, new, since({}, fates, NOTHING))
    kept = deals[(deals["metric"] == "bookings") & (deals["period"] == "2026Q4")]
    assert kept["deal_id"].tolist() == [f"D-{i}" for i in range(13, 3, -1)]
    assert steps(moved)["lost"] == pytest.approx(-0.4 * 100 * 14 * 15 / 2)


DAYS = st.sampled_from(["2026-09-20", "2026-10-05", "2026-10-28", "2026-11-03", "2026-11-14"])
CLOSES = st.sampled_from(["2026-11-30", "2026-12-31", "2027-01-15", "2027-06-01", None])
DEALS = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["proposal", "negotiation"]),
        "amount": st.one_of(st.just(np.nan), st.floats(1, 1e6)),
        "close_date": CLOSES,
        "p": st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
        "weekly": st.floats(0, 0.1),
    }
)
WINS = st.builds(win, DAYS, st.floats(1, 1e6), st.integers(0, 300))
FATES = st.tuples(st.sampled_from(["open", "lost"]), DAYS, st.sampled_from([None, "proposal", "won"]))
NAMES = st.sampled_from([f"D-{i}" for i in range(6)])


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(NAMES, DEALS), st.dictionaries(NAMES, DEALS), st.dictionaries(NAMES, WINS),
    st.dictionaries(NAMES, FATES),
    st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-1e5, 1e5), st.booleans(),
)  # fmt: skip
def test_steps_add_up_for_any_two_runs(
    old: Any, new: Any, wins: Any, fates: Any, pool: float, later: float, plan: float, passed: bool
) -> None:
    """Whatever the two runs hold, even what contradicts itself."""
    still = {name: one for name, one in new.items() if name not in wins}
    known, known_then = (
        realised_of(wins),
        realised_of({k: w for k, w in wins.items() if w["won_at"] < pd.Timestamp(THEN)}),
    )
    before = run(THEN, old, known_then, dict.fromkeys(("leads", "wins", "bookings"), pool))
    after = run(NOW if passed else THEN, still, known, dict.fromkeys(("leads", "wins", "bookings"), later))
    moved, deals = what_moved(before, after, since(wins, fates, known, {("bookings", "2026Q4"): plan}))
    for (metric, period), rows in moved.groupby(["metric", "period"]):
        by_step = rows.set_index("step")
        assert by_step.index.tolist() == ["before", *STEPS, "after"]
        totals = by_step["change"]
        scale = max(1.0, float(totals.abs().max()))
        assert totals["before"] + totals[list(STEPS)].sum() == pytest.approx(totals["after"], abs=1e-9 * scale)
        assert by_step.loc["corrections", "end"] == pytest.approx(totals["after"], abs=1e-9 * scale)
        named = deals[(deals["metric"] == metric) & (deals["period"] == period)]
        assert np.isfinite(named["change"]).all()
