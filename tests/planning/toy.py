"""A company small enough to work out by hand: two channels, one stage, deals that close after a fixed time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.planning.ahead import Ahead
from revmodel.planning.flow import Floats

AS_OF = dt.date(2026, 9, 30)
CHANNELS = ("events", "search")


def toy_ahead(
    *, weeks: int = 26, draws: int = 40, lag: int = 4, win_rate: float = 0.1, amount: float = 10_000.0,
    base: float = 20.0, spend: float = 1_000.0, spread: float = 0.2, seed: int = 1,
) -> Ahead:  # fmt: skip
    """One lead in 1/``win_rate`` is won ``lag`` weeks after it came in; spend brings leads at a falling rate."""
    rng = np.random.default_rng(seed)
    effect = np.array([3.0, 6.0]) * rng.lognormal(0, spread, (draws, 2))
    won = np.zeros((draws, 1, lag + 1))
    won[:, :, lag] = win_rate

    def caused(of: Floats) -> Floats:
        return np.asarray(effect[:, :, None] * np.sqrt(of / 1_000.0))

    return Ahead(
        as_of=AS_OF,
        weeks=pd.date_range(pd.Timestamp(AS_OF) + pd.Timedelta(days=7), periods=weeks, freq="7D"),
        channels=CHANNELS,
        rows=(("lead", "any"),),
        spend=np.full((2, weeks), spend),
        base=np.full((draws, 1, weeks), base),
        caused=caused,
        share=np.ones((draws, 2, 1)),
        kernels={"leads": np.ones((draws, 1, 1)), "wins": won, "bookings": won * amount},
        won_from={"lead": won[:, 0]},
        value="bookings",
    )
