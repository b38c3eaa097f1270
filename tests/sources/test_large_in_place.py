"""Parquet of very many rows is read where it lies, and becomes the same tables as one that is copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.sources import files
from revmodel.sources.checks import counts, run_checks
from revmodel.sources.load import read_tables
from revmodel.sources.tables import Tables, tables_from_frames

WriteConfig = Callable[..., Config]

LEADS = pd.DataFrame(
    {
        "lead_id": ["L1", " L2 ", "L3", "", None, "L6", "L7"],
        "created_at": pd.to_datetime(["2026-01-05"] * 5 + [None, "2026-01-07"]),
        "channel": ["events", "content ", "events", "events", "content", "events", None],
        "owner": ["anna", "bert", "c@example.com", "anna", "anna", "anna", ""],
    }
)
TIDY = LEADS.iloc[[0, 2]].assign(owner=["anna", "bert"])


@pytest.fixture(params=["copied", "in place"])
def read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, write_config: WriteConfig) -> Any:
    """Leads in Parquet → the tables and findings."""
    monkeypatch.setenv("REVMODEL_SALT", "a salt for tests, long enough")
    if request.param == "in place":
        monkeypatch.setattr(files, "IN_PLACE_ROWS", 1)

    def tables(leads: pd.DataFrame, **source: Any) -> Tables:
        entry = {"path": "leads.parquet"} | source
        return read_tables(write_config({"leads.parquet": leads}, {"leads": entry}))

    return tables


def rows(tables: Tables, *columns: str) -> list[dict[str, Any]]:
    return tables["leads"].select("lead_id", *columns).order_by("lead_id").to_pyarrow().to_pylist()


def test_blanks_go_and_rows_without_an_id_or_time_are_set_aside_and_told(read: Any) -> None:
    tables = read(LEADS)
    assert rows(tables, "channel") == [
        {"lead_id": "L1", "channel": "events"},
        {"lead_id": "L2", "channel": "content"},
        {"lead_id": "L3", "channel": "events"},
        {"lead_id": "L7", "channel": None},
    ]
    assert [finding.count for finding in tables.findings if finding.code == "unusable-rows"] == [3]


def test_addresses_among_owners_are_hashed_and_told(read: Any) -> None:
    tables = read(LEADS)
    owners = {row["lead_id"]: row["owner"] for row in rows(tables, "owner")}
    assert owners["L1"] == "anna"
    assert "@" not in owners["L3"]
    assert len(owners["L3"]) == 64
    assert owners["L7"] is None
    assert "c@example.com" not in str(tables.findings)
    assert any("owner" in finding.what for finding in tables.findings)


def test_rows_that_lack_what_the_config_asks_for_are_no_event_though_the_table_could_use_them(read: Any) -> None:
    complete = pd.concat([TIDY, TIDY.assign(lead_id=["L8", "L9"], channel=[None, "content"])])
    tables = read(complete, drop_missing=["channel"])
    assert [row["lead_id"] for row in rows(tables)] == ["L1", "L3", "L9"]
    assert tables.findings == ()


def test_values_with_aliases_are_read_by_them(read: Any) -> None:
    tables = read(TIDY, values={"channel": {"events": "fairs"}})
    assert {row["channel"] for row in rows(tables, "channel")} == {"fairs"}


@pytest.mark.parametrize("repeats", [0, 200])
def test_repeated_ids_of_a_large_table_are_found_by_a_sample(
    repeats: int, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MANY_ROWS", 1)
    ids = [f"L{number}" for number in range(500)]
    frame = pd.DataFrame({"lead_id": ids + ids[:repeats], "created_at": pd.Timestamp("2026-01-05")})
    checked = run_checks(tables_from_frames({"leads": frame}), config)
    told = {finding.code: finding.count for finding in checked.findings if finding.code.startswith("duplicate")}
    assert checked["leads"].count().execute() == len(ids)
    assert list(told.values()) == ([repeats] if repeats else [])
