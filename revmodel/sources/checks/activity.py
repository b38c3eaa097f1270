"""What happened when: events by table, channel, week and hour, from one query; several checks read it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import Config
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["AT_MIDNIGHT", "Activity", "count_activity"]

AT_MIDNIGHT = -1  # the hour of events at 00:00:00 sharp: most often a date without a time
_WITH_CHANNEL = ("leads", "touches", "deals", "spend")
_WITHOUT_CHANNEL = ("stage_changes",)
_VALUES = ("n", "money", "impressions")
_MOST_WEEKS = 520  # ten years: older rows are few, or their dates are wrong
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Activity:
    """Counts of the last ten years at most; weeks cover seven days each, and the last one ends on it.

    counts: table, channel ("" where null or where the table has none), week (0 = the first), hour (0 to 23, or
        AT_MIDNIGHT; days without hours too), n (rows), money (sum of spend), impressions.
    weeks: how many there are. last_day: the as-of date, or the last day with a stage change or record.
    """

    counts: pd.DataFrame
    weeks: int
    last_day: dt.date

    def weekly(self, table: str, value: str = "n") -> dict[str, Floats]:
        """Channel → (week,) sums of ``value`` for one table; channels in the order of their names."""
        return self._series.get((table, value), {})

    @cached_property
    def _series(self) -> dict[tuple[str, str], dict[str, Floats]]:
        sums = self.counts.groupby(["table", "channel", "week"], sort=True)[list(_VALUES)].sum().reset_index()
        series: dict[tuple[str, str], dict[str, Floats]] = defaultdict(dict)
        for (table, channel), part in sums.groupby(["table", "channel"], sort=True):
            for value in _VALUES:
                whole = np.zeros(self.weeks)
                whole[part["week"].to_numpy()] = part[value].to_numpy()
                series[str(table), value][str(channel)] = whole
        return dict(series)

    def day(self, week: int) -> dt.date:
        """The first day of a week."""
        return self.last_day - dt.timedelta(days=7 * (self.weeks - week) - 1)


def count_activity(tables: Tables, config: Config) -> Activity | None:
    """Counts of every table whose events carry a channel, and of stage changes; None where nothing is dated."""
    names = [name for name in (*_WITH_CHANNEL, *_WITHOUT_CHANNEL) if name in tables]
    last_day = config.as_of or _last_day(tables)
    if not names or last_day is None:
        return None
    parts = [_counted(tables[name], name, last_day) for name in names]
    counts = (ibis.union(*parts) if len(parts) > 1 else parts[0]).to_pyarrow().to_pandas()
    if counts.empty:
        return None
    first_ago = int(counts["weeks_ago"].max())
    counts["week"] = first_ago - counts["weeks_ago"].astype("int64")
    counts = counts.drop(columns="weeks_ago").sort_values(["table", "channel", "week", "hour"], ignore_index=True)
    return Activity(counts, first_ago + 1, last_day)


def _counted(table: ir.Table, name: str, last_day: dt.date) -> ir.Table:
    event = table[str(TABLES[name].event)]
    days_ago = ibis.literal(last_day).delta(event.cast("date"), unit="day")
    dateless = TABLES[name].columns[str(TABLES[name].event)] == "date"
    hour = ibis.literal(AT_MIDNIGHT) if dateless else _hour(event)
    rows = table.select(
        channel=table.channel.fill_null("") if name in _WITH_CHANNEL else ibis.literal(""),
        days_ago=days_ago,
        hour=hour.cast("int64"),
        money=table.spend if name == "spend" else ibis.literal(0.0),
        impressions=table.impressions.fill_null(0.0) if name == "spend" else ibis.literal(0.0),
    )
    rows = rows.filter((rows.days_ago >= 0) & (rows.days_ago < 7 * _MOST_WEEKS))
    weeks_ago = (rows.days_ago // 7).cast("int64")
    grouped = rows.group_by(table=ibis.literal(name), channel=rows.channel, weeks_ago=weeks_ago, hour=rows.hour)
    return grouped.aggregate(n=rows.count(), money=rows.money.sum(), impressions=rows.impressions.sum())


def _hour(event: ir.Column) -> ir.IntegerColumn:
    return ibis.ifelse(event == event.truncate("D"), AT_MIDNIGHT, event.hour()).cast("int64")


def _last_day(tables: Tables) -> dt.date | None:
    events = [tables[name][str(TABLES[name].event)] for name in ("stage_changes", "leads", "deals") if name in tables]
    days = [event.date().max().to_pyarrow().as_py() for event in events]
    return max((day for day in days if day is not None), default=None)
