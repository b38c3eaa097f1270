"""A spend plan: read, refused where it is wrong, and spread over weeks without losing money."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import MissingColumnError, SourceError
from revmodel.forecast.plan import plan_gaps, planned_spend, read_plan

WEEKS = pd.date_range("2026-10-07", periods=13, freq="7D")  # 2026-10-01 to 2026-12-30
CHANNELS = ("events", "search")


def plan_of(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "channel", "spend"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_plan_is_read(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, "channel,date,spend,note\nevents,2026-10-05,100,x\nsearch,2026-10-05,0,y\n"))
    assert plan.columns.tolist() == ["date", "channel", "spend"]
    assert plan["date"].tolist() == [pd.Timestamp("2026-10-05")] * 2
    assert plan["spend"].tolist() == [100.0, 0.0]


def test_weekly_rows_keep_their_total() -> None:
    rows = [(str(day.date()), "events", 70.0) for day in pd.date_range("2026-10-01", periods=13, freq="7D")]
    spend = planned_spend(plan_of(rows), CHANNELS, WEEKS)
    np.testing.assert_allclose(spend[0], 70.0)
    np.testing.assert_allclose(spend[1], 0.0)


def test_weeks_that_begin_on_another_day_keep_what_falls_inside() -> None:
    """Mondays against weeks from Thursday: the first three days of October are filled with the plan's mean."""
    mondays = pd.date_range("2026-10-05", periods=13, freq="7D")
    spend = planned_spend(plan_of([(str(day.date()), "search", 700.0) for day in mondays]), CHANNELS, WEEKS)
    np.testing.assert_allclose(spend[1], 700.0)


def test_monthly_rows_keep_their_total() -> None:
    plan = plan_of(
        [("2026-10-01", "events", 3100.0), ("2026-11-01", "events", 3000.0), ("2026-12-01", "events", 310.0)]
    )
    spend = planned_spend(plan, CHANNELS, WEEKS)
    # December's row covers as many days as November's did, 30, which ends on the last day of the window.
    assert spend[0].sum() == pytest.approx(6410.0)
    assert spend[0, 0] == pytest.approx(700.0)


def test_several_rows_a_day_add_up() -> None:
    """A plan by campaign has several rows for one channel and day."""
    days = [str(day.date()) for day in pd.date_range("2026-10-01", periods=13, freq="7D")]
    plan = plan_of([(day, "search", spend) for day in days for spend in (30.0, 40.0)])
    np.testing.assert_allclose(planned_spend(plan, CHANNELS, WEEKS)[1], 70.0)


def test_rows_in_any_order_mean_the_same() -> None:
    plan = plan_of([("2026-10-01", "events", 10.0), ("2026-10-08", "events", 20.0), ("2026-10-15", "events", 30.0)])
    np.testing.assert_array_equal(planned_spend(plan, CHANNELS, WEEKS), planned_spend(plan.iloc[::-1], CHANNELS, WEEKS))


def test_days_beyond_the_plan_hold_its_mean() -> None:
    spend = planned_spend(plan_of([("2026-10-01", "events", 7.0), ("2026-10-08", "events", 21.0)]), CHANNELS, WEEKS)
    np.testing.assert_allclose(spend[0], [7.0, 21.0, *[14.0] * 11])


def test_channel_that_history_does_not_know_is_refused_with_those_it_does() -> None:
    with pytest.raises(SourceError, match="names radio, which history does not know: it knows events, search"):
        planned_spend(plan_of([("2026-10-01", "radio", 10.0)]), CHANNELS, WEEKS)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("date,channel,spend\n2026-10-05,events,-5\n", SourceError, "1 row.s. with negative or empty spend"),
        ("date,channel,spend\n2026-10-05,events,\n", SourceError, "1 row.s. with negative or empty spend"),
        ("date,channel,spend\n2026-10-05,events,much\n", SourceError, "spend a number"),
        ("date,channel,spend\nsoon,events,5\n", SourceError, "dates must be ISO"),
        ("date,channel\n2026-10-05,events\n", MissingColumnError, "has the columns date, channel; spend missing"),
        ("", SourceError, "empty"),
        ("date,channel,spend\n", SourceError, "no row"),
        ("date,channel,spend\n2026-10-05,,5\n", SourceError, "without a channel"),
    ],
)
def test_plan_that_is_wrong_is_refused(tmp_path: Path, text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_plan(written(tmp_path, text))


def test_plan_that_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no plan at .*give a CSV with the columns date, channel, spend"):
        read_plan(tmp_path / "none.csv")


def test_a_plan_that_ends_early_is_told_and_a_whole_one_is_not() -> None:
    first = WEEKS[0] - pd.Timedelta(days=6)
    every = [str(day.date()) for day in pd.date_range(first, WEEKS[-1])]
    whole = plan_of([(day, channel, 1.0) for day in every for channel in CHANNELS])
    assert plan_gaps(whole, CHANNELS, WEEKS) == []
    early = plan_of([(day, "search", 1.0) for day in every[:7]])
    told = " ".join(plan_gaps(early, CHANNELS, WEEKS))
    left = len(every) - 7
    assert f"The plan of search leaves out {left} of the {len(every)} days ahead ({every[7]} to {every[-1]})" in told
    assert f"nothing for {', '.join(c for c in CHANNELS if c != 'search')}" in told
    late = plan_of([(day, channel, 1.0) for day in every[4:] for channel in CHANNELS])
    assert (
        f"leaves out 4 of the {len(every)} days ahead ({every[0]} to {every[3]})" in plan_gaps(late, CHANNELS, WEEKS)[0]
    )
