"""Money for a count of wins: each draws the amount of a deal won before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.evaluate.forecaster import Floats, metrics_seen
from revmodel.features.tables import Features

__all__ = ["bookings_of_wins", "recent_amounts"]

RECENT_WEEKS = 52


def recent_amounts(features: Features) -> Floats:
    """Known amounts of deals won in the last 52 weeks, company currency, (deal,); empty where none is known."""
    won = features.won_deals.frame
    since = pd.Timestamp(features.as_of) - pd.Timedelta(weeks=RECENT_WEEKS)
    return won.loc[pd.to_datetime(won["won_at"]) > since, "amount"].dropna().to_numpy(dtype=float)


def bookings_of_wins(features: Features, wins: npt.NDArray[np.int64], rng: np.random.Generator) -> dict[str, Floats]:
    """Bookings of (draw, week) wins; counts where no amount is known; nothing where bookings were never seen."""
    if dims.BOOKINGS not in metrics_seen(features.realised):
        return {}
    amounts = recent_amounts(features)
    if amounts.size == 0:
        return {dims.BOOKINGS: wins.astype(float)}
    cell_of_win = np.repeat(np.arange(wins.size), wins.ravel())
    each = rng.choice(amounts, size=cell_of_win.size)
    return {dims.BOOKINGS: np.bincount(cell_of_win, weights=each, minlength=wins.size).reshape(wins.shape)}
