"""Keys of several people, domains of several accounts, and accounts that disagree are told; clean data say nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from revmodel.config import Config, FunnelConfig
from revmodel.sources.checks.identity import identity_findings
from revmodel.sources.tables import tables_from_frames

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]


def company() -> dict[str, pd.DataFrame]:
    created = pd.Timestamp("2026-01-05")
    return {
        "accounts": pd.DataFrame({"account_id": ["a", "b"], "domain": ["a.com", "b.com"]}),
        "leads": pd.DataFrame(
            {"lead_id": ["L1", "L2"], "created_at": created, "account_id": ["a", "b"], "domain": ["a.com", "b.com"],
             "anonymous_id": ["x", "y"], "email_hash": ["hash1", "hash2"]}
        ),
        "deals": pd.DataFrame({"deal_id": ["D1"], "created_at": created, "account_id": ["a"], "lead_id": ["L1"]}),
        "touches": pd.DataFrame(
            {"occurred_at": created, "channel": "web", "lead_id": ["L1", None], "anonymous_id": ["x", "x"]}
        ),
    }  # fmt: skip


def found(frames, **identity):
    config = Config(company="x", tables={}, funnel=FunnelConfig(stages=["lead"]), identity=identity)
    return {finding.code: finding for finding in identity_findings(tables_from_frames(frames), config)}


def test_clean_keys_are_not_told():
    assert found(company()) == {}


@pytest.mark.parametrize(
    ("table", "column", "values", "code", "examples"),
    [
        ("touches", "lead_id", ["L2", "L1"], "shared-anonymous-id", ("L1 and L2",)),
        ("leads", "email_hash", ["hash1", "hash1"], "shared-email", ("L1 and L2",)),
        ("accounts", "domain", ["a.com", "www.A.com"], "shared-domain", ("a",)),
        ("leads", "domain", ["b.com", "b.com"], "lead-of-other-account", ("L1",)),
        ("deals", "account_id", ["b"], "deal-of-other-account", ("D1",)),
    ],
)
def test_each_conflict_is_told_with_ids_of_records_only(table, column, values, code, examples):
    frames = company()
    frames[table][column] = values
    told = found(frames)
    assert set(told) == {code}
    assert told[code].count == 1
    assert told[code].examples == examples
    assert told[code].consequence


def test_keys_that_are_not_used_are_not_told():
    frames = company()
    frames["leads"]["email_hash"] = "hash"
    assert found(frames, keys=("lead_id", "anonymous_id")) == {}
