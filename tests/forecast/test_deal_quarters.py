"""What open deals are expected to bring by quarter: it adds up to the forecast's own mean."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of

from revmodel.forecast.calendar import weeks_needed
from revmodel.forecast.deal_quarters import deal_quarters, deal_weeks
from revmodel.forecast.rollup import forecast_table
from revmodel.forecast.simulate import simulate
from revmodel.forecast.totals import quarter_totals, total_rows
from revmodel.forecast.weekly import quarter_means, weekly_totals

AS_OF = dt.date(2026, 8, 31)
WEEKS = weeks_needed(AS_OF, 2, 1)
NOTHING = pd.DataFrame({"metric": [], "date": pd.to_datetime([]), "channel": [], "segment": [], "value": []})


@pytest.fixture(scope="module")
def simulation():
    funnel = funnel_of([(0.2, 0.1, 0.0), (0.1, 0.1, 0.0), (0.2, 0.2, 0.0)], draws=1500, weeks=WEEKS)
    rows = [
        {"record_id": "small", "stage": "s1", "record_type": "deal", "amount": 1_000.0},
        {"record_id": "large", "stage": "s2", "record_type": "deal", "amount": 50_000.0},
        {"record_id": "no amount", "stage": "s2", "record_type": "deal"},
        {"record_id": "lead"},
    ]
    return simulate(records_of(*rows), funnel, arrivals_of(funnel), sizes_of(funnel), AS_OF, WEEKS, "s1", 3)


@pytest.fixture(scope="module")
def forecast(simulation):
    return forecast_table(simulation, NOTHING, 2, 1)


@pytest.fixture(scope="module")
def table(simulation, forecast):
    records = pd.DataFrame({"record_id": ["small", "large"], "close_date": pd.to_datetime(["2026-10-01", None])})
    return deal_quarters(simulation, records, forecast, 1)


def test_deals_add_up_to_what_the_forecast_expects_of_open_deals(table, forecast):
    means = total_rows(forecast, provenance="open_deal").set_index(["metric", "period"])["mean"]
    for period, rows in table.groupby("period"):
        assert rows["wins"].sum() == pytest.approx(means["wins", period])
        assert rows["bookings"].sum() == pytest.approx(means["bookings", period])


def test_chance_by_quarter_is_that_of_the_simulated_weeks(table, simulation):
    this_quarter = simulation.deals.set_index("deal_id")["p_win_this_quarter"]
    first = table[table["period"] == "2026Q3"].set_index("deal_id")["p_win"]
    pd.testing.assert_series_equal(first.sort_index(), this_quarter.sort_index(), check_names=False)
    weeks = deal_weeks(simulation)
    assert weeks.groupby("deal_id")["p_win"].sum().sort_index().tolist() == pytest.approx(
        simulation.deals.set_index("deal_id")["p_win"].sort_index().tolist()
    )
    assert weeks["week_end"].min() == pd.Timestamp("2026-09-07")


def test_larger_deal_is_worth_more_and_close_dates_are_kept(table):
    first = table[table["period"] == "2026Q3"].set_index("deal_id")
    assert first.loc["large", "bookings"] > 10 * first.loc["small", "bookings"] > 0
    assert first.loc["small", "close_date"] == pd.Timestamp("2026-10-01")
    assert pd.isna(first.loc["no amount", "close_date"])


def test_weekly_totals_and_quarter_means_are_those_of_the_forecast(simulation, forecast):
    weekly = weekly_totals(simulation, NOTHING)
    assert weekly["wins"].dims == ("draw", "week")
    assert weekly.sizes["week"] == WEEKS
    first_week = total_rows(forecast, "week")
    mean = first_week[first_week["metric"] == "wins"]["mean"].iloc[0]
    assert float(weekly["wins"][:, 0].mean()) == pytest.approx(mean, rel=1e-5)
    means = quarter_means(simulation, 2, 1)
    totals = quarter_totals(forecast).set_index(["metric", "period"])["mean"]
    for key, mean in totals.items():
        assert np.isclose(means[key], mean, rtol=1e-5)
