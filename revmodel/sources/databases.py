"""Databases of a config: how they are reached, and how rows of their tables come to the engine.

Two ways to use one. The engine is DuckDB (unless the config says otherwise): the columns that are mapped, and no
others, are read in batches; the database is only read. The engine is the database: nothing but counts and the rows of
open and won deals leave it; it is written to, but for temporary tables only.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from revmodel.config import DUCKDB, Config, DatabaseConfig, FileConfig
from revmodel.errors import ConfigError, SourceError
from revmodel.sources.engine import engine, store
from revmodel.sources.zones import UTC

__all__ = ["close", "connect_to", "copied", "engine_of", "table_of"]

_BATCH_ROWS = 100_000
_LOCAL_SPARK = "local[*]"
_FORMATS_OF_ALL = {"iso", "epoch_ms"}
_MOVES_CLOCKS = ("postgres",)


def engine_of(config: Config) -> Any:
    """The engine on which a config's tables are computed.

    Raises what connect_to does; ConfigError: the config asks for something that this engine cannot do.
    """
    if config.engine == DUCKDB:
        return engine()
    database = config.databases[config.engine]
    _refuse_what_it_cannot_do(config, database)
    return connect_to(config.engine, database)


def _refuse_what_it_cannot_do(config: Config, database: DatabaseConfig) -> None:
    """Formats of dates are DuckDB's to read, and clocks are moved by a function that not every engine has."""
    for table, source in ((table, source) for table, sources in config.tables.items() for source in sources):
        came = {name for names in source.dates.values() for name in ([names] if isinstance(names, str) else names)}
        zones = set() if database.kind in _MOVES_CLOCKS else {config.timezone, source.timezone} - {UTC}
        asked = [f"dates of the format {name}" for name in sorted(came - _FORMATS_OF_ALL)]
        asked += [f"the zone {name}" for name in sorted(zones)]
        if asked:
            raise ConfigError(
                f"tables.{table}: {', '.join(asked)} cannot be read by the engine {config.engine!r} ({database.kind}): "
                "leave 'engine' out, and DuckDB reads it from there; or give the table timestamps in UTC, by a view"
            )


def close(connection: Any) -> None:
    """End a connection; a Spark session is left to the process, which may use it again."""
    if connection.name != "pyspark":
        connection.disconnect()


def connect_to(name: str, database: DatabaseConfig, environment: Mapping[str, str] = os.environ) -> Any:
    """A connection to the database that the config calls ``name``.

    Raises ConfigError: the environment variable with its address is not set;
    SourceError: its driver is not installed, or it cannot be reached. No message shows the address.
    """
    url = environment.get(database.url_env, "") if database.url_env else _LOCAL_SPARK
    if not url:
        raise ConfigError(
            f"databases.{name}: the environment variable {database.url_env} is not set; it holds the address, "
            f"for example {_EXAMPLES[database.kind]}"
        )
    try:
        return _OPENERS[database.kind](url)
    except ImportError as error:
        raise SourceError(
            f"databases.{name}: the driver for {database.kind} is not installed ({error}): "
            f"pip install '{_DRIVERS[database.kind]}'"
        ) from error
    except Exception as error:  # each driver has its own errors, and some quote the address
        told = str(error).replace(url, "that address").strip().split("\n")[0]
        raise SourceError(
            f"databases.{name} cannot be reached: {told or type(error).__name__}. "
            f"Check the address in {database.url_env or 'spark'}, and that this machine may reach it"
        ) from None


def table_of(connection: Any, source: FileConfig, database: DatabaseConfig) -> ir.Table:
    """The table that a source names, as it is.

    Raises SourceError: there is none of that name, or it may not be read.
    """
    *schema, name = str(source.table).rsplit(".", 1)
    place = schema[0] if schema else database.schema_name
    try:
        return connection.table(name, database=place)
    except Exception as error:  # each driver has its own errors
        raise SourceError(_not_there(connection, source, place, error)) from error


def copied(engine: Any, rows: ir.Table) -> ir.Table:
    """``rows`` of another database, read in batches into a table of the engine.

    Types that only one database knows become text; decimals become floats.
    """
    plain = rows.select(**{name: _plain(rows[name]) for name in rows.columns})
    batches = plain.to_pyarrow_batches(chunk_size=_BATCH_ROWS)
    name = gen_name("read")
    engine.con.register(name, batches)
    try:
        return store(engine, "rows", engine.table(name), temp=True)
    finally:
        engine.con.unregister(name)


def _plain(column: ir.Column) -> ir.Column:
    kind = column.type()
    if kind.is_decimal():
        return column.cast("float64")
    if kind.is_numeric() or kind.is_boolean() or kind.is_string() or kind.is_date() or kind.is_timestamp():
        return column
    return column.cast("string")


def _not_there(connection: Any, source: FileConfig, place: str | None, error: Exception) -> str:
    try:
        there = connection.list_tables(database=place)
    except Exception:  # not allowed to list is no reason to hide the first error
        there = []
    where = f"schema {place!r} of {source.database!r}" if place else f"the default schema of {source.database!r}"
    close = difflib.get_close_matches(str(source.table).rsplit(".", 1)[-1], there, n=3, cutoff=0.4)
    nearest = f"the nearest there are {', '.join(close)}" if close else f"{len(there)} tables can be seen there"
    first_line = str(error).strip().split("\n")[0]
    return (
        f"{source.table!r} cannot be read from {where} ({first_line}); {nearest}. "
        "Name it with its schema (table: sales.leads), and see that the user may select from it"
    )


def _postgres(url: str) -> Any:
    return import_module("revmodel.sources.postgres").connect(url)


def _spark(url: str) -> Any:
    return import_module("revmodel.sources.spark").connect(url)


def _bigquery(url: str) -> Any:
    return ibis.connect(url)


def _snowflake(url: str) -> Any:
    """Without the helper functions that ibis would otherwise create in a database of its own."""
    return ibis.connect(url, create_object_udfs=False, session_parameters={"TIMEZONE": "UTC"})


_OPENERS: dict[str, Callable[[str], Any]] = {
    "postgres": _postgres,
    "spark": _spark,
    "bigquery": _bigquery,
    "snowflake": _snowflake,
}
_DRIVERS = {
    "postgres": "revmodel[postgres]",
    "spark": "revmodel[spark]",
    "bigquery": "ibis-framework[bigquery]",
    "snowflake": "ibis-framework[snowflake]",
}
_EXAMPLES = {
    "postgres": "postgresql://reader:password@host:5432/warehouse?sslmode=require",
    "spark": "spark://host:7077, or sc://host:15002",
    "bigquery": "bigquery://project/dataset",
    "snowflake": "snowflake://user:password@account/database/schema?warehouse=name",
}
