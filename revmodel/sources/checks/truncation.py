"""Left truncation: exits that began to be recorded long after entries did.

Before the first recorded exit of a stage, records that left it are not seen to have left. Is that chance? The life
table of records that entered later says how many exits were to be expected by then; none at all is a Poisson event
of probability exp(−expected). The rule is here alone: journeys/risk.py acts on it, the finding tells it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks.visits import Visits
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["exits_recorded_late", "expected_exits_before_first", "is_truncated"]

_ENOUGH_EXPECTED = 5.0  # none seen where so many are expected: a chance below 1 in 100
_ENOUGH_LATER = 50  # records from which the later rates are learned


def exits_recorded_late(tables: Tables, config: Config, visits: Visits) -> list[Finding]:  # noqa: ARG001 (one signature)
    """Stages in which many records waited, and none left, before the first exit on record."""
    findings = []
    for stage in config.funnel.stages:
        counts = visits.counts[visits.counts["stage"] == stage]
        if is_truncated(counts, visits.seen_on):
            expected = expected_exits_before_first(counts, visits.seen_on)
            findings.append(_finding(stage, counts, expected))
    return findings


def is_truncated(counts: pd.DataFrame, seen_on: pd.Timestamp) -> bool:
    """Whether exits of a stage were recorded late: more than five were to be expected before the first, and none came.

    counts: see expected_exits_before_first.
    """
    return expected_exits_before_first(counts, seen_on) > _ENOUGH_EXPECTED


def expected_exits_before_first(counts: pd.DataFrame, seen_on: pd.Timestamp) -> float:
    """Exits to be expected before the first one on record, at the weekly rates of records that entered after it.

    counts: entered_on, left_on (NaT while there), n of one stage. 0 where nothing left or nothing entered earlier.
    """
    first_exit = counts["left_on"].min()
    if pd.isna(first_exit):
        return 0.0
    later = counts[counts["entered_on"] >= first_exit]
    earlier = counts[counts["entered_on"] < first_exit]
    if later["n"].sum() < _ENOUGH_LATER or earlier.empty:
        return 0.0
    share_left = _share_left_by_week(later, seen_on)
    waited_weeks = _whole_weeks(first_exit - earlier["entered_on"])
    reached = share_left[np.minimum(waited_weeks, share_left.size - 1)]
    return float(np.sum(earlier["n"].to_numpy() * reached))


def _share_left_by_week(counts: pd.DataFrame, seen_on: pd.Timestamp) -> npt.NDArray[np.float64]:
    """Kaplan–Meier in whole weeks: entry a is the share that has left before completing a weeks."""
    has_left = counts["left_on"].notna()
    age_weeks = np.maximum(_whole_weeks(counts["left_on"].fillna(seen_on) - counts["entered_on"]), 0)
    n = counts["n"].to_numpy()
    size = int(age_weeks.max()) + 1
    exits = np.bincount(age_weeks, weights=n * has_left.to_numpy(), minlength=size)
    at_risk = np.bincount(age_weeks, weights=n, minlength=size)[::-1].cumsum()[::-1]
    staying = np.cumprod(1 - exits / np.maximum(at_risk, 1))
    return np.concatenate([[0.0], 1 - staying])


def _whole_weeks(time: pd.Series[pd.Timedelta]) -> npt.NDArray[np.int64]:
    return np.asarray(time.dt.days // 7, dtype=np.int64)


def _finding(stage: str, counts: pd.DataFrame, expected: float) -> Finding:
    first_entry, first_exit = counts["entered_on"].min(), counts["left_on"].min()
    entered = int(counts.loc[counts["entered_on"] < first_exit, "n"].sum())
    return finding_of(
        "exits-recorded-late",
        "stage_changes",
        f"{plural(entered, 'record')} entered {stage!r} from {first_entry:%Y-%m-%d} on, but none is recorded to have "
        f"left before {first_exit:%Y-%m-%d}; at later rates about {expected:.0f} would have",
        count=entered,
        examples=(f"first entry {first_entry:%Y-%m-%d}", f"first exit {first_exit:%Y-%m-%d}"),
        done="The time before that first exit is not counted as time in which records chose to stay",
        remedy="If closings were recorded elsewhere before that date, add them; otherwise nothing is needed.",
    )
