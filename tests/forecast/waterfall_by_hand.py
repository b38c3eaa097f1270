"""Two runs written by hand: deals with their chances, wins, what is not a deal yet, and totals that fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from revmodel.forecast.waterfall import Outlook, Since

THEN, NOW = dt.date(2026, 10, 31), dt.date(2026, 11, 14)
QUARTERS = {"2026Q4": ("2026-10-01", "2026-12-31"), "2027Q1": ("2027-01-01", "2027-03-31")}
METRICS = ("leads", "wins", "bookings")
AMOUNT = 1000.0
OPEN: Mapping[str, Any] = {
    "stage": "proposal", "amount": AMOUNT, "close_date": "2026-12-10", "p": (0.4, 0.2), "weekly": 0.0
}  # fmt: skip


def deal(**changes: Any) -> dict[str, Any]:
    """An open deal; p: chance by quarter; weekly: of it, the chance of each of the two weeks after the old run."""
    return dict(OPEN) | changes


def win(day: str, amount: float = AMOUNT, cycle_days: int = 400) -> dict[str, Any]:
    return {"won_at": pd.Timestamp(day), "amount": amount, "cycle_days": cycle_days}


def run(
    as_of: dt.date, deals: Mapping[str, Mapping[str, Any]], known: pd.DataFrame, pool: Mapping[str, float]
) -> Outlook:
    """pool : metric → what is expected in each quarter of what is no deal yet. known : realised as the run knew it."""
    rows = [
        {"deal_id": name, "stage": one["stage"], "amount": one["amount"], "close_date": pd.Timestamp(one["close_date"]),
         "period": period, "p_win": p, "wins": p, "bookings": p * (one["amount"] if one["amount"] > 0 else AMOUNT)}
        for name, one in deals.items() for period, p in zip(QUARTERS, one["p"], strict=True)
    ]  # fmt: skip
    columns = ["deal_id", "stage", "amount", "close_date", "period", "p_win", "wins", "bookings"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(close_date=pd.to_datetime(frame["close_date"]))
    forecast = [
        row for metric in METRICS for row in _rows(metric, as_of, frame, known[known["metric"] == metric], pool)
    ]
    return Outlook(as_of, pd.DataFrame(forecast), frame, _weeks(as_of, deals))


def _rows(metric: str, as_of: dt.date, deals: pd.DataFrame, known: pd.DataFrame, pool: Mapping[str, float]) -> Any:
    everywhere = {"metric": metric, "channel": "all", "segment": "all"}
    for period, (start, end) in QUARTERS.items():
        first, last = pd.Timestamp(start), pd.Timestamp(end)
        actual = known.loc[known["date"].between(first, last), "value"].sum()
        of_deals = deals.loc[deals["period"] == period, metric].sum() if metric in deals else 0.0
        where = everywhere | {"period": period, "period_start": first, "period_end": last, "grain": "quarter"}
        yield where | {"provenance": "actual", "mean": actual}
        yield where | {"provenance": "all", "mean": actual + of_deals + pool.get(metric, 0.0)}
    for week in range(22):
        first = pd.Timestamp(as_of) + pd.Timedelta(days=7 * week + 1)
        where = everywhere | {"period_start": first, "period_end": first + pd.Timedelta(days=6), "grain": "week"}
        yield where | {"period": f"w{week}", "provenance": "all", "mean": 7.0}


def _weeks(as_of: dt.date, deals: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    ends = [pd.Timestamp(as_of) + pd.Timedelta(days=7 * week) for week in (1, 2)]
    rows = [(name, end, one["weekly"]) for name, one in deals.items() for end in ends if one["weekly"]]
    frame = pd.DataFrame(rows, columns=["deal_id", "week_end", "p_win"])
    return frame.assign(week_end=pd.to_datetime(frame["week_end"]), p_win=frame["p_win"].astype(float))


def wins_frame(wins: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{"deal_id": name, **one} for name, one in wins.items()], columns=["deal_id", "won_at", "amount", "cycle_days"]
    )
    return frame.assign(won_at=pd.to_datetime(frame["won_at"]))


def realised_of(wins: Mapping[str, Mapping[str, Any]], leads: Iterable[tuple[str, float]] = ()) -> pd.DataFrame:
    rows = [("wins", one["won_at"], 1.0) for one in wins.values()]
    rows += [("bookings", one["won_at"], one["amount"]) for one in wins.values()]
    rows += [("leads", pd.Timestamp(day), value) for day, value in leads]
    frame = pd.DataFrame(rows, columns=["metric", "date", "value"])
    return frame.assign(date=pd.to_datetime(frame["date"]), value=frame["value"].astype(float))


def since(
    wins: Mapping[str, Mapping[str, Any]], fates: Mapping[str, tuple[str, str, str | None]], realised: pd.DataFrame,
    plan: Mapping[tuple[str, str], float] | None = None,
) -> Since:  # fmt: skip
    """fates : deal → state, day of its latest event, where it stood at the old run."""
    rows = [(name, state, pd.Timestamp(day), then) for name, (state, day, then) in fates.items()]
    frame = pd.DataFrame(rows, columns=["deal_id", "state", "at", "stage_then"])
    return Since(frame.assign(at=pd.to_datetime(frame["at"])), wins_frame(wins), realised, plan or {})


def steps(moved: pd.DataFrame, metric: str = "bookings", period: str = "2026Q4") -> dict[str, float]:
    """The steps that are not zero."""
    rows = moved[(moved["metric"] == metric) & (moved["period"] == period)].set_index("step")["change"]
    inner = rows.drop(["before", "after"])
    return {str(step): float(change) for step, change in inner.items() if not np.isclose(change, 0.0, atol=1e-9)}
