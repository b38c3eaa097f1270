"""Hazard cells as dense arrays: (group × age bin) by (period × phase), the shape in which the likelihood is cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import PHASES
from revmodel.features.tables import Groups, HazardCells

__all__ = ["MAX_PERIODS", "HazardLayout", "layout_of", "stage_data"]

Floats = npt.NDArray[np.float64]
MAX_PERIODS = 14  # four-week periods kept apart, a year and a little; what is older shares the last


@dataclass(frozen=True)
class HazardLayout:
    """What every stage's arrays of one company have in common, so that one compiled model serves them all.

    times : (period, phase) pairs, in order, padded to a multiple of 16
    with pairs that hold no records.
    """

    channels: tuple[str, ...]
    segments: tuple[str, ...]
    age_edges_weeks: tuple[int, ...]
    groups: Groups
    times: tuple[tuple[int, str], ...]
    periods: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Groups, channels, segments, age bins, times: equal shapes share one compiled model."""
        return len(self.groups), len(self.channels), len(self.segments), len(self.age_edges_weeks), len(self.times)


def layout_of(cells: HazardCells) -> HazardLayout:
    """The layout that all stages of these cells share."""
    frame = cells.frame
    period = frame["period"].clip(upper=MAX_PERIODS - 1)
    seen = sorted(set(zip(period.tolist(), frame["phase"].tolist(), strict=True)))
    spare = [(p, phase) for p in range(MAX_PERIODS) for phase in PHASES if (p, phase) not in set(seen)]
    wanted = -(-max(len(seen), 1) // 16) * 16
    times = sorted(seen + spare[: wanted - len(seen)])
    return HazardLayout(cells.channels, cells.segments, cells.age_edges_weeks, cells.groups, tuple(times), MAX_PERIODS)


def stage_data(cells: HazardCells, layout: HazardLayout, stage: str) -> dict[str, npt.NDArray[np.float64]]:
    """One stage's arrays: at_risk (group·age, time), exits (cause, group·age, time) and the design matrices."""
    frame = cells.frame[cells.frame["stage"] == stage]
    ages, times = len(layout.age_edges_weeks), len(layout.times)
    rows, columns = _positions(frame, layout, ages)
    at_risk = np.zeros((len(layout.groups) * ages, times))
    np.add.at(at_risk, (rows, columns), frame["n"].to_numpy(float))
    exits = np.zeros((len(dims.CAUSES), *at_risk.shape))
    for k, cause in enumerate(dims.CAUSES):
        np.add.at(exits[k], (rows, columns), frame[cause].to_numpy(float))
    crude = (exits.sum((1, 2)) + 0.5) / (at_risk.sum() + 10.0)
    return {
        "at_risk": at_risk,
        "exits_by_age": exits.sum(2),
        "exits_by_time": exits.sum(1),
        "crude_log_odds": np.log(crude),
        **_designs(layout),
    }


def _positions(
    frame: pd.DataFrame, layout: HazardLayout, ages: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    time_at = {pair: i for i, pair in enumerate(layout.times)}
    period = frame["period"].clip(upper=layout.periods - 1)
    time = [time_at[pair] for pair in zip(period.tolist(), frame["phase"].tolist(), strict=True)]
    rows = layout.groups.index(frame) * ages + frame["age_bin"].to_numpy(np.int64)
    return rows, np.asarray(time, dtype=np.int64)


def _designs(layout: HazardLayout) -> dict[str, Floats]:
    """Indicator matrices; products with them compile far faster than indexing."""
    channel = [layout.channels.index(c) for c in layout.groups.channel]
    segment = [layout.segments.index(s) for s in layout.groups.segment]
    period = [p for p, _ in layout.times]
    phase = [PHASES.index(q) for _, q in layout.times]
    edges = np.asarray(layout.age_edges_weeks, dtype=float)
    return {
        "is_channel": np.eye(len(layout.channels))[channel],
        "is_segment": np.eye(len(layout.segments))[segment],
        "is_period": np.eye(layout.periods)[period],
        "is_phase": np.eye(len(PHASES))[phase],
        "log_age": np.log1p(edges),
    }
