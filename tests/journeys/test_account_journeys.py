"""What led to a deal: everybody's touches at the account until it closed, each once."""

from __future__ import annotations

import pandas as pd
import pytest
from funnel_by_hand import AS_OF, FUNNEL, QUIET_IBIS, changes, day, rows_of, tables_of

from revmodel.attribution.markov import markov_credit
from revmodel.attribution.rules import rule_based_credit
from revmodel.errors import SourceError
from revmodel.journeys.account_journeys import account_journeys, paths
from revmodel.journeys.reconstruct import reconstruct_journeys

pytestmark = QUIET_IBIS

CHANNELS = ["search", "events", "email", "social", "partners"]


def company() -> dict[str, pd.DataFrame]:
    """Ann (x) and Bob of account a; D1 is won on day 20, D2 lost on day 50, D3 open; D4 has a lead but no account."""
    touches = pd.DataFrame(
        {"touch_id": ["t1", "t1", None, None, "t3", "t4", "t5"],
         "occurred_at": [day(n) for n in (1, 1, 8, 8, 20, 30, 9)],
         "channel": ["search", "search", "events", "events", "email", "social", "partners"],
         "anonymous_id": ["x", "x", None, None, None, None, None],
         "lead_id": [None, None, "Bob", "Bob", "Bob", "Ann", "Cy"]}
    )  # fmt: skip
    leads = pd.DataFrame(
        {"lead_id": ["Ann", "Bob", "Cy"], "created_at": [day(5), day(6), day(7)], "account_id": ["a", "a", None],
         "anonymous_id": ["x", None, None]}
    )  # fmt: skip
    deals = pd.DataFrame(
        {"deal_id": ["D1", "D2", "D3", "D4"], "created_at": [day(10), day(12), day(60), day(10)],
         "account_id": ["a", "a", None, None], "lead_id": ["Ann", None, "Bob", "Cy"]}
    )  # fmt: skip
    closes = changes(("deal", "D1", "won", day(20)), ("deal", "D2", "lost", day(50)), ("deal", "D4", "won", day(30)))
    return {"touches": touches, "leads": leads, "deals": deals, "stage_changes": closes}


@pytest.fixture(scope="module")
def journeys():
    return account_journeys(reconstruct_journeys(tables_of(**company()), FUNNEL, AS_OF)).cache()


def test_a_deal_has_the_touches_of_everybody_at_its_account_until_it_closed(journeys):
    rows = rows_of(journeys, "deal_id", "position", "channel", "lead_id", "days_to_close")
    assert [row for row in rows if row[0] == "D1"] == [
        ("D1", 1, "search", "Ann", 19), ("D1", 2, "events", "Bob", 12), ("D1", 3, "email", "Bob", 0)
    ]  # fmt: skip
    assert [row[2] for row in rows if row[0] == "D2"] == ["search", "events", "email", "social"]


def test_an_open_deal_has_all_touches_and_no_days_to_its_close(journeys):
    rows = [row for row in rows_of(journeys, "deal_id", "touches", "outcome", "days_to_close") if row[0] == "D3"]
    assert rows == [("D3", 4, "open", None)] * 4


def test_a_deal_without_an_account_has_the_touches_of_its_lead(journeys):
    rows = [row for row in rows_of(journeys, "deal_id", "channel", "account_id") if row[0] == "D4"]
    assert rows == [("D4", "partners", None)]


def test_weights_count_a_touch_once_over_all_deals(journeys):
    weights = journeys.aggregate(total=journeys.weight.sum()).to_pyarrow().to_pylist()[0]["total"]
    assert weights == pytest.approx(5)  # t1, the one without an id, t3, t4, t5
    assert [row[1] for row in rows_of(journeys, "channel", "weight") if row[0] == "search"] == pytest.approx(
        [1 / 3] * 3
    )


def test_repeated_rows_and_rows_for_several_companies_change_nothing(journeys):
    frames = company()
    for_another = frames["touches"].query("touch_id == 't3'").assign(account_id="b")
    frames["touches"] = pd.concat([frames["touches"], frames["touches"], for_another])
    again = account_journeys(reconstruct_journeys(tables_of(**frames), FUNNEL, AS_OF))
    columns = ("deal_id", "position", "touches", "channel", "weight")
    assert rows_of(again, *columns) == rows_of(journeys, *columns)


def test_a_touch_before_the_link_was_known_is_not_in_the_journey():
    frames = company()
    frames["leads"]["anonymous_id"] = None
    known_late = pd.DataFrame({"lead_id": ["Ann"], "anonymous_id": ["x"], "linked_at": [day(40)]})
    tables = tables_of(**frames, identities=known_late)
    before = account_journeys(reconstruct_journeys(tables, FUNNEL, day(39).date()))
    of_first = [row for row in rows_of(before, "deal_id", "channel") if row[0] == "D1"]
    assert of_first == [("D1", "email"), ("D1", "events")]


def test_paths_are_what_rules_and_markov_take(journeys):
    ways = paths(journeys)
    assert ways.to_dict("records") == [
        {"path": ("partners",), "conversions": 1, "not_converted": 0},
        {"path": ("search", "events", "email"), "conversions": 1, "not_converted": 0},
        {"path": ("search", "events", "email", "social"), "conversions": 0, "not_converted": 1},
    ]
    assert rule_based_credit(ways)["linear"].sum() == pytest.approx(2)
    assert markov_credit(ways)["conversions"].sum() == pytest.approx(2)
    assert paths(journeys, "kind")["path"].map(set).tolist() == [{"unknown"}] * 3


def test_without_touches_it_says_which_table_to_add():
    frames = company()
    del frames["touches"]
    with pytest.raises(SourceError, match="add it under tables"):
        account_journeys(reconstruct_journeys(tables_of(**frames), FUNNEL, AS_OF))
