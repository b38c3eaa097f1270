"""Rows dated after the as-of date."""

from __future__ import annotations

import datetime as dt

from revmodel.config import Config
from revmodel.sources.checks.counts import TableCounts, is_later
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["rows_after_as_of"]


def rows_after_as_of(tables: Tables, config: Config, counts: dict[str, TableCounts]) -> list[Finding]:
    """Tables with events after the end of the as-of day. Without an as-of date nothing can be after it."""
    if config.as_of is None:
        return []
    return [_finding(tables, name, counts[name].later, config.as_of) for name in counts if counts[name].later]


def _finding(tables: Tables, name: str, count: int, as_of: dt.date) -> Finding:
    event = str(TABLES[name].event)
    table = tables[name]
    later = table.filter(is_later(table, name, as_of))
    return finding_of(
        "after-as-of",
        name,
        f"{plural(count, 'row')} of {name} {'is' if count == 1 else 'are'} dated ({event}) after the as-of date "
        f"{as_of}",
        count=count,
        examples=examples_of(later[event].cast("date")),
        done="The run does not see them: it knows only what was recorded by the as-of date",
        remedy="Set as_of to the day of the export; dates beyond it are typing errors in the source.",
    )
