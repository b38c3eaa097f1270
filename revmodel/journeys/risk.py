"""Time at risk: from when a stage's exits were recorded, and until when an open record is worth waiting for.

Both are learned from counts of spells by stage, day of entry and day of exit.
"""

from __future__ import annotations

import datetime as dt
import math

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from revmodel.config import FunnelConfig
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.sources.checks.truncation import expected_exits_before_first

__all__ = ["left_truncation", "spell_counts", "truncated_stages", "zombie_limits"]

ENOUGH_EXPECTED_EXITS = 5.0  # none seen where so many are expected: a chance below 1 in 100
ENOUGH_EXITS = 50  # fewer say little about how long a stage can take
LONGEST_TIMES = 2  # an open record is given twice the longest time that any took to leave
LEAST_LIMIT_WEEKS = 26


def left_truncation(spells: ir.Table, as_of: dt.date) -> pd.DataFrame:
    """Stages whose exits began to be recorded long after entries did.

    One row such a stage: stage, first_entry, exits_recorded_from (Timestamps), records (spells that began before).
    Before its first recorded exit a stage seems to keep everybody. That is taken for missing records, not for
    patience, when at the rates of records that entered later more than five exits would have been expected by then:
    seeing none has a Poisson chance below 1 in 100.
    """
    return truncated_stages(spell_counts(spells, as_of), as_of)


def spell_counts(spells: ir.Table, as_of: dt.date) -> pd.DataFrame:
    """Columns stage, entered_on, left_on (NaT where open), n: spells by their days."""
    days = spells.select(
        "stage", entered_ago=days_before(as_of, spells.entered_at), left_ago=days_before(as_of, spells.left_at)
    )
    keys = ["stage", "entered_ago", "left_ago"]
    counted = days.group_by(keys).aggregate(n=lambda t: t.count()).order_by(keys)
    counts: pd.DataFrame = counted.to_pyarrow().to_pandas()
    today = pd.Timestamp(as_of).as_unit("s")
    for day in ("entered", "left"):
        counts[f"{day}_on"] = today - pd.to_timedelta(counts[f"{day}_ago"].astype("float64"), unit="D")
    return counts[["stage", "entered_on", "left_on", "n"]]


def truncated_stages(counts: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """What left_truncation returns, from spell_counts."""
    rows = []
    for stage, spells in counts.groupby("stage", sort=True):
        if expected_exits_before_first(spells, pd.Timestamp(as_of)) > ENOUGH_EXPECTED_EXITS:
            recorded_from = spells["left_on"].min()
            before = int(spells.loc[spells["entered_on"] < recorded_from, "n"].sum())
            rows.append((stage, spells["entered_on"].min(), recorded_from, before))
    return pd.DataFrame(rows, columns=["stage", "first_entry", "exits_recorded_from", "records"])


def zombie_limits(counts: pd.DataFrame, funnel: FunnelConfig) -> dict[str, int]:
    """Stage → whole weeks after which a record still there is a zombie; a stage without a limit is not in it.

    funnel.zombie_weeks where it is set; else twice the longest time that any record took to leave the stage, at least
    26 weeks, once fifty have left it.
    """
    if funnel.zombie_weeks is not None:
        return dict.fromkeys(funnel.stages, math.ceil(funnel.zombie_weeks))
    left = counts[counts["left_on"].notna()]
    limits = {}
    for stage, spells in left.groupby("stage", sort=True):
        if int(spells["n"].sum()) >= ENOUGH_EXITS:
            longest_days = int((spells["left_on"] - spells["entered_on"]).dt.days.max())
            weeks = int(np.ceil(LONGEST_TIMES * longest_days / DAYS_PER_WEEK))
            limits[str(stage)] = max(weeks, LEAST_LIMIT_WEEKS)
    return limits
