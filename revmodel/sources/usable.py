"""Values that could not be read and rows that lack what their table needs: counted, shown, told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import DateFormats
from revmodel.sources.dialect import distinct_values
from revmodel.sources.findings import Finding
from revmodel.sources.masking import shown
from revmodel.sources.schema import TableSchema
from revmodel.sources.wording import plural

__all__ = ["Lost", "examples_of", "is_usable", "lost_values", "text_name"]

_USUAL_FORMATS = (
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%y %I:%M %p",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%Y%m%d",
    "%Y/%m/%d",
)


def text_name(column: str) -> str:
    """The name under which a typed column's text is kept while it is checked."""
    return f"text:{column}"


def is_usable(table: ir.Table, schema: TableSchema) -> ir.BooleanColumn:
    """Rows with a value in every required column, and in one of those of which one is needed."""
    usable = ibis.and_(*(table[name].notnull() for name in schema.required))
    return usable & ~_none_of(table, schema)


@dataclass(frozen=True)
class Lost:
    """What a table lost when it was read: rows that cannot be used, and the findings that tell."""

    rows: int
    findings: list[Finding]


def lost_values(
    table: ir.Table, schema: TableSchema, origin: str, parsed: Sequence[str], formats: Mapping[str, DateFormats]
) -> Lost:
    """What is unreadable or unusable in a typed table that still has the text of its ``parsed`` columns.

    One query counts everything; a second one fetches examples, only where there is something to show.
    """
    unread = {name: table[text_name(name)].notnull() & table[name].isnull() for name in parsed}
    lacking = {
        name: table[name].isnull() & ~unread[name] if name in unread else table[name].isnull()
        for name in schema.required
    }
    if schema.any_of:
        lacking[" or ".join(schema.any_of)] = _none_of(table, schema)
    counts = _counts(table, {f"unread:{name}": rows for name, rows in unread.items()} | lacking)
    findings = [
        _unreadable(table.filter(rows), schema, origin, name, counts[f"unread:{name}"], formats.get(name))
        for name, rows in unread.items()
        if counts[f"unread:{name}"]
    ]
    if any(counts[name] for name in lacking):
        names = [name for name in lacking if counts[name]]
        findings.append(_unusable(table.filter(ibis.or_(*lacking.values())), schema, origin, names))
    needed = (*lacking, *(f"unread:{name}" for name in unread if name in schema.required))
    return Lost(sum(counts[name] for name in needed), findings)


def examples_of(column: ir.Column, n: int = 5) -> tuple[str, ...]:
    """A few distinct values as text, in order."""
    values = distinct_values(column.cast("string")).order_by("value").limit(n)
    return tuple(value for value in values.to_pyarrow()["value"].to_pylist() if value is not None)


def _none_of(table: ir.Table, schema: TableSchema) -> ir.BooleanValue:
    if not schema.any_of:
        return ibis.literal(False)
    return ibis.and_(*(table[name].isnull() for name in schema.any_of))


def _counts(table: ir.Table, conditions: Mapping[str, ir.BooleanColumn]) -> dict[str, int]:
    row = table.aggregate(**{name: rows.sum() for name, rows in conditions.items()}).to_pyarrow().to_pylist()[0]
    return {name: int(n or 0) for name, n in row.items()}  # the sum over no rows is null


def _unreadable(
    rows: ir.Table, schema: TableSchema, origin: str, name: str, count: int, formats: DateFormats | None
) -> Finding:
    kind, values = schema.columns[name], examples_of(rows[text_name(name)])
    is_moment = kind in ("timestamp", "date")
    examples = tuple(dict.fromkeys(shown(value, is_moment=is_moment) for value in values))
    if is_moment:
        expected = _expected_dates(formats)
        remedy = f"Give their format under dates: {{{name}: {_suggested(values)}}}"
    else:
        expected = "numbers" if kind != "bool" else "true or false"
        remedy = f"Write plain {expected} in the source (1234.5)" if kind != "bool" else "Write true or false"
    nothing = repr(values[0]) if values[0] in examples else "<the value>"
    return Finding(
        code="unreadable-values",
        severity="warn",
        table=schema.name,
        what=f"{plural(count, 'value')} of {name} in {origin} {'is' if count == 1 else 'are'} not {expected}",
        count=count,
        examples=examples,
        done="The rows were set aside" if name in schema.required else "The values count as missing",
        remedy=f"{remedy}; map those that mean nothing under values: {{{name}: {{{nothing}: ''}}}}.",
    )


def _expected_dates(formats: DateFormats | None) -> str:
    if not formats:
        return "ISO dates (2026-09-30)"
    return f"dates of the format {' or '.join(map(repr, [formats] if isinstance(formats, str) else formats))}"


def _suggested(examples: Sequence[str]) -> str:
    """The usual formats that all examples follow; two where day and month cannot be told apart."""
    fitting = [format for format in _USUAL_FORMATS if all(_follows(text, format) for text in examples)]
    return " or ".join(repr(format) for format in fitting[:2]) or "'%m/%d/%Y'"


def _follows(text: str, format: str) -> bool:
    try:
        dt.datetime.strptime(text, format)
    except ValueError:
        return False
    return True


def _unusable(rows: ir.Table, schema: TableSchema, origin: str, lacking: Sequence[str]) -> Finding:
    count = int(rows.count().execute())
    key = schema.keys[0] if schema.keys else schema.required[0]
    return Finding(
        code="unusable-rows",
        severity="warn",
        table=schema.name,
        what=f"{plural(count, 'row')} of {origin} {'has' if count == 1 else 'have'} no {', no '.join(lacking)}",
        count=count,
        examples=examples_of(rows[key]),
        done=f"Those rows were set aside: {schema.name} cannot be used without it",
        remedy=f"Fill them in the source, or say that they are no {schema.name} with "
        f"drop_missing: [{', '.join(name for name in lacking if name in schema.columns)}].",
    )
