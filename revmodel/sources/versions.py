"""Versions of a row: the same id recorded again with other values, which corrects what was recorded before.

A correction must not hide what was known before it. So versions of different recorded times stay in the tables until
a date is chosen; the as-of cut then takes, of each id, the latest version that was recorded by that date.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.sources.schema import TABLES, TableSchema
from revmodel.sources.tables import Tables

__all__ = ["has_versions", "last_of_each", "latest_versions", "may_be_corrected", "recorded_time"]


def may_be_corrected(schema: TableSchema) -> bool:
    """Whether rows of the table have an id and a time of recording of their own."""
    return bool(schema.keys) and schema.recorded not in (None, schema.event)


def has_versions(tables: Tables, name: str) -> bool:
    """Whether an id of the table may have several rows; yes where nobody has looked (see Tables.versioned)."""
    return may_be_corrected(TABLES[name]) and (tables.versioned is None or name in tables.versioned)


def recorded_time(table: ir.Table, schema: TableSchema) -> ir.Column | None:
    """When each row became known: its recorded time, else its event time; None where a table has neither."""
    times = [table[name].cast("timestamp(6)") for name in dict.fromkeys((schema.recorded, schema.event)) if name]
    return ibis.coalesce(*times) if len(times) > 1 else next(iter(times), None)


def last_of_each(table: ir.Table, schema: TableSchema, *, by_version: bool = False) -> ir.Table:
    """The last recorded row of each id; ties are broken by the other columns, so that the choice is always the same.

    by_version: the last of each id and recorded time, so that corrections stay. Rows without an id are all kept.
    """
    key, recorded = schema.keys[0], recorded_time(table, schema)
    moments = {} if recorded is None else {"known_at": recorded}
    ranked = table.mutate(**moments)
    group = [name for name in (key, schema.recorded if by_version else None) if name]
    order = [*moments, *(name for name in table.columns if name not in (key, schema.recorded))]
    window = ibis.window(group_by=group, order_by=[ibis.desc(name, nulls_first=False) for name in order])
    ranked = ranked.mutate(version=ibis.row_number().over(window))
    return ranked.filter((ranked.version == 0) | ranked[key].isnull()).select(*table.columns)


def latest_versions(tables: Tables) -> Tables:
    """Tables in which every id has one row, the latest version whenever it was recorded: today's view, for checks."""
    corrected = {
        name: last_of_each(tables[name], TABLES[name])
        for name in tables.names
        if tables.versioned is not None and has_versions(tables, name)
    }
    return tables.replace(**corrected) if corrected else tables
