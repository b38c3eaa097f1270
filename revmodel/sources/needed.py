"""Which columns of a source are read at all: those that the config maps or that carry a canonical name.

What is not needed is not loaded: a name, a phone number or an address that nobody mapped never enters the engine.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from revmodel.config import LookupConfig, SourceConfig
from revmodel.errors import ConfigError, MissingColumnError
from revmodel.sources.missing import missing_column
from revmodel.sources.personal import EMAIL, takes_email
from revmodel.sources.schema import TableSchema

__all__ = ["Chooser", "columns_of_lookup", "columns_of_source"]

Chooser = Callable[[Sequence[str]], list[str]]  # columns that are there → columns to read


def columns_of_source(source: SourceConfig, schema: TableSchema, origin: str) -> Chooser:
    """What to read of a source. The chooser raises MissingColumnError where something asked for is not there.

    Raises ConfigError: the config names a column that the canonical table does not have.
    """
    _check_names(source, schema)

    def choose(there: Sequence[str]) -> list[str]:
        asked = _asked(source, schema, there)
        made = _made(source)
        for canonical, column, where in asked:
            if column not in there and column not in made:
                raise missing_column(canonical, schema.name, origin, there, asked=column, where=where)
        _check_provided(source, schema, origin, there)
        used = {column for _, column, _ in asked}
        return [name for name in there if schema.free or name in used]

    return choose


def columns_of_lookup(lookup: LookupConfig, table: str, origin: str) -> Chooser:
    """What to read of a file in which something is looked up. The chooser raises MissingColumnError."""

    def choose(there: Sequence[str]) -> list[str]:
        used = {**lookup.take, **{name: name for name in (*lookup.match.values(), *lookup.keep)}}
        for wanted, column in used.items():
            if column not in there:
                raise missing_column(wanted, table, origin, there, asked=column, where="join")
        return [name for name in there if name in used.values()]

    return choose


def _asked(source: SourceConfig, schema: TableSchema, there: Sequence[str]) -> list[tuple[str, str, str]]:
    """(canonical or source column, source column, the part of the config that asks for it)."""
    by_own_name = [name for name in schema.columns if name not in source.columns and name in {*there, *_made(source)}]
    steps: dict[str, Iterable[str]] = {
        "keep": source.keep,
        "drop": source.drop,
        "split": source.split,
        "unpivot": source.unpivot.columns if source.unpivot else (),
        "distinct": _of_distinct(source),
        "join": (column for lookup in source.join for column in lookup.match),
    }
    return [
        *((canonical, column, "columns") for canonical, column in source.columns.items() if column),
        *((name, name, "columns") for name in by_own_name),
        *((column, column, where) for where, columns in steps.items() for column in columns),
    ]


def _of_distinct(source: SourceConfig) -> Iterator[str]:
    if source.distinct:
        yield from source.distinct.by
        yield from (name.removeprefix("-") for name in source.distinct.first)


def _made(source: SourceConfig) -> set[str]:
    """Columns that the steps make."""
    looked_up = {name for lookup in source.join for name in lookup.take}
    return looked_up | ({source.unpivot.name, source.unpivot.value} if source.unpivot else set())


def _check_provided(source: SourceConfig, schema: TableSchema, origin: str, there: Sequence[str]) -> None:
    """Required columns, and those that the config says something about, must come from somewhere."""
    could = {*there, *_made(source)}
    given = {name for name, column in source.columns.items() if column} | set(source.constants)
    given |= {name for name in schema.columns if name in could and source.columns.get(name) != ""}
    given |= {"email_hash", "domain"} & set(schema.columns) if EMAIL in given else set()
    parts = (source.values, source.dates, source.drop_missing, source.remove, source.scale)
    for name in (*schema.required, *(name for part in parts for name in part)):
        if name not in given:
            raise missing_column(name, schema.name, origin, there)
    if schema.any_of and not set(schema.any_of) & given:
        error = missing_column(schema.any_of[0], schema.name, origin, there)
        raise MissingColumnError(f"{error}\n  One of {', '.join(schema.any_of)} is needed.")


def _check_names(source: SourceConfig, schema: TableSchema) -> None:
    parts: dict[str, Iterable[str]] = {
        "columns": source.columns,
        "constants": source.constants,
        "values": source.values,
        "dates": source.dates,
        "drop_missing": source.drop_missing,
        "remove": source.remove,
        "scale": source.scale,
    }
    for key, names in parts.items():
        for name in names:
            if name in schema.columns or schema.free or (key == "columns" and name == EMAIL and takes_email(schema)):
                continue
            close = difflib.get_close_matches(name, schema.columns, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ConfigError(
                f"tables.{schema.name}.{key}: {name!r} is not a column of {schema.name}; {hint}"
                f"It has: {', '.join(schema.columns)}"
            )
