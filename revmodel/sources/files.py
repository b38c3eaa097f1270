"""Sources → raw ibis tables: CSV (read as text, so that nothing is guessed), Parquet, tables of files and databases."""

from __future__ import annotations

import glob
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from revmodel.config import Config, FileConfig, SourceConfig, files_in
from revmodel.errors import EmptyTableError, SourceError
from revmodel.sources.databases import close, connect_to, copied, table_of
from revmodel.sources.engine import discard, store
from revmodel.sources.needed import Chooser

__all__ = ["flattened", "input_files", "origin_of", "raw_rows", "stays_in_place"]

IN_PLACE_ROWS = 5_000_000
_KINDS = (".csv", ".tsv", ".txt", ".parquet", ".duckdb")


@contextmanager
def raw_rows(connection: Any, source: FileConfig, config: Config, table: str, choose: Chooser) -> Iterator[ir.Table]:
    """The rows of one source as they are, for as long as they are needed; stored where the format is slow to parse.

    Only the columns that ``choose`` picks from those of the source are read. A field of a nested column is a column
    called outer.inner.
    Raises SourceError: no such file, a format that is not known, or a file that cannot be read;
    EmptyTableError: a CSV file without even a header; what ``choose`` raises, and what databases do.
    """
    if source.database is not None:
        with _of_database(connection, source, config, table, choose) as rows:
            yield rows
        return
    paths = files_of(source, config, table)
    names = [str(path) for path in paths]
    kind = paths[0].suffix.lower()
    try:
        if kind == ".parquet":
            yield _chosen(connection.read_parquet(names, **_by_name(connection)), choose)  # a view: it holds no rows
        else:
            stored = (
                _from_duckdb(connection, paths[0], source, table, choose)
                if kind == ".duckdb"
                else _from_csv(connection, names, source, choose)
            )
            yield stored
            discard(connection, stored)
    except duckdb.Error as error:
        raise SourceError(_unreadable(table, source, error)) from error


@contextmanager
def _of_database(
    connection: Any, source: FileConfig, config: Config, table: str, choose: Chooser
) -> Iterator[ir.Table]:
    """A table of the engine itself as it lies there, or a copy of another database's."""
    database = config.databases[str(source.database)]
    if source.database == config.engine:
        yield _chosen(table_of(connection, source, database), choose)
        return
    there = connect_to(str(source.database), database)
    try:
        rows = _chosen(table_of(there, source, database), choose)
        stored = copied(connection, rows)
    except duckdb.Error as error:
        raise SourceError(
            f"{table}: {origin_of(source)} could not be read to its end: {_without_rows(str(error))}; run it again"
        ) from error
    finally:
        close(there)
    yield stored
    discard(connection, stored)


def _by_name(connection: Any) -> dict[str, bool]:
    """How columns of several files are matched: Spark's own word for it, or DuckDB's."""
    return {"mergeSchema": True} if connection.name == "pyspark" else {"union_by_name": True}


def files_of(source: FileConfig, config: Config, table: str) -> list[Path]:
    """The files that a source's path means, in order.

    Raises SourceError: there are none, or they are of a kind that is not read.
    """
    wanted = config.resolve(str(source.path))
    is_pattern = any(mark in str(source.path) for mark in "*?[")
    paths = sorted(Path(path) for path in glob.glob(str(wanted), recursive=True)) if is_pattern else [wanted]
    if not paths or not all(path.is_file() for path in paths):
        what = "no file matches" if is_pattern else "no file"
        raise SourceError(
            f"{table}: {what} {source.path!r} (looked for {wanted}). "
            f"Paths are relative to the config's folder: mend 'path' under tables.{table} or put the file there"
        )
    kinds = {path.suffix.lower() for path in paths}
    if len(kinds) > 1 or not kinds <= set(_KINDS):
        raise SourceError(f"{table}: {source.path!r} is {'/'.join(sorted(kinds))}; wanted one of {', '.join(_KINDS)}")
    return paths


def input_files(config: Config, table: str | None = None) -> list[Path]:
    """Every file that the config reads (for one table), each once, in order: what a run's digests are taken of.

    Raises SourceError as files_of does.
    """
    files = {
        path: None
        for name in ([table] if table else config.tables)
        for file in files_in(config.tables[name])
        if file.path is not None
        for path in files_of(file, config, name)
    }
    return list(files)


