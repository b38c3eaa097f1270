"""Which past dates to forecast from."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from revmodel.errors import ModelError
from revmodel.features.tables import Features

__all__ = ["default_origins"]

FEWEST_WEEKS_BEFORE = 8


def default_origins(features: Features, horizon_weeks: int, n: int = 3) -> list[dt.date]:
    """``n`` dates, whole weeks before the as-of date, spread evenly over the last part of the history.

    Each has its whole horizon observed (origin + horizon ≤ as-of date) and at least half of the history, and at
    least eight weeks, before it. Oldest first.
    Raises ModelError where the history cannot hold them, saying how many it can hold.
    """
    first_day = pd.Timestamp(features.panel.weeks[0]).date() - dt.timedelta(days=6)
    history_weeks = ((features.as_of - first_day).days + 1) // 7
    most_weeks_back = min(history_weeks // 2, history_weeks - FEWEST_WEEKS_BEFORE)
    room = most_weeks_back - horizon_weeks + 1
    if n < 1 or room < n:
        raise ModelError(
            f"{history_weeks} weeks of history hold {max(room, 0)} origins with a horizon of {horizon_weeks} weeks "
            f"observed and half of the history before: wanted {n}; ask for fewer origins or a shorter horizon"
        )
    steps = [0] if n == 1 else [round(step * (room - 1) / (n - 1)) for step in range(n)]
    return [features.as_of - dt.timedelta(weeks=horizon_weeks + step) for step in reversed(steps)]
