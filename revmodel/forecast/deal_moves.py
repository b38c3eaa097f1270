"""Deal by deal: which step of the waterfall the change of its expected wins or bookings belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from revmodel.dims import BOOKINGS, PERIOD, WINS
from revmodel.forecast.totals import days_within

if TYPE_CHECKING:
    from revmodel.forecast.waterfall import Outlook, Since

__all__ = ["deal_moves"]

_DAYS = pd.Timedelta(days=1)
_SIDE = ["stage", "amount", "close_date", "p_win", WINS, BOOKINGS]


def deal_moves(before: Outlook, after: Outlook, since: Since, metric: str, quarter: pd.Series) -> pd.DataFrame:
    """step, deal_id, before, after, change, what: one or two rows a deal, of one quarter.

    metric : wins or bookings. quarter : period, period_start, period_end.
    Of each deal the changes add up to what it brings now (what it brought, once it is won) less what was expected.
    """
    both = _side_by_side(before, after, since, metric, quarter)
    moved = _step_of(both, before.as_of, quarter)
    amount = np.where(moved["own_amount"], 0.0, _amount_part(both, metric))
    waited = np.where(moved["step"] == "model", _waited(both, before, after, quarter), 0.0)
    main = both["after"] - both["before"] - amount - waited
    rows = both[["deal_id", "before", "after"]].assign(what=moved["what"])
    parts = [
        rows.assign(step=moved["step"], change=main),
        rows.assign(step="amount", change=amount),
        rows.assign(step="actuals", change=waited, what="waited"),
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["change"] != 0][["step", "deal_id", "before", "after", "change", "what"]]


def _side_by_side(before: Outlook, after: Outlook, since: Since, metric: str, quarter: pd.Series) -> pd.DataFrame:
    """Every deal of either run or won since: what was expected, what is, and its fate."""
    period = str(quarter[PERIOD])
    old, new = (run.deals[run.deals[PERIOD] == period].set_index("deal_id")[_SIDE] for run in (before, after))
    won = since.won.drop_duplicates("deal_id").set_index("deal_id")
    late_or_new = won.index[pd.to_datetime(won["won_at"]) >= pd.Timestamp(before.as_of) + _DAYS]
    ids = old.index.union(new.index).union(late_or_new)
    both = old.add_suffix("_0").reindex(ids).join(new.add_suffix("_1").reindex(ids))
    fates = since.fates.drop_duplicates("deal_id").set_index("deal_id")[["state", "at", "stage_then"]].reindex(ids)
    both = both.join(fates).join(won[["won_at", "amount", "cycle_days"]].reindex(ids))
    is_won = both["won_at"].notna()
    both["state"] = both["state"].where(~is_won, "won")
    both["at"] = both["at"].where(~is_won, pd.to_datetime(both["won_at"]).dt.normalize())
    both["in_old"], both["in_new"] = ids.isin(old.index), ids.isin(new.index)
    in_quarter = is_won & (both["at"] >= quarter["period_start"]) & (both["at"] <= quarter["period_end"])
    worth = 1.0 if metric == WINS else both["amount"].fillna(0.0)
    both["brought"] = np.where(in_quarter, worth, 0.0)
    both["before"] = both[f"{metric}_0"].fillna(0.0)
    both["after"] = np.where(is_won, both["brought"], both[f"{metric}_1"].fillna(0.0))
    frame: pd.DataFrame = both.rename_axis("deal_id").reset_index()
    return frame


def _step_of(both: pd.DataFrame, then: object, quarter: pd.Series) -> pd.DataFrame:
    """step, what (in words), own_amount (the amount is no step of its own) by deal."""
    day = pd.Timestamp(str(then))
    rows = [_one(row, day, quarter) for row in both.itertuples(index=False)]
    return pd.DataFrame(rows, columns=["step", "what", "own_amount"], index=both.index)


def _one(row: Any, day: pd.Timestamp, quarter: pd.Series) -> tuple[str, str, bool]:
    get = row._asdict()
    known_then = pd.notna(get["at"]) and get["at"] <= day
    if get["state"] in ("won", "lost") and known_then:
        return "corrections", f"{get['state']} on {get['at']:%Y-%m-%d}, recorded later", True
    if get["state"] == "won":
        return _won(get, day)
    if get["state"] == "lost":
        return "lost", f"lost on {get['at']:%Y-%m-%d}", True
    if not get["in_old"]:
        return _new(get)
    if pd.isna(get["state"]):
        return "corrections", "no longer on record", True
    if not get["in_new"]:
        return "model", "waits for too long to be forecast", True
    return (*_still_open(get, quarter), False)


def _won(get: dict[str, Any], day: pd.Timestamp) -> tuple[str, str, bool]:
    words = f"won on {get['at']:%Y-%m-%d}"
    if get["in_old"]:
        return "actuals", words, False
    first = get["at"] - pd.to_timedelta(get["cycle_days"], unit="D")
    return ("created", f"created and {words}", True) if first > day else ("actuals", f"{words}, not expected", True)


def _new(get: dict[str, Any]) -> tuple[str, str, bool]:
    then = get["stage_then"]
    if pd.isna(then):
        return "created", "created", True
    if then in ("won", "lost"):
        return "created", f"opened again, was {then}", True
    return "corrections", "was open already, but not known or not counted", True


def _still_open(get: dict[str, Any], quarter: pd.Series) -> tuple[str, str]:
    close_0, close_1 = get["close_date_0"], get["close_date_1"]
    dated = pd.notna(close_0) and pd.notna(close_1) and close_0 != close_1
    ends = (quarter["period_start"] - _DAYS, quarter["period_end"])
    crosses = dated and any((close_0 <= end) != (close_1 <= end) for end in ends)
    date_step = "pushed" if dated and close_1 > close_0 else "pulled_in"
    date_words = f"close date {close_0:%Y-%m-%d} to {close_1:%Y-%m-%d}" if dated else ""
    if crosses:
        return date_step, date_words
    if get["stage_0"] != get["stage_1"]:
        return "advanced", f"{get['stage_0']} to {get['stage_1']}"
    if dated:
        return date_step, date_words
    changed = pd.notna(get["amount_1"]) and get["amount_0"] != get["amount_1"]
    return "model", f"amount {get['amount_0']:,.0f} to {get['amount_1']:,.0f}" if changed else "nothing happened to it"


def _amount_part(both: pd.DataFrame, metric: str) -> pd.Series:
    """What of the change is the amount's: of bookings only."""
    if metric == WINS:
        return pd.Series(0.0, index=both.index)
    chance = both[f"{WINS}_0"]
    expected = (both[f"{BOOKINGS}_0"] / chance).where(chance > 0, both["amount_0"])
    of_wins = (both["brought"] - expected).where(both["brought"] > 0, 0.0)
    amount_0, amount_1 = both["amount_0"], both["amount_1"]
    ratio = (1 - amount_0 / amount_1).where(amount_1 > 0)
    of_open = both[f"{BOOKINGS}_1"] * ratio
    first_on_file = amount_0.isna() & amount_1.notna()
    of_open = of_open.where(~first_on_file, both[f"{BOOKINGS}_1"] - both[f"{WINS}_1"] * expected)
    of_open = of_open.where((amount_0 != amount_1) & amount_1.notna(), 0.0)
    part: pd.Series = of_wins.where(both["state"] == "won", of_open).fillna(0.0)
    return part


def _waited(both: pd.DataFrame, before: Outlook, after: Outlook, quarter: pd.Series) -> pd.Series:
    """Of deals to which nothing happened: what they lose because days went by in which they were not won.

    p(won in the rest of the quarter | not won by now) − p(won in the quarter), in the unit of ``before``.
    """
    today = pd.Timestamp(after.as_of)
    first = pd.Timestamp(before.as_of) + _DAYS
    by_now = _won_between(before.weeks, first, today)
    in_quarter = _won_between(before.weeks, max(first, quarter["period_start"]), min(today, quarter["period_end"]))
    gone_by, gone_in = (both["deal_id"].map(part).fillna(0.0) for part in (by_now, in_quarter))
    chance = both["p_win_0"].fillna(0.0)
    left = ((chance - gone_in) / (1 - gone_by)).where(gone_by < 1, 0.0).clip(lower=0.0)
    share = (left / chance).where(chance > 0, 1.0)
    return both["before"] * (share - 1)


def _won_between(weeks: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.Series:
    """Chance by deal to be won in these days, a week's chance spread over its days."""
    return (weeks["p_win"] * days_within(weeks["week_end"], first, last) / 7).groupby(weeks["deal_id"]).sum()
