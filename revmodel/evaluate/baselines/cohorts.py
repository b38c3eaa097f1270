"""Counts of journeys by the week they began and the week they ended: what cohort methods are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.evaluate.forecaster import BacktestInput, Floats, weekly_history
from revmodel.features.passages import passages
from revmodel.journeys.days import days_before

__all__ = ["Cohorts", "cohorts_to", "entries_ahead"]

MOST_CHANNELS = 6  # the others are told together
FEWEST_GOALS = 20  # a channel with fewer that got there is told with the others
RECENT_WEEKS = 13


@dataclass(frozen=True)
class Cohorts:
    """Journeys from their first event to a goal.

    frame: channel, began_ago, ended_ago (weeks before the origin, 0 is the last week; NaN while open), outcome
    ("advance": goal reached, "lost", "open"), n. observed_weeks: the latest weeks in which the goal was recorded at
    all; what happened before them is unknown, not nil.
    """

    frame: pd.DataFrame
    observed_weeks: int

    @property
    def channels(self) -> tuple[str, ...]:
        """Names, sorted."""
        return tuple(sorted(self.frame["channel"].unique()))

    def begun(self, weeks: int, channel: str | None = None) -> Floats:
        """Journeys begun in each of the last ``weeks`` weeks, (week,), oldest first."""
        rows = self.frame if channel is None else self.frame[self.frame["channel"] == channel]
        inside = rows[rows["began_ago"] < weeks]
        counts = np.bincount(inside["began_ago"], weights=inside["n"], minlength=weeks)
        return counts[::-1].astype(float)


def cohorts_to(data: BacktestInput, goal: str, metric: str) -> Cohorts:
    """Journeys to ``goal`` ("won" or a stage). metric: whose history says since when the goal is recorded.

    Raises ModelError: the goal has less than eight weeks of history.
    """
    observed = weekly_history(data.features, metric).size
    if observed < 8:
        raise ModelError(f"{metric} has {observed} weeks of history: cohort methods want 8; take a later origin")
    stays = passages(data.journeys, None, goal)
    origin = data.features.as_of
    weeks = stays.select(
        channel=stays.channel,
        outcome=stays.outcome,
        began_ago=days_before(origin, stays.entered_at) // 7,
        ended_ago=days_before(origin, stays.left_at) // 7,
    )
    keys = ["channel", "outcome", "began_ago", "ended_ago"]
    counted = weeks.group_by(keys).aggregate(n=weeks.count().cast("int64")).order_by(keys)
    frame: pd.DataFrame = counted.to_pyarrow().to_pandas()
    frame = frame.astype({"began_ago": np.int64, "n": np.int64, "ended_ago": float})
    return Cohorts(_few_channels(frame), observed)


def entries_ahead(begun: Floats, horizon_weeks: int, draws: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Journeys that will begin, (draw, week): AutoETS on those that began, or the recent level where history is short.

    begun : (week,), oldest first.
    """
    from revmodel.evaluate.baselines.ets import ets_paths

    started = np.trim_zeros(begun, "f")
    if started.size >= 2 * RECENT_WEEKS:
        rates = ets_paths(started, horizon_weeks, draws, rng)
        return np.rint(rates).astype(np.int64)
    recent = started[-RECENT_WEEKS:]
    rate = rng.gamma(recent.sum() + 0.5, 1 / max(recent.size, 1), (draws, 1))
    return rng.poisson(np.broadcast_to(rate, (draws, horizon_weeks))).astype(np.int64)


def _few_channels(frame: pd.DataFrame) -> pd.DataFrame:
    reached = frame[frame["outcome"] == dims.ADVANCE].groupby("channel")["n"].sum().sort_values(ascending=False)
    kept = set(reached[reached >= FEWEST_GOALS].index[:MOST_CHANNELS])
    named = frame["channel"].where(frame["channel"].isin(kept), dims.ALL)
    return frame.assign(channel=named)
