"""Expressions that every engine computes alike, where SQL dialects differ.

Not all engines have an aggregate that follows an order, and each makes rows from a range in its own way; all have
windows, and join with a table of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

__all__ = ["distinct_values", "first_rows", "latest_values", "whole_numbers"]

_PLACE = "place_in_group"


def distinct_values(column: ir.Column) -> ir.Table:
    """One column ``value``: each value once.

    Grouped rather than SELECT DISTINCT: ibis 12 adds the columns that an expression is made of to an ordered SELECT
    DISTINCT for Postgres, Spark, Snowflake and BigQuery, and values then come several times.

    >>> table = ibis.memtable({"channel": ["b", "a", "b"]})
    >>> distinct_values(table.channel).order_by("value").to_pyarrow().to_pylist()
    [{'value': 'a'}, {'value': 'b'}]
    """
    values = column.name("value").as_table()
    return values.group_by("value").aggregate(rows=values.count()).select("value")


def first_rows(table: ir.Table, keys: Sequence[str], order: Sequence[ir.Value]) -> ir.Table:
    """The first row of each group, whole. ``order`` must tell the rows of a group apart, or say nothing that matters.

    >>> frame = {"deal": ["a", "a", "b"], "day": [2, 1, 5], "stage": ["won", "open", "lost"]}
    >>> table = ibis.memtable(frame)
    >>> sorted(first_rows(table, ["deal"], [table.day]).stage.to_pyarrow().to_pylist())
    ['lost', 'open']
    """
    place = ibis.row_number().over(ibis.window(group_by=list(keys), order_by=list(order)))
    numbered = table.mutate(**{_PLACE: place})
    return numbered.filter(numbered[_PLACE] == 0).drop(_PLACE)


def latest_values(table: ir.Table, key: str, order: Sequence[str], names: Mapping[str, str]) -> ir.Table:
    """One row a group: for each column of ``names`` (new name → column) the last value in order that is not null.

    >>> frame = {"deal": ["a", "a"], "day": [1, 2], "amount": [10.0, None], "stage": ["open", "won"]}
    >>> table = latest_values(ibis.memtable(frame), "deal", ["day"], {"amount": "amount", "stage": "stage"})
    >>> table.to_pyarrow().to_pylist()
    [{'deal': 'a', 'amount': 10.0, 'stage': 'won'}]
    """
    backwards = [ibis.desc(table[name], nulls_first=True) for name in order]
    windows = {
        f"{_PLACE}:{column}": ibis.window(group_by=key, order_by=[table[column].isnull(), *backwards])
        for column in names.values()
    }
    numbered = table.mutate(**{name: ibis.row_number().over(window) for name, window in windows.items()})
    return numbered.group_by(key).aggregate(
        **{name: numbered[column].max(where=numbered[f"{_PLACE}:{column}"] == 0) for name, column in names.items()}
    )


def whole_numbers(count: int) -> ir.Table:
    """One column ``number``: 0, 1, 2, … below ``count``.

    >>> whole_numbers(3).number.to_pyarrow().to_pylist()
    [0, 1, 2]
    """
    return ibis.memtable(pa.table({"number": np.arange(count, dtype=np.int64)}))
