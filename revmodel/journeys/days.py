"""Time as whole days before the as-of date: small integers that every engine computes alike."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir

__all__ = ["DAYS_PER_WEEK", "days_before"]

DAYS_PER_WEEK = 7


def days_before(as_of: dt.date, moment: ir.Column) -> ir.IntegerColumn:
    """Whole days from the date of ``moment`` to ``as_of``: 0 on the day itself, negative after it."""
    return ibis.literal(as_of).delta(moment.date(), unit="day")
