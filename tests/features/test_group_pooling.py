"""Rare channels and segments share a level, in all features alike."""

from __future__ import annotations

import pandas as pd
from company_by_hand import QUIET_IBIS, journeys_of

from revmodel.dims import GROUP_DIMS
from revmodel.features.groups import OTHER, GroupPooler, pooled_levels

pytestmark = QUIET_IBIS


def test_a_channel_is_rare_only_if_it_is_small_both_in_share_and_in_number():
    counts = pd.Series({"big": 100_000, "small share": 31, "tiny": 29})
    assert pooled_levels(counts, 12, rarer_than=min(0.01 * counts.sum(), 30))["small share"] == "small share"
    assert pooled_levels(counts, 12, rarer_than=min(0.01 * counts.sum(), 30))["tiny"] == OTHER
    few = pd.Series({"search": 50, "fax": 1})
    assert pooled_levels(few, 12, rarer_than=min(0.01 * few.sum(), 30)) == {"search": "search", "fax": "fax"}


def test_beyond_the_most_levels_the_smallest_are_pooled_and_ties_go_by_name():
    counts = pd.Series({"d": 5, "c": 5, "b": 5, "a": 9})
    assert pooled_levels(counts, 4, 0) == {"a": "a", "b": "b", "c": "c", "d": "d"}
    assert pooled_levels(counts, 3, 0) == {"a": "a", "b": "b", "c": OTHER, "d": OTHER}


def test_pooling_reaches_records_and_spells_and_an_unsaid_segment_is_unknown():
    leads = pd.DataFrame(
        {"lead_id": list("abcd"), "created_at": pd.Timestamp("2026-02-01"), "channel": ["x", "x", "y", None],
         "segment": ["smb", "smb", "enterprise", None]}
    )  # fmt: skip
    pooler = GroupPooler(max_levels={"channel": 2})
    pooled = pooler.fit_transform(journeys_of({"leads": leads}))
    assert pooler.channels_ == (OTHER, "x")
    assert pooler.segments_ == ("enterprise", "smb", "unknown")
    for table in (pooled.records, pooled.spells):
        rows = table.order_by("record_id").select("channel", "segment").to_pyarrow().to_pylist()
        assert [(row["channel"], row["segment"]) for row in rows] == [
            ("x", "smb"), ("x", "smb"), (OTHER, "enterprise"), (OTHER, "unknown"),
        ]  # fmt: skip


def test_only_what_is_asked_for_is_told_apart() -> None:
    leads = pd.DataFrame(
        {"lead_id": list("abcdef"), "created_at": pd.Timestamp("2026-02-01"), "region": ["emea", "apac"] * 3,
         "score": [1.0, 2.0, 3.0, 4.0, 5.0, None], "channel": "x"}
    )  # fmt: skip
    deals = pd.DataFrame(
        {"deal_id": ["D"], "created_at": [pd.Timestamp("2026-03-01")], "lead_id": ["e"], "owner": ["ann"],
         "type": ["renewal"]}
    )  # fmt: skip
    journeys = journeys_of({"leads": leads, "deals": deals})
    pooled = GroupPooler(by=("region", "type", "band")).fit_transform(journeys)
    rows = pooled.records.order_by("record_id").select(*GROUP_DIMS).to_pyarrow().to_pylist()
    assert [row["region"] for row in rows] == ["emea", "emea", "apac", "emea", "apac", "emea", "apac"]
    assert [row["type"] for row in rows] == ["renewal", *["new"] * 6]
    assert [row["band"] for row in rows] == ["score 5", *(f"score {i}" for i in range(1, 6)), "unknown"]
    assert {row[name] for row in rows for name in ("channel", "segment", "owner")} == {"all"}
    spells = pooled.spells.select("record_id", *GROUP_DIMS).distinct().order_by("record_id").to_pyarrow().to_pylist()
    assert [{name: row[name] for name in GROUP_DIMS} for row in spells] == rows


def test_an_owner_is_known_beside_the_group() -> None:
    deals = pd.DataFrame({"deal_id": ["D"], "created_at": [pd.Timestamp("2026-03-01")], "owner": ["ann"]})
    pooled = GroupPooler().fit_transform(journeys_of({"deals": deals}))
    row = pooled.records.select("owner", "owner_on_file").to_pyarrow().to_pylist()[0]
    assert row == {"owner": "all", "owner_on_file": "ann"}


def test_without_segments_all_records_are_of_the_segment_all():
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [pd.Timestamp("2026-02-01")]})
    assert GroupPooler().fit(journeys_of({"leads": leads})).segments_ == ("all",)
