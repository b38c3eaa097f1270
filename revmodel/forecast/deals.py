"""Each open deal's outlook: its chance to be won, when, and what sets it apart."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.simulation import Simulation
from revmodel.sources.wording import plural

__all__ = ["deal_outlook", "open_deals_table"]

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
    table = periods(as_of, 1, fiscal_year_start_month, "quarter")
    enough = max(int(won_week.max(initial=0)) + 1, 14)
    share = np.append(week_shares(table, as_of, enough)[0], 0.0)  # the last one answers to −1
    return np.asarray(share[won_week].sum(axis=0), dtype=np.float64)


def open_deals_table(simulation: Simulation) -> pd.DataFrame:
    """The output ``open_deals``: the outlook of each deal, likeliest first, and what drives it.

    ``drivers`` splits the distance of a deal's p_win from the mean of all open deals, in points of a hundred: what its
    stage is worth, what its channel and segment add within the stage, and the rest, which is its age. They add up.
    """
    deals = simulation.deals.copy()
    stage = deals.groupby("stage")["p_win"].transform("mean")
    group = deals.groupby(["stage", "channel", "segment"])["p_win"].transform("mean")
    deals["drivers"] = [
        f"stage {row.stage} {100 * (s - deals['p_win'].mean()):+.0f}, "
        f"{row.channel} / {row.segment} {100 * (g - s):+.0f}, "
        f"age {plural(age, 'week')} {100 * (row.p_win - g):+.0f}"
        for row, s, g, age in zip(deals.itertuples(), stage, group, deals["age_weeks"].astype(int), strict=True)
    ]
    return deals.sort_values(["p_win", "deal_id"], ascending=[False, True], ignore_index=True)
