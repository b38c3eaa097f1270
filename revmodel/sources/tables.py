"""The canonical tables of one company, as ibis tables in one engine, with the findings about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from revmodel.errors import SourceError
from revmodel.sources.canonical import canonical_table
from revmodel.sources.engine import engine, store
from revmodel.sources.findings import Finding
from revmodel.sources.schema import TABLES, schema_of

__all__ = ["Tables", "tables_from_frames"]


@dataclass(frozen=True)
class Tables:
    """Canonical name → ibis table. Every canonical column is in every table that is present (typed nulls if absent).

    Ids are trimmed strings, timestamps naive in the company's zone, an unknown channel or segment is null.
    versioned: tables in which rows of one id correct each other (see sources/versions.py); None: nobody has looked.
    cut_on: the day at whose end the tables are known, once they were cut; None: everything that was ever recorded.
    Pickling carries the rows over: another process gets an engine of its own.
    """

    by_name: Mapping[str, ir.Table]
    connection: Any = field(repr=False)
    findings: tuple[Finding, ...] = ()
    versioned: frozenset[str] | None = None
    cut_on: dt.date | None = None

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, name: str) -> ir.Table:
        """The table. Raises SourceError: it is not among the tables of this company."""
        if name not in self.by_name:
            schema = schema_of(name)
            raise SourceError(
                f"there is no {name} table (there are: {', '.join(self.names) or 'none'}); "
                f"add it under tables.{name} with the columns {', '.join(schema.required)}"
            )
        return self.by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables that are present, in the order of the schema."""
        return tuple(name for name in TABLES if name in self.by_name)

    @cached_property
    def row_counts(self) -> dict[str, int]:
        """Rows of each table that is present, counted in one query."""
        parts = [self[name].aggregate(table=ibis.literal(name), rows=self[name].count()) for name in self.names]
        counted = (ibis.union(*parts) if len(parts) > 1 else parts[0]).to_pyarrow().to_pylist() if parts else []
        found = {row["table"]: int(row["rows"]) for row in counted}
        return {name: found[name] for name in self.names}

    def replace(self, **tables: ir.Table) -> Tables:
        """The same tables with some of them replaced or added."""
        for name in tables:
            schema_of(name)
        return replace(self, by_name={**self.by_name, **tables})

    def with_findings(self, *findings: Finding) -> Tables:
        """The same tables with more findings."""
        return replace(self, findings=(*self.findings, *findings))

    def materialise(self, name: str, rows: ir.Table) -> Tables:
        """The same tables with ``name`` computed anew from ``rows``, once."""
        self[name]
        table = store(self.connection, name, rows)
        return self.replace(**{name: table})

    def __reduce__(self) -> tuple[Any, ...]:
        rows = {name: self.by_name[name].to_pyarrow() for name in self.names}
        return _revive, (rows, self.findings, self.versioned, self.cut_on)


def tables_from_frames(frames: Mapping[str, pd.DataFrame]) -> Tables:
    """Frames with canonical column names → Tables, canonicalised as files are (but not checked: see run_checks).

    Columns that are not canonical are left out. Raises ConfigError for an unknown table name,
    MissingColumnError for a required column that is not there.

    >>> leads = pd.DataFrame({"lead_id": [" 7 "], "created_at": ["2026-01-05"]})
    >>> tables_from_frames({"leads": leads})["leads"].lead_id.execute()[0]
    '7'
    """
    connection = engine()
    tables, findings = {}, []
    for name, frame in frames.items():
        raw = ibis.memtable(_arrow(frame))
        tables[name], found = canonical_table(connection, raw, schema_of(name), f"the frame {name!r}")
        findings.extend(found)
    return Tables(tables, connection, tuple(findings))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as arrow, with a type for every column: mixed objects and nulls become text, zoned times naive UTC."""
    objects = [name for name in frame.columns if frame[name].dtype == object]
    mixed = {name: frame[name].astype("string") for name in objects if not _is_uniform(frame[name])}
    zoned = frame.select_dtypes("datetimetz").columns
    naive = {name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned}
    arrow = pa.Table.from_pandas(frame.assign(**mixed, **naive), preserve_index=False)
    fields = [item.with_type(pa.string()) if pa.types.is_null(item.type) else item for item in arrow.schema]
    return arrow.cast(pa.schema(fields))


def _is_uniform(column: pd.Series[Any]) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in (
        "date",
        "datetime",
        "datetime64",
        "boolean",
        "empty",
        "string",
    )


def _revive(rows: dict[str, pa.Table], *rest: Any) -> Tables:
    connection = engine()
    return Tables({name: connection.create_table(name, table) for name, table in rows.items()}, connection, *rest)
