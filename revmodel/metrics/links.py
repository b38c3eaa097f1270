"""How indicators go with pipeline and bookings some weeks later: a correlation, with a range that allows for
autocorrelation and for having looked at many lags. It says that they move together, not that one moves the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.features.correlation import lagged_correlation

__all__ = ["LAGS_WEEKS", "link_at", "link_table"]

Floats = npt.NDArray[np.float64]
LAGS_WEEKS = (0, 1, 2, 4, 8, 13)
_LEAST_WEEKS = 26
_LEVEL = 0.95  # of all lags together


def link_table(weekly: pd.DataFrame, indicators: Sequence[str], outcomes: Sequence[str]) -> pd.DataFrame:
    """indicator, outcome, lag_weeks, correlation, low, high, weeks, linked, sentence: the lag that goes together best.

    weekly : one row a week, oldest first, one column an indicator or outcome.
    """
    rows = []
    for name in indicators:
        for outcome in outcomes:
            pair = weekly[[name, outcome]].dropna()
            if len(pair) < _LEAST_WEEKS + max(LAGS_WEEKS):
                why = f"No link measured: {len(pair)} weeks of both, wanted {_LEAST_WEEKS + max(LAGS_WEEKS)}."
                rows.append((name, outcome, np.nan, np.nan, np.nan, np.nan, len(pair), False, why))
                continue
            x, y = pair[name].to_numpy(dtype=float), pair[outcome].to_numpy(dtype=float)
            lags = {lag: link_at(x, y, lag) for lag in LAGS_WEEKS}
            best = max(lags, key=lambda lag: _clear_of_zero(*lags[lag][1:]))
            rows.append((name, outcome, best, *lags[best], len(pair), *_told(name, outcome, best, lags[best])))
    columns = ["indicator", "outcome", "lag_weeks", "correlation", "low", "high", "weeks", "linked", "sentence"]
    return pd.DataFrame(rows, columns=columns)


def link_at(x: Floats, y: Floats, lag_weeks: int, looks: int = len(LAGS_WEEKS)) -> tuple[float, float, float]:
    """Correlation of ``x`` with ``y`` so many weeks later, and its range (see features.correlation).

    The range is that of one of ``looks`` looks, so that all of them together keep their promise (Bonferroni).
    """
    r, low, high, _, _ = lagged_correlation(x, y, lag_weeks, 1 - (1 - _LEVEL) / looks)
    return r, low, high


def _clear_of_zero(low: float, high: float) -> float:
    """How far the range keeps from zero; negative where it holds it."""
    return -math.inf if math.isnan(low) else max(low, -high)


def _told(name: str, outcome: str, lag: int, link: tuple[float, float, float]) -> tuple[bool, str]:
    r, low, high = link
    name, words = name.removeprefix("indicator_").replace("_", " "), outcome.replace("_", " ")
    if not (low > 0 or high < 0):
        return False, f"No link measured: of {name} with {words} at any lag the range holds zero."
    way = "more" if r > 0 else "less"
    when = "in the same week" if lag == 0 else f"{lag} weeks later"
    return True, (
        f"Weeks of high {name} go with {way} {words} {when} (correlation {r:+.2f}, {low:+.2f} to {high:+.2f}); "
        "moving together is not causing."
    )
