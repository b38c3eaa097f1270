"""The cut: what was recorded by the end of the day, and nothing else."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest
from funnel_by_hand import QUIET_IBIS, changes, day, rows_of, tables_of

from revmodel.errors import JourneyError
from revmodel.journeys.as_of import as_of

pytestmark = QUIET_IBIS

CUT = day(30).date()


def test_a_change_is_unseen_until_it_is_recorded_and_seen_on_that_very_day():
    late = changes(("lead", "L1", "mql", day(10))).assign(recorded_at=[day(31, 0)])
    last_minute = changes(("lead", "L2", "mql", day(10))).assign(recorded_at=[day(30, 23)])
    unstamped = changes(("lead", "L3", "mql", day(10))).assign(recorded_at=pd.NaT)
    cut = as_of(tables_of(stage_changes=pd.concat([late, last_minute, unstamped])), CUT)
    assert rows_of(cut["stage_changes"], "record_id") == [("L2",), ("L3",)]


def test_an_event_dated_after_the_day_is_not_seen_even_if_it_was_entered_before():
    planned = changes(("deal", "D1", "won", day(40))).assign(recorded_at=[day(5)])
    assert rows_of(as_of(tables_of(stage_changes=planned), CUT)["stage_changes"], "record_id") == []


def test_fields_of_a_deal_are_those_of_its_history_on_the_day():
    deals = pd.DataFrame(
        {"deal_id": ["D1", "D2", "D3"], "created_at": [day(1), day(2), day(40)], "amount": [999.0, 999.0, 999.0],
         "stage": "won", "close_date": [day(50).date()] * 3, "owner": ["ann", "bob", "eve"]}
    )  # fmt: skip
    history = pd.DataFrame(
        {"deal_id": ["D1", "D1", "D1"], "recorded_at": [day(1), day(20), day(35)], "amount": [100.0, None, 300.0],
         "close_date": [day(60).date(), day(70).date(), day(50).date()], "stage": ["opportunity", "proposal", "won"]}
    )  # fmt: skip
    cut = as_of(tables_of(deals=deals, deal_history=history), CUT)
    assert rows_of(cut["deals"], "deal_id", "amount", "close_date", "stage", "owner") == [
        ("D1", 100.0, day(70).date(), "proposal", "ann"),
        ("D2", None, None, None, "bob"),
    ]


def test_an_amount_that_no_history_dates_is_not_used_and_the_stage_comes_from_the_changes():
    deals = pd.DataFrame({"deal_id": ["D1"], "created_at": [day(1)], "amount": [999.0], "stage": ["won"]})
    moves = changes(
        ("deal", "D1", "opportunity", day(1)), ("deal", "D1", "proposal", day(9)), ("deal", "D1", "won", day(33))
    )
    cut = as_of(tables_of(deals=deals, stage_changes=moves), CUT)
    assert rows_of(cut["deals"], "amount", "stage") == [(None, "proposal")]


def test_what_a_row_learned_later_is_taken_back():
    subscriptions = pd.DataFrame(
        {"customer_id": ["a", "b"], "started_at": [day(1), day(1)], "ended_at": [day(20), day(40)]}
    )
    touches = pd.DataFrame(
        {"occurred_at": [day(3), day(3)], "channel": "search", "lead_id": ["L1", "L2"], "anonymous_id": ["x", "y"]}
    )
    leads = pd.DataFrame({"lead_id": ["L1", "L2"], "created_at": [day(5), day(45)]})
    cut = as_of(tables_of(subscriptions=subscriptions, touches=touches, leads=leads), CUT)
    assert rows_of(cut["subscriptions"], "customer_id", "ended_at") == [("a", day(20)), ("b", None)]
    assert rows_of(cut["touches"], "anonymous_id", "lead_id") == [("x", "L1"), ("y", None)]


def test_tables_without_a_record_of_changes_are_cut_by_their_own_dates():
    before, after = day(30).date(), day(31).date()
    spend = pd.DataFrame({"date": [before, after], "channel": "search", "spend": [1.0, 2.0]})
    tests = pd.DataFrame(
        {"name": ["over", "running"], "channel": "search", "start": [day(1).date()] * 2, "end": [before, after],
         "spend_change": 1.0, "lift": 1.0, "lift_se": 1.0}
    )  # fmt: skip
    notes = pd.DataFrame({"start": [before, after], "end": [after, after], "name": ["started", "later"]})
    targets = pd.DataFrame({"period": ["2027Q1"], "metric": ["wins"], "value": [5.0]})
    accounts = pd.DataFrame({"account_id": ["a", "b"], "created_at": [pd.NaT, day(31)]})
    cut = as_of(tables_of(spend=spend, experiments=tests, annotations=notes, targets=targets, accounts=accounts), CUT)
    assert rows_of(cut["spend"], "spend") == [(1.0,)]
    assert rows_of(cut["experiments"], "name") == [("over",)]
    assert rows_of(cut["annotations"], "name") == [("started",)]
    assert rows_of(cut["targets"], "period") == [("2027Q1",)]
    assert rows_of(cut["accounts"], "account_id") == [("a",)]


def test_forecast_category_and_owner_are_those_of_the_day_once_any_history_names_an_owner():
    deals = pd.DataFrame({"deal_id": ["D1", "D2"], "created_at": [day(1)] * 2, "owner": "of today"})
    history = pd.DataFrame(
        {"deal_id": ["D1"] * 3, "recorded_at": [day(2), day(20), day(40)], "owner": ["ann", "bob", "eve"],
         "forecast_category": ["pipeline", "commit", "closed"]}
    )  # fmt: skip
    tables = tables_of(deals=deals, deal_history=history)
    fields = ("deal_id", "owner", "forecast_category")
    assert rows_of(as_of(tables, CUT)["deals"], *fields) == [("D1", "bob", "commit"), ("D2", None, None)]
    assert rows_of(as_of(tables, day(1).date())["deals"], *fields) == [
        ("D1", "of today", None),
        ("D2", "of today", None),
    ]


def test_a_correction_counts_from_when_it_was_recorded():
    leads = pd.DataFrame(
        {"lead_id": ["L1", "L1", "L2"], "created_at": [day(1), day(1), day(2)],
         "channel": ["search", "events", "social"], "recorded_at": [pd.NaT, day(20), day(2)]}
    )  # fmt: skip
    tables = tables_of(leads=leads)
    before, after = (as_of(tables, day(number).date()) for number in (19, 20))
    assert rows_of(before["leads"], "lead_id", "channel") == [("L1", "search"), ("L2", "social")]
    assert rows_of(after["leads"], "lead_id", "channel") == [("L1", "events"), ("L2", "social")]


def test_a_correction_that_moves_the_event_past_the_day_takes_the_row_away():
    touches = pd.DataFrame(
        {"touch_id": ["t", "t"], "occurred_at": [day(3), day(40)], "recorded_at": [day(3), day(10)],
         "channel": "webinar", "anonymous_id": "x"}
    )  # fmt: skip
    tables = tables_of(touches=touches)
    assert rows_of(as_of(tables, day(9).date())["touches"], "occurred_at") == [(day(3),)]
    assert rows_of(as_of(tables, CUT)["touches"], "occurred_at") == []


def test_a_cut_is_the_same_on_later_days_and_is_refused_on_earlier_ones():
    cut = as_of(tables_of(leads=pd.DataFrame({"lead_id": ["L1"], "created_at": [day(1)]})), CUT)
    assert as_of(cut, CUT) is cut
    assert as_of(cut, day(99).date()) is cut
    assert pickle.loads(pickle.dumps(cut)).cut_on == CUT
    with pytest.raises(JourneyError, match="cut as of 2026-01-31 and are asked for as of 2026-01-10"):
        as_of(cut, day(9).date())
