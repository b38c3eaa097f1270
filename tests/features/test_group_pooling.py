"""Rare channels and segments share a level, in all features alike."""

from __future__ import annotations

import pandas as pd
from company_by_hand import QUIET_IBIS, journeys_of

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


def test_without_segments_all_records_are_of_the_segment_all():
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [pd.Timestamp("2026-02-01")]})
    assert GroupPooler().fit(journeys_of({"leads": leads})).segments_ == ("all",)
