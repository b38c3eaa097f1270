"""How much there is in each table: one query for all, read by several checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import DUCKDB, Config
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["TableCounts", "count_tables", "is_later"]


@dataclass(frozen=True)
class TableCounts:
    """rows; with_id: rows with a value in the table's key; ids: distinct keys; later: rows after the as-of day.

    Tables without a key count every row as one with an id of its own.
    """

    rows: int
    with_id: int
    ids: int
    later: int

    @property
    def distinct_rows(self) -> int:
        """Rows that are left once every id has one."""
        return self.rows - self.with_id + self.ids


def count_tables(tables: Tables, config: Config) -> dict[str, TableCounts]:
    """The counts of every table that is present."""
    counts = _counted(tables, tables.names, config, by_hash=tables.connection.name == DUCKDB)
    seem_repeated = [name for name, count in counts.items() if count.with_id > count.ids]
    return counts | _counted(tables, seem_repeated, config, by_hash=False) if seem_repeated else counts


def _counted(tables: Tables, names: Sequence[str], config: Config, *, by_hash: bool) -> dict[str, TableCounts]:
    parts = [_counts(tables[name], name, config.as_of, by_hash) for name in names]
    if not parts:
        return {}
    counted = (ibis.union(*parts) if len(parts) > 1 else parts[0]).to_pyarrow().to_pylist()
    return {
        row["table"]: TableCounts(row["rows"], row["with_id"], row["ids"], int(row["later"] or 0)) for row in counted
    }


def is_later(table: ir.Table, name: str, as_of: dt.date) -> ir.BooleanColumn | None:
    """Rows whose event is after the end of the as-of day; None where rows have no event that could be too late."""
    event = TABLES[name].event
    if event is None:
        return None
    if TABLES[name].columns[event] == "date":
        return table[event] > as_of
    return table[event] >= dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time())


def _counts(table: ir.Table, name: str, as_of: dt.date | None, by_hash: bool) -> ir.Table:
    """by_hash: ids told apart by 64 bits, in half the memory; two ids alike then look like one that is repeated."""
    key = TABLES[name].keys[0] if TABLES[name].keys else None
    later = is_later(table, name, as_of) if as_of is not None else None
    return table.aggregate(
        table=ibis.literal(name),
        rows=table.count(),
        with_id=table[key].count() if key else table.count(),
        ids=(table[key].hash() if by_hash else table[key]).nunique(where=table[key].notnull())
        if key
        else table.count(),
        later=later.sum() if later is not None else ibis.literal(0, type="int64"),
    )
