"""What is watched week by week beside the forecast: entries into stages, decisions in time, indicators."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import Config
from revmodel.features.indicators import IndicatorBuilder
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.service import service_facts
from revmodel.metrics.stages import named_stages

__all__ = ["decisions_in_time", "indicator_weeks", "stage_entries"]

Floats = npt.NDArray[np.float64]
_PROMISED = ("mql", "sal")  # stages in which sales promises to decide in time


def stage_entries(journeys: Journeys) -> dict[str, Floats]:
    """Stage → (week,) records that entered it, oldest first, weeks ending on the as-of date; from its first on."""
    stays = journeys.spells
    weeks_ago = (days_before(journeys.as_of, stays.entered_at) // DAYS_PER_WEEK).cast("int64")
    counts = stays.group_by("stage", weeks_ago=weeks_ago).aggregate(n=stays.count()).to_pyarrow().to_pandas()
    stages = [stage for stage in journeys.funnel.stages if stage in set(counts["stage"])]
    return {stage: _by_week(counts[counts["stage"] == stage], "n") for stage in stages}


def decisions_in_time(journeys: Journeys, config: Config) -> dict[str, Floats]:
    """Stage → (week,) share of entries that sales decided on in time; NaN where none can be judged."""
    promised = {
        role: stage for role, stage in named_stages(journeys.funnel, config.metrics).items() if role in _PROMISED
    }
    found = {}
    for stage in promised.values():
        facts = service_facts(journeys.spells, stage, config.metrics, journeys.as_of)
        weeks_ago = (days_before(journeys.as_of, facts.date.cast("timestamp(6)")) // DAYS_PER_WEEK).cast("int64")
        rows = facts.group_by("measure", weeks_ago=weeks_ago).aggregate(n=facts.value.sum()).to_pyarrow().to_pandas()
        if rows.empty:
            continue
        length = int(rows["weeks_ago"].max()) + 1
        judged, in_time = (
            _by_week(rows[rows["measure"] == name], "n", length) for name in ("decidable", "decided_in_time")
        )
        found[stage] = np.divide(in_time, judged, out=np.full(length, np.nan), where=judged > 0)
    return found


def indicator_weeks(journeys: Journeys) -> dict[str, Floats]:
    """Indicator → (week,) its mean as it is on record now, up to the last week that is usually published."""
    builder = IndicatorBuilder(lags=(0,))
    frame = builder.fit_transform(journeys).frame
    delays = builder.delay_weeks_
    return {
        name: frame[f"{name}:lag0"].to_numpy(dtype=np.float64)[: len(frame) - delays[name] or None]
        for name in builder.names_
    }


def _by_week(counts: pd.DataFrame, column: str, length: int | None = None) -> Floats:
    """Counts by weeks_ago as a series, oldest first; 0 where there is none."""
    ago = counts["weeks_ago"].to_numpy(dtype=np.int64)
    length = length or int(ago.max(initial=0)) + 1
    inside = (ago >= 0) & (ago < length)
    values = np.bincount(ago[inside], weights=counts[column].to_numpy(dtype=np.float64)[inside], minlength=length)
    return values[::-1].copy()
