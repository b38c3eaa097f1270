"""Merged records become one from the day of the merge on; deleted ones are there until they are deleted."""

from __future__ import annotations

import pandas as pd
from funnel_by_hand import FUNNEL, QUIET_IBIS, changes, day, rows_of, tables_of

from revmodel.journeys.as_of import as_of
from revmodel.journeys.events import event_log
from revmodel.sources.merging import survivors

pytestmark = QUIET_IBIS


def at(tables, number: int):
    return as_of(tables, day(number).date())


def merges(*rows: tuple[str, str, pd.Timestamp], record_type: str = "lead") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["from_id", "into_id", "merged_at"]).assign(record_type=record_type)


def two_leads_that_are_one() -> dict[str, pd.DataFrame]:
    """L1 came first and moved on; L2 has no channel and is what is left after day 10."""
    return {
        "leads": pd.DataFrame(
            {"lead_id": ["L1", "L2", "L3"], "created_at": [day(1), day(3), day(4)], 
             "channel": ["search", None, "events"], "owner": ["ann", "bob", "eve"], "anonymous_id": ["x", None, None]}
        ),
        "stage_changes": changes(("lead", "L1", "mql", day(2)), ("lead", "L2", "opportunity", day(6))),
        "touches": pd.DataFrame({"occurred_at": [day(2), day(5)], "channel": "search", "lead_id": ["L1", "L2"]}),
        "deals": pd.DataFrame({"deal_id": ["D1"], "created_at": [day(6)], "lead_id": ["L1"]}),
        "merges": merges(("L1", "L2", day(10))),
    }  # fmt: skip


def test_before_the_merge_they_are_two_and_from_then_on_one_with_the_history_of_both():
    tables = tables_of(**two_leads_that_are_one())
    before, after = at(tables, 9), at(tables, 10)
    assert rows_of(before["leads"], "lead_id") == [("L1",), ("L2",), ("L3",)]
    assert rows_of(before["stage_changes"], "record_id") == [("L1",), ("L2",)]
    assert rows_of(after["leads"], "lead_id", "created_at", "channel", "owner") == [
        ("L2", day(1), "search", "bob"),
        ("L3", day(4), "events", "eve"),
    ]
    assert rows_of(after["stage_changes"], "record_id", "to_stage") == [("L2", "mql"), ("L2", "opportunity")]
    assert rows_of(after["touches"], "lead_id") == [("L2",), ("L2",)]
    assert rows_of(after["deals"], "lead_id") == [("L2",)]
    assert rows_of(after["identities"], "lead_id", "anonymous_id") == [("L2", "x")]


def test_the_journey_of_a_merged_lead_is_that_of_both_by_time():
    frames = two_leads_that_are_one()
    del frames["deals"]
    events = event_log(at(tables_of(**frames), 20), FUNNEL)
    of_survivor = [row[1:] for row in rows_of(events, "record_id", "seq", "stage", "at") if row[0] == "L2"]
    assert of_survivor == [(1, "lead", day(1)), (2, "mql", day(2)), (3, "opportunity", day(6))]


def test_a_chain_ends_in_its_last_record_and_only_as_far_as_it_is_known():
    frames = {
        "leads": pd.DataFrame({"lead_id": ["a", "b", "c"], "created_at": [day(1), day(2), day(3)]}),
        "stage_changes": changes(("lead", "a", "mql", day(4))),
        "merges": merges(("a", "b", day(10)), ("b", "c", day(20))),
    }
    tables = tables_of(**frames)
    assert rows_of(at(tables, 15)["stage_changes"], "record_id") == [("b",)]
    assert rows_of(at(tables, 25)["stage_changes"], "record_id") == [("c",)]
    assert rows_of(at(tables, 25)["leads"], "lead_id", "created_at") == [("c", day(1))]


def test_a_merge_that_closes_a_circle_is_refused_whatever_the_order_of_the_rows():
    circle = merges(("a", "b", day(1)), ("b", "c", day(2)), ("c", "a", day(3)))
    for rows in (circle, circle.iloc[::-1]):
        found = survivors(tables_of(merges=rows))
        assert dict(zip(found.frame["from_id"], found.frame["into_id"], strict=True)) == {"a": "c", "b": "c"}
        assert found.refused == ("c → a",)


