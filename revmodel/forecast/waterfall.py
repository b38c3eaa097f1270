"""What moved between two runs: steps from the old forecast to the new one, which add up exactly in the mean.

Each deal's expected wins and bookings of a quarter, before and after, go to the step that says what happened to it.
What is not yet a deal has no name, so its change is told as a whole. The steps:

actuals      what came in, against what was expected of it, and of open deals that simply waited meanwhile
created      deals created since, and leads, against what was expected of those to come
advanced     deals that moved to another stage, onward or back
pulled_in    deals whose close date moved earlier, pushed: later (across a quarter's end first, else within it)
lost         deals lost since
amount       deals whose amount changed, and wins that brought more or less than expected
plan         another spend plan
model        the chances of deals to which nothing happened, learned anew
corrections  what was recorded late or mended: of days that the old run already knew
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.dims import BOOKINGS, METRIC, PERIOD, PIPELINE_CREATED, WINS
from revmodel.forecast.deal_moves import deal_moves
from revmodel.forecast.totals import days_within, quarter_totals, total_rows

__all__ = ["AFTER", "BEFORE", "STEPS", "Outlook", "Since", "what_moved"]

STEPS = (
    *("actuals", "created", "advanced", "pulled_in", "pushed", "lost", "amount", "plan", "model"),
    "corrections",
)
BEFORE, AFTER = "before", "after"
NAMED = 10  # the largest deals of a step that are kept by name
_A_DAY = pd.Timedelta(days=1)
_MOVED = [METRIC, PERIOD, "step", "change", "start", "end"]
_DEALS = [METRIC, PERIOD, "step", "deal_id", "before", "after", "change", "what"]


@dataclass(frozen=True)
class Outlook:
    """A run's forecast, with its tables deal_quarters and deal_weeks."""

    as_of: dt.date
    forecast: pd.DataFrame
    deals: pd.DataFrame
    weeks: pd.DataFrame


@dataclass(frozen=True)
class Since:
    """What is known now of what happened since.

    fates : see features.deal_fates, of the deals of both runs. won : deal_id, won_at, amount, cycle_days.
    realised : metric, date, value. plan : (metric, quarter) → how much more the new plan brings than the old one.
    """

    fates: pd.DataFrame
    won: pd.DataFrame
    realised: pd.DataFrame
    plan: Mapping[tuple[str, str], float]


