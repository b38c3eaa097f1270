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
    least eight weeks, before it. The history begins when the last of the metrics was first seen: before that, wins
    (say) were not recorded, or could not be yet. Oldest first.
    Raises ModelError where the history cannot hold them, saying how many it can hold.
    """
    first_seen = pd.to_datetime(features.realised.groupby("metric")["date"].min())
    if first_seen.empty:
        raise ModelError(f"nothing has happened by {features.as_of}: a backtest wants records that moved; load more")
    history_weeks = ((pd.Timestamp(features.as_of) - first_seen.max()).days + 1) // 7
    most_weeks_back = min(history_weeks // 2, history_weeks - FEWEST_WEEKS_BEFORE)
    room = most_weeks_back - horizon_weeks + 1
    if n < 1 or room < n:
        raise ModelError(
            f"{history_weeks} weeks with every metric recorded hold {max(room, 0)} origins with half of the weeks "
            f"before and a horizon of {horizon_weeks} weeks after: wanted {n}; ask for fewer or a shorter horizon"
        )
    steps = [0] if n == 1 else [round(step * (room - 1) / (n - 1)) for step in range(n)]
    return [features.as_of - dt.timedelta(weeks=horizon_weeks + step) for step in reversed(steps)]
