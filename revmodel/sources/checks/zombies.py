"""Zombies: records open for so long that no waiting time on record says when they will close.

The limits are here alone: journeys/risk.py sets records apart by them, and the finding counts the same records.
"""

from __future__ import annotations

import math

import ibis
import pandas as pd

from revmodel.config import Config, FunnelConfig
from revmodel.sources.checks.visits import Visits
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["zombie_limits", "zombies"]

_DAYS_PER_WEEK = 7
_ENOUGH_EXITS = 50  # fewer say little about how long a stage can take
_LONGEST_TIMES = 2  # an open record is given twice the longest time that any took to leave
_LEAST_LIMIT_WEEKS = 26


def zombie_limits(counts: pd.DataFrame, funnel: FunnelConfig) -> dict[str, int]:
    """Stage → whole weeks after which a record still there is a zombie; a stage without a limit is not in it.

    counts: stage, entered_on, left_on (NaT where open), n. The limit is funnel.zombie_weeks where it is set; else
    twice the longest time that any record took to leave the stage, at least 26 weeks, once fifty have left it.
    """
    if funnel.zombie_weeks is not None:
        return dict.fromkeys(funnel.stages, math.ceil(funnel.zombie_weeks))
    left = counts[counts["left_on"].notna()]
    limits = {}
    for stage, stays in left.groupby("stage", sort=True):
        if int(stays["n"].sum()) >= _ENOUGH_EXITS:
            longest_days = int((stays["left_on"] - stays["entered_on"]).dt.days.max())
            limits[str(stage)] = max(math.ceil(_LONGEST_TIMES * longest_days / _DAYS_PER_WEEK), _LEAST_LIMIT_WEEKS)
    return limits


def zombies(tables: Tables, config: Config, visits: Visits) -> list[Finding]:  # noqa: ARG001 (one signature)
    """Open records that have been in their stage for as many weeks as its limit, or more."""
    limits = zombie_limits(visits.counts, config.funnel)
    still = visits.counts[visits.counts["left_on"].isna()]
    weeks = (visits.seen_on - still["entered_on"]).dt.days // _DAYS_PER_WEEK
    beyond = still[weeks >= still["stage"].map(limits)]
    by_stage = beyond.groupby("stage")["n"].sum().sort_values(ascending=False, kind="stable")
    count, still_open = int(by_stage.sum()), int(still["n"].sum())
    if not count:
        return []
    each = "; ".join(f"{stage}: {n:,} after {plural(limits[str(stage)], 'week')}" for stage, n in by_stage.items())
    return [
        finding_of(
            "zombies",
            "stage_changes",
            f"{count:,} of {plural(still_open, 'record')} open on {visits.seen_on:%Y-%m-%d} wait in their stage for "
            f"so long that nothing says when they will close ({each})",
            count=count,
            examples=_examples(limits, visits),
            done=f"They are set apart and not forecast to close: {_rule(config.funnel)}",
            remedy="Close them in the CRM as lost, or set funnel.zombie_weeks.",
        )
    ]


def _rule(funnel: FunnelConfig) -> str:
    if funnel.zombie_weeks is not None:
        return f"the limit is funnel.zombie_weeks, {plural(funnel.zombie_weeks, 'week')}"
    return "the limit is twice the longest time that any record took to leave the stage, at least 26 weeks"


def _examples(limits: dict[str, int], visits: Visits) -> tuple[str, ...]:
    rows = visits.rows
    last_entry = {stage: visits.seen_on - pd.Timedelta(weeks=weeks) for stage, weeks in limits.items()}
    too_old = [(rows.stage == stage) & (rows.entered_on <= day.to_pydatetime()) for stage, day in last_entry.items()]
    still = rows.left_on.isnull()  # noqa: PD003 (ibis, not pandas)
    return examples_of(rows.filter(still & ibis.or_(*too_old)).record_id)
