"""Inside the quarter: does what comes in still look like the forecast? Alarms with a known rate of false ones.

The forecast's own draws say how far a week, a run of weeks, or all weeks since may stray. Each draw is taken in turn as
if it were what came in: the share of draws that would raise an alarm anywhere, at any weekly look up to the end of the
quarter and in any metric, is the false-alarm rate, whatever the dependence of weeks and metrics is.
Source: Westfall & Young 1993, ch. 2 (max T), here over looks as well as over series.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["RECENT_WEEKS", "against_forecast"]

Floats = npt.NDArray[np.float64]
RECENT_WEEKS = 4
_TO_SIGMA = 1.2816  # the distance of p90 from p50 of a normal, in standard deviations
_COLUMNS = ["name", "weeks", "value", "p10", "p50", "p90", "score", "p_value", "since_weeks", "alert"]


def against_forecast(draws: Mapping[str, Floats], came: Mapping[str, Floats], false_alarms: float) -> pd.DataFrame:
    """One row a metric: its total since the forecast, beside the range that the forecast implied for it.

    draws : metric → (draw, week), of every week to the end of the quarter. came : metric → (week so far,).
    false_alarms : the chance that a right forecast raises any alarm at any weekly look of the quarter.
    Returns name, weeks (so far), value, p10, p50, p90 (of the total so far), score (in standard deviations, the worse
    of all weeks so far and of the latest four), since_weeks (which of the two), p_value (chance that a right forecast
    would stray so far at any look, in any metric), alert.
    """
    names = [name for name in draws if name in came and len(came[name])]
    if not names:
        return pd.DataFrame(columns=_COLUMNS)
    worst = np.max([np.abs(_scores(draws[name], draws[name])).max(axis=(1, 2)) for name in names], axis=0)
    rows = []
    for name in names:
        weeks = len(came[name])
        padded = np.zeros(draws[name].shape[1])
        padded[:weeks] = came[name]
        scores = _scores(draws[name], padded[None, :])[0, weeks - 1]  # (all weeks, the latest)
        which = int(np.abs(scores).argmax())
        chance = (1 + int((worst >= abs(scores[which])).sum())) / (len(worst) + 1)
        total = draws[name][:, :weeks].sum(axis=1)
        span = np.percentile(total, (10, 50, 90)).tolist()
        since = weeks if which == 0 else min(RECENT_WEEKS, weeks)
        rows.append([name, weeks, came[name].sum(), *span, scores[which], chance, since, chance <= false_alarms])
    return pd.DataFrame(rows, columns=_COLUMNS)


def _scores(draws: Floats, paths: Floats) -> Floats:
    """(path, look, window) scores of totals at each weekly look: of all weeks, and of the latest RECENT_WEEKS.

    A score is the distance from the draws' median in units of that side's spread, so that a lopsided range counts.
    """
    return np.stack([_score(window(draws), window(paths)) for window in (_so_far, _latest)], axis=-1)


def _score(draws: Floats, totals: Floats) -> Floats:
    low, middle, high = np.percentile(draws, (10, 50, 90), axis=0)
    least = 0.5 * _TO_SIGMA  # counts: a spread of less than half an event says nothing
    up, down = np.maximum(high - middle, least) / _TO_SIGMA, np.maximum(middle - low, least) / _TO_SIGMA
    distance = totals - middle
    return np.asarray(distance / np.where(distance > 0, up, down), dtype=np.float64)


def _so_far(weekly: Floats) -> Floats:
    return np.cumsum(weekly, axis=1, dtype=np.float64)


def _latest(weekly: Floats) -> Floats:
    total = _so_far(weekly)
    total[:, RECENT_WEEKS:] = total[:, RECENT_WEEKS:] - total[:, :-RECENT_WEEKS].copy()
    return total
