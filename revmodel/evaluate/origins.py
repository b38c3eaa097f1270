"""Which past dates to forecast from."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from revmodel.errors import ModelError
from revmodel.features.tables import Features

__all__ = ["rolling_origins"]

FEWEST_WEEKS_BEFORE = 8


def rolling_origins(features: Features, horizon_weeks: int, every_weeks: int, most: int) -> list[dt.date]:
    """At most ``most`` dates, every ``every_weeks`` weeks, the latest ``horizon_weeks`` before the as-of date.

    Each has at least half of the history, and at least eight weeks, before it. The history begins when the last of the
    metrics was first seen: before that, wins (say) were not recorded, or could not be yet. Oldest first.
    Raises ModelError where the history holds none, saying what it holds.
    """
    first_seen = pd.to_datetime(features.realised.groupby("metric")["date"].min())
    if first_seen.empty:
        raise ModelError(f"nothing has happened by {features.as_of}: a backtest wants records that moved; load more")
    history_weeks = ((pd.Timestamp(features.as_of) - first_seen.max()).days + 1) // 7
    most_weeks_back = min(history_weeks // 2, history_weeks - FEWEST_WEEKS_BEFORE)
    if min(most, every_weeks) < 1 or most_weeks_back < horizon_weeks:
        raise ModelError(
            f"{history_weeks} weeks with every metric recorded hold no origin with half of the weeks (at least "
            f"{FEWEST_WEEKS_BEFORE}) before it and a horizon of {horizon_weeks} weeks after it, or {most} origins "
            f"every {every_weeks} weeks were asked for: take a shorter horizon, and at least one origin"
        )
    back = range(horizon_weeks, most_weeks_back + 1, every_weeks)
    return [features.as_of - dt.timedelta(weeks=weeks) for weeks in reversed(back[:most])]
