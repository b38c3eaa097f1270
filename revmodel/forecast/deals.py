"""Each open deal's outlook: its chance to be won, when, and what sets it apart."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.drivers import driver_words
from revmodel.forecast.simulation import Simulation

__all__ = ["deal_outlook", "open_deals_table", "this_quarter"]

ON_FILE = (
    "type_on_file", "owner_on_file", "close_date", "pushes", "amount_changes", "forecast_category", "probability",
)  # fmt: skip
_MIDDLE_OF_WEEK_DAYS = 4  # a win in a week is dated to its fourth day
_NEVER = np.int16(32_767)


def deal_outlook(
    deals: pd.DataFrame, won_week: npt.NDArray[np.int16], as_of: dt.date, fiscal_year_start_month: int
) -> pd.DataFrame:
    """The frame ``deals`` of a Simulation.

    deals: open deals with record_id, stage, channel, segment, age_weeks, amount. won_week: (draw, deal), −1 where
    the deal is not won in the simulated weeks. p_win speaks of those weeks; the dates are given a win in them.
    """
    draws = max(won_week.shape[0], 1)
    won = won_week >= 0
    outlook = deals[["record_id", "stage", "channel", "segment", "age_weeks", "amount"]].reset_index(drop=True)
    outlook = outlook.rename(columns={"record_id": "deal_id"})
    outlook["p_win"] = won.sum(axis=0) / draws
    outlook["p_win_this_quarter"] = _in_this_quarter(won_week, as_of, fiscal_year_start_month) / draws
    in_order = np.sort(np.where(won, won_week, _NEVER), axis=0)
    for percent in (10, 50, 90):
        rank = np.floor(percent / 100 * np.maximum(won.sum(axis=0) - 1, 0) + 0.5).astype(int)
        week = in_order[rank, np.arange(in_order.shape[1])].astype(np.int64)
        date = pd.Timestamp(as_of) + pd.to_timedelta(7 * week + _MIDDLE_OF_WEEK_DAYS, unit="D")
        outlook[f"expected_close_p{percent}"] = pd.Series(date).where(won.any(axis=0))
    return outlook


def _in_this_quarter(
    won_week: npt.NDArray[np.int16], as_of: dt.date, fiscal_year_start_month: int
) -> npt.NDArray[np.float64]:
    """Wins of each deal in the current fiscal quarter, summed over draws; a straddling week counts in part."""
    return np.asarray(this_quarter(won_week, as_of, fiscal_year_start_month).sum(axis=0), dtype=np.float64)


def this_quarter(
    won_week: npt.NDArray[np.int16], as_of: dt.date, fiscal_year_start_month: int
) -> npt.NDArray[np.float64]:
    """(draw, deal): which part of its week of winning lies in the current fiscal quarter; 0 where it is not won."""
    table = periods(as_of, 1, fiscal_year_start_month, "quarter")
    enough = max(int(won_week.max(initial=0)) + 1, 14)
    share = np.append(week_shares(table, as_of, enough)[0], 0.0)  # the last one answers to −1
    return np.asarray(share[won_week], dtype=np.float64)


def open_deals_table(
    simulation: Simulation,
    fiscal_year_start_month: int = 1,
    state: pd.DataFrame | None = None,
    drivers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The output ``open_deals``: the outlook of each deal, what it is expected to book this quarter first.

    state : what is on file about each (DealSnapshotBuilder, rows of ago 0). drivers : see forecast/drivers.py.
    expected_amount is the mean booked given a win; expected_this_quarter the mean booked this quarter, a lost deal
    booking nothing (both count deals where there are no amounts). p_win_by_close_date: won by the date on file.
    """
    deals = simulation.deals.copy()
    won, amount = simulation.won_week, simulation.won_amount.astype(np.float64)
    draws, wins = max(won.shape[0], 1), (won >= 0).sum(axis=0)
    deals["expected_amount"] = np.divide(amount.sum(axis=0), wins, out=np.full(len(deals), np.nan), where=wins > 0)
    in_quarter = this_quarter(won, simulation.as_of, fiscal_year_start_month)
    deals["expected_this_quarter"] = (in_quarter * amount).sum(axis=0) / draws
    if state is not None:
        known = state.set_index("deal_id").reindex(deals["deal_id"])
        for name in ON_FILE:
            deals[name] = known[name].to_numpy()
        deals["p_win_by_close_date"] = _won_by(simulation, pd.to_datetime(deals["close_date"]))
    words = {} if drivers is None else driver_words(drivers).to_dict()
    deals["drivers"] = [words.get(deal, "") for deal in deals["deal_id"]]
    order = ["expected_this_quarter", "p_win", "deal_id"]
    return deals.sort_values(order, ascending=[False, False, True], ignore_index=True)


def _won_by(simulation: Simulation, day: pd.Series) -> npt.NDArray[np.float64]:
    """(deal,): chance to be won by a day, a week begun counting in part; NaN without a day, 0 where it has passed."""
    weeks = (day - pd.Timestamp(simulation.as_of)).dt.days.to_numpy(dtype=float) / 7
    by_week = np.concatenate([np.zeros((len(day), 1)), np.cumsum(simulation.deal_wins, axis=1)], axis=1)
    if not len(day):
        return weeks
    at = np.clip(np.nan_to_num(weeks), 0, by_week.shape[1] - 1)
    whole = np.minimum(at.astype(int), max(by_week.shape[1] - 2, 0))
    deal = np.arange(len(day))
    low, high = by_week[deal, whole], by_week[deal, np.minimum(whole + 1, by_week.shape[1] - 1)]
    return np.where(np.isfinite(weeks), low + (at - whole) * (high - low), np.nan)
