"""Many records in one minute: lists that were imported, and stages that were changed in one go.

Where a table has dates without times, a day takes the place of the minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks.activity import AT_MIDNIGHT, Activity
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural, some_of

__all__ = ["bursts"]

_LEAST = 50  # records in a minute, or on a day
_TIMES_MEAN_MINUTE = 200  # a minute of a good hour of a campaign's best day has some ten times the mean
_TIMES_MEAN_DAY = 20  # the last day of a quarter has some five to ten times the mean
_MINUTES_PER_DAY = 24 * 60
_GRAVE_SHARE = 0.05


@dataclass(frozen=True)
class _Kind:
    code: str
    table: str
    event: str


_KINDS = (_Kind("bulk-import", "leads", "created_at"), _Kind("batch-changes", "stage_changes", "changed_at"))


def bursts(tables: Tables, config: Config, activity: Activity) -> list[Finding]:
    """Minutes (days, where there are no times) with far more leads, or far more moves to one stage, than any should."""
    findings = []
    for kind in _KINDS:
        if kind.table in tables:
            moments = _moments(tables[kind.table], kind, config, activity)
            if not moments.empty:
                total = int(activity.counts.loc[activity.counts["table"] == kind.table, "n"].sum())
                findings.append(_FINDINGS[kind.code](moments, total))
    return findings


def _moments(table: ir.Table, kind: _Kind, config: Config, activity: Activity) -> pd.DataFrame:
    """moment, to_stage (stage changes only), by_day, n: those with too many rows, the largest first."""
    per_minute, per_day = _limits(activity, kind.table)
    event = table[kind.event]
    dateless = event == event.truncate("D")
    keys = {"by_day": dateless, "moment": event.truncate("m")}
    if kind.table == "stage_changes":
        entries = {config.funnel.stages[0]}  # entries of the first stage are imports of leads, told as such
        table, keys = table.filter(table.to_stage.notin(list(entries))), keys | {"to_stage": table.to_stage}
    counted = table.group_by(**keys).aggregate(n=lambda rows: rows.count())
    many = counted.filter(counted.n >= ibis.ifelse(counted.by_day, per_day, per_minute))
    found: pd.DataFrame = many.order_by(ibis.desc("n"), "moment").limit(1000).to_pyarrow().to_pandas()
    return found


def _limits(activity: Activity, table: str) -> tuple[int, int]:
    """Rows from which a minute, and a day, has too many."""
    rows = activity.counts[activity.counts["table"] == table]
    days = 7 * max(1, rows["week"].nunique())
    timed = float(rows.loc[rows["hour"] != AT_MIDNIGHT, "n"].sum()) / days
    dateless = float(rows.loc[rows["hour"] == AT_MIDNIGHT, "n"].sum()) / days
    per_minute = _TIMES_MEAN_MINUTE * timed / _MINUTES_PER_DAY
    return round(max(_LEAST, per_minute)), round(max(_LEAST, _TIMES_MEAN_DAY * dateless))


def _examples(moments: pd.DataFrame) -> list[str]:
    return [
        f"{row.moment:%Y-%m-%d}: {row.n:,}" if row.by_day else f"{row.moment:%Y-%m-%d %H:%M}: {row.n:,}"
        for row in moments.head(5).itertuples()
    ]


def _unit(moments: pd.DataFrame) -> str:
    return plural(len(moments), "day" if moments["by_day"].all() else "minute")


def _import_finding(moments: pd.DataFrame, total: int) -> Finding:
    rows = int(moments["n"].sum())
    return finding_of(
        "bulk-import",
        "leads",
        f"{rows:,} of {plural(total, 'lead')} were created in {_unit(moments)}: imported lists, not demand of that "
        "moment",
        count=rows,
        examples=_examples(moments),
        severity="warn" if rows > _GRAVE_SHARE * total else "note",
        done="Kept: they count as leads of the week of the import",
        remedy="Date them by when these people came, leave bought lists out, or name the week in annotations.",
    )


def _batch_finding(moments: pd.DataFrame, total: int) -> Finding:
    rows = int(moments["n"].sum())
    stages = moments.groupby("to_stage")["n"].sum().sort_values(ascending=False)
    return finding_of(
        "batch-changes",
        "stage_changes",
        f"{rows:,} of {plural(total, 'stage change')} were made in {_unit(moments)}, to "
        f"{some_of(f'{stage!r} ({n:,})' for stage, n in stages.items())}: a clean-up of the CRM, it seems",
        count=rows,
        examples=_examples(moments),
        done="Kept: the moves count in the week in which they were made",
        remedy="If records left long before, date the changes by when they did; or name the week in annotations.",
    )


_FINDINGS = {"bulk-import": _import_finding, "batch-changes": _batch_finding}
