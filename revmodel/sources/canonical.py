"""Any table → the canonical one: every declared column, in its declared type; unreadable values and rows are told.

Text is trimmed and empty text is null. Timestamps are naive, in the company's time zone (sources/zones.py). Ids are
strings, whatever they were in the source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from revmodel.config import DateFormats
from revmodel.errors import MissingColumnError
from revmodel.sources.engine import discard, store
from revmodel.sources.findings import Finding
from revmodel.sources.glance import NOTHING_SEEN, Glance
from revmodel.sources.missing import missing_column
from revmodel.sources.schema import ColumnType, TableSchema
from revmodel.sources.usable import is_usable, lost_values, text_name
from revmodel.sources.zones import Zones, has_offset, names_offset, on_company_clock

__all__ = ["IBIS_TYPES", "canonical_table", "text_of"]

IBIS_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "timestamp": "timestamp(6)",
    "date": "date",
    "float": "float64",
    "int": "int64",
    "bool": "boolean",
}

_ONE_ZONE = Zones()
# DuckDB's own: null where the text does not follow the format, instead of an error that stops the load.
_try_strptime = ibis.udf.scalar.builtin(
    lambda _text, _format: None, name="try_strptime", signature=(("string", "string"), "timestamp(6)")
)
_try_strptime_with_offset = ibis.udf.scalar.builtin(
    lambda _text, _format: None, name="try_strptime", signature=(("string", "string"), "timestamp('UTC')")
)


_trim = ibis.udf.scalar.builtin(lambda _text: None, name="trim", signature=(("string",), "string"))


def canonical_table(
    connection: Any,
    raw: ir.Table,
    schema: TableSchema,
    origin: str,
    *,
    formats: Mapping[str, DateFormats] | None = None,
    drop_missing: Sequence[str] = (),
    zones: Zones = _ONE_ZONE,
    source_columns: Sequence[str] | None = None,
    in_place: bool = False,
    seen: Glance = NOTHING_SEEN,
) -> tuple[ir.Table, list[Finding]]:
    """``raw``, whose columns already have canonical names, as a canonical table of the engine, and what was lost.

    origin: the file (or frame) named in messages. formats: column → how its text is written: a
    strptime format, "iso", "epoch_ms", or several that are tried in turn.
    drop_missing: columns without which a row is no event of this table, so not worth a finding.
    zones: of the source's times and of the company's.
    source_columns: what the columns are called in the source, for messages.
    in_place: ``raw`` stays and can be read again and again, so that no copy is made where no text has to be parsed.
    seen: what is known of ``raw`` already, so that it is not done or asked again.
    Rows without a value in a required column are set aside with a finding.
    Raises MissingColumnError: a required column is not there.
    """
    _check_required(raw, schema, origin, list(source_columns or raw.columns))
    formats, parsed = formats or {}, _parsed(raw, schema)
    as_text = trimmed if in_place else text_of
    typed = {
        name: (raw[name] if name in seen.tidy else as_text(raw[name]))
        if kind == "string" and name in raw.columns
        else _typed(raw, name, kind, formats.get(name), zones)
        for name, kind in schema.columns.items()
    }
    free = {name: _free(connection, raw[name]) for name in raw.columns if schema.free and name not in schema.columns}
    texts = {text_name(name): text_of(raw[name]) for name in parsed}
    selected = raw.select(**typed, **free, **texts)
    lies_ready = in_place and not texts
    if lies_ready:
        selected = _as_if_stored(connection, selected)
    if lies_ready and seen.complete and not drop_missing:
        return selected, []
    staged = selected if lies_ready else store(connection, schema.name, selected)
    rows = staged.filter(*(_is_filled(staged, name) for name in drop_missing)) if drop_missing else staged
    lost = lost_values(rows, schema, origin, parsed, formats)
    if not (texts or drop_missing or lost.rows):
        return staged, lost.findings
    kept = rows.filter(is_usable(rows, schema)) if lost.rows else rows
    if lies_ready:
        return kept, lost.findings
    table = store(connection, schema.name, kept.select(*typed, *free))
    discard(connection, staged)
    return table, lost.findings


def text_of(column: ir.Column) -> ir.StringColumn:
    """A column as trimmed text; empty text is null; whole floats lose their '.0' (an id read as a number)."""
    if column.type().is_floating():
        whole = column == column.floor()
        column = ibis.ifelse(whole, column.try_cast("int64").cast("string"), column.cast("string"))
    return column.cast("string").strip().nullif("")


def trimmed(column: ir.Column) -> ir.StringColumn:
    """``text_of`` for columns that are text already, of blanks alone: a fifth of the time, at each reading."""
    return _trim(column).nullif("") if column.type().is_string() else text_of(column)


def _as_if_stored(connection: Any, rows: ir.Table) -> ir.Table:
    """Timestamps of the type that this engine gives back, so that rows can be put under those of a stored table."""
    if connection.name != "pyspark":
        return rows
    moments = [name for name, kind in rows.schema().items() if kind.is_timestamp()]
    return rows.cast(dict.fromkeys(moments, "timestamp")) if moments else rows


def _is_filled(table: ir.Table, name: str) -> ir.BooleanColumn:
    """Whether the source had a value; one that could not be read is still a value, and is told."""
    text = text_name(name)
    return table[text if text in table.columns else name].notnull()


def _check_required(raw: ir.Table, schema: TableSchema, origin: str, came: Sequence[str]) -> None:
    for wanted in schema.required:
        if wanted not in raw.columns:
            raise missing_column(wanted, schema.name, origin, came)
    if schema.any_of and not set(schema.any_of) & set(raw.columns):
        error = missing_column(schema.any_of[0], schema.name, origin, came)
        raise MissingColumnError(f"{error}\n  One of {', '.join(schema.any_of)} is needed.")


def _parsed(raw: ir.Table, schema: TableSchema) -> list[str]:
    """Columns that come in a type from which the declared one has to be read: that can fail."""
    return [
        name for name, kind in schema.columns.items() if name in raw.columns and not _is_safe(raw[name].type(), kind)
    ]


def _is_safe(came: Any, kind: ColumnType) -> bool:
    if kind in ("timestamp", "date"):
        return bool(came.is_timestamp() or came.is_date())
    return kind == "string" or bool(came.is_numeric() or came.is_boolean())


def _typed(raw: ir.Table, name: str, kind: ColumnType, format: DateFormats | None, zones: Zones) -> ir.Column:
    if name not in raw.columns:
        return ibis.null().cast(IBIS_TYPES[kind])
    column = raw[name]
    if kind in ("timestamp", "date"):
        return _moment(column, format, zones).cast(IBIS_TYPES[kind])
    if not _is_safe(column.type(), kind):
        column = text_of(column)
    if kind == "bool":
        return column.try_cast("boolean")
    number = column.try_cast("float64")
    number = ibis.ifelse(number.isnan() | number.isinf(), ibis.null(), number)
    return number.round().cast("int64") if kind == "int" else number


def _moment(column: ir.Column, formats: DateFormats | None, zones: Zones) -> ir.Column:
    """A point in time, naive, in the company's zone (see sources/zones.py). Of several formats the first that fits."""
    if _is_safe(column.type(), "timestamp"):
        exact = column.type().is_timestamp() and column.type().timezone is not None
        return on_company_clock(column.cast("timestamp(6)"), exact, zones)
    text = text_of(column)
    tried = [_read_as(text, name, zones) for name in ([formats] if isinstance(formats, str) else formats or ["iso"])]
    return ibis.coalesce(*tried) if len(tried) > 1 else tried[0]


def _read_as(text: ir.StringColumn, format: str, zones: Zones) -> ir.Column:
    if format == "iso":
        naive = text.try_cast("timestamp('UTC')").cast("timestamp(6)")
        return on_company_clock(naive, has_offset(text), zones)
    if format == "epoch_ms":
        return on_company_clock(text.try_cast("int64").as_timestamp("ms").cast("timestamp(6)"), True, zones)
    if names_offset(format):
        return on_company_clock(_try_strptime_with_offset(text, format).cast("timestamp(6)"), True, zones)
    return on_company_clock(_try_strptime(text, format), False, zones)


def _free(connection: Any, column: ir.Column) -> ir.Column:
    """A free column: a number where every filled value reads as one, else text."""
    if column.type().is_numeric():
        return column.cast("float64")
    text = text_of(column)
    unreadable = connection.to_pyarrow((text.notnull() & text.try_cast("float64").isnull()).sum())
    return text if unreadable.as_py() else text.try_cast("float64")