def stays_in_place(raw: ir.Table, source: SourceConfig) -> bool:
    """Whether a source is so large that its rows are better read again than copied: Parquet of many rows, as it is."""
    is_plain = not (source.join or source.unpivot or source.split or source.distinct)
    is_parquet = source.path is not None and str(source.path).endswith(".parquet")  # read by DuckDB and Spark only
    return is_parquet and is_plain and int(raw.count().to_pyarrow().as_py()) >= IN_PLACE_ROWS


def origin_of(source: FileConfig) -> str:
    """How messages name a source: the path as the config gives it or the database, and the table inside it."""
    return f"{source.path or source.database}" + (f" (table {source.table})" if source.table else "")


def flattened(raw: ir.Table) -> ir.Table:
    """Every column, a field of a nested one as outer.inner, named without the blanks that hand-made exports have."""
    return raw.select(**_columns_of(raw))


def _chosen(raw: ir.Table, choose: Chooser) -> ir.Table:
    columns = _columns_of(raw)
    chosen = choose(list(columns))
    return raw.select(**{name: columns[name] for name in chosen}) if chosen else raw.select(nothing=ibis.null())


def _columns_of(raw: ir.Table) -> dict[str, ir.Column]:
    clean = {name.strip(): name for name in raw.columns if name.strip() and name.strip() not in raw.columns}
    columns = {name: raw[name] for name in raw.columns if name not in clean.values()}
    columns |= {name: raw[original] for name, original in clean.items()}
    inner = {f"{name}.{key}": value for name, column in columns.items() for key, value in _fields(column)}
    return columns | inner


def _fields(column: ir.Column) -> Iterator[tuple[str, ir.Column]]:
    """The fields of a nested column, inner ones as outer.inner."""
    if not column.type().is_struct():
        return
    for name in column.names:
        yield name, column[name]
        for inner, value in _fields(column[name]):
            yield f"{name}.{inner}", value


def _from_csv(connection: Any, names: list[str], source: FileConfig, choose: Chooser) -> ir.Table:
    if all(Path(name).stat().st_size == 0 for name in names):
        raise EmptyTableError(f"{source.path} is empty: it has no header and no row; export it again")
    delimiter = "\t" if source.delimiter in ("\\t", "tab") else source.delimiter
    view = connection.read_csv(
        names,
        all_varchar=True,
        header=True,
        delim=delimiter,
        quote='"',
        escape='"',
        skip=source.skip_lines,
        union_by_name=True,
    )
    text = store(connection, "text", _chosen(view, choose), temp=True)
    connection.drop_view(view.op().name)
    return text


def _from_duckdb(connection: Any, path: Path, source: FileConfig, table: str, choose: Chooser) -> ir.Table:
    alias = f"file_{uuid.uuid4().hex}"
    connection.attach(path, name=alias, read_only=True)
    try:
        known = _tables_inside(connection, alias)
        if source.table not in known:
            raise SourceError(
                f"{table}: {source.path} has no table {source.table!r}; it has {', '.join(sorted(known)) or 'none'}. "
                f"Name one under tables.{table}: table: …"
            )
        inside = connection.table(source.table, database=(alias, "main"))
        return store(connection, "rows", _chosen(inside, choose), temp=True)
    finally:
        connection.detach(alias)


def _tables_inside(connection: Any, catalog: str) -> list[str]:
    """Names of tables and views. Asked of DuckDB itself: ibis 12's list_tables fails on DuckDB 2."""
    query = "select table_name from information_schema.tables where table_catalog = ? and table_schema = 'main'"
    return [str(name) for (name,) in connection.con.execute(query, [catalog]).fetchall()]


def _unreadable(table: str, source: FileConfig, error: Exception) -> str:
    return (
        f"{table}: {origin_of(source)} cannot be read: {_without_rows(str(error))} "
        "Wanted a UTF-8 file with a header line and the same columns in every row "
        f"(separated by {source.delimiter!r}): check 'delimiter', or export the file again"
    )


def _without_rows(message: str) -> str:
    """DuckDB's message without the row of data that it quotes: that may hold names and addresses."""
    before, quoted, after = message.partition("Original Line:")
    count = re.search(r"Expected Number of Columns: \d+ Found: \d+", after)
    lines = before.splitlines()[: 2 if quoted else 3]
    return " ".join([*lines, *([count.group()] if count else [])])
