"""Records still open although no record ever took so long."""

from __future__ import annotations

import ibis
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks.visits import Visits
from revmodel.sources.findings import Finding
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of

__all__ = ["zombies"]

_ENOUGH_EXITS = 50  # fewer say little about how long a stage can take


def zombies(tables: Tables, config: Config, visits: Visits) -> list[Finding]:  # noqa: ARG001 (one signature)
    """Open records older in their stage than the longest that ever left it, stage by stage."""
    return [
        finding
        for stage in config.funnel.stages
        if (finding := _in_stage(stage, visits.counts[visits.counts["stage"] == stage], visits)) is not None
    ]


def _in_stage(stage: str, counts: pd.DataFrame, visits: Visits) -> Finding | None:
    left = counts[counts["left_on"].notna()]
    if left["n"].sum() < _ENOUGH_EXITS:
        return None
    longest = (left["left_on"] - left["entered_on"]).max()
    still = counts[counts["left_on"].isna()]
    older = int(still.loc[visits.seen_on - still["entered_on"] > longest, "n"].sum())
    if not older:
        return None
    return _finding(stage, older, int(still["n"].sum()), longest.days, visits)


def _finding(stage: str, older: int, still_open: int, longest_days: int, visits: Visits) -> Finding:
    entered_before = (visits.seen_on - pd.Timedelta(days=longest_days)).date()
    rows = visits.rows
    still = rows.left_on.isnull()  # noqa: PD003 (ibis, not pandas)
    which = rows.filter((rows.stage == stage) & still & (rows.entered_on < ibis.literal(entered_before)))
    return Finding(
        code="zombies",
        severity="warn",
        table="stage_changes",
        what=f"{older:,} of {still_open:,} records open in {stage!r} on {visits.seen_on:%Y-%m-%d} have been there "
        f"longer than the {longest_days} days that the slowest ever took to leave it",
        count=older,
        examples=examples_of(which.record_id),
        done="Records beyond the zombie limit (funnel.zombie_weeks; without it twice that longest time) are set apart "
        "and not forecast to close",
        remedy="Close them in the CRM as lost, or set funnel.zombie_weeks.",
    )
