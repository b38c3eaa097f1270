"""One look through a source's text before it is taken: e-mail addresses among ids, and blanks that have to go.

Large files are read again at every question, so what is found here once is not done again at each reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import SourceConfig
from revmodel.sources.schema import TableSchema

__all__ = ["NOTHING_SEEN", "Glance", "glance"]

_ADDRESS, _UNTIDY, _LACKING = "address:", "untidy:", "lacking"
_MADE_IMPERSONAL = ("content", "domain", "email_hash")
# A builtin of DuckDB: its own RIGHT takes the text apart into letters first, and three times as long.
_last_character = ibis.udf.scalar.builtin(
    lambda _text, _place: None, name="array_extract", signature=(("string", "int64"), "string")
)
_FIRST_PRINTED = "!"  # sorts after the blank and all control characters, and after the empty text


@dataclass(frozen=True)
class Glance:
    """What the text of a source holds, by canonical column.

    addresses: ids and owners in which an "@" was seen, and in how many rows. tidy: columns that are taken as they are
    and hold no empty text and no blanks at either end; where text sorts by its bytes, on DuckDB and Spark. complete: no
    row lacks what its table needs; looked for in files that stay in place only.
    """

    addresses: dict[str, int]
    tidy: frozenset[str]
    complete: bool = False


NOTHING_SEEN = Glance({}, frozenset())


def glance(raw: ir.Table, source: SourceConfig, schema: TableSchema, *, by_bytes: bool, in_place: bool) -> Glance:
    """Look through ``raw``, a source's rows under its own names; nothing is asked where no column needs it."""
    as_they_are = {name: raw[own] for name in schema.columns if (own := _own_name(name, source)) in raw.columns}
    texts = {name: column for name, column in as_they_are.items() if schema.columns[name] == "string"}
    texts = {name: text for name, text in texts.items() if text.type().is_string()}
    people = {name: text for name, text in texts.items() if _may_hold_people(name)}
    plain = {name: column for name, column in as_they_are.items() if not _is_changed(name, source)}
    questions = {f"{_ADDRESS}{name}": text.contains("@").sum() for name, text in people.items()}
    if by_bytes:
        asked = [name for name in texts if name in plain]
        questions |= {f"{_UNTIDY}{name}": _is_untidy(texts[name], in_place).sum() for name in asked}
    if in_place and set(schema.required) <= set(plain):
        questions |= {_LACKING: _is_lacking(plain, schema).sum()}
    if not questions:
        return NOTHING_SEEN
    answers = {name: int(n or 0) for name, n in raw.aggregate(**questions).to_pyarrow().to_pylist()[0].items()}
    addresses = {name.removeprefix(_ADDRESS): n for name, n in answers.items() if n and name.startswith(_ADDRESS)}
    tidy = {name.removeprefix(_UNTIDY) for name, n in answers.items() if not n and name.startswith(_UNTIDY)}
    needed = {name for name in (*schema.required, *schema.any_of) if name in texts}
    return Glance(addresses, frozenset(tidy), complete=answers.get(_LACKING) == 0 and needed <= tidy)


def _own_name(name: str, source: SourceConfig) -> str:
    return source.columns.get(name, name)


def _is_lacking(plain: Mapping[str, ir.Column], schema: TableSchema) -> ir.BooleanValue:
    """Rows that are null in a required column, or in all of those of which one is needed."""
    lacking = ibis.or_(*(plain[name].isnull() for name in schema.required))
    if not schema.any_of:
        return lacking
    return lacking | ibis.and_(*(plain[name].isnull() for name in schema.any_of if name in plain))


def _may_hold_people(name: str) -> bool:
    """Ids and owners."""
    return name.endswith("_id") or name in ("owner", "email_hash")


def _is_changed(name: str, source: SourceConfig) -> bool:
    """Whether more is done to a column than giving it its name: see sources/mapping.py."""
    said = (source.values, source.remove, source.scale, source.constants)
    return any(name in each for each in said) or name in _MADE_IMPERSONAL


def _is_untidy(text: ir.StringColumn, in_place: bool) -> ir.BooleanColumn:
    """Of what stays in place only blanks are trimmed; at the end those are found sooner than any other white space."""
    ends = text.endswith(" ") if in_place else _last_character(text, -1) < _FIRST_PRINTED
    return (text < _FIRST_PRINTED) | ends
