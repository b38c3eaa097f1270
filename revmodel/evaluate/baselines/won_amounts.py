"""Money for counts: each win draws the amount of a deal won before, each new deal the first amount of another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.evaluate.forecaster import BacktestInput, Floats, metrics_seen
from revmodel.features.tables import Features

__all__ = ["amounts_of_counts", "bookings_of_wins", "recent_amounts", "recent_first_amounts"]

RECENT_WEEKS = 52


def recent_amounts(features: Features) -> Floats:
    """Known amounts of deals won in the last 52 weeks, company currency, (deal,); empty where none is known."""
    won = features.won_deals.frame
    since = pd.Timestamp(features.as_of) - pd.Timedelta(weeks=RECENT_WEEKS)
    return won.loc[pd.to_datetime(won["won_at"]) > since, "amount"].dropna().to_numpy(dtype=float)


def recent_first_amounts(data: BacktestInput) -> Floats:
    """Amounts first on file of deals that came to be in the last 52 weeks, (deal,); empty where none is known."""
    deals = data.journeys.records
    since = pd.Timestamp(data.features.as_of) - pd.Timedelta(weeks=RECENT_WEEKS)
    known = deals.filter(deals.first_amount.notnull() & (deals.first_at > since))  # noqa: PD004 (ibis, not pandas)
    amounts = known.select("first_amount").order_by("first_amount").to_pyarrow()
    return np.asarray(amounts["first_amount"].to_numpy(), dtype=float)


def amounts_of_counts(amounts: Floats, counts: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Money (draw, week) of counts (draw, week), each drawing one of ``amounts``; the counts where there is none."""
    if amounts.size == 0:
        return counts.astype(float)
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    each = rng.choice(amounts, size=cell.size)
    return np.bincount(cell, weights=each, minlength=counts.size).reshape(counts.shape)


def bookings_of_wins(features: Features, wins: npt.NDArray[np.int64], rng: np.random.Generator) -> dict[str, Floats]:
    """Bookings of (draw, week) wins; counts where no amount is known; nothing where bookings were never seen."""
    if dims.BOOKINGS not in metrics_seen(features.realised):
        return {}
    return {dims.BOOKINGS: amounts_of_counts(recent_amounts(features), wins, rng)}
