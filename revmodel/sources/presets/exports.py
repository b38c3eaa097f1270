"""The exports in a folder: which file is which, what its header is, and what its columns hold."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from revmodel.errors import ConfigError, SourceError
from revmodel.sources.canonical import text_of
from revmodel.sources.engine import engine
from revmodel.sources.files import flattened
from revmodel.sources.presets.model import Headers, header_key
from revmodel.sources.shape import kept

__all__ = ["Export", "Keep", "counts_of", "find_exports", "rows_with"]

Keep = Sequence[tuple[str, list[str]]]  # (column, values), as in the config
_KINDS = (".csv", ".tsv", ".parquet")
_MOST_FACTS = 10_000
_HEADER_WITHIN = 20  # lines: reports have a title above their header


@dataclass(frozen=True)
class Export:
    """One file. object: what the preset calls it. rows: the file as an ibis table, nothing read yet.

    family: what stands before that name in the file's; files of one family were exported together.
    """

    path: Path
    object: str
    headers: tuple[str, ...]
    family: str = ""
    rows: ir.Table | None = None
    delimiter: str = ","
    skip_lines: int = 0

    def header(self, wanted: Headers) -> str | None:
        """The header of this file that is one of those wanted, in their order."""
        return next((self._by_key[key] for key in map(header_key, wanted) if key in self._by_key), None)

    @cached_property
    def _by_key(self) -> dict[str, str]:
        return {header_key(name): name for name in reversed(self.headers)}

    @cached_property
    def count(self) -> int:
        """Rows of the file."""
        return rows_with(self.all_rows, [])

    def some(self, column: str, keep: Keep = (), most: int = 400) -> list[str]:
        """Distinct filled values as text, at most ``most``, from anywhere in the column but always the same."""
        asked = (column, *((name, *values) for name, values in keep), most)
        if asked not in self._answers:
            rows = kept(self.all_rows, dict(keep))
            texts = rows.select(value=text_of(rows[column])).drop_null("value").distinct()
            found = texts.order_by(texts.value.hash(), "value").limit(most).to_pyarrow()["value"].to_pylist()
            self._answers[asked] = [str(value) for value in found]
        return list(self._answers[asked])

    def facts(self, columns: Mapping[str, str]) -> list[dict[str, Any]]:
        """Distinct combinations of some columns, as text."""
        asked = tuple(columns.items())
        if asked not in self._answers:
            rows = self.all_rows
            table = rows.select(**{name: text_of(rows[column]) for name, column in columns.items()}).distinct()
            self._answers[asked] = table.limit(_MOST_FACTS).to_pyarrow().to_pylist()
        return list(self._answers[asked])

    @cached_property
    def _answers(self) -> dict[tuple[Any, ...], Any]:
        """What was asked of the file before: several tables ask the same."""
        return {}

    def is_typed(self, column: str) -> bool:
        """Whether the file itself says that the column holds times (Parquet)."""
        kind = self.all_rows[column].type()
        return bool(kind.is_timestamp() or kind.is_date())

    @property
    def all_rows(self) -> ir.Table:
        """The rows. Raises ConfigError: the file is only expected."""
        if self.rows is None:
            raise ConfigError(f"{self.path} is only expected: there is nothing to look into")
        return self.rows


def counts_of(rows: ir.Table, column: str) -> dict[str, int]:
    """Distinct filled values of a column as text, with their rows, the most frequent first."""
    counts = rows.select(value=text_of(rows[column])).drop_null("value").value_counts(name="n")
    table = counts.order_by(ibis.desc("n"), "value").to_pyarrow()
    return dict(zip(table["value"].to_pylist(), table["n"].to_pylist(), strict=True))


def rows_with(rows: ir.Table, columns: Sequence[str]) -> int:
    """Rows that have something in each of the columns."""
    for column in columns:
        rows = rows.filter(text_of(rows[column]).notnull())
    return int(rows.count().to_pyarrow().as_py())


def find_exports(folder: Path, objects: Mapping[str, Headers], any_file: str = "") -> tuple[list[Export], list[Path]]:
    """The exports that a preset knows, in the order of their names, and the data files that it does not know.

    Raises ConfigError: there is no such folder, or no data file in it; SourceError: a file cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"--data {folder} is no folder: give the one that holds the exports")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _KINDS and path.is_file())
    if not files:
        raise ConfigError(f"--data {folder} holds no file ending in {', '.join(_KINDS)}: put the exports there")
    connection = engine()
    exports, strangers = [], []
    for path in files:
        kind, family = object_of(path.stem, objects) or (any_file, "")
        if kind and path.stat().st_size:
            exports.append(_opened(connection, path, kind, family))
        else:
            strangers.append(path)
    return exports, strangers


def object_of(stem: str, objects: Mapping[str, Headers]) -> tuple[str, str] | None:
    """Which export a file name means, and what stands before it: the longest name in it, the later of two as long.

    >>> object_of("sf_opportunity_history_2026", {"Opportunity": ("opportunity",), "History": ("opportunityhistory",)})
    ('History', 'sf')
    """
    key = header_key(stem)
    found = [
        (len(header_key(name)), key.rfind(header_key(name)), kind)
        for kind, names in objects.items()
        for name in names
        if header_key(name) in key
    ]
    return (max(found)[2], key[: max(found)[1]]) if found else None


def _opened(connection: Any, path: Path, kind: str, family: str) -> Export:
    try:
        if path.suffix.lower() == ".parquet":
            rows = _with_plain_columns(connection.read_parquet(str(path)))
            return Export(path, kind, tuple(rows.columns), family, rows)
        delimiter, skip = _layout(path)
        view = connection.read_csv(
            str(path), all_varchar=True, header=True, delim=delimiter, quote='"', escape='"', skip=skip
        )
    except duckdb.Error as error:
        raise SourceError(f"{path.name} cannot be read as a table: wanted UTF-8 text with a header line") from error
    rows = _with_plain_columns(view)
    return Export(path, kind, tuple(rows.columns), family, rows, delimiter, skip)


def _with_plain_columns(rows: ir.Table) -> ir.Table:
    """Nested columns apart; exports of hundreds of plain columns are left as they are, which is quicker."""
    is_plain = all(name == name.strip() for name in rows.columns)
    return rows if is_plain and not any(kind.is_struct() for kind in rows.schema().types) else flattened(rows)


def _layout(path: Path) -> tuple[str, int]:
    """What separates the columns of a text file, and how many lines stand above its header."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        head = [line for _, line in zip(range(_HEADER_WITHIN), file, strict=False)]
    if path.suffix.lower() == ".tsv":
        delimiter = "\t"
    else:
        delimiter = max(",;\t|", key=lambda mark: max((line.count(mark) for line in head), default=0))
    widths = [len(fields) for fields in csv.reader(head, delimiter=delimiter)]
    return delimiter, next((n for n, width in enumerate(widths) if width == max(widths)), 0)
