"""Any table → the canonical one: every declared column, in its declared type; unreadable values and rows are told.

Text is trimmed and empty text is null. Timestamps are naive UTC. Ids are strings, whatever they were in the source.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from revmodel.errors import MissingColumnError
from revmodel.sources.findings import Finding
from revmodel.sources.schema import ColumnType, TableSchema

__all__ = ["IBIS_TYPES", "canonical_table", "examples_of", "missing_column", "text_of"]

IBIS_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "timestamp": "timestamp(6)",
    "date": "date",
    "float": "float64",
    "int": "int64",
    "bool": "boolean",
}

_STRPTIME = (("string", "string"), "timestamp(6)")
# DuckDB's own: null where the text does not follow the format, instead of an error that stops the load.
_try_strptime = ibis.udf.scalar.builtin(lambda _text, _format: None, name="try_strptime", signature=_STRPTIME)


def canonical_table(
    raw: ir.Table, schema: TableSchema, origin: str, formats: Mapping[str, str] | None = None
) -> tuple[ir.Table, list[Finding]]:
    """``raw``, whose columns already have canonical names, as the canonical table, and what could not be read.

    origin: the file (or frame) named in messages. formats: column → strptime format of its text.
    Rows without a value in a required column are set aside with a finding.
    Raises MissingColumnError: a required column is not there.
    """
    _check_required(raw, schema, origin)
    formats = formats or {}
    typed = {name: _typed(raw, name, kind, formats.get(name)) for name, kind in schema.columns.items()}
    table = raw.mutate(**{f"text:{name}": text_of(raw[name]) for name in _parsed(raw, schema)}).mutate(**typed)
    findings = _findings(table, schema, origin, _parsed(raw, schema), formats)
    extra = {name: _free(raw[name]) for name in raw.columns if schema.free and name not in schema.columns}
    return table.filter(_usable(table, schema)).select(*schema.columns, **extra), findings


def text_of(column: ir.Column) -> ir.StringColumn:
    """A column as trimmed text; empty text is null; whole floats lose their '.0' (an id read as a number)."""
    if column.type().is_floating():
        whole = column == column.floor()
        column = ibis.ifelse(whole, column.try_cast("int64").cast("string"), column.cast("string"))
    return column.cast("string").strip().nullif("")


def missing_column(wanted: str, table: str, origin: str, came: Sequence[str]) -> MissingColumnError:
    """The error for a column that is not there, with the nearest that is and the line that would map it."""
    close = difflib.get_close_matches(wanted.lower(), [name.lower() for name in came], n=1, cutoff=0.5)
    nearest = next((name for name in came if close and name.lower() == close[0]), None)
    lines = [
        f"{table}: {origin} has no column {wanted!r}.",
        f"  It has: {', '.join(came) or 'no columns'}.",
        *([f"  The nearest is {nearest!r}."] if nearest else []),
        f"  Map it under tables.{table}: columns: {{{wanted}: {nearest or '<the column in the file>'}}}",
    ]
    if len(came) == 1 and any(mark in came[0] for mark in ";\t|,"):
        lines.append("  The header came as one column: set 'delimiter' to what separates the columns of this file.")
    return MissingColumnError("\n".join(lines))


def examples_of(column: ir.Column, n: int = 5) -> tuple[str, ...]:
    """A few distinct values as text, in order."""
    values = column.cast("string").name("value").as_table().distinct().order_by("value").limit(n)
    return tuple(str(value) for value in values.execute()["value"].dropna())


def _check_required(raw: ir.Table, schema: TableSchema, origin: str) -> None:
    came = list(raw.columns)
    for wanted in schema.required:
        if wanted not in came:
            raise missing_column(wanted, schema.name, origin, came)
    if schema.any_of and not set(schema.any_of) & set(came):
        error = missing_column(schema.any_of[0], schema.name, origin, came)
        raise MissingColumnError(f"{error}\n  One of {', '.join(schema.any_of)} is needed.")


def _parsed(raw: ir.Table, schema: TableSchema) -> list[str]:
    """Columns that come as text and are declared as something else: their reading can fail."""
    return [
        name
        for name, kind in schema.columns.items()
        if kind != "string" and name in raw.columns and raw[name].type().is_string()
    ]


def _typed(raw: ir.Table, name: str, kind: ColumnType, format: str | None) -> ir.Column:
    if name not in raw.columns:
        return ibis.null().cast(IBIS_TYPES[kind])
    column = raw[name]
    if kind == "string":
        return text_of(column)
    if kind in ("timestamp", "date"):
        return _moment(column, format).cast(IBIS_TYPES[kind])
    if column.type().is_string():
        column = text_of(column)
    if kind == "bool":
        return column.try_cast("boolean")
    number = column.try_cast("float64")
    number = ibis.ifelse(number.isnan() | number.isinf(), ibis.null(), number)
    return number.round().cast("int64") if kind == "int" else number


def _moment(column: ir.Column, format: str | None) -> ir.Column:
    """A point in time, naive UTC; text with an offset is moved to UTC, text without is taken as UTC."""
    if column.type().is_timestamp() or column.type().is_date():
        return column.cast("timestamp(6)")
    text = text_of(column)
    if format is not None:
        return _try_strptime(text, format)
    return text.try_cast("timestamp('UTC')").cast("timestamp(6)")


def _free(column: ir.Column) -> ir.Column:
    """A free column: a number where every filled value reads as one, else text."""
    if column.type().is_numeric():
        return column.cast("float64")
    text = text_of(column)
    unreadable = (text.notnull() & text.try_cast("float64").isnull()).sum().fill_null(0).execute()
    return text if unreadable else text.try_cast("float64")


def _usable(table: ir.Table, schema: TableSchema) -> ir.BooleanValue:
    usable = ibis.and_(*(table[name].notnull() for name in schema.required))
    return usable & ibis.or_(*(table[name].notnull() for name in schema.any_of)) if schema.any_of else usable


def _findings(
    table: ir.Table, schema: TableSchema, origin: str, parsed: list[str], formats: Mapping[str, str]
) -> list[Finding]:
    """One query counts everything; a second one fetches examples, only where there is something to show."""
    unread = {name: table[f"text:{name}"].notnull() & table[name].isnull() for name in parsed}
    counts = {name: is_unread.sum().fill_null(0) for name, is_unread in unread.items()}
    row: dict[str, Any] = (
        table.aggregate(**counts, unusable=(~_usable(table, schema)).sum().fill_null(0)).execute().iloc[0].to_dict()
    )
    findings = [
        _unreadable(table.filter(is_unread), schema, origin, name, int(row[name]), formats.get(name))
        for name, is_unread in unread.items()
        if row[name] > 0
    ]
    if row["unusable"] > 0:
        findings.append(_unusable(table.filter(~_usable(table, schema)), schema, origin, int(row["unusable"])))
    return findings


def _unreadable(rows: ir.Table, schema: TableSchema, origin: str, name: str, count: int, format: str | None) -> Finding:
    kind = schema.columns[name]
    expected = (
        f"the format {format!r}" if format else {"timestamp": "an ISO date or time", "date": "an ISO date"}.get(kind)
    )
    remedy = f"Give the format under dates: {{{name}: '%m/%d/%Y'}}" if expected else f"Write plain numbers in {name}"
    return Finding(
        code="unreadable-values",
        severity="warn",
        table=schema.name,
        what=f"{count} value(s) of {name} in {origin} are not {expected or 'a ' + kind}",
        count=count,
        examples=examples_of(rows[f"text:{name}"]),
        done="They count as missing" + ("; the rows were set aside" if name in schema.required else ""),
        remedy=f"{remedy}, or map such values under values: {{{name}: {{...}}}} (to '' where they mean nothing).",
    )


def _unusable(rows: ir.Table, schema: TableSchema, origin: str, count: int) -> Finding:
    needed = [*schema.required, *([f"one of {'/'.join(schema.any_of)}"] if schema.any_of else [])]
    key = schema.keys[0] if schema.keys else schema.required[0]
    return Finding(
        code="unusable-rows",
        severity="warn",
        table=schema.name,
        what=f"{count} row(s) of {origin} lack a value that {schema.name} needs ({', '.join(needed)})",
        count=count,
        examples=examples_of(rows[key]),
        done="Those rows were set aside",
        remedy="Fill them in the source, or name the column under drop_missing if such rows are no events here.",
    )
