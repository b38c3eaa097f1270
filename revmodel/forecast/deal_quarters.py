"""What each open deal is expected to bring to each quarter: what the next run needs to say what moved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import BOOKINGS, METRIC, OPEN_DEAL, PERIOD, WINS
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.simulation import Simulation
from revmodel.forecast.totals import total_rows

__all__ = ["COLUMNS", "deal_quarters", "deal_weeks", "wins_by_week"]

Floats = npt.NDArray[np.float64]
COLUMNS = ["deal_id", "stage", "amount", "close_date", PERIOD, "p_win", "wins", "bookings"]


def wins_by_week(won_week: npt.NDArray[np.int16], weeks: int) -> Floats:
    """(deal, week): share of draws in which the deal is won in that week. won_week: (draw, deal), −1 where it is not.

    >>> wins_by_week(np.array([[0, -1], [2, 1]], dtype=np.int16), 3).tolist()
    [[0.5, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    draws, deals = won_week.shape
    cell = (np.arange(deals) * (weeks + 1) + won_week.astype(np.int64) + 1).ravel()  # column 0: not won
    counts = np.bincount(cell, minlength=deals * (weeks + 1)).reshape(deals, weeks + 1)
    return np.asarray(counts[:, 1:] / max(draws, 1), dtype=np.float64)


def deal_quarters(
    simulation: Simulation, records: pd.DataFrame, forecast: pd.DataFrame, fiscal_year_start_month: int
) -> pd.DataFrame:
    """The table ``deal_quarters``: one row an open deal × quarter that its close is forecast for.

    records : the open records, for the close date on file. forecast : the forecast table.
    p_win is the chance that the deal is won in the quarter; wins and bookings are what it is expected to bring, such
    that deals add up to the forecast's mean of what comes from open deals. A deal without an amount counts with the
    mean of those that have one. A company without amounts has no bookings: NaN.
    """
    quarters = periods(simulation.as_of, _quarters(forecast), fiscal_year_start_month, "quarter")
    deals = simulation.deals
    chance = simulation.deal_wins @ week_shares(quarters, simulation.as_of, simulation.deal_wins.shape[1]).T
    amount = deals["amount"].to_numpy(dtype=np.float64)
    known = np.isfinite(amount) & (amount > 0)
    worth = np.where(known, amount, amount[known].mean() if known.any() else 1.0)
    close = records.drop_duplicates("record_id").set_index("record_id")["close_date"]
    facts = deals[["deal_id", "stage", "amount"]].assign(close_date=deals["deal_id"].map(close))
    parts = []
    for i, period in enumerate(quarters[PERIOD]):
        p = chance[:, i]
        wins = _scaled(p, _open_deal_mean(forecast, WINS, period))
        bookings = _scaled(p * worth, _open_deal_mean(forecast, BOOKINGS, period))
        parts.append(facts.assign(**{PERIOD: period, "p_win": p, "wins": wins, "bookings": bookings}))
    table = pd.concat(parts, ignore_index=True)[COLUMNS]
    return table.assign(close_date=pd.to_datetime(table["close_date"]))


def deal_weeks(simulation: Simulation) -> pd.DataFrame:
    """The table ``deal_weeks``: deal_id, week_end, p_win, one row a deal and week in which it may be won."""
    deal, week = np.nonzero(simulation.deal_wins)
    ends = pd.Timestamp(simulation.as_of) + pd.to_timedelta(7 * (week + 1), unit="D")
    ids = simulation.deals["deal_id"].to_numpy()[deal]
    return pd.DataFrame({"deal_id": ids, "week_end": ends, "p_win": simulation.deal_wins[deal, week]})


def _quarters(forecast: pd.DataFrame) -> int:
    return int(forecast.loc[forecast["grain"] == "quarter", PERIOD].nunique())


def _open_deal_mean(forecast: pd.DataFrame, metric: str, period: str) -> float:
    """NaN where the forecast has no such metric."""
    rows = total_rows(forecast, provenance=OPEN_DEAL)
    found = rows.loc[(rows[METRIC] == metric) & (rows[PERIOD] == period), "mean"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _scaled(parts: Floats, total: float) -> Floats:
    """Parts in the same proportion that add up to ``total``; nothing stays nothing."""
    held = float(parts.sum())
    return parts * (total / held) if held > 0 else parts * total
