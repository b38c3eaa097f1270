"""Tables with no row, or with one."""

from __future__ import annotations

from typing import Literal

from revmodel.config import Config
from revmodel.errors import EmptyTableError, SourceError
from revmodel.sources.checks.counts import TableCounts
from revmodel.sources.files import origin_of
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.schema import RECORD_TABLES
from revmodel.sources.tables import Tables

__all__ = ["few_rows", "require_rows"]

_STARTS = ("stage_changes", *RECORD_TABLES, "panel")  # a forecast starts from one of these


def require_rows(tables: Tables, config: Config, counts: dict[str, TableCounts]) -> None:
    """Raises EmptyTableError where the history of stages, or every table of records, has no usable row;
    SourceError where none of them is there."""
    rows = {name: counts[name].rows for name in _STARTS if name in counts}
    if not rows:
        raise SourceError(
            f"there is no table to forecast from (there are: {', '.join(tables.names) or 'none'}): "
            "add tables.stage_changes with record_id, to_stage and changed_at"
        )
    records = [name for name in RECORD_TABLES if name in rows]
    empty = ["stage_changes"] if rows.get("stage_changes") == 0 else []
    if not empty and records and not any(rows[name] for name in records):
        empty = records
    if rows == {"panel": 0}:
        empty = ["panel"]
    if empty:
        raise EmptyTableError(_nothing_usable(empty, tables, config))


def few_rows(tables: Tables, config: Config, counts: dict[str, TableCounts]) -> list[Finding]:  # noqa: ARG001
    """Empty optional tables (told), and a single row where a model needs many (stops)."""
    findings = []
    for name, counted in counts.items():
        n = counted.distinct_rows
        if n == 0:
            findings.append(_empty(name, config))
        elif n == 1 and name in (*_STARTS, "spend"):
            findings.append(_one_row(name, "warn" if name == "spend" else "stop"))
    return findings


def _files(name: str, config: Config) -> str:
    return ", ".join(origin_of(source) for source in config.tables.get(name, [])) or "memory"


def _nothing_usable(empty: list[str], tables: Tables, config: Config) -> str:
    where = " and ".join(f"{name} (from {_files(name, config)})" for name in empty)
    why = [f"{item.what}, for example {', '.join(item.examples)}" for item in tables.findings if item.table in empty]
    return (
        f"no usable row in {where}: a forecast needs at least the records and their stage changes. "
        + (f"Rows were set aside: {'; '.join(why)}. " if why else "The file has a header and nothing else. ")
        + "Check the export's filter, and 'keep' and 'drop_missing' in the config"
    )


def _empty(name: str, config: Config) -> Finding:
    return finding_of(
        "empty-table",
        name,
        f"{name} (from {_files(name, config)}) has no usable row",
        count=0,
        done="What needs this table is left out of the run",
        remedy="Export it again, or take it out of the config.",
    )


def _one_row(name: str, severity: Literal["stop", "warn"]) -> Finding:
    return finding_of(
        "one-row",
        name,
        f"{name} has one usable row: no model can be fitted to it",
        count=1,
        severity=severity,
        done="Nothing" if severity == "stop" else "It says nothing about what spend does",
        remedy="Export the whole history: at least a year, and some fifty records that closed.",
    )
