"""Each open deal's chance and date, and a split of what sets it apart that adds up."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of

from revmodel.forecast.deals import open_deals_table
from revmodel.forecast.simulate import simulate

AS_OF = dt.date(2026, 8, 31)  # thirty days before the quarter ends


@pytest.fixture(scope="module")
def simulation():
    funnel = funnel_of([(0.2, 0.1, 0.0), (0.1, 0.1, 0.0), (0.2, 0.2, 0.0)], draws=4000, weeks=60)
    rows = [
        {"record_id": "early", "stage": "s1", "record_type": "deal", "amount": 10.0},
        {"record_id": "late", "stage": "s2", "record_type": "deal"},
        {"record_id": "lead"},
    ]
    return simulate(records_of(*rows), funnel, arrivals_of(funnel), sizes_of(funnel), AS_OF, 60, "s1", 3)


def test_p_win_is_the_chance_of_the_funnel(simulation):
    p_win = simulation.deals.set_index("deal_id")["p_win"]
    assert p_win.index.tolist() == ["early", "late"]
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


def test_deal_that_is_never_won_has_no_close_date():
    funnel = funnel_of([(0.2, 0.1, 0.0), (1e-12, 0.5, 0.0)], draws=20)
    deal = {"stage": "s1", "record_type": "deal"}
    deals = simulate(records_of(deal), funnel, arrivals_of(funnel), sizes_of(funnel), AS_OF, 20, "s1", 3).deals
    assert deals["p_win"].item() == 0
    assert deals["expected_close_p50"].isna().all()


def test_drivers_add_up_to_the_distance_from_the_mean(simulation):
    table = open_deals_table(simulation)
    assert table["p_win"].is_monotonic_decreasing
    for row in table.itertuples():
        points = sum(int(number) for number in re.findall(r"[+-]\d+(?=,|$)", row.drivers))
        assert points == pytest.approx(100 * (row.p_win - table["p_win"].mean()), abs=1.6)


def test_no_open_deal_gives_an_empty_table_with_its_columns():
    funnel = funnel_of([(0.2, 0.1, 0.0)] * 2, draws=5)
    table = open_deals_table(simulate(records_of(), funnel, arrivals_of(funnel), sizes_of(funnel), AS_OF, 20, "s1", 3))
    assert table.empty
    assert {"deal_id", "p_win", "p_win_this_quarter", "expected_close_p50", "drivers"} <= set(table.columns)
