"""One id, several rows: copies are dropped, and of rows that disagree the last recorded is kept."""

from __future__ import annotations

from dataclasses import replace

from revmodel.sources.checks.counts import TableCounts
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.schema import TABLES, TableSchema
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.versions import last_of_each, may_be_corrected
from revmodel.sources.wording import plural

__all__ = ["drop_duplicates"]

_HISTORIES = ("stage_changes", "deal_history")  # without ids of their own: only whole copies can be told


def drop_duplicates(tables: Tables, counts: dict[str, TableCounts]) -> Tables:
    """Tables in which no event of a history is there twice, and every id once, but for its corrections.

    Rows of one id that say that they were recorded at different times correct each other: all of them stay, because
    what was known before the correction is still wanted (see sources/versions.py). Tables.versioned names their tables.
    """
    versioned = set()
    for name, counted in counts.items():
        repeats = counted.with_id - counted.ids
        if repeats and may_be_corrected(TABLES[name]):
            tables, corrections = _unique_versions(tables, TABLES[name], repeats)
            versioned |= {name} if corrections else set()
        elif repeats:
            tables = _unique_ids(tables, TABLES[name], repeats)
        elif name in _HISTORIES:
            tables = _unique_rows(tables, name, counted.rows)
    return replace(tables, versioned=frozenset(versioned))


def _unique_versions(tables: Tables, schema: TableSchema, repeats: int) -> tuple[Tables, int]:
    """Every id once for each time at which it was recorded, and how many rows correct an earlier one."""
    table, key = tables[schema.name], schema.keys[0]
    each = table.filter(table[key].notnull()).select(key, schema.recorded).distinct()
    ids = each.group_by(key).aggregate(versions=each.count())
    total = ids.aggregate(corrections=(ids.versions - 1).sum()).to_pyarrow().to_pylist()[0]
    corrections = int(total["corrections"])
    if repeats > corrections:
        tables = _unique_ids(tables, schema, repeats - corrections, by_version=corrections > 0)
    if corrections:
        corrected = ids.filter(ids.versions > 1)
        tables = tables.with_findings(_corrections(schema, corrections, examples_of(corrected[key])))
    return tables, corrections


def _unique_ids(tables: Tables, schema: TableSchema, dropped: int, *, by_version: bool = False) -> Tables:
    table, key = tables[schema.name], schema.keys[0]
    group = [key, schema.recorded] if by_version else [key]
    repeated = table.group_by(group).having(lambda rows: (rows.count() > 1) & rows[key].notnull()).aggregate()
    rows = table.semi_join(repeated, key)
    conflicting = rows.distinct().group_by(group).having(lambda rows: rows.count() > 1).aggregate()
    n_conflicting = int(conflicting.count().execute())
    finding = _finding(schema, dropped, n_conflicting, examples_of((conflicting if n_conflicting else repeated)[key]))
    kept = last_of_each(table, schema, by_version=by_version)
    return tables.materialise(schema.name, kept).with_findings(finding)


def _unique_rows(tables: Tables, name: str, rows: int) -> Tables:
    table = tables[name]
    distinct = table.distinct()
    copies = rows - int(distinct.count().to_pyarrow().as_py())
    if not copies:
        return tables
    identity = table.columns[0]
    repeated = table.group_by(*table.columns).having(lambda rows: rows.count() > 1).aggregate()
    finding = finding_of(
        "duplicate-rows",
        name,
        f"{plural(copies, 'row')} of {name} {'is an exact copy' if copies == 1 else 'are exact copies'} of another",
        count=copies,
        examples=examples_of(repeated[identity]),
        done="The copies were dropped: one event cannot happen twice at the same instant",
        remedy="Check whether the export was joined or appended twice.",
    )
    return tables.materialise(name, distinct).with_findings(finding)


def _corrections(schema: TableSchema, count: int, examples: tuple[str, ...]) -> Finding:
    return finding_of(
        "corrected-rows",
        schema.name,
        f"{plural(count, 'row repeats', 'rows repeat')} a {schema.keys[0]} with a later {schema.recorded}, and "
        f"{'corrects' if count == 1 else 'correct'} an earlier row",
        count=count,
        examples=examples,
        done="All versions were kept: at each date the latest one recorded by then counts",
        remedy=f"None is needed; if they are copies of one load, leave {schema.recorded} out.",
    )


def _finding(schema: TableSchema, dropped: int, conflicting: int, examples: tuple[str, ...]) -> Finding:
    key = schema.keys[0]
    moment = schema.recorded or schema.event or "value"
    repeats = plural(dropped, "row repeats", "rows repeat")
    if conflicting:
        what = f"{repeats} a {key}, and the rows of {plural(conflicting, 'id')} disagree"
        done = f"Copies were dropped; of rows that disagree the one with the latest {moment} was kept"
    else:
        what = f"{repeats} a {key} and {'is a copy' if dropped == 1 else 'are copies'} of another row"
        done = "The copies were dropped"
    return finding_of(
        "duplicate-ids",
        schema.name,
        what,
        severity="warn" if conflicting else "note",
        count=dropped,
        examples=examples,
        done=done,
        remedy=f"Export one row per {key}; where rows differ, decide in the source which one is true.",
    )