def what_moved(before: Outlook, after: Outlook, since: Since) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``what_moved`` and ``moved_deals``, of each metric and quarter that both runs forecast.

    what_moved: metric, period, step (before, the STEPS, after), change, start, end: running totals of means.
    moved_deals: metric, period, step, deal_id, before, after, change, what: the ten largest of each step.
    """
    old, new = (quarter_totals(one.forecast).set_index([METRIC, PERIOD], drop=False) for one in (before, after))
    steps, named = [], []
    for metric, period in [key for key in new.index if key in old.index]:
        was, now = old.loc[(metric, period)], new.loc[(metric, period)]
        quarter = _Quarter(before, after, since, metric, period, was, now)
        changes, deals = quarter.steps()
        steps += _running(metric, period, float(was["mean"]), float(now["mean"]), changes)
        named.append(deals.assign(**{METRIC: metric, PERIOD: period}))
    deals = pd.concat(named, ignore_index=True) if named else pd.DataFrame(columns=_DEALS)
    deals = deals[_DEALS].astype(dict.fromkeys(("before", "after", "change"), np.float64))
    return pd.DataFrame(steps, columns=_MOVED), _largest(deals)


@dataclass(frozen=True)
class _Quarter:
    """One metric of one quarter. was, now: its rows of quarter_totals."""

    before: Outlook
    after: Outlook
    since: Since
    metric: str
    period: str
    was: pd.Series
    now: pd.Series

    def steps(self) -> tuple[dict[str, float], pd.DataFrame]:
        """Changes by step, and the deals behind them."""
        late = self._came(self.was["period_start"], self._then) - float(self.was["actual"])
        changes = dict.fromkeys(STEPS, 0.0) | {"plan": float(self.since.plan.get((self.metric, self.period), 0.0))}
        changes["corrections"] += late
        deals = pd.DataFrame(columns=[name for name in _DEALS if name not in (METRIC, PERIOD)])
        if self.metric in (WINS, BOOKINGS) and not self.before.deals.empty:
            deals = deal_moves(self.before, self.after, self.since, self.metric, self.was)
            changes["corrections"] -= self._late_wins()  # they are named among the deals
            for step, change in deals.groupby("step")["change"].sum().items():
                changes[str(step)] += float(change)
            changes[self._pool_step] += self._pool_change() - changes["plan"]
        else:
            changes["actuals"] += self._came(self._then + _A_DAY, self._today) - self._expected_by_now()
        rest = float(self.now["mean"] - self.was["mean"]) - sum(changes.values())
        changes["created" if self.metric == PIPELINE_CREATED and self._time_passed else "model"] += rest
        return changes, deals

    @property
    def _then(self) -> pd.Timestamp:
        return pd.Timestamp(self.before.as_of)

    @property
    def _today(self) -> pd.Timestamp:
        return pd.Timestamp(self.after.as_of)

    @property
    def _time_passed(self) -> bool:
        return self._today > self._then

    @property
    def _pool_step(self) -> str:
        """What is not a deal yet: nothing can have been created where no time has passed."""
        return "created" if self._time_passed else "model"

    def _came(self, first: pd.Timestamp, last: pd.Timestamp) -> float:
        """What is on record now of these days that lie in the quarter."""
        rows = self.since.realised[self.since.realised[METRIC] == self.metric]
        first, last = max(first, self.was["period_start"]), min(last, self.was["period_end"])
        return float(rows.loc[(rows["date"] >= first) & (rows["date"] < last + _A_DAY), "value"].sum())

    def _late_wins(self) -> float:
        """What wins brought that the old run took for open deals."""
        won = self.since.won[self.since.won["deal_id"].isin(self.before.deals["deal_id"])]
        day = pd.to_datetime(won["won_at"]).dt.normalize()
        late = won[(day >= self.was["period_start"]) & (day <= min(self._then, self.was["period_end"]))]
        return float(len(late) if self.metric == WINS else late["amount"].sum())

    def _expected_by_now(self) -> float:
        """What the old run expected of the days since, by its weekly means where it has them."""
        weeks = total_rows(self.before.forecast, "week")
        weeks = weeks[weeks[METRIC] == self.metric]
        first, ahead = self.was["period_start"], self.was["period_end"]
        if weeks.empty:  # the old run was told by other grains: day by day alike
            ends = pd.Series(pd.date_range(self._then + 7 * _A_DAY, ahead + 6 * _A_DAY, freq="7D"))
            weeks = pd.DataFrame({"period_end": ends, "mean": 1.0})
        since, whole = (
            float((weeks["mean"] * days_within(weeks["period_end"], first, last)).sum())
            for last in (min(self._today, ahead), ahead)
        )
        return float(self.was["mean"] - self.was["actual"]) * (since / whole if whole > 0 else 0.0)

    def _pool_change(self) -> float:
        """Change of what is expected from leads and from what is not created yet."""
        return float(_pool(self.after, self.now, self.metric) - _pool(self.before, self.was, self.metric))


def _pool(run: Outlook, total: pd.Series, metric: str) -> float:
    """The forecast less what is in and less what open deals bring."""
    of_deals = run.deals.loc[run.deals[PERIOD] == total[PERIOD], metric].sum()
    return float(total["mean"] - total["actual"] - of_deals)


def _running(metric: str, period: str, was: float, now: float, changes: Mapping[str, float]) -> list[list[object]]:
    rows: list[list[object]] = [[metric, period, BEFORE, was, 0.0, was]]
    level = was
    for step in STEPS:
        rows.append([metric, period, step, changes[step], level, level + changes[step]])
        level += changes[step]
    return [*rows, [metric, period, AFTER, now, 0.0, now]]


def _largest(deals: pd.DataFrame) -> pd.DataFrame:
    order = deals.assign(size=deals["change"].abs())
    order = order[order["size"] > 0].sort_values(["size", "deal_id"], ascending=[False, True], kind="stable")
    kept = order.groupby([METRIC, PERIOD, "step"], sort=False).head(NAMED)
    return kept.drop(columns="size").sort_values([METRIC, PERIOD, "step"], kind="stable").reset_index(drop=True)
