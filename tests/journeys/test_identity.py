"""Whose touch it was: by trusted keys, as known on the day."""

from __future__ import annotations

import pandas as pd
from funnel_by_hand import QUIET_IBIS, day, rows_of, tables_of

from revmodel.config import IdentityConfig
from revmodel.journeys.as_of import as_of
from revmodel.journeys.identity import stitched

pytestmark = QUIET_IBIS


def touches(*rows: tuple[int, str | None, str | None, str | None]) -> pd.DataFrame:
    """Touches from (day, lead_id, anonymous_id, email_hash); content is the place in the list."""
    frame = pd.DataFrame(rows, columns=["day", "lead_id", "anonymous_id", "email_hash"])
    numbered = frame.assign(occurred_at=[day(n) for n in frame["day"]], content=[str(n) for n in range(len(frame))])
    return numbered.assign(channel="web").drop(columns="day")


def leads(**created: int) -> pd.DataFrame:
    return pd.DataFrame({"lead_id": list(created), "created_at": [day(n) for n in created.values()]})


def leads_of_touches(frames: dict[str, pd.DataFrame], on: int = 90, **identity: tuple[str, ...]) -> list[str | None]:
    tables = stitched(as_of(tables_of(**frames), day(on).date()), IdentityConfig(**identity))
    return [lead for _, lead in rows_of(tables["touches"], "content", "lead_id")]


def test_visits_before_the_form_belong_to_the_lead_only_once_the_link_is_known():
    frames = {
        "touches": touches((1, None, "x", None), (2, None, "y", None), (20, None, "x", None)),
        "leads": leads(L1=10).assign(anonymous_id="x"),
    }
    by_anonymous_id = {"keys": ("lead_id", "anonymous_id")}
    assert leads_of_touches(frames, on=9, **by_anonymous_id) == [None, None]
    assert leads_of_touches(frames, on=10, **by_anonymous_id) == ["L1", None]
    assert leads_of_touches(frames, **by_anonymous_id) == ["L1", None, "L1"]


def test_each_way_of_linking_an_anonymous_id_counts_from_when_it_was_made():
    frames = {
        "touches": touches((1, None, "two ids", None), (5, "L1", "two ids", None), (1, None, "declared", None),
                           (1, None, "mail", None), (5, None, "mail", "hash")),
        "leads": leads(L1=3, L2=3, L3=3).assign(email_hash=[None, None, "hash"]),
        "identities": pd.DataFrame({"lead_id": ["L2"], "anonymous_id": ["declared"], "linked_at": [day(5)]}),
    }  # fmt: skip
    assert leads_of_touches(frames, on=4) == [None, None, None]
    assert leads_of_touches(frames, on=5) == ["L1", "L1", "L2", "L3", "L3"]


def test_on_a_shared_device_the_lead_that_was_linked_last_before_the_touch_has_it():
    frames = {
        "touches": touches((1, None, "x", None), (15, None, "x", None), (25, None, "x", None)),
        "leads": leads(L1=10, L2=20).assign(anonymous_id="x"),
    }
    assert leads_of_touches(frames, on=19, keys=("anonymous_id",)) == ["L1", "L1"]
    assert leads_of_touches(frames, keys=("anonymous_id",)) == ["L1", "L1", "L2"]


def test_the_most_trusted_key_decides_and_a_key_that_is_not_named_is_not_used():
    frames = {
        "touches": touches((30, "L1", "x", "hash"), (31, None, "x", "hash")),
        "leads": leads(L1=1, L2=2, L3=3).assign(anonymous_id=[None, "x", None], email_hash=[None, None, "hash"]),
    }
    alone = frames | {"touches": frames["touches"].iloc[1:].assign(anonymous_id=["x"])}
    assert leads_of_touches(alone) == ["L2"]
    assert leads_of_touches(alone, keys=("email", "anonymous_id")) == ["L3"]
    assert leads_of_touches(alone, keys=("lead_id",)) == [None]
    assert leads_of_touches(frames, keys=("lead_id", "email")) == ["L1", "L1"]  # the touch before links the address


def test_a_domain_gives_the_account_where_exactly_one_account_has_it():
    frames = {
        "accounts": pd.DataFrame(
            {"account_id": ["a", "b", "c"], "domain": ["https://www.Acme.com/en", "twice.com", "twice.com"]}
        ),
        "leads": leads(L1=1, L2=2, L3=3).assign(
            domain=["acme.com", "twice.com", "acme.com"], account_id=[None, None, "b"]
        ),
        "touches": touches((4, "L1", None, None), (5, None, "x", None)).assign(domain=[None, "acme.com"]),
        "deals": pd.DataFrame({"deal_id": ["D1"], "created_at": [day(6)], "lead_id": ["L1"]}),
    }  # fmt: skip
    tables = as_of(tables_of(**frames), day(9).date())
    known = stitched(tables)
    assert rows_of(known["leads"], "lead_id", "account_id") == [("L1", "a"), ("L2", None), ("L3", "b")]
    assert rows_of(known["touches"], "content", "account_id") == [("0", "a"), ("1", "a")]
    assert rows_of(known["deals"], "account_id") == [("a",)]
    without = stitched(tables, IdentityConfig(keys=("lead_id",)))
    assert rows_of(without["leads"], "lead_id", "account_id") == [("L1", None), ("L2", None), ("L3", "b")]


def test_stitching_neither_loses_nor_repeats_a_touch():
    frames = {
        "touches": touches(*[(n, None, "x", "hash") for n in range(0, 40, 5)]),
        "leads": leads(L1=10, L2=10, L3=20).assign(anonymous_id="x", email_hash="hash"),
    }
    assert leads_of_touches(frames) == ["L1"] * 4 + ["L3"] * 4
