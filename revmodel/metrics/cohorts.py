"""Conversion of the same records, followed: what went on so far, and what will have once the young are as old.

The naive ratio of a young cohort is too low, because its records have not had the time; Aalen-Johansen counts each
only for as long as it was followed.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from revmodel.dims import ADVANCE, ALL
from revmodel.metrics.survival import incidence_at

__all__ = ["COHORT_COLUMNS", "cohort_names", "cohort_table", "horizons"]

_ENDS = ("advance", "lost", "recycled")
_SHARE = 0.9  # of those who went on
_WEEK = 7
COHORT_COLUMNS = (
    *("cohort", "label", "grain", "period", "period_start", "period_end", "complete", "entered", "went_on", "lost"),
    *("sent_back", "open", "naive", "honest", "low", "high", "horizon_days", "followed_days", "sentence"),
)


def horizons(counts: pd.DataFrame, told: Mapping[str, int]) -> dict[str, int]:
    """Clock → days within which a cohort is told: as configured by stage, else what 9 in 10 of those who went on took.

    Whole weeks, of all cohorts together. counts : clock, time (days), advance.
    """
    found = {}
    for clock, part in counts[counts[ADVANCE] > 0].groupby("clock", sort=True):
        stage = str(clock).partition(":")[2]
        by_time = part.groupby("time")[ADVANCE].sum().cumsum()
        days = float(by_time.index[int(np.searchsorted(by_time.to_numpy(), _SHARE * by_time.iloc[-1]))])
        found[str(clock)] = told.get(stage, max(_WEEK, math.ceil(days / _WEEK) * _WEEK))
    return found


def cohort_table(
    counts: pd.DataFrame, names: Mapping[str, str], periods: pd.DataFrame, grain: str, days: Mapping[str, int]
) -> pd.DataFrame:
    """COHORT_COLUMNS, one row a clock and period of entry.

    counts : of clocks, in total (see durations.clock_counts). names : clock → label, in order. days : see horizons.
    honest : share that goes on within the horizon (Aalen-Johansen), with its 80 % range; not known while nobody of the
    cohort has been followed so long. naive : went on so far ÷ entered.
    """
    found = []
    for clock, label in names.items():
        mine = counts[(counts["clock"] == clock) & (counts["level"] == ALL)]
        if clock not in days or mine.empty:
            continue
        each = mine.groupby("start")[[*_ENDS, "open"]].sum()
        honest = incidence_at(mine, ["start"], ADVANCE, _ENDS, days[clock]).set_index("start")
        rows = periods.set_index("start").join(each, how="inner").join(honest, how="left").reset_index()
        found.append(_described(rows, clock, label, grain, days[clock]))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COHORT_COLUMNS))


def _described(rows: pd.DataFrame, clock: str, label: str, grain: str, horizon: int) -> pd.DataFrame:
    entered = rows[[*_ENDS, "open"]].sum(axis=1)
    young = rows["followed"] < horizon
    rows = rows.rename(columns={"advance": "went_on", "recycled": "sent_back", "start": "period_start"})
    rows = rows.assign(
        cohort=clock.partition(":")[2] if clock.startswith("stage:") else clock, label=label, grain=grain,
        period_end=rows["end"], entered=entered, naive=rows["went_on"] / entered, horizon_days=horizon,
        followed_days=rows["followed"].round(), honest=rows["value"].mask(young),
        low=rows["low"].mask(young), high=rows["high"].mask(young),
    )  # fmt: skip
    return rows.assign(sentence=[_sentence(row) for row in rows.to_dict("records")])[list(COHORT_COLUMNS)]


def _sentence(row: Mapping[Hashable, Any]) -> str:
    """How the two differ, and why."""
    so_far = f"{row['went_on']:.0f} of {row['entered']:.0f} went on so far ({row['naive']:.0%})"
    horizon = f"{row['horizon_days']:.0f} days"
    if not np.isfinite(row["honest"]):
        return (
            f"{so_far}; {row['open']:.0f} are open. Nobody has been followed for {horizon} yet, only for "
            f"{row['followed_days']:.0f}: what becomes of this cohort cannot be told from it alone."
        )
    told = f"{row['honest']:.0%} within {horizon}, counting each only as long as it was followed"
    gap = row["honest"] - row["naive"]
    if abs(gap) < 0.005:
        return f"{so_far}, and {told}: nearly all are decided, so the two agree."
    if gap > 0:
        return (
            f"{so_far}, but {told}: the {row['open']:.0f} that are open have not had the time, and the ratio counts "
            "them as lost."
        )
    return f"{so_far}, and {told}: the rest of them took longer than that."


def cohort_names(stages: Sequence[str], *, with_leads: bool, with_deals: bool) -> dict[str, str]:
    """Clock → label: each stage, then the whole way to a win."""
    names = {f"stage:{stage}": f"{stage} → onward" for stage in stages}
    if with_leads:
        names["win:lead"] = "lead → won"
    if with_deals:
        names["win:opportunity"] = "opportunity → won"
    return names
