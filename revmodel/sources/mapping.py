"""What a config says about a source, applied: rows kept, columns renamed, constants set, aliases made one value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from revmodel.config import SourceConfig
from revmodel.errors import ConfigError
from revmodel.sources.canonical import text_of
from revmodel.sources.missing import missing_column
from revmodel.sources.schema import TableSchema

__all__ = ["alias_key", "mapped"]

_SEPARATORS = r"[\s_\-]+"


def mapped(raw: ir.Table, source: SourceConfig, schema: TableSchema, origin: str) -> ir.Table:
    """The kept rows of ``raw`` under canonical column names, values still as they came (or their canonical alias).

    A canonical column mapped to '' is not taken, even where the source has a column of that name.
    Raises ConfigError: the config names a column that the canonical table does not have;
    MissingColumnError: it names one that the source does not have.
    """
    _check_names(source, schema)
    _check_source_columns(raw, source, schema, origin)
    for name, wanted in source.keep.items():
        raw = raw.filter(text_of(raw[name]).isin(wanted))
    columns = _columns(raw, source, schema)
    for name in (*source.values, *source.dates, *source.drop_missing):
        if name not in columns:
            raise missing_column(name, schema.name, origin, list(raw.columns))
    aliased = {name: with_aliases(columns[name], aliases) for name, aliases in source.values.items()}
    return raw.select(**columns | aliased)


def alias_key(text: str) -> str:
    """What two spellings of one name have in common.

    >>> alias_key("Paid Search") == alias_key("paid_search") == alias_key("PAID-search")
    True
    """
    return "".join(text.casefold().replace("_", " ").replace("-", " ").split())


def alias_key_of(column: ir.Column) -> ir.StringColumn:
    """``alias_key`` in the engine."""
    return text_of(column).lower().re_replace(_SEPARATORS, "")


def with_aliases(column: ir.Column, aliases: Mapping[str, str]) -> ir.StringColumn:
    """Values replaced by their alias: an exact match first, then one that ignores case, spaces, '_' and '-'.

    The alias '' stands for a missing value, on either side.
    """
    text = text_of(column).fill_null("")
    exact = [(came.strip(), canonical) for came, canonical in aliases.items()]
    by_key = {alias_key(came): canonical for came, canonical in reversed(exact) if came}
    loose = alias_key_of(column).cases(*by_key.items(), else_=text) if by_key else text
    return text.cases(*exact, else_=loose).nullif("") if exact else text.nullif("")


def _columns(raw: ir.Table, source: SourceConfig, schema: TableSchema) -> dict[str, ir.Value]:
    taken = {name: raw[source.columns.get(name, name)] for name in schema.columns if _is_there(name, raw, source)}
    if schema.free:
        used = set(source.columns.values())
        free = [name for name in raw.columns if name not in used and name not in schema.columns]
        named = {name: column for name, column in source.columns.items() if column}
        taken |= {name: raw[column] for name, column in named.items()} | {name: raw[name] for name in free}
    return taken | {name: ibis.literal(value) for name, value in source.constants.items()}


def _is_there(name: str, raw: ir.Table, source: SourceConfig) -> bool:
    return source.columns.get(name, name) in raw.columns  # '' is in none


def _check_names(source: SourceConfig, schema: TableSchema) -> None:
    parts: dict[str, Iterable[str]] = {
        "columns": source.columns,
        "constants": source.constants,
        "values": source.values,
        "dates": source.dates,
        "drop_missing": source.drop_missing,
    }
    for key, names in parts.items():
        for name in names:
            if name not in schema.columns and not schema.free:
                close = difflib.get_close_matches(name, schema.columns, n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                raise ConfigError(
                    f"tables.{schema.name}.{key}: {name!r} is not a column of {schema.name}; {hint}"
                    f"It has: {', '.join(schema.columns)}"
                )


def _check_source_columns(raw: ir.Table, source: SourceConfig, schema: TableSchema, origin: str) -> None:
    for canonical, column in source.columns.items():
        if column and column not in raw.columns:
            raise missing_column(canonical, schema.name, origin, list(raw.columns), asked=column)
    for column in source.keep:
        if column not in raw.columns:
            raise missing_column(column, schema.name, origin, list(raw.columns), asked=column, where="keep")
