"""One id, several rows: copies are dropped, and of rows that disagree the last recorded is kept."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.sources.checks.counts import TableCounts
from revmodel.sources.findings import Finding
from revmodel.sources.schema import TABLES, TableSchema
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of

__all__ = ["drop_duplicates"]

_HISTORIES = ("stage_changes", "deal_history")  # without ids of their own: only whole copies can be told


def drop_duplicates(tables: Tables, counts: dict[str, TableCounts]) -> Tables:
    """Tables in which every id occurs once and no event of a history is there twice."""
    for name, counted in counts.items():
        if counted.with_id > counted.ids:
            tables = _unique_ids(tables, TABLES[name], counted.with_id - counted.ids)
        elif name in _HISTORIES:
            tables = _unique_rows(tables, name, counted.rows)
    return tables


def _unique_ids(tables: Tables, schema: TableSchema, dropped: int) -> Tables:
    table, key = tables[schema.name], schema.keys[0]
    repeated = table.group_by(key).having(lambda rows: (rows.count() > 1) & rows[key].notnull()).aggregate()
    rows = table.semi_join(repeated, key)
    conflicting = rows.distinct().group_by(key).having(lambda rows: rows.count() > 1).aggregate()
    n_conflicting = int(conflicting.count().execute())
    finding = _finding(schema, dropped, n_conflicting, examples_of((conflicting if n_conflicting else repeated)[key]))
    return tables.materialise(schema.name, _last_of_each(table, schema)).with_findings(finding)


def _last_of_each(table: ir.Table, schema: TableSchema) -> ir.Table:
    """The last recorded row of each id; ties are broken by the other columns, so that the choice is always the same."""
    key = schema.keys[0]
    moments = [name for name in dict.fromkeys((schema.recorded, schema.event)) if name]
    order = [*moments, *(name for name in table.columns if name not in (key, *moments))]
    window = ibis.window(group_by=key, order_by=[ibis.desc(name, nulls_first=False) for name in order])
    ranked = table.mutate(rank=ibis.row_number().over(window))
    return ranked.filter((ranked["rank"] == 0) | ranked[key].isnull()).drop("rank")


def _unique_rows(tables: Tables, name: str, rows: int) -> Tables:
    table = tables[name]
    distinct = table.distinct()
    copies = rows - int(distinct.count().to_pyarrow().as_py())
    if not copies:
        return tables
    identity = table.columns[0]
    repeated = table.group_by(*table.columns).having(lambda rows: rows.count() > 1).aggregate()
    finding = Finding(
        code="duplicate-rows",
        severity="note",
        table=name,
        what=f"{copies} row(s) of {name} are exact copies of another",
        count=copies,
        examples=examples_of(repeated[identity]),
        done="The copies were dropped: one event cannot happen twice at the same instant",
        remedy="Check whether the export was joined or appended twice.",
    )
    return tables.materialise(name, distinct).with_findings(finding)


def _finding(schema: TableSchema, dropped: int, conflicting: int, examples: tuple[str, ...]) -> Finding:
    key = schema.keys[0]
    moment = schema.recorded or schema.event or "value"
    if conflicting:
        what = f"{dropped} row(s) repeat a {key}, and the rows of {conflicting} id(s) disagree"
        done = f"Copies were dropped; of rows that disagree the one with the latest {moment} was kept"
    else:
        what = f"{dropped} row(s) repeat a {key} and are copies of another row"
        done = "The copies were dropped"
    return Finding(
        code="duplicate-ids",
        severity="warn" if conflicting else "note",
        table=schema.name,
        what=what,
        count=dropped,
        examples=examples,
        done=done,
        remedy=f"Export one row per {key}; where rows differ, decide in the source which one is true.",
    )
