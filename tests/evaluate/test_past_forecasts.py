"""The record: what past runs said, what it came to, and which of a quarter's runs counts."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from revmodel.evaluate.past_forecasts import PastRun, one_a_quarter, past_forecasts

QUARTERS = {"2026Q2": ("2026-04-01", "2026-06-30"), "2026Q3": ("2026-07-01", "2026-09-30"),
            "2026Q4": ("2026-10-01", "2026-12-31")}  # fmt: skip


def a_run(day: str, low: float, high: float, *periods: str) -> PastRun:
    rows = [
        {"metric": "wins", "grain": "quarter", "period": period, "period_start": pd.Timestamp(QUARTERS[period][0]),
         "period_end": pd.Timestamp(QUARTERS[period][1]), "channel": channel, "segment": "all", "provenance": "all",
         "mean": 10.0, "p10": low, "p50": (low + high) / 2, "p90": high, "target": 12.0}
        for period in periods for channel in ("all", "search")
    ]  # fmt: skip
    return PastRun(f"forecast-{day}", dt.date.fromisoformat(day), pd.DataFrame(rows))


REALISED = pd.DataFrame(
    [("wins", day, 1.0) for day in pd.date_range("2026-04-01", "2026-11-10", freq="9D")],
    columns=["metric", "date", "value"],
)
TODAY = dt.date(2026, 11, 12)
RUNS = [
    a_run("2026-04-20", 0, 5, "2026Q2", "2026Q3"),
    a_run("2026-06-30", 8, 14, "2026Q3", "2026Q4"),
    a_run("2026-07-07", 1, 2, "2026Q3", "2026Q4"),
    a_run("2026-10-31", 8, 14, "2026Q4"),
]


@pytest.fixture(scope="module")
def record() -> pd.DataFrame:
    return past_forecasts(RUNS, REALISED, TODAY)


def test_each_run_and_quarter_has_one_row_for_the_whole_company(record: pd.DataFrame) -> None:
    assert len(record) == 7
    assert not record.duplicated(["run", "metric", "period"]).any()


def test_outcome_is_what_is_on_record_now_and_judged_once_the_quarter_is_over(record: pd.DataFrame) -> None:
    by = record.set_index(["run", "period"])
    third = by.loc[("forecast-2026-06-30", "2026Q3")]
    days = REALISED["date"].between("2026-07-01", "2026-09-30").sum()
    assert third["actual"] == days
    assert third["ended"]
    assert third["inside_80"] == 1.0
    assert by.loc[("forecast-2026-07-07", "2026Q3"), "inside_80"] == 0.0
    running = by.loc[("forecast-2026-10-31", "2026Q4")]
    assert not running["ended"]
    assert pd.isna(running["inside_80"])


def test_of_each_quarter_the_forecast_nearest_its_start_counts(record: pd.DataFrame) -> None:
    chosen = one_a_quarter(record, "wins").set_index("period")["run"].to_dict()
    assert chosen == {"2026Q2": "forecast-2026-04-20", "2026Q3": "forecast-2026-06-30"}


def test_runs_of_today_or_later_are_not_past() -> None:
    assert past_forecasts([a_run("2026-11-12", 8, 14, "2026Q4")], REALISED, TODAY).empty
    assert one_a_quarter(past_forecasts([], REALISED, TODAY), "wins").empty
