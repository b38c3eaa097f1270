"""What Postgres has no function for gives what DuckDB gives."""

from __future__ import annotations

import math
from typing import Any

import ibis
import pytest

from revmodel.sources.fingerprint import fingerprint

TEXTS = [
    *("12", " -3.5 ", "1e3", ".5", "5.", "abc", "", "1,200", "--1", "1e999", "0x10", "007", "9999999999"),
    *("2026-02-28", "2026-02-29", "2024-02-29", "2026-02-30", "2026-13-01", "2026-04-31", "2026-12-31"),
    *("2026-05-01 13:45", "2026-05-01T13:45:10Z", "2026-05-01 13:45:10.25+02:00", "2026-05-01 25:00", "yesterday"),
    *("true", "False", "maybe"),
]
ONLY_DUCKDB_READS_AS_WHOLE = {"1e3", "0x10"}


@pytest.fixture
def texts(postgres: Any) -> tuple[Any, Any]:
    rows = ibis.memtable({"text": [*TEXTS, None]}, schema={"text": "string"})
    return rows, postgres.create_table("texts", rows.to_pyarrow(), temp=True)


@pytest.mark.parametrize("kind", ["float64", "int64", "boolean", "timestamp('UTC')", "date"])
def test_text_that_does_not_read_as_a_type_is_null(texts: tuple[Any, Any], kind: str) -> None:
    ours, theirs = (dict(zip(*_read(table, kind), strict=True)) for table in texts)
    for text in TEXTS if kind != "int64" else set(TEXTS) - ONLY_DUCKDB_READS_AS_WHOLE:
        assert theirs[text] == ours[text], text


def _read(table: ibis.Table, kind: str) -> tuple[list[Any], list[Any]]:
    value = table.text.try_cast(kind)
    value = value.cast("timestamp(6)") if kind.startswith("timestamp") else value
    rows = table.select("text", value=value).to_pyarrow()
    return rows["text"].to_pylist(), [None if found == math.inf else found for found in rows["value"].to_pylist()]


def test_first_and_last_follow_their_order(postgres: Any) -> None:
    frame = {"key": ["a", "a", "a", "b"], "day": [3, 1, 2, 1], "value": [30.0, 10.0, None, 7.0]}
    table = postgres.create_table("ordered", ibis.memtable(frame).to_pyarrow(), temp=True)
    values = {"first": table.value.first(order_by=table.day), "last": table.value.last(order_by=table.day)}
    rows = table.group_by("key").aggregate(**values).order_by("key").to_pyarrow().to_pylist()
    assert rows == [{"key": "a", "first": 10.0, "last": 30.0}, {"key": "b", "first": 7.0, "last": 7.0}]


def test_text_sorts_by_its_bytes_whatever_the_language_of_the_server(postgres: Any) -> None:
    names = ["b", "A", "a", "B", "_", "é"]
    table = postgres.create_table("names", ibis.memtable({"name": names}).to_pyarrow(), temp=True)
    assert table.order_by("name").name.to_pyarrow().to_pylist() == sorted(names)
    assert table.filter(table.name != "_").cache().name.min().to_pyarrow().as_py() == "A"


def test_hashes_are_of_the_text_in_utf_8(postgres: Any) -> None:
    table = postgres.create_table("people", ibis.memtable({"name": ["Zoë"]}).to_pyarrow(), temp=True)
    there = table.name.hexdigest("sha256").to_pyarrow().to_pylist()
    assert there == ibis.memtable({"name": ["Zoë"]}).name.hexdigest("sha256").to_pyarrow().to_pylist()


def test_fingerprint_of_a_table_changes_with_a_value_not_with_the_order(postgres: Any) -> None:
    frames = [
        {"id": ["a", "b"], "n": [1.5, None]},
        {"id": ["b", "a"], "n": [None, 1.5]},
        {"id": ["a", "b"], "n": [2.5, 1]},
    ]
    tables = [
        postgres.create_table(f"print_{i}", ibis.memtable(frame).to_pyarrow(), temp=True)
        for i, frame in enumerate(frames)
    ]
    same, turned, other = (fingerprint(table) for table in tables)
    assert same == turned != other
