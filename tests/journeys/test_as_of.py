"""The cut: what was recorded by the end of the day, and nothing else."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from funnel_by_hand import QUIET_IBIS, changes, day, rows_of, tables_of
from hypothesis import given, settings
from hypothesis import strategies as st

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


event = st.tuples(
    st.sampled_from(["D1", "D2", "D3"]), st.sampled_from(["opportunity", "proposal", "won", "lost"]),
    st.integers(0, 60), st.integers(0, 30), st.integers(0, 23), st.sampled_from([None, 100.0, 200.0]),
)  # fmt: skip


def company(events: list[tuple]) -> dict[str, pd.DataFrame]:
    """Deals, their stage changes and their history, from (id, stage, day, days late, hour, amount)."""
    columns = ["record_id", "to_stage", "day", "late", "hour", "amount"]
    frame = pd.DataFrame(events, columns=columns)
    changed_at = [day(n, hour) for n, hour in zip(frame["day"], frame["hour"], strict=True)]
    recorded_at = [at + pd.Timedelta(days=late) for at, late in zip(changed_at, frame["late"], strict=True)]
    stamped = frame.assign(changed_at=pd.to_datetime(changed_at), recorded_at=pd.to_datetime(recorded_at))
    return {
        "stage_changes": stamped[["record_id", "to_stage", "changed_at", "recorded_at"]],
        "deal_history": stamped[["record_id", "recorded_at", "amount"]].rename(columns={"record_id": "deal_id"}),
        "deals": pd.DataFrame({"deal_id": ["D1", "D2", "D3"], "created_at": [day(0), day(10), day(50)], "amount": 7.0}),
    }


def contents(tables) -> dict[str, list[tuple]]:
    return {name: rows_of(tables[name], *tables[name].columns) for name in tables.names}


@settings(max_examples=3, deadline=None)
@given(st.lists(event, min_size=1, max_size=12), st.integers(0, 60), st.integers(0, 60))
def test_rows_recorded_later_change_nothing_and_cutting_twice_is_cutting_once(events, first, second):
    early, late = (day(n).date() for n in sorted((first, second)))
    end = dt.datetime.combine(early + dt.timedelta(days=1), dt.time())
    every = company(events)
    known = {
        name: frame[frame["created_at" if name == "deals" else "recorded_at"] < end] for name, frame in every.items()
    }
    full = tables_of(**every)
    cut = contents(as_of(full, early))
    assert contents(as_of(tables_of(**known), early)) == cut
    assert contents(as_of(as_of(full, late), early)) == cut
