"""The log: one order, no repeats, and the entries that must have been."""

from __future__ import annotations

import pandas as pd
import pytest
from funnel_by_hand import FUNNEL, QUIET_IBIS, changes, day, rows_of, tables_of

from revmodel.config import FunnelConfig
from revmodel.errors import JourneyError
from revmodel.journeys.events import event_log
from revmodel.journeys.records import records

pytestmark = QUIET_IBIS


def stages(tables, record_id: str, funnel: FunnelConfig = FUNNEL) -> list[tuple]:
    """(stage, at) of a record, in order."""
    log = event_log(tables, funnel)
    mine = log.filter(log.record_id == record_id).order_by("seq").to_pyarrow().to_pylist()
    assert sorted({row["seq"] for row in mine}) == [row["seq"] for row in mine]
    return [(row["stage"], row["at"]) for row in mine]


def leads(*rows: tuple[str, pd.Timestamp]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "created_at"])


def deals(*rows: tuple[str, pd.Timestamp, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["deal_id", "created_at", "lead_id"])


def test_events_of_one_moment_go_in_the_order_of_the_funnel():
    same = changes(*(("lead", "L1", stage, day(3)) for stage in ("disqualified", "mql", "lead")))
    assert stages(tables_of(stage_changes=same), "L1") == [("lead", day(3)), ("mql", day(3)), ("lost", day(3))]


def test_repeats_of_a_stage_are_one_event_but_a_return_is_another():
    moves = changes(*(("lead", "L1", stage, day(n)) for n, stage in enumerate(["lead", "lead", "mql", "mql", "lead"])))
    assert stages(tables_of(stage_changes=moves), "L1") == [("lead", day(0)), ("mql", day(2)), ("lead", day(4))]


def test_a_lead_enters_when_it_was_created_unless_something_else_is_recorded():
    recorded = {
        "nothing": [],
        "later stage, later": [("mql", day(5))],
        "created as an MQL": [("mql", day(1))],
        "its entry": [("lead", day(4))],
        "only an end": [("disqualified", day(1))],
        "known before it was created": [("mql", day(0))],
    }
    moves = changes(*(("lead", name, stage, at) for name, entries in recorded.items() for stage, at in entries))
    tables = tables_of(leads=leads(*((name, day(1)) for name in recorded)), stage_changes=moves)
    log = event_log(tables, FUNNEL).cache()
    assert rows_of(log, "record_id", "seq", "stage", "at") == [
        ("created as an MQL", 1, "mql", day(1)),
        ("its entry", 1, "lead", day(4)),
        ("known before it was created", 1, "mql", day(0)),
        ("later stage, later", 1, "lead", day(1)),
        ("later stage, later", 2, "mql", day(5)),
        ("nothing", 1, "lead", day(1)),
        ("only an end", 1, "lead", day(1)),
        ("only an end", 2, "lost", day(1)),
    ]


def test_leads_and_deals_alone_make_journeys():
    tables = tables_of(leads=leads(("L1", day(1)), ("L2", day(1))), deals=deals(("D1", day(8), "L1")))
    assert rows_of(event_log(tables, FUNNEL), "record_id", "stage", "at", "handed_to") == [
        ("D1", "opportunity", day(8), None),
        ("L1", "lead", day(1), None),
        ("L1", "opportunity", day(8), "D1"),
        ("L2", "lead", day(1), None),
    ]


def test_a_deal_ends_its_leads_journey_whatever_the_lead_record_says_later():
    moves = changes(
        ("lead", "L1", "lead", day(1)),
        ("lead", "L1", "mql", day(4)),
        ("lead", "L1", "opportunity", day(7)),  # some CRMs move the lead, too
        ("lead", "L1", "disqualified", day(20)),
        ("deal", "D1", "proposal", day(12)),
    )
    tables = tables_of(leads=leads(("L1", day(1))), stage_changes=moves, deals=deals(("D1", day(9), "L1")))
    assert rows_of(event_log(tables, FUNNEL), "record_id", "seq", "stage", "at") == [
        ("D1", 1, "opportunity", day(9)),
        ("D1", 2, "proposal", day(12)),
        ("L1", 1, "lead", day(1)),
        ("L1", 2, "mql", day(4)),
        ("L1", 3, "opportunity", day(9)),
    ]


def test_only_the_first_deal_of_a_lead_grew_from_it():
    tables = tables_of(
        leads=leads(("L1", day(1)), ("L9", day(30))),
        deals=deals(("D2", day(40), "L1"), ("D1", day(9), "L1"), ("D3", day(3), "L9"), ("D4", day(3), "unheard of")),
    )
    each = records(tables, event_log(tables, FUNNEL))
    assert rows_of(each.filter(each.record_type == "deal"), "record_id", "grown_from_lead") == [
        ("D1", True),
        ("D2", False),
        ("D3", False),  # its lead was created later: the deal came first
        ("D4", False),
    ]


def test_the_type_of_a_record_comes_from_the_table_that_holds_it():
    moves = changes((None, "L1", "mql", day(2)), ("", "D1", "won", day(5)), (None, "Z", "opportunity", day(3)))
    tables = tables_of(leads=leads(("L1", day(1))), deals=deals(("D1", day(2), None)), stage_changes=moves)
    log = event_log(tables, FUNNEL)
    assert rows_of(log.select("record_id", "record_type").distinct(), "record_id", "record_type") == [
        ("D1", "deal"),
        ("L1", "lead"),
        ("Z", "lead"),
    ]


def test_leads_are_not_part_of_a_funnel_that_begins_with_deals():
    funnel = FunnelConfig(stages=["opportunity"], first_deal_stage="opportunity")
    tables = tables_of(leads=leads(("L1", day(1))), deals=deals(("D1", day(2), "L1")))
    assert rows_of(event_log(tables, funnel), "record_id", "stage") == [("D1", "opportunity")]


def test_a_stage_that_the_funnel_does_not_name_is_refused_by_name():
    moves = changes(("lead", "L1", "demo booked", day(1)), ("lead", "L2", "demo booked", day(1)))
    with pytest.raises(JourneyError, match=r"'demo booked' \(2 changes\).*lead, mql, opportunity"):
        event_log(tables_of(stage_changes=moves), FUNNEL)


def test_without_any_record_the_error_says_what_is_wanted():
    spend = pd.DataFrame({"date": [day(1).date()], "channel": ["search"], "spend": [1.0]})
    with pytest.raises(JourneyError, match="the tables are spend: journeys want stage_changes"):
        event_log(tables_of(spend=spend), FUNNEL)
