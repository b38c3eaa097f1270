"""The weekly panel: whole weeks back from the as-of date."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from company_by_hand import FUNNEL, QUIET_IBIS, journeys_of

from revmodel.features.weekly_panel import WeeklyPanelBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 1, 28)  # a Wednesday; weeks end on Wednesdays
WEEKS = ["2026-01-07", "2026-01-14", "2026-01-21", "2026-01-28"]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    leads = pd.DataFrame(
        {
            "lead_id": ["a", "b", "c", "d", "later"],
            "created_at": pd.to_datetime(
                ["2026-01-07 23:59", "2026-01-08 00:01", "2026-01-28 23:00", "2026-01-22 08:00", "2026-01-29 00:00"]
            ),
            "channel": ["search", "search", "events", None, "search"],
            "segment": "smb",
        }
    )
    deals = pd.DataFrame(
        {"deal_id": ["of a", "alone"], "created_at": pd.to_datetime(["2026-01-15 08:00"] * 2), "lead_id": ["a", None],
         "channel": [None, "partner"], "segment": "smb"}
    )  # fmt: skip
    spend = pd.DataFrame({"date": pd.date_range("2026-01-05", periods=5, freq="7D"), "channel": "search", "spend": 7.0})
    indicators = pd.DataFrame(
        {"date": pd.to_datetime(["2026-01-08", "2026-01-14", "2026-01-28", "2026-01-29"]), "name": "sessions",
         "value": [10.0, 20.0, 5.0, 99.0]}
    )  # fmt: skip
    notes = pd.DataFrame(
        {"start": pd.to_datetime(["2026-01-13", "2026-01-14", "2026-01-27", "2025-06-01"]),
         "end": pd.to_datetime(["2026-01-15", "2026-01-15", "2030-12-31", "2025-07-01"]),
         "name": ["outage", "outage", "price", "long ago"]}
    )  # fmt: skip
    return {"leads": leads, "deals": deals, "spend": spend, "indicators": indicators, "annotations": notes}


@pytest.fixture(scope="module")
def panel(frames):
    return WeeklyPanelBuilder().fit_transform(journeys_of(frames, AS_OF))


def test_weeks_end_on_the_as_of_date_and_begin_with_the_first_record(panel):
    assert panel.weeks.strftime("%Y-%m-%d").tolist() == WEEKS


def test_arrivals_are_new_records_by_first_stage_in_the_order_of_the_funnel(panel):
    assert panel.arrivals.columns.names == ["stage", "channel", "segment"]
    assert {column: counts.tolist() for column, counts in panel.arrivals.items()} == {
        ("lead", "events", "smb"): [0, 0, 0, 1],
        ("lead", "search", "smb"): [1, 1, 0, 0],
        ("lead", "unknown", "smb"): [0, 0, 0, 1],
        ("opportunity", "partner", "smb"): [0, 0, 1, 0],  # the deal of lead "a" is no arrival
    }


def test_spend_indicators_and_annotations_by_week(panel):
    assert panel.spend["search"].tolist() == pytest.approx([3.0, 7.0, 7.0, 7.0])
    assert panel.indicators["sessions"].iloc[[1, 3]].tolist() == [15.0, 5.0]
    assert panel.indicators["sessions"].iloc[[0, 2]].isna().all()
    assert panel.annotations["outage"].tolist() == pytest.approx([0.0, 2 / 7, 1 / 7, 0.0])
    assert panel.annotations["price"].tolist() == pytest.approx([0.0, 0.0, 0.0, 2 / 7])
    assert list(panel.annotations.columns) == ["outage", "price"]


def test_without_a_table_its_columns_are_empty_and_the_weeks_stay(frames):
    panel = WeeklyPanelBuilder(history_weeks=2).fit_transform(journeys_of({"leads": frames["leads"]}, AS_OF))
    for part in (panel.spend, panel.indicators, panel.annotations):
        assert part.shape == (2, 0)
        assert part.index.equals(panel.weeks)
    assert panel.weeks.strftime("%Y-%m-%d").tolist() == WEEKS[-2:]
    assert int(panel.arrivals.to_numpy().sum()) == 2


def test_feature_names_follow_what_was_learned(frames):
    builder = WeeklyPanelBuilder().fit(journeys_of({name: frames[name] for name in ("leads", "spend")}, AS_OF))
    assert list(builder.get_feature_names_out()) == [
        "spend:search",
        "arrivals:lead/events/smb",
        "arrivals:lead/search/smb",
        "arrivals:lead/unknown/smb",
    ]
    assert FUNNEL.stages[0] == "lead"
