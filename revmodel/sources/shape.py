"""Rows brought into the shape of a table: look-ups, splits, wide columns made rows, repeated rows once.

Each step is a line of the config (see SourceConfig) and a plain expression, so every engine does it alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from revmodel.config import DistinctConfig, LookupConfig, SourceConfig, UnpivotConfig
from revmodel.sources.canonical import text_of
from revmodel.sources.dialect import first_rows
from revmodel.sources.findings import Finding
from revmodel.sources.mapping import is_unnamed
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["shape_findings", "shaped"]

_KEY = "looked_up_by"


def shaped(raw: ir.Table, source: SourceConfig, lookups: Sequence[ir.Table]) -> ir.Table:
    """The rows after every step of the config, in its order. lookups: the rows of ``source.join``, in that order."""
    for lookup, rows in zip(source.join, lookups, strict=True):
        raw = _joined(raw, lookup, rows)
    for column, separator in source.split.items():
        raw = _split(raw, column, separator)
    if source.unpivot:
        raw = _unpivoted(raw, source.unpivot)
    raw = kept(raw, source.keep)
    for column, values in source.drop.items():
        raw = raw.filter(~_is_one_of(raw[column], values))
    return _distinct(raw, source.distinct) if source.distinct else raw


def kept(raw: ir.Table, keep: dict[str, list[str]]) -> ir.Table:
    """Rows whose columns have one of the values wanted; case does not matter."""
    return reduce(lambda rows, item: rows.filter(_is_one_of(rows[item[0]], item[1])), keep.items(), raw)


def shape_findings(
    rows: ir.Table, source: SourceConfig, lookups: Sequence[ir.Table], table: str, origin: str
) -> list[Finding]:
    """What the steps could not do without loss: keys looked up with several answers, values without a name.

    rows: after the steps.
    """
    findings = []
    for lookup, looked_up in zip(source.join, lookups, strict=True):
        findings += _of_lookup(lookup, looked_up, table, origin)
    for name, target in source.others.items():
        findings += _of_others(rows, source, name, target, table, origin)
    return findings


def _joined(raw: ir.Table, lookup: LookupConfig, rows: ir.Table) -> ir.Table:
    """A left join that never adds a row: of several matches the first in the order of what is taken."""
    one = _answers(lookup, rows, once=True)
    wanted = [text_of(raw[ours]) == one[f"{_KEY}:{theirs}"] for ours, theirs in lookup.match.items()]
    taken = raw.drop(*(name for name in lookup.take if name in raw.columns))
    return raw.left_join(one, wanted).select(*taken.columns, *(one[f"taken:{name}"].name(name) for name in lookup.take))


def _answers(lookup: LookupConfig, rows: ir.Table, *, once: bool) -> ir.Table:
    """Key columns as text and what is taken, of the rows kept; rows without a key are left out."""
    rows = kept(rows, lookup.keep)
    keys = {f"{_KEY}:{theirs}": text_of(rows[theirs]) for theirs in lookup.match.values()}
    taken = {f"taken:{name}": rows[column] for name, column in lookup.take.items()}
    answers = rows.select(**keys, **taken).drop_null(list(keys), how="any").distinct()
    return first_rows(answers, list(keys), [answers[name] for name in taken]) if once else answers


def _split(raw: ir.Table, column: str, separator: str) -> ir.Table:
    """One row for each part; a row whose column is empty has none."""
    parts = raw.filter(text_of(raw[column]).notnull())
    parts = parts.mutate(**{column: text_of(parts[column]).split(separator)}).unnest(column)
    parts = parts.mutate(**{column: text_of(parts[column])})
    return parts.filter(parts[column].notnull())


def _unpivoted(raw: ir.Table, unpivot: UnpivotConfig) -> ir.Table:
    others = [name for name in raw.columns if name not in {*unpivot.columns, unpivot.name, unpivot.value}]
    parts = [
        raw.filter(text_of(raw[column]).notnull()).select(
            *others, **{unpivot.name: ibis.literal(value), unpivot.value: raw[column]}
        )
        for column, value in unpivot.columns.items()
    ]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _distinct(raw: ir.Table, distinct: DistinctConfig) -> ir.Table:
    """One row for each combination of ``by``; the other columns make the order total, so it is always the same row."""
    filled = ibis.and_(*(text_of(raw[name]).notnull() for name in distinct.by))
    order = [
        ibis.desc(raw[name[1:]], nulls_first=False) if name.startswith("-") else ibis.asc(raw[name], nulls_first=False)
        for name in distinct.first
    ]
    named = {*distinct.by, *(name.removeprefix("-") for name in distinct.first)}
    rest = [raw[name] for name in raw.columns if name not in named]
    numbered = raw.mutate(is_filled=filled)
    once = first_rows(numbered.filter(numbered.is_filled), distinct.by, [*order, *rest])
    return ibis.union(once, numbered.filter(~numbered.is_filled)).drop("is_filled")


def _is_one_of(column: ir.Column, values: Sequence[str]) -> ir.BooleanColumn:
    return text_of(column).lower().fill_null("").isin([value.strip().lower() for value in values])


def _of_lookup(lookup: LookupConfig, rows: ir.Table, table: str, origin: str) -> list[Finding]:
    answers = _answers(lookup, rows, once=False)
    keys = [f"{_KEY}:{theirs}" for theirs in lookup.match.values()]
    several = answers.group_by(keys).having(answers.count() > 1).aggregate(n=answers.count())
    n_several = int(several.count().to_pyarrow().as_py())
    if not n_several:
        return []
    what = ", ".join(lookup.take)
    return [
        Finding(
            code="several-answers",
            severity="note",
            table=table,
            what=f"{plural(n_several, 'key')} of {lookup.path} {'has' if n_several == 1 else 'have'} several answers "
            f"for {what} where {origin} looks them up",
            count=n_several,
            examples=examples_of(several[keys[0]]),
            done="The first in alphabetical order was taken: each row keeps one",
            remedy=f"Nothing, if any of them will do; else narrow it with keep under tables.{table}: join.",
        )
    ]


def _of_others(rows: ir.Table, source: SourceConfig, name: str, target: str, table: str, origin: str) -> list[Finding]:
    """Values that the config does not name and that ``others`` made one."""
    came = text_of(rows[source.columns.get(name, name)])
    unnamed = rows.filter(is_unnamed(came, source.values[name])).select(value=came)
    counts = unnamed.group_by("value").aggregate(n=unnamed.count()).order_by(ibis.desc("n"), "value").to_pyarrow()
    if not counts.num_rows:
        return []
    pairs = zip(counts["value"].to_pylist(), counts["n"].to_pylist(), strict=True)
    count = sum(counts["n"].to_pylist())
    became = f"they became {target!r}" if target else "they count as missing"
    return [
        Finding(
            code="values-not-named",
            severity="warn",
            table=table,
            what=f"{plural(counts.num_rows, 'value')} of {name} in {plural(count, 'row')} of {origin} "
            f"{'is' if counts.num_rows == 1 else 'are'} not named in the config",
            count=count,
            examples=tuple(f"{value} ({plural(n, 'row')})" for value, n in list(pairs)[:5]),
            done=f"As others.{name} says, {became}",
            remedy=f"Name them under tables.{table}: values: {{{name}: …}}.",
        )
    ]
