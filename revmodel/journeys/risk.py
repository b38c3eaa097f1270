"""Time at risk: from when a stage's exits were recorded, and until when an open record is worth waiting for.

Both are learned from counts of spells by stage, day of entry and day of exit, by the rules of sources/checks, so that
what the findings tell is what is done here.
"""

from __future__ import annotations

import datetime as dt

import ibis.expr.types as ir
import pandas as pd

from revmodel.journeys.days import days_before
from revmodel.sources.checks.truncation import is_truncated
from revmodel.sources.checks.zombies import zombie_limits

__all__ = ["left_truncation", "spell_counts", "truncated_stages", "zombie_limits"]


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
        if is_truncated(spells, pd.Timestamp(as_of)):
            recorded_from = spells["left_on"].min()
            before = int(spells.loc[spells["entered_on"] < recorded_from, "n"].sum())
            rows.append((stage, spells["entered_on"].min(), recorded_from, before))
    return pd.DataFrame(rows, columns=["stage", "first_entry", "exits_recorded_from", "records"])
