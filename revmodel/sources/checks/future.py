"""Rows dated after the as-of date."""

from __future__ import annotations

import datetime as dt

from revmodel.config import Config
from revmodel.sources.findings import Finding
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of

__all__ = ["rows_after_as_of"]


def rows_after_as_of(tables: Tables, config: Config) -> list[Finding]:
    """Tables with events after the end of the as-of day. Without an as-of date nothing can be after it."""
    if config.as_of is None:
        return []
    tomorrow = dt.datetime.combine(config.as_of + dt.timedelta(days=1), dt.time())
    findings = []
    for name in tables.names:
        moment = TABLES[name].event
        if moment is None:
            continue
        table = tables[name]
        later = table.filter(table[moment].cast("timestamp(6)") >= tomorrow)
        if count := int(later.count().execute()):
            findings.append(_finding(name, moment, count, config.as_of, examples_of(later[moment].cast("date"))))
    return findings


def _finding(table: str, moment: str, count: int, as_of: dt.date, examples: tuple[str, ...]) -> Finding:
    return Finding(
        code="after-as-of",
        severity="note",
        table=table,
        what=f"{count} row(s) of {table} have a {moment} after the as-of date {as_of}",
        count=count,
        examples=examples,
        done="The run does not see them: it knows only what was recorded by the as-of date",
        remedy="Set as_of to the day of the export; dates beyond it are typing errors in the source.",
    )
