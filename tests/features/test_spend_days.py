"""Spend rows are laid over the days that they pay for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.features.spend_days import MONTH, cadence_days, spend_by_week


def dates(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (pd.date_range("2026-01-01", periods=5), 1),
        (pd.date_range("2026-01-05", periods=5, freq="7D"), 7),
        (dates("2026-01-05", "2026-01-26", "2026-03-02", "2026-03-16"), 7),  # Mondays, dark weeks left out
        (pd.date_range("2026-01-05", periods=5, freq="14D"), 14),
        (pd.date_range("2026-01-05", periods=5, freq="28D"), 28),
        (pd.date_range("2026-01-01", periods=5, freq="MS"), MONTH),
        (dates("2026-01-01", "2026-03-01", "2026-04-01"), MONTH),
        (pd.date_range("2026-01-31", periods=5, freq="ME"), MONTH),
        (dates("2026-01-02", "2026-02-03", "2026-03-03", "2026-04-01"), MONTH),  # invoices, about a month apart
        (dates("2026-01-01", "2026-01-02", "2026-01-05", "2026-01-06"), 1),  # working days
        (dates("2026-01-01", "2026-02-20", "2026-02-24"), 1),  # irregular: of that day
        (dates("2026-01-01", "2026-01-08"), 1),  # too few to say
    ],
)
def test_how_far_rows_are_apart_says_what_they_cover(days, expected):
    assert cadence_days(days) == expected


def frame(days: pd.DatetimeIndex, channel: str, spend: float) -> pd.DataFrame:
    return pd.DataFrame({"date": days, "channel": channel, "spend": spend})


def test_a_weekly_row_covers_seven_days_from_its_own():
    week_ends = pd.date_range(end="2026-02-04", periods=5, freq="7D")  # Wednesdays
    mondays = frame(pd.date_range("2026-01-05", periods=5, freq="7D"), "search", 70.0)
    weekly = spend_by_week(mondays, week_ends)["search"].to_numpy()
    # Monday to Wednesday are three days of the row's own week; the last row's other four lie ahead.
    assert weekly == pytest.approx([30.0, 70.0, 70.0, 70.0, 70.0])


def test_a_monthly_row_covers_its_month_whether_dated_at_its_start_or_its_end():
    week_ends = pd.date_range(end="2026-04-30", periods=18, freq="7D")
    starts = frame(pd.date_range("2026-01-01", periods=4, freq="MS"), "start", 310.0)
    ends = frame(pd.date_range("2026-01-31", periods=4, freq="ME"), "end", 310.0)
    weekly = spend_by_week(pd.concat([starts, ends]), week_ends)
    assert weekly["start"].sum() == pytest.approx(4 * 310.0)
    np.testing.assert_allclose(weekly["start"], weekly["end"])
    assert weekly["start"].iloc[2] == pytest.approx(70.0)  # a week wholly in January


def test_a_channel_with_two_rows_is_read_like_the_others():
    week_ends = pd.date_range(end="2026-03-29", periods=12, freq="7D")  # Sundays
    steady = frame(pd.date_range("2026-01-05", periods=12, freq="7D"), "search", 7.0)
    rare = frame(dates("2026-01-05", "2026-03-02"), "events", 700.0)
    weekly = spend_by_week(pd.concat([steady, rare]), week_ends)
    assert weekly["events"].tolist() == pytest.approx([700.0, *[0.0] * 7, 700.0, *[0.0] * 3])
    assert (weekly["events"].iloc[1:8] == 0).all()  # dark weeks are dark, not nearly


def test_no_spend_has_no_columns_but_all_weeks():
    week_ends = pd.date_range(end="2026-03-29", periods=3, freq="7D")
    weekly = spend_by_week(pd.DataFrame(columns=["date", "channel", "spend"]), week_ends)
    assert weekly.shape == (3, 0)
