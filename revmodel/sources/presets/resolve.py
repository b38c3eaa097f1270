"""A feed and a file → the entry of the config that reads it, or why it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir

from revmodel.config import SourceConfig
from revmodel.sources.personal import EMAIL
from revmodel.sources.presets.dates import date_formats
from revmodel.sources.presets.exports import Export, Keep, counts_of, rows_with
from revmodel.sources.presets.model import Feed, Headers, Join
from revmodel.sources.schema import TABLES
from revmodel.sources.shape import shaped

__all__ = ["MADE", "Entry", "Unusable", "entry_of"]

MADE = "@"  # before the name of a column that a join or an unpivot makes
_NAME, _VALUE = "stage_begun", "begun_at"  # what unpivoted columns become


@dataclass(frozen=True)
class Entry:
    """A source of the config, as plain data in the config's own words (stages and path not yet filled in).

    rows: of the file that are meant for the table (None: not looked). stage_counts: stage values and their rows.
    comments: what a reader should know.
    """

    feed: Feed
    export: Export
    source: dict[str, Any]
    rows: int | None = None
    stage_counts: dict[str, int] = field(default_factory=dict)
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """Why a file cannot feed a table, as a sentence."""

    feed: Feed
    export: Export
    why: str


def entry_of(feed: Feed, export: Export, others: Sequence[Export], *, with_email: bool) -> Entry | Unusable:
    """What reads this file for this table. others: every export, for look-ups. with_email: e-mails may be hashed."""
    joins = [joined for join in feed.joins if (joined := _joined(join, export, others))]
    unpivot = _unpivoted(feed, export)
    made = {name for joined in joins for name in joined["take"]} | ({_NAME, _VALUE} if unpivot else set())
    columns, lacking = _columns(feed, export, made, with_email=with_email)
    keep = [(header, list(values)) for wanted, values in feed.keep if (header := export.header(wanted))]
    lacking += [wanted[0] for wanted, _ in feed.keep if not export.header(wanted)]
    lacking += [wanted[0] for wanted in feed.needs_headers if not export.header(wanted)]
    if feed.unpivot and not unpivot:
        lacking = [", ".join(wanted[0] for wanted in feed.unpivot.values()) + " or a like one"]
    if EMAIL in feed.needs and not with_email:
        return Unusable(feed, export, f"{export.path.name} is tied to people by e-mail only: set REVMODEL_SALT first")
    if lacking:
        return Unusable(feed, export, f"{export.path.name} has no column {', no '.join(dict.fromkeys(lacking))}")
    split = {header: feed.split[1]} if feed.split and (header := export.header(feed.split[0])) else {}
    source = {
        "join": joins,
        "split": split,
        "unpivot": {"columns": unpivot, "name": _NAME, "value": _VALUE} if unpivot else None,
        "keep": dict(keep),
        "drop": {header: list(values) for wanted, values in feed.drop if (header := export.header(wanted))},
        "distinct": _distinct(feed, export),
        "columns": columns | _not_taken(feed, export, columns),
        "constants": {name: value for name, value in feed.constants.items() if name not in columns},
        "values": {name: dict(values) for name, values in feed.values.items() if name in columns},
        "drop_missing": [name for name in feed.drop_missing if name in columns],
        "remove": {name: text for name, text in feed.remove.items() if name in columns},
        "scale": {name: factor for name, factor in feed.scale.items() if name in columns},
    }
    return _looked_into(feed, export, source, keep, others)


def _columns(feed: Feed, export: Export, made: set[str], *, with_email: bool) -> tuple[dict[str, str], list[str]]:
    """Canonical column → column of the file; and what the table needs but the file lacks."""
    found: dict[str, str] = {}
    for name, wanted in feed.columns.items():
        if name == EMAIL and not with_email:
            continue
        column = _first_there(wanted, export, made)
        if column is not None:
            found[name] = column
    schema = TABLES[feed.table]
    given = {*found, *feed.constants}
    lacking = [_usual(feed, name) for name in (*schema.required, *feed.needs) if name not in given]
    if schema.any_of and not set(schema.any_of) & given:
        lacking.append(" or ".join(_usual(feed, name) for name in schema.any_of if name in feed.columns))
    return found, lacking


def _first_there(wanted: Headers, export: Export, made: set[str]) -> str | None:
    for name in wanted:
        if name.startswith(MADE):
            if name.removeprefix(MADE) in made:
                return name.removeprefix(MADE)
        elif header := export.header((name,)):
            return header
    return None


def _usual(feed: Feed, name: str) -> str:
    """What the vendor calls a column."""
    return next((header for header in feed.columns.get(name, ()) if not header.startswith(MADE)), name)


def _not_taken(feed: Feed, export: Export, columns: dict[str, str]) -> dict[str, str]:
    """A column of the file that happens to have a canonical name but means something else is not taken."""
    return {name: "" for name in TABLES[feed.table].columns if name in export.headers and name not in columns}


def _joined(join: Join, export: Export, others: Sequence[Export]) -> dict[str, Any] | None:
    """The look-up, in a file of the same family where there is one; None where it cannot be done."""
    here = export.header(join.here)
    for other in sorted(others, key=lambda other: other.family != export.family):
        there = other.header(join.there)
        if other.object != join.object or not here or not there:
            continue
        take = {name: header for name, wanted in join.take.items() if (header := other.header(wanted))}
        if take:
            layout = _layout(other)
            return {"path": other.path.name, **layout, "match": {here: there}, "take": take}
    return None


def _unpivoted(feed: Feed, export: Export) -> dict[str, str]:
    """Source column → stage."""
    found = {header: stage for stage, wanted in feed.unpivot.items() if (header := export.header(wanted))}
    if feed.unpivot_like:
        pattern = re.compile(feed.unpivot_like)
        for header in export.headers:
            if match := pattern.fullmatch(header.strip().casefold()):
                found.setdefault(header, match.group(1))
    return found


def _distinct(feed: Feed, export: Export) -> dict[str, list[str]] | None:
    by = [export.header(wanted) for wanted in feed.distinct]
    if not by or None in by:
        return None
    first = []
    for wanted in feed.first:
        descending = wanted[0].startswith("-")
        if header := export.header(tuple(name.removeprefix("-") for name in wanted)):
            first.append(f"-{header}" if descending else header)
    return {"by": [str(header) for header in by], "first": first}


def _layout(export: Export) -> dict[str, Any]:
    layout: dict[str, Any] = {}
    if export.delimiter != ",":
        layout["delimiter"] = export.delimiter
    if export.skip_lines:
        layout["skip_lines"] = export.skip_lines
    return layout


def _looked_into(feed: Feed, export: Export, source: dict[str, Any], keep: Keep, others: Sequence[Export]) -> Entry:
    """The entry with what the file itself says: how dates are written, which stages there are, how many rows."""
    source = {"path": export.path.name, **_layout(export), **source}
    if export.rows is None:
        return Entry(feed, export, _filled(source))
    dates, comments = _dates(feed, export, source, keep)
    source = _filled(source | {"dates": dates})
    rows = _shaped(export, source, others)
    stage_column = source["columns"].get(feed.stage, "") if feed.stage else ""
    counts: dict[str, int] = {}
    if stage_column:
        without = {name: values for name, values in source.get("keep", {}).items() if name != stage_column}
        counts = counts_of(_shaped(export, source | {"keep": without}, others), stage_column)  # those not kept are told
    needed = [source["columns"][name] for name in feed.drop_missing if name in source["columns"]]
    return Entry(feed, export, source, rows_with(rows, needed), counts, tuple(comments))


def _shaped(export: Export, source: dict[str, Any], others: Sequence[Export]) -> ir.Table:
    """The rows of a file after the steps of its entry."""
    config = SourceConfig(**source)
    by_name = {other.path.name: other.rows for other in others}
    return shaped(export.all_rows, config, [by_name[str(lookup.path)] for lookup in config.join])


def _dates(
    feed: Feed, export: Export, source: dict[str, Any], keep: Keep
) -> tuple[dict[str, list[str] | str], list[str]]:
    formats: dict[str, list[str] | str] = {}
    comments = []
    for name, column in source["columns"].items():
        if TABLES[feed.table].columns.get(name) not in ("timestamp", "date"):
            continue
        of_made = list(source["unpivot"]["columns"]) if source["unpivot"] and column == _VALUE else []
        sampled = [name for name in (of_made or [column]) if name in export.headers and not export.is_typed(name)]
        found, doubtful = date_formats([value for header in sampled for value in export.some(header, keep)])
        if found:
            formats[name] = found[0] if len(found) == 1 else found
        if doubtful:
            comments.append(
                f"{name}: day and month cannot be told apart in this file; {found[-1]!r} is a guess: check it"
            )
    return formats, comments


def _filled(source: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if value not in ({}, [], None)}
