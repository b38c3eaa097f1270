"""Records still open although no record ever took so long."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks.visits import Visits
from revmodel.sources.findings import Finding
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of

__all__ = ["zombies"]

_ENOUGH_EXITS = 50  # fewer say little about how long a stage can take


@dataclass(frozen=True)
class _Stage:
    """Records open in a stage: how many, and how many of them beyond the longest stay that ever ended."""

    name: str
    longest_days: int
    still_open: int
    older: int


def zombies(tables: Tables, config: Config, visits: Visits) -> list[Finding]:  # noqa: ARG001 (one signature)
    """Open records older in their stage than the slowest that ever left it, over all stages."""
    by_stage = visits.counts.groupby("stage")
    seen = [_look_at(str(stage), counts, visits.seen_on) for stage, counts in by_stage]
    stages = sorted((stage for stage in seen if stage is not None), key=lambda stage: -stage.older)
    return [_finding(stages, visits)] if any(stage.older for stage in stages) else []


def _look_at(name: str, counts: pd.DataFrame, seen_on: pd.Timestamp) -> _Stage | None:
    left, still = counts[counts["left_on"].notna()], counts[counts["left_on"].isna()]
    if left["n"].sum() < _ENOUGH_EXITS:
        return None
    longest = (left["left_on"] - left["entered_on"]).max()
    older = still.loc[seen_on - still["entered_on"] > longest, "n"].sum()
    return _Stage(name, longest.days, int(still["n"].sum()), int(older))


def _finding(stages: list[_Stage], visits: Visits) -> Finding:
    with_older = [stage for stage in stages if stage.older]
    each = "; ".join(f"{stage.name}: {stage.older:,} beyond {stage.longest_days} days" for stage in with_older)
    older, still_open = sum(stage.older for stage in stages), sum(stage.still_open for stage in stages)
    return Finding(
        code="zombies",
        severity="warn",
        table="stage_changes",
        what=f"{older:,} of {still_open:,} records open on {visits.seen_on:%Y-%m-%d} have been in their stage for "
        f"longer than the slowest ever took to leave it ({each})",
        count=older,
        examples=_examples(stages, visits),
        done="Records beyond the zombie limit (funnel.zombie_weeks; without it twice that longest time) are set apart "
        "and not forecast to close",
        remedy="Close them in the CRM as lost, or set funnel.zombie_weeks.",
    )


def _examples(stages: list[_Stage], visits: Visits) -> tuple[str, ...]:
    rows = visits.rows
    entered_before = {stage.name: visits.seen_on - pd.Timedelta(days=stage.longest_days) for stage in stages}
    too_old = [(rows.stage == name) & (rows.entered_on < day.to_pydatetime()) for name, day in entered_before.items()]
    still = rows.left_on.isnull()  # noqa: PD003 (ibis, not pandas)
    return examples_of(rows.filter(still & ibis.or_(*too_old)).record_id)
