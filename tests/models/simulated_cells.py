"""Hazard cells whose true hazards are known: exits are drawn from them, cell by cell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import quarter_phase, week_block
from revmodel.features.tables import Groups, HazardCells

Floats = npt.NDArray[np.float64]

CHANNELS = tuple(f"channel {i}" for i in range(6))
SEGMENTS = ("all",)
AGE_EDGES = (0, 2, 6, 13)
AS_OF = dt.date(2026, 9, 30)
TIMES = tuple(int(week) for week in np.unique(week_block(np.arange(38, dtype=np.int64))))  # 26 weeks, three blocks
LEVEL = np.log(np.array([0.08, 0.05, 0.03]))  # weekly odds of advance, lost and recycled against staying
AGE_EFFECT = np.array([0.0, 0.3, -0.2, -0.6])


@dataclass(frozen=True)
class TrueHazards:
    """Log-odds against staying. channel : (cause, channel). time : (cause, time), times as in TIMES, latest first."""

    channel: Floats
    time: Floats
    again: float = 0.0  # of repeated visits, every cause

    def log_odds(self) -> Floats:
        """(cause, channel, age bin, time), first visits."""
        base = LEVEL[:, None, None, None] + self.channel[:, :, None, None] + AGE_EFFECT[None, None, :, None]
        return np.asarray(base + self.time[:, None, None, :])


def steady(channel_sd: float, rng: np.random.Generator, shock_sd: float = 0.0) -> TrueHazards:
    """Channels that differ by exactly ``channel_sd`` (root mean square, each cause), no drift, shocks by week."""
    channel = rng.standard_normal((len(dims.CAUSES), len(CHANNELS)))
    channel -= channel.mean(1, keepdims=True)
    channel *= channel_sd / np.sqrt((channel**2).mean(1, keepdims=True))
    together = np.diff([*TIMES, TIMES[-1] + 4])
    return TrueHazards(channel, shock_sd * rng.standard_normal((len(dims.CAUSES), len(TIMES))) / np.sqrt(together))


def cells_of(
    truth: TrueHazards,
    rng: np.random.Generator,
    at_risk: int = 25,
    stages: tuple[str, ...] = ("lead",),
    never: tuple[str, ...] = (),
    as_of: dt.date = AS_OF,
) -> HazardCells:
    """Cells of each stage, all with the same truth, ``at_risk`` record-weeks a week in each; no cause of ``never``."""
    rows = []
    for again in (0, 1) if truth.again else (0,):
        odds = np.exp(truth.log_odds() + again * truth.again)
        odds[[dims.CAUSES.index(cause) for cause in never]] = 0.0
        chance = np.concatenate([odds, np.ones_like(odds[:1])]) / (1 + odds.sum(0))
        rows += _rows(chance, again, rng, at_risk, stages, as_of)
    columns = ["stage", "channel", "segment", "again", "age_bin", "week", "phase", "n", *dims.CAUSES]
    frame = pd.DataFrame(rows, columns=columns)
    return HazardCells(frame, _destinations(frame, stages), stages, Groups.of(frame), AGE_EDGES, as_of=as_of)


def _rows(
    chance: Floats, again: int, rng: np.random.Generator, at_risk: int, stages: tuple[str, ...], as_of: dt.date
) -> list[tuple[object, ...]]:
    ends = pd.DatetimeIndex([pd.Timestamp(as_of) - pd.Timedelta(weeks=week) for week in TIMES])
    phases, weeks = quarter_phase(ends), np.diff([*TIMES, TIMES[-1] + 4])
    rows: list[tuple[object, ...]] = []
    for stage in stages:
        for c, channel in enumerate(CHANNELS):
            for a in range(len(AGE_EDGES)):
                for p, week in enumerate(TIMES):
                    n = at_risk * int(weeks[p])
                    exits = rng.multinomial(n, chance[:, c, a, p])
                    rows.append((stage, channel, SEGMENTS[0], again, a, week, phases[p], n, *exits[:-1]))
    return rows


def _destinations(frame: pd.DataFrame, stages: tuple[str, ...]) -> pd.DataFrame:
    """Advance goes one stage on, recycled one back."""
    ends = [*stages, "won"]
    rows = []
    for i, stage in enumerate(stages):
        counts = frame.loc[frame["stage"] == stage, list(dims.CAUSES)].sum()
        to_stage = {dims.ADVANCE: ends[i + 1], dims.LOST: "lost", dims.RECYCLED: ends[max(i - 1, 0)]}
        rows += [(stage, cause, to_stage[cause], int(counts[cause])) for cause in dims.CAUSES]
    return pd.DataFrame(rows, columns=["stage", "cause", "to_stage", "count"])
