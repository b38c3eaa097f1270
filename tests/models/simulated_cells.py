"""Hazard cells whose true hazards are known: exits are drawn from them, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import PHASES
from revmodel.features.tables import Groups, HazardCells

Floats = npt.NDArray[np.float64]

CHANNELS = tuple(f"channel {i}" for i in range(6))
SEGMENTS = ("all",)
AGE_EDGES = (0, 2, 6, 13)
PERIODS = 12
LEVEL = np.log(np.array([0.08, 0.05, 0.03]))  # weekly odds of advance, lost and recycled against staying
AGE_EFFECT = np.array([0.0, 0.3, -0.2, -0.6])


@dataclass(frozen=True)
class TrueHazards:
    """Log-odds against staying. channel : (cause, channel). period : (cause, period), 0 = the latest."""

    channel: Floats
    period: Floats

    def log_odds(self) -> Floats:
        """(cause, channel, age bin, period)."""
        base = LEVEL[:, None, None, None] + self.channel[:, :, None, None] + AGE_EFFECT[None, None, :, None]
        return np.asarray(base + self.period[:, None, None, :])


def steady(channel_sd: float, rng: np.random.Generator, shock_sd: float = 0.0) -> TrueHazards:
    """Channels that differ by exactly ``channel_sd`` (root mean square, each cause), no drift, shocks by period."""
    channel = rng.standard_normal((len(dims.CAUSES), len(CHANNELS)))
    channel -= channel.mean(1, keepdims=True)
    channel *= channel_sd / np.sqrt((channel**2).mean(1, keepdims=True))
    return TrueHazards(channel, shock_sd * rng.standard_normal((len(dims.CAUSES), PERIODS)))


def cells_of(
    truth: TrueHazards,
    rng: np.random.Generator,
    at_risk: int = 60,
    stages: tuple[str, ...] = ("lead",),
    never: tuple[str, ...] = (),
) -> HazardCells:
    """Cells of each stage, all with the same truth, ``at_risk`` record-weeks in each; causes in ``never`` not taken."""
    odds = np.exp(truth.log_odds())
    odds[[dims.CAUSES.index(cause) for cause in never]] = 0.0
    chance = np.concatenate([odds, np.ones_like(odds[:1])]) / (1 + odds.sum(0))
    rows = []
    for stage in stages:
        for c, channel in enumerate(CHANNELS):
            for a in range(len(AGE_EDGES)):
                for p in range(PERIODS):
                    phase = PHASES[p % len(PHASES)]
                    exits = rng.multinomial(at_risk, chance[:, c, a, p])
                    rows.append((stage, channel, SEGMENTS[0], a, p, phase, at_risk, *exits[:-1]))
    columns = ["stage", "channel", "segment", "age_bin", "period", "phase", "n", *dims.CAUSES]
    frame = pd.DataFrame(rows, columns=columns)
    return HazardCells(frame, _destinations(frame, stages), stages, Groups.of(frame), AGE_EDGES)


def _destinations(frame: pd.DataFrame, stages: tuple[str, ...]) -> pd.DataFrame:
    """Advance goes one stage on, recycled one back."""
    ends = [*stages, "won"]
    rows = []
    for i, stage in enumerate(stages):
        counts = frame.loc[frame["stage"] == stage, list(dims.CAUSES)].sum()
        to_stage = {dims.ADVANCE: ends[i + 1], dims.LOST: "lost", dims.RECYCLED: ends[max(i - 1, 0)]}
        rows += [(stage, cause, to_stage[cause], int(counts[cause])) for cause in dims.CAUSES]
    return pd.DataFrame(rows, columns=["stage", "cause", "to_stage", "count"])
