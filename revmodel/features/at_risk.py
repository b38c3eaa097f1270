"""Spells or passages → how many were at risk at each age, and how many left: the core of triangles and survival tables.

Age is counted in steps of whole days: step a covers the days a·step … (a+1)·step − 1 after entry. As in hazard cells,
a step counts only once it is wholly past, only after exits were recorded (left truncation) and before the zombie
limit; an exit counts in the step in which it falls. What leaves the engine is one row a combination of group, first
step, last step and exit, however many records there are; the rest is sums over those few rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.journeys.days import DAYS_PER_WEEK, days_before

__all__ = ["followed_counts", "named", "risk_table"]


def followed_counts(stays: ir.Table, keys: Sequence[str], as_of: dt.date, step_days: int) -> pd.DataFrame:
    """Counts of stays alike: keys, first_step, end_step, cause, n.

    stays : one row a stay with entered_at, left_at, outcome, entry_delay_weeks, zombie_after_weeks and the keys.
    At risk in the steps first_step … end_step − 1; ``cause`` is the exit in the last of them, null where none was
    seen. Stays that were never at risk have end_step = first_step.
    """
    entered_ago, left_ago = days_before(as_of, stays.entered_at), days_before(as_of, stays.left_at)
    days = stays.select(
        *keys,
        outcome=stays.outcome,
        finished=(entered_ago + 1) // step_days,
        exit_step=(entered_ago - left_ago) // step_days,
        first_step=((stays.entry_delay_weeks * DAYS_PER_WEEK + step_days - 1) // step_days).cast("int64"),
        limit_step=(stays.zombie_after_weeks * DAYS_PER_WEEK) // step_days,
    )
    limit = ibis.least(days.finished, days.limit_step.fill_null(days.finished)).cast("int64")
    left = (days.exit_step < limit).fill_null(False)
    end = ibis.ifelse(left, days.exit_step + 1, limit).cast("int64")
    followed = days.mutate(
        end_step=ibis.greatest(end, days.first_step),
        cause=ibis.ifelse(left & (end > days.first_step), days.outcome, None),
    )
    by = [*keys, "first_step", "end_step", "cause"]
    counts = followed.group_by(by).aggregate(n=followed.count().cast("int64"))
    frame: pd.DataFrame = counts.order_by(by).to_pyarrow().to_pandas()
    return frame


def risk_table(counts: pd.DataFrame, keys: Sequence[str], causes: Sequence[str]) -> pd.DataFrame:
    """From followed_counts: keys, age (step), at_risk, one column a cause; a row for each age at which one was at risk.

    at_risk at age a: those with first_step ≤ a < end_step. A group in which nobody was at risk has no row.
    """
    parts = []
    groups = counts.groupby(list(keys), sort=True, dropna=False) if keys else [((), counts)]
    for values, rows in groups:
        steps = _steps_of_group(rows, causes)
        parts.append(steps.assign(**named(keys, values)))
    columns = [*keys, "age", "at_risk", *causes]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _steps_of_group(rows: pd.DataFrame, causes: Sequence[str]) -> pd.DataFrame:
    first, end, n = (rows[name].to_numpy(dtype=np.int64) for name in ("first_step", "end_step", "n"))
    steps = int(end.max())
    change = _at(first, n, steps) - _at(end, n, steps)
    exits = {
        cause: _at(end[of_cause] - 1, n[of_cause], steps)[:steps]
        for cause in causes
        for of_cause in [(rows["cause"] == cause).to_numpy(dtype=bool, na_value=False)]
    }
    table = pd.DataFrame({"age": np.arange(steps), "at_risk": np.cumsum(change)[:steps], **exits})
    return table[table["at_risk"] > 0]


def _at(step: npt.NDArray[np.int64], n: npt.NDArray[np.int64], steps: int) -> npt.NDArray[np.int64]:
    """(steps + 1,): how many fall on each step; those that begin after the last are left out."""
    inside = step <= steps
    return np.bincount(step[inside], weights=n[inside], minlength=steps + 1).astype(np.int64)


def named(keys: Sequence[str], values: Any) -> dict[str, Any]:
    """Values of a group by the names of its keys."""
    return dict(zip(keys, values, strict=True))
