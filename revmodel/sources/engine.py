"""The engine that holds the tables, behind ibis: DuckDB in memory, unless a config says otherwise (see databases)."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.expr.operations import DatabaseTable

__all__ = ["discard", "engine", "is_stored", "store"]

LEAST_MEMORY_BYTES = 2**31


def engine() -> Any:
    """A fresh DuckDB in memory; its clock is UTC so that casts of zoned timestamps do not depend on the machine.

    What does not fit into a quarter of the machine's memory is spilled to the folder for temporary files.
    """
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    connection.raw_sql(f"SET memory_limit = '{max(_memory_bytes() // 4, LEAST_MEMORY_BYTES) // 2**20}MiB'")
    connection.raw_sql(f"SET temp_directory = '{Path(tempfile.gettempdir()) / 'revmodel-spill'}'")
    connection.raw_sql("SET preserve_insertion_order = false")  # who needs an order asks for it
    connection.raw_sql("SET enable_progress_bar = false")  # what is printed is the command line's to say
    return connection


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def store(connection: Any, stem: str, rows: Any, *, temp: bool = False) -> ir.Table:
    """``rows`` (an expression, a frame or an arrow table) computed once, under a name that no other table has.

    In a database every stored table is temporary: it is there for this session only.
    """
    return connection.create_table(f"{stem}_{uuid.uuid4().hex}", rows, temp=temp or connection.name != "duckdb")


def is_stored(table: ir.Table) -> bool:
    """Whether the rows lie in a table of the engine, and are not computed at each reading."""
    return isinstance(table.op(), DatabaseTable)


def discard(connection: Any, table: ir.Table) -> None:
    """Drop a stored table whose rows are no longer needed."""
    if connection.name != "bigquery":  # which drops the tables of a session itself
        connection.drop_table(table.op().name)
