"""Past forecasts with known faults: a method that is right, one that is biased, one too sure of itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from revmodel.evaluate.fans import LEVELS, OriginFans

FIRST = dt.date(2025, 1, 1)
CHECKPOINTS = (1, 4, 13)
SD = 10.0  # of a week's total


def simulated_origins(
    methods: Mapping[str, tuple[float, float]], count: int = 16, level: float = 100.0, seed: int = 1,
    step_at: int | None = None, step: float = 0.0,
) -> tuple[list[OriginFans], np.ndarray]:  # fmt: skip
    """Origins every four weeks, and the weekly totals (week,) that came.

    methods : name → (bias a week, what its spread is multiplied by). step_at : the week from which the level
    is ``step`` higher, which no method knows. Weeks are independent normals about the level.
    """
    rng = np.random.default_rng(seed)
    before = 30
    weekly = rng.normal(level, SD, before + 4 * count + max(CHECKPOINTS))
    if step_at is not None:
        weekly[before + step_at :] += step
    origins = []
    for number in range(count):
        known = before + 4 * number
        weeks = np.array(CHECKPOINTS)[:, None]
        fans = {
            name: norm.ppf(LEVELS, (level + bias) * weeks, spread * SD * np.sqrt(weeks))
            for name, (bias, spread) in methods.items()
        }
        day = FIRST + dt.timedelta(weeks=4 * number)
        origins.append(OriginFans(day, CHECKPOINTS, {"wins": fans}, {"wins": weekly[:known]}))
    return origins, weekly[before:]
