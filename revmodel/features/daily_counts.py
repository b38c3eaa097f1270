"""Additive facts: what each day brought, by group. Sums of parts are the sum of the whole, to the last digit."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from revmodel.dims import UNKNOWN
from revmodel.sources.schema import schema_of

__all__ = ["DAILY", "MILLIONTHS", "DailyCounts", "daily_counts"]

MILLIONTHS = 1_000_000  # sums are kept as whole millionths, so the order in which rows came cannot change them


@dataclass(frozen=True)
class DailyCounts:
    """keys: columns to count by, beside the day of the event. sums: columns to add up, in millionths."""

    keys: tuple[str, ...]
    sums: tuple[str, ...] = ()


DAILY = {
    "spend": DailyCounts(("channel", "campaign", "region", "segment"), ("spend", "impressions", "clicks")),
    "touches": DailyCounts(("channel", "campaign", "kind")),
    "indicators": DailyCounts(("name", "region"), ("value",)),
}


def daily_counts(rows: ir.Table, name: str) -> ir.Table:
    """day, the keys of the table (null is "unknown"), rows, and each sum in whole millionths (null adds nothing)."""
    spec, event = DAILY[name], schema_of(name).event
    keys = {key: rows[key].fill_null(UNKNOWN) for key in spec.keys}
    sums = {column: (rows[column] * MILLIONTHS).round().cast("int64").sum().fill_null(0) for column in spec.sums}
    counted = rows.group_by(day=rows[event].cast("timestamp(6)").date(), **keys)
    totals = counted.aggregate(rows=rows.count(), **sums)
    return totals.mutate(**{name: totals[name].cast("int64") for name in ("rows", *spec.sums)})