def test_of_two_merges_of_one_record_the_first_counts_and_the_table_tells_the_kind():
    rows = merges(("a", "b", day(2)), ("a", "c", day(1)), ("D1", "D2", day(1))).assign(record_type=None)
    deals = pd.DataFrame({"deal_id": ["D2"], "created_at": [day(0)]})
    found = survivors(tables_of(merges=rows, deals=deals)).frame
    assert sorted(found.itertuples(index=False, name=None)) == [("deal", "D1", "D2"), ("lead", "a", "c")]


def test_of_merged_deals_the_survivor_has_its_own_amount_and_is_one_sale():
    tables = tables_of(
        deals=pd.DataFrame({"deal_id": ["D1", "D2", "D3", "D4"], "created_at": [day(1), day(2), day(3), day(4)]}),
        deal_history=pd.DataFrame(
            {"deal_id": ["D1", "D2", "D3"], "recorded_at": [day(9), day(5), day(6)], "amount": [80.0, 100.0, 7.0]}
        ),
        stage_changes=changes(("deal", "D1", "won", day(8)), ("deal", "D2", "proposal", day(7))),
        merges=merges(("D1", "D2", day(10)), ("D3", "D4", day(10)), record_type="deal"),
    )
    assert rows_of(at(tables, 9)["deals"], "deal_id", "amount", "stage") == [
        ("D1", 80.0, "won"), ("D2", 100.0, "proposal"), ("D3", 7.0, None), ("D4", None, None)
    ]  # fmt: skip
    assert rows_of(at(tables, 10)["deals"], "deal_id", "amount", "stage") == [
        ("D2", 100.0, "proposal"),
        ("D4", 7.0, None),
    ]


def test_people_and_deals_of_a_merged_account_move_to_the_other():
    tables = tables_of(
        accounts=pd.DataFrame({"account_id": ["a", "b"], "segment": ["smb", None]}),
        leads=pd.DataFrame({"lead_id": ["L1"], "created_at": [day(1)], "account_id": ["a"]}),
        merges=merges(("a", "b", day(10)), record_type="account"),
    )
    assert rows_of(at(tables, 10)["accounts"], "account_id", "segment") == [("b", "smb")]
    assert rows_of(at(tables, 10)["leads"], "account_id") == [("b",)]


def test_a_deleted_lead_is_there_until_it_is_deleted_and_its_touches_stay_without_it():
    frames = two_leads_that_are_one()
    frames["deletions"] = pd.DataFrame({"record_id": ["L3", "L1"], "deleted_at": [day(8), day(8)]})
    del frames["merges"]
    tables = tables_of(**frames)
    assert rows_of(at(tables, 7)["leads"], "lead_id") == [("L1",), ("L2",), ("L3",)]
    after = at(tables, 8)
    assert rows_of(after["leads"], "lead_id") == [("L2",)]
    assert rows_of(after["stage_changes"], "record_id") == [("L2",)]
    assert rows_of(after["touches"], "channel", "lead_id") == [("search", "L2"), ("search", None)]
    assert rows_of(after["deals"], "deal_id", "lead_id") == [("D1", None)]


def test_deleting_what_was_merged_takes_nothing_from_the_survivor_even_if_it_was_stamped_before():
    frames = two_leads_that_are_one()
    frames["deletions"] = pd.DataFrame({"record_id": ["L1"], "deleted_at": [day(9)], "record_type": ["lead"]})
    after = at(tables_of(**frames), 12)
    assert rows_of(after["stage_changes"], "record_id") == [("L2",), ("L2",)]
    assert rows_of(after["leads"], "lead_id") == [("L2",), ("L3",)]


def test_a_deleted_deal_takes_its_history_with_it():
    tables = tables_of(
        deals=pd.DataFrame({"deal_id": ["D1", "D2"], "created_at": [day(1), day(1)]}),
        stage_changes=changes(("deal", "D1", "won", day(2)), ("deal", "D2", "proposal", day(2))),
        deal_history=pd.DataFrame({"deal_id": ["D1"], "recorded_at": [day(2)], "amount": [5.0]}),
        deletions=pd.DataFrame({"record_id": ["D1"], "deleted_at": [day(8)]}),
    )
    after = at(tables, 8)
    assert [rows_of(after[name], after[name].columns[0]) for name in ("deals", "stage_changes", "deal_history")] == [
        [("D2",)], [("D2",)], []
    ]  # fmt: skip
