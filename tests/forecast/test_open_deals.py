"""Each open deal's chance and date, its own odds, and what drives it."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of

from revmodel.features.tables import OpenRecords
from revmodel.forecast.categories import forecast_categories
from revmodel.forecast.deals import open_deals_table
from revmodel.forecast.drivers import deal_drivers, driver_words
from revmodel.forecast.simulate import simulate

AS_OF = dt.date(2026, 8, 31)  # thirty days before the quarter ends
NO_PARTS = pd.DataFrame(columns=["deal_id", "trait", "words", "advance", "lost"])
WEEKLY = [(0.2, 0.1, 0.0), (0.1, 0.1, 0.0), (0.2, 0.2, 0.0)]


def run(records, funnel, **sizes):
    weeks = funnel.calendar.shape[-1]
    return simulate(records, funnel, arrivals_of(funnel), sizes_of(funnel, **sizes), AS_OF, weeks, "s1", 3)


@pytest.fixture(scope="module")
def simulation():
    rows = [
        {"record_id": "early", "stage": "s1", "record_type": "deal", "amount": 10.0},
        {"record_id": "late", "stage": "s2", "record_type": "deal"},
        {"record_id": "lead"},
    ]
    return run(records_of(*rows), funnel_of(WEEKLY, draws=4000, weeks=60))


def test_p_win_is_the_chance_of_the_funnel(simulation):
    p_win = simulation.deals.set_index("deal_id")["p_win"]
    assert sorted(p_win.index) == ["early", "late"]
    assert p_win["late"] == pytest.approx(0.5, abs=0.03)
    assert p_win["early"] == pytest.approx(0.25, abs=0.03)


def test_p_win_this_quarter_counts_a_straddling_week_in_part(simulation):
    weeks = 30 / 7
    stays = 0.6 ** np.arange(6)
    won_by_week_end = 0.5 * (1 - stays)
    expected = won_by_week_end[4] + (weeks - 4) * (won_by_week_end[5] - won_by_week_end[4])
    late = simulation.deals.set_index("deal_id").loc["late"]
    assert late["p_win_this_quarter"] == pytest.approx(expected, abs=0.03)


def test_expected_close_dates_are_in_order_and_after_the_as_of_date(simulation):
    dates = simulation.deals[["expected_close_p10", "expected_close_p50", "expected_close_p90"]]
    assert (dates.min(axis=1) > pd.Timestamp(AS_OF)).all()
    assert dates.apply(lambda row: row.is_monotonic_increasing, axis=1).all()


def test_what_deals_book_is_what_the_simulation_books(simulation):
    of_deals = simulation.draws["bookings"].sel(provenance="open_deal").sum(("week", "group")).to_numpy()
    np.testing.assert_allclose(simulation.won_amount.sum(axis=1), of_deals, rtol=1e-5)


def test_deal_that_is_never_won_has_no_close_date():
    deal = {"stage": "s1", "record_type": "deal"}
    deals = run(records_of(deal), funnel_of([(0.2, 0.1, 0.0), (1e-12, 0.5, 0.0)], draws=20, weeks=20)).deals
    assert deals["p_win"].item() == 0
    assert deals["expected_close_p50"].isna().all()


def own_odds(records, advance, lost=0.0):
    return OpenRecords(records.frame.assign(advance_log_odds=advance, lost_log_odds=lost))


def test_a_deals_own_odds_shift_its_chance_while_it_stays_in_its_stage():
    """Equal odds to advance and to be lost: doubled ones to advance win two times of three, for one stage."""
    rows = [{"stage": stage, "record_type": "deal"} for stage in ("s1", "s2", "s2")]
    shifted = own_odds(records_of(*rows), [np.log(2), np.log(2), 0.0])
    deals = run(shifted, funnel_of(WEEKLY, draws=6000, weeks=80)).deals.set_index("deal_id")
    assert deals.loc["R1", "p_win"] == pytest.approx(2 / 3, abs=0.025)
    assert deals.loc["R2", "p_win"] == pytest.approx(1 / 2, abs=0.025)
    assert deals.loc["R0", "p_win"] == pytest.approx(2 / 3 * 1 / 2, abs=0.025)


def test_own_odds_on_both_causes_change_the_time_not_the_chance():
    rows = [{"stage": "s2", "record_type": "deal"}] * 2
    shifted = own_odds(records_of(*rows), [-1.0, 0.0], [-1.0, 0.0])
    deals = run(shifted, funnel_of(WEEKLY, draws=6000, weeks=150)).deals.set_index("deal_id")
    assert deals["p_win"].to_numpy() == pytest.approx([0.5, 0.5], abs=0.03)
    assert deals.loc["R0", "expected_close_p50"] > deals.loc["R1", "expected_close_p50"]


def aging_funnel():
    """One deal stage in which advancing gets rarer with age, for two channels of which events advance more often."""
    funnel = funnel_of(
        [(0.2, 0.1, 0.0)] * 2, groups=(("events", "smb"), ("search", "smb")), edges=(0, 10), weeks=40, draws=3000
    )
    log_odds = funnel.log_odds.copy()
    log_odds[:, 1, 0, :, 1] -= 1.5
    log_odds[:, 1, 0, 0] += 0.5
    return replace(funnel, log_odds=log_odds)


@pytest.fixture(scope="module")
def aging():
    rows = [
        {"stage": "s1", "record_type": "deal", "channel": channel, "age_weeks": age}
        for channel, age in (("search", 2), ("search", 2), ("search", 30), ("events", 2))
    ]
    return own_odds(records_of(*rows), [0.0, 0.4, 0.0, 0.0])


PARTS = pd.DataFrame(
    {"deal_id": ["R1"], "trait": "close_date", "words": "close date in 5 days", "advance": 0.4, "lost": 0.0}
)


def test_drivers_are_ratios_of_the_chance_with_one_fact_changed(aging):
    """Each driver against a simulation of the same deal with that one fact taken away."""
    drivers = deal_drivers(aging, aging_funnel(), PARTS, "s1", 40).set_index(["deal_id", "driver"])["ratio"]
    p = run(aging, aging_funnel()).deals.set_index("deal_id")["p_win"]
    assert drivers["R2", "age"] == pytest.approx(p["R2"] / p["R0"], rel=0.1)
    assert drivers["R1", "close_date"] == pytest.approx(p["R1"] / p["R0"], rel=0.1)
    assert drivers["R3", "channel"] == pytest.approx(p["R3"] / (0.75 * p["R0"] + 0.25 * p["R3"]), rel=0.1)
    assert drivers["R0", "age"] == pytest.approx(1.0)
    assert drivers["R0", "close_date"] == pytest.approx(1.0)
    assert drivers["R2", "age"] < 0.7 < 1.1 < drivers["R1", "close_date"]


def test_drivers_are_told_in_words_with_their_direction(aging):
    words = driver_words(deal_drivers(aging, aging_funnel(), PARTS, "s1", 40))
    assert "↓ 30 weeks in s1 (usual 2) (×0." in words["R2"]
    assert "↑ close date in 5 days (×1." in words["R1"]
    assert "30 weeks" not in words["R0"]


def state_of(**columns):
    blank = {
        "type_on_file": "new", "owner_on_file": "ann", "close_date": pd.NaT, "pushes": 0, "amount_changes": 0,
        "forecast_category": None, "probability": np.nan,
    }  # fmt: skip
    return pd.DataFrame({**blank, **columns})


def test_chance_to_be_won_by_the_date_on_file(simulation):
    day = pd.Timestamp(AS_OF) + pd.Timedelta(weeks=3)
    table = open_deals_table(simulation, 1, state_of(deal_id=["late"], close_date=[day])).set_index("deal_id")
    assert table.loc["late", "p_win_by_close_date"] == pytest.approx(0.5 * (1 - 0.6**3), abs=0.03)
    assert np.isnan(table.loc["early", "p_win_by_close_date"])


def test_categories_are_held_against_what_the_model_expects():
    rows = [{"stage": "s2", "record_type": "deal", "amount": 100.0}] * 40
    simulation = run(records_of(*rows), funnel_of(WEEKLY, draws=2000, weeks=60))
    state = state_of(
        deal_id=[f"R{i}" for i in range(40)],
        forecast_category=["Commit"] * 10 + ["Best Case"] * 29 + [None],
        probability=[0.9] * 10 + [0.5] * 30,
        close_date=pd.Timestamp("2026-09-15"),
    )
    table = forecast_categories(simulation, state).set_index("category")
    assert table.index.tolist() == ["commit", "best_case", "none on file", "all"]
    assert table.loc["commit", ["deals", "amount", "said", "due_amount"]].tolist() == [10, 1000.0, 900.0, 1000.0]
    won = simulation.deals["p_win_this_quarter"].mean()
    assert table.loc["commit", "mean"] == pytest.approx(1000 * won, rel=0.05)
    assert table.loc["all", "mean"] == pytest.approx(table["mean"].iloc[:-1].sum())
    assert table.loc["commit", "p_reached"] < 0.02  # ten wins of ten at 0.45 each
    assert table.loc["commit", "p10"] < table.loc["commit", "mean"] < table.loc["commit", "p90"]


def test_no_open_deal_gives_empty_tables_with_their_columns():
    funnel = funnel_of([(0.2, 0.1, 0.0)] * 2, draws=5)
    simulation = run(records_of(), funnel)
    table = open_deals_table(simulation, drivers=deal_drivers(records_of(), funnel, NO_PARTS, "s1", 20))
    assert table.empty
    assert {"deal_id", "p_win", "p_win_this_quarter", "expected_close_p50", "drivers"} <= set(table.columns)
    assert forecast_categories(simulation, None)["category"].tolist() == ["all"]
