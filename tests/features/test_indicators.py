"""Indicators as each week knew them, and links whose range holds."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS, journeys_of

from revmodel.features.correlation import lagged_correlation
from revmodel.features.indicators import IndicatorBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 1, 28)
DATES = pd.to_datetime(["2026-01-07", "2026-01-14", "2026-01-21", "2026-01-28"])


def journeys_with(indicators: pd.DataFrame):
    leads = pd.DataFrame({"lead_id": list("abc"), "created_at": DATES[[0, 2, 3]]})
    return journeys_of({"leads": leads, "indicators": indicators}, AS_OF)


def test_lags_and_growth_hold_what_was_on_record_in_each_week():
    rows = [(DATES[0], 10.0, DATES[0]), (DATES[1], 20.0, DATES[2]), (DATES[2], 40.0, DATES[2]), (DATES[3], 80.0, None)]
    rows.append((DATES[0], 30.0, DATES[3]))  # replaces the first
    rows.append((DATES[2], 99.0, DATES[3] + pd.Timedelta(days=1)))  # recorded after the as-of date
    table = pd.DataFrame(rows, columns=["date", "value", "recorded_at"]).assign(name="visits")
    builder = IndicatorBuilder(lags=(0, 1, 3), growth_weeks=1)
    frame = builder.fit_transform(journeys_with(table)).frame
    nothing = np.nan
    assert frame.index.tolist() == DATES.tolist()
    np.testing.assert_equal(frame["visits:lag0"].to_numpy(), [10.0, nothing, 40.0, 80.0])
    np.testing.assert_equal(frame["visits:lag1"].to_numpy(), [nothing, 10.0, 20.0, 40.0])
    np.testing.assert_equal(frame["visits:lag3"].to_numpy(), [nothing, nothing, nothing, 30.0])
    assert list(frame.columns) == list(builder.get_feature_names_out())


def test_growth_is_taken_at_the_lag_that_is_usually_published():
    table = pd.DataFrame(
        {"date": DATES, "name": "reviews", "value": [10.0, 20.0, 30.0, 60.0],
         "recorded_at": DATES + pd.Timedelta(days=7)}
    )  # fmt: skip
    builder = IndicatorBuilder(lags=(0, 1), growth_weeks=1).fit(journeys_with(table))
    assert builder.delay_weeks_ == {"reviews": 1}
    frame = builder.transform(journeys_with(table)).frame
    assert frame["reviews:lag0"].isna().all()
    assert frame["reviews:growth1"].iloc[-2:].tolist() == pytest.approx([1.0, 0.5])


def test_an_indicator_that_leads_by_four_weeks_is_linked_at_four_weeks():
    rng = np.random.default_rng(3)
    days = pd.date_range(end=pd.Timestamp(AS_OF), periods=90, freq="7D")
    value = rng.normal(20.0, 5.0, 90)
    born = [day for n, day in enumerate(days) for _ in range(max(1, round(value[n - 4] if n >= 4 else 20)))]
    leads = pd.DataFrame({"lead_id": [str(n) for n in range(len(born))], "created_at": born})
    table = pd.DataFrame({"date": days, "name": "visits", "value": value})
    links = IndicatorBuilder().fit_transform(journeys_of({"leads": leads, "indicators": table}, AS_OF)).links
    by_lag = links[links["outcome"] == "leads"].set_index("lag_weeks")
    assert by_lag["correlation"].idxmax() == 4
    assert by_lag.loc[4, "low"] > 0.9
    assert by_lag.loc[4, "weeks"] == 86
    assert (links.loc[links["outcome"] == "opportunities", "correlation"].isna()).all()


def slow_series(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """Each week nine tenths of the week before."""
    values = np.zeros(weeks + 50)
    for week in range(1, len(values)):
        values[week] = 0.9 * values[week - 1] + rng.normal()
    return values[50:]


def test_the_range_holds_zero_for_series_that_have_nothing_to_do_with_each_other():
    """95 % wanted; taking weeks for independent would hold zero in about half of the cases."""
    rng = np.random.default_rng(8)
    held, naive = 0, 0
    for _ in range(300):
        r, low, high, n, _ = lagged_correlation(slow_series(rng, 104), slow_series(rng, 104), 2)
        held += low <= 0.0 <= high
        naive += abs(np.arctanh(r)) <= 1.96 / np.sqrt(n - 3)
    assert held / 300 > 0.87
    assert naive / 300 < 0.65


def test_too_little_to_compare_has_no_correlation():
    assert np.isnan(lagged_correlation(np.arange(20.0), np.ones(20), 0)[0])
    assert np.isnan(lagged_correlation(np.arange(9.0), np.arange(9.0) ** 2, 4)[0])


def test_without_indicators_there_are_no_columns():
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [DATES[0]]})
    built = IndicatorBuilder().fit_transform(journeys_of({"leads": leads}, AS_OF))
    assert built.frame.shape == (4, 0)
    assert built.links.empty
