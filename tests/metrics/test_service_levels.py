"""Service levels and the scorecard of the company counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from metrics_company import AS_OF

from revmodel.metrics.summary import scorecard, spark, status_of, trend_of

Tables = dict[str, pd.DataFrame]


def test_promised_delivered_decided_and_rejected(tables: Tables) -> None:
    rows = tables["service_levels"].query("role == 'mql'").set_index("period")
    second = rows.loc["2026Q2"]
    assert (second["promised"], second["delivered"]) == (4, 3)
    assert (second["accepted"], second["rejected"], second["waiting"]) == (2, 0, 2)  # L5 twice; L6 and L8 wait
    first = rows.loc["2026Q1"]
    assert (first["accepted"], first["rejected"]) == (2, 1)
    assert first["days_to_decide"] == pytest.approx(2.0)  # one, two and ten days
    assert (first["followed_in_time"], first["followable"]) == (1, 3)


def test_rejections_have_their_reasons(tables: Tables) -> None:
    rows = tables["rejections"].query("role == 'mql'")
    assert rows[["period", "reason", "n", "share"]].to_numpy().tolist() == [["2026Q1", "no budget", 1, 1.0]]


def test_cohorts_follow_the_same_records(tables: Tables) -> None:
    row = tables["cohorts"].query("cohort == 'mql' and period == '2026Q2'").iloc[0]
    assert (row["entered"], row["went_on"], row["open"]) == (4, 2, 2)
    assert row["naive"] == 0.5
    assert row["honest"] > row["naive"]


def test_scorecard_shows_status_and_trend(tables: Tables) -> None:
    rows = scorecard(tables["metrics"], tables["kpis"], "quarter", pd.Timestamp(AS_OF)).set_index("kpi")
    assert rows.loc["bookings", "status"] == "met"
    assert rows.loc["leads", "status"] == "missed"  # 4 of 5
    assert rows.loc["leads", "trend"] == [4.0, 4.0]
    assert rows.loc["spend", "status"] == "none"


def test_status_is_in_proportion_to_the_days_that_have_passed() -> None:
    assert status_of(40, 100, "higher", 0.4) == "met"
    assert status_of(40, 100, "higher", 1.0) == "missed"
    assert status_of(105, 100, "lower") == "close"
    assert status_of(float("nan"), 100, "higher") == "none"


def test_trend_leaves_out_a_period_that_is_not_over() -> None:
    rows = pd.DataFrame({"period_start": [1, 2, 3], "value": [5.0, 7.0, 1.0], "complete": [True, True, False]})
    assert trend_of(rows) == [5.0, 7.0]
    assert spark([5.0, 7.0]) == "▁█"
