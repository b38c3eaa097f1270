"""Files → raw ibis tables: CSV (read as text, so that nothing is guessed), Parquet, and tables of a DuckDB file."""

from __future__ import annotations

import glob
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir

from revmodel.config import Config, SourceConfig
from revmodel.errors import EmptyTableError, SourceError
from revmodel.sources.engine import discard, store

__all__ = ["input_files", "origin_of", "raw_rows"]

_KINDS = (".csv", ".tsv", ".txt", ".parquet", ".duckdb")


@contextmanager
def raw_rows(connection: Any, source: SourceConfig, config: Config, table: str) -> Iterator[ir.Table]:
    """The rows of one source as they are, for as long as they are needed; stored where the format is slow to parse.

    Raises SourceError: no such file, a format that is not known, or a file that cannot be read;
    EmptyTableError: a CSV file without even a header.
    """
    paths = files_of(source, config, table)
    names = [str(path) for path in paths]
    kind = paths[0].suffix.lower()
    try:
        if kind == ".parquet":
            view = connection.read_parquet(names, union_by_name=True)
            yield _with_clean_names(view)
            connection.drop_view(view.op().name)
        else:
            stored = (
                _from_duckdb(connection, paths[0], source, table)
                if kind == ".duckdb"
                else _from_csv(connection, names, source)
            )
            yield _with_clean_names(stored)
            discard(connection, stored)
    except duckdb.Error as error:
        raise SourceError(_unreadable(table, source, error)) from error


def files_of(source: SourceConfig, config: Config, table: str) -> list[Path]:
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


def input_files(config: Config) -> list[Path]:
    """Every file that the config reads, each once, in order: what a run's digests are taken of.

    Raises SourceError as files_of does.
    """
    files = {
        path: None
        for table, sources in config.tables.items()
        for source in sources
        for path in files_of(source, config, table)
    }
    return list(files)


def origin_of(source: SourceConfig) -> str:
    """How messages name a source: the path as the config gives it, and the table inside a DuckDB file."""
    return f"{source.path}" + (f" (table {source.table})" if source.table else "")


def _with_clean_names(raw: ir.Table) -> ir.Table:
    """Column names without the blanks that hand-made exports have around them."""
    return raw.rename({name.strip(): name for name in raw.columns if name.strip() and name.strip() not in raw.columns})


def _from_csv(connection: Any, names: list[str], source: SourceConfig) -> ir.Table:
    if all(Path(name).stat().st_size == 0 for name in names):
        raise EmptyTableError(f"{source.path} is empty: it has no header and no row; export it again")
    delimiter = "\t" if source.delimiter in ("\\t", "tab") else source.delimiter
    view = connection.read_csv(
        names, all_varchar=True, header=True, delim=delimiter, quote='"', escape='"', skip=0, union_by_name=True
    )
    text = store(connection, "text", view, temp=True)
    connection.drop_view(view.op().name)
    return text


def _from_duckdb(connection: Any, path: Path, source: SourceConfig, table: str) -> ir.Table:
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
        return store(connection, "rows", inside, temp=True)
    finally:
        connection.detach(alias)


def _tables_inside(connection: Any, catalog: str) -> list[str]:
    """Names of tables and views. Asked of DuckDB itself: ibis 12's list_tables fails on DuckDB 2."""
    query = "select table_name from information_schema.tables where table_catalog = ? and table_schema = 'main'"
    return [str(name) for (name,) in connection.con.execute(query, [catalog]).fetchall()]


def _unreadable(table: str, source: SourceConfig, error: Exception) -> str:
    first_lines = " ".join(str(error).split("\n")[:3])
    return (
        f"{table}: {origin_of(source)} cannot be read: {first_lines} "
        "Wanted a UTF-8 file with a header line and the same columns in every row "
        f"(separated by {source.delimiter!r}): check 'delimiter', or export the file again"
    )
