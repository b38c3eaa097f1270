"""How much there is in each table: one query for all, read by several checks.

Repeated ids of a table of tens of millions of rows are looked for among one id in sixteen, picked by its hash; where
one is found there, all are counted. A load repeated in part shows at once: that a hundred repeated ids all stay unseen
happens once in six hundred times. A single one is mostly missed, and counts twice among tens of millions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import DUCKDB, Config
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["TableCounts", "count_tables", "is_later"]

MANY_ROWS = 20_000_000
ONE_ID_IN = 16
# DuckDB's own number, as it is: ibis casts it bit by bit to one with a sign, at a third of the time of counting.
_hash = ibis.udf.scalar.builtin(lambda _id: None, name="hash", signature=(("string",), "uint64"))


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
    is_duckdb = tables.connection.name == DUCKDB
    ids = dict.fromkeys(tables.names, _distinct_by_hash if is_duckdb else _distinct)
    large = [name for name, rows in tables.row_counts.items() if is_duckdb and rows >= MANY_ROWS]
    unlikely = [name for name in large if not _repeats_in_sample(tables[name], name)]
    counts = _counted(tables, ids | dict.fromkeys(large, _distinct) | dict.fromkeys(unlikely, _all), config)
    seem_repeated = [name for name, count in counts.items() if count.with_id > count.ids and name not in large]
    return counts | _counted(tables, dict.fromkeys(seem_repeated, _distinct), config)


def _counted(
    tables: Tables, ids: Mapping[str, Callable[[ir.Column], ir.IntegerValue]], config: Config
) -> dict[str, TableCounts]:
    parts = [_counts(tables[name], name, config.as_of, distinct) for name, distinct in ids.items()]
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


def _counts(
    table: ir.Table, name: str, as_of: dt.date | None, distinct: Callable[[ir.Column], ir.IntegerValue]
) -> ir.Table:
    key = TABLES[name].keys[0] if TABLES[name].keys else None
    later = is_later(table, name, as_of) if as_of is not None else None
    return table.aggregate(
        table=ibis.literal(name),
        rows=table.count(),
        with_id=table[key].count() if key else table.count(),
        ids=distinct(table[key]).cast("int64") if key else table.count(),
        later=later.sum() if later is not None else ibis.literal(0, type="int64"),
    )


def _distinct(key: ir.Column) -> ir.IntegerValue:
    """Distinct ids, exactly."""
    return key.nunique(where=key.notnull())


def _distinct_by_hash(key: ir.Column) -> ir.IntegerValue:
    """Ids told apart by 64 bits, in half the memory; two ids alike then look like one that is repeated."""
    return _hash(key).nunique(where=key.notnull())


def _all(key: ir.Column) -> ir.IntegerValue:
    """As many ids as rows that have one: for tables in which no repeat was seen."""
    return key.count()


def _repeats_in_sample(table: ir.Table, name: str) -> int:
    """How many rows repeat an id, among one id in sixteen."""
    if not TABLES[name].keys:
        return 0
    key = table[TABLES[name].keys[0]]
    hashes = table.filter(key.notnull()).select(hash=_hash(key))
    picked = hashes.filter(hashes.hash % ONE_ID_IN == 0)
    counted = picked.aggregate(rows=picked.count(), ids=picked.hash.nunique()).to_pyarrow().to_pylist()[0]
    return int(counted["rows"]) - int(counted["ids"])
