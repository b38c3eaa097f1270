"""Fiscal periods: where quarters begin, how they are named, and how weeks fall into them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.errors import ConfigError, ModelError
from revmodel.forecast.calendar import periods, week_shares, weeks_needed

DATES = st.dates(dt.date(2023, 1, 1), dt.date(2029, 12, 31))


def test_last_day_of_a_quarter_starts_with_the_next_one():
    assert periods(dt.date(2026, 9, 30), 2, 1, "quarter")["period"].tolist() == ["2026Q4", "2027Q1"]
    assert periods(dt.date(2026, 9, 29), 2, 1, "quarter")["period"].tolist() == ["2026Q3", "2026Q4"]


def test_fiscal_year_is_named_after_the_year_it_ends_in():
    table = periods(dt.date(2026, 1, 31), 5, 2, "quarter")
    assert table["period"].tolist() == ["2027Q1", "2027Q2", "2027Q3", "2027Q4", "2028Q1"]
    assert table["start"].iloc[0] == pd.Timestamp("2026-02-01")
    assert table["end"].iloc[0] == pd.Timestamp("2026-04-30")


def test_months_start_with_that_of_the_day_after():
    assert periods(dt.date(2026, 8, 31), 1, 1, "month")["period"].tolist() == ["2026-09"]
    assert periods(dt.date(2026, 8, 30), 1, 1, "month")["period"].tolist() == ["2026-08", "2026-09"]


def test_weeks_are_whole_and_named_by_their_last_day():
    table = periods(dt.date(2026, 9, 30), 1, 1, "week")
    assert table["period"].iloc[0] == "2026-10-07"
    assert ((table["end"] - table["start"]).dt.days == 6).all()
    assert len(table) == weeks_needed(dt.date(2026, 9, 30), 1, 1) == 14


@settings(max_examples=40, deadline=None)
@given(DATES, st.integers(1, 4), st.integers(1, 12))
def test_shares_cover_every_future_day_once_and_months_add_up_to_quarters(as_of, quarters, start_month):
    weeks = weeks_needed(as_of, quarters, start_month)
    quarter, month = (periods(as_of, quarters, start_month, grain) for grain in ("quarter", "month"))
    by_quarter, by_month = week_shares(quarter, as_of, weeks), week_shares(month, as_of, weeks)
    np.testing.assert_allclose(by_quarter.sum(axis=0)[:-1], 1.0)
    days_ahead = (quarter["end"].iloc[-1] - pd.Timestamp(as_of)).days
    assert 7 * by_quarter.sum() == pytest.approx(days_ahead)
    for row in quarter.itertuples():
        inside = month["start"].between(row.start, row.end).to_numpy()
        np.testing.assert_allclose(by_month[inside].sum(axis=0), by_quarter[row.Index], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(DATES, st.integers(1, 12))
def test_first_quarter_holds_the_day_after(as_of, start_month):
    first = periods(as_of, 1, start_month, "quarter").iloc[0]
    assert first["start"] <= pd.Timestamp(as_of) + pd.Timedelta(days=1) <= first["end"]
    assert (first["start"].month - start_month) % 3 == 0


@settings(max_examples=40, deadline=None)
@given(DATES, st.integers(1, 8), st.integers(1, 12))
def test_years_hold_four_quarters_and_end_with_the_quarters_ahead(as_of, quarters, start_month):
    table = periods(as_of, quarters, start_month, "quarter")
    years = periods(as_of, quarters, start_month, "year")
    assert years["end"].isin(table["end"]).all()
    assert ((years["end"] + pd.Timedelta(days=1)).dt.month == start_month).all()
    assert (years["start"] == years["end"] + pd.Timedelta(days=1) - pd.DateOffset(years=1)).all()
    last = [period for period in table["period"] if period.endswith("Q4")]
    assert years["period"].tolist() == [f"FY{period[:4]}" for period in last]
    shares = week_shares(years, as_of, weeks_needed(as_of, quarters, start_month))
    assert (shares.sum(axis=0) <= 1 + 1e-12).all()


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="month from 1 to 12"):
        periods(dt.date(2026, 9, 30), 2, 13, "quarter")
    table = periods(dt.date(2026, 9, 30), 2, 1, "quarter")
    with pytest.raises(ModelError, match="at least 26 weeks"):
        week_shares(table, dt.date(2026, 9, 30), 13)
