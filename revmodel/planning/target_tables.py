"""The way back from a target as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from revmodel.dims import CHANNEL, STAGE
from revmodel.planning.ahead import Ahead
from revmodel.planning.answer import Question, SpendAnswer, TargetAnswer
from revmodel.planning.flow import Floats
from revmodel.planning.last_dates import InTime, last_week
from revmodel.planning.levers import SpendLevers
from revmodel.planning.needs import Needs
from revmodel.planning.target import Outlook

__all__ = ["draws_in_row", "lever_rows", "needs_tables", "spend_table", "stage_rows", "target_row"]


def draws_in_row(draws: Floats, prefix: str) -> dict[str, float]:
    """Mean, p10 and p90 of draws (draw,), by name; blank where they are not finite."""
    if not np.isfinite(draws).all():
        return {f"{prefix}_{name}": float("nan") for name in ("mean", "p10", "p90")}
    low, high = np.percentile(draws, (10, 90))
    return {f"{prefix}_mean": float(draws.mean()), f"{prefix}_p10": float(low), f"{prefix}_p90": float(high)}


def needs_tables(
    ahead: Ahead, needs: Mapping[str, Needs], last: Mapping[str, int], question: Question, inside: Floats, weeks: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``target_weeks`` (stage × week) and ``target_stages`` (stage).

    last : stage → the last week in which an entry still counts. inside : (week,), share of each week in the quarter
    Columns of weeks: stage, week_end, in_time, planned and needed, each mean, p10, p90. Of stages: stage, from, until
    (last day that counts), planned, needed, more (needed − planned): sums of the weeks that count; of wins those
    inside the quarter.
    """
    by_week: list[dict[str, object]] = []
    by_stage: list[dict[str, object]] = []
    for stage, one in needs.items():
        counts = inside[:weeks] if stage == "wins" else (np.arange(weeks) <= last[stage]).astype(float)
        for week in range(weeks):
            by_week.append({
                STAGE: stage, "week_end": ahead.weeks[week], "in_time": bool(counts[week] > 0),
                **draws_in_row(one.planned[:, week], "planned"), **draws_in_row(one.needed[:, week], "needed"),
            })  # fmt: skip
        planned, needed = (part[:, :weeks] @ counts for part in (one.planned, one.needed))
        where = np.flatnonzero(counts > 0)
        by_stage.append({
            STAGE: stage,
            "from": _within(ahead.weeks[where[0]] - pd.Timedelta(days=6), stage, question) if where.size else pd.NaT,
            "until": _within(ahead.weeks[where[-1]], stage, question) if where.size else pd.NaT,
            **draws_in_row(planned, "planned"), **draws_in_row(needed, "needed"),
            **draws_in_row(needed - planned, "more"),
        })  # fmt: skip
    return pd.DataFrame(by_week), pd.DataFrame(by_stage)


def _within(day: pd.Timestamp, stage: str, question: Question) -> pd.Timestamp:
    """A day; of wins, inside the quarter."""
    return min(max(day, question.start), question.end) if stage == "wins" else day


def stage_rows(ahead: Ahead, in_time: Mapping[str, InTime], level: float) -> list[dict[str, object]]:
    """Rows of ``last_dates``: one a stage; what a record that enters it now, and on the last day, still brings."""
    rows = []
    for stage, one in in_time.items():
        last = last_week(one.share, level)
        rows.append(
            _row(ahead, "stage", stage, level, last)
            | draws_in_row(one.share[:, 0], "share_now") | draws_in_row(one.brings[:, 0], "brings_now")
            | {"share_last": float(one.share[:, last].mean()) if last >= 0 else float("nan")}
        )  # fmt: skip
    return rows


def lever_rows(ahead: Ahead, levers: SpendLevers, level: float) -> list[dict[str, object]]:
    """Rows of ``last_dates``: one a channel; what the next unit of its spend brings to the quarter."""
    rows = []
    for c, channel in enumerate(ahead.channels):
        last = last_week(levers.share[:, c], level)
        rows.append(
            _row(ahead, CHANNEL, channel, level, last)
            | draws_in_row(levers.share[:, c, 0], "share_now") | draws_in_row(levers.in_quarter[:, c, 0], "brings_now")
            | {"share_last": float(levers.share[:, c, last].mean()) if last >= 0 else float("nan")}
        )  # fmt: skip
    return rows


def _row(ahead: Ahead, kind: str, lever: str, level: float, last: int) -> dict[str, object]:
    day = ahead.weeks[last] if last >= 0 else pd.NaT
    weeks_left = last + 1
    return {"kind": kind, "lever": lever, "level": level, "last_date": day, "weeks_left": weeks_left}


def target_row(ahead: Ahead, outlook: Outlook, question: Question, found: TargetAnswer, entry: str) -> pd.DataFrame:
    """The table ``target``: one row.

    Columns: quarter, period_start, period_end, metric, value, probability, in_time; actual; open_deals, open_leads,
    to_come and total, each mean, p10, p90; chance (under the present plan), reliable (what that plan reaches with the
    probability); entry (the stage at which records come in), leads_until, times (planned arrivals until then; infinite
    is blank); spend_planned, spend_needed, spend_lower, spend_upper (totals of the weeks that still count),
    reachable (within the limits of spend), chance_at_most, reliable_at_most (under the spend told).
    """
    least = None if found.spend is None else found.spend.least
    until = ahead.weeks[found.last[entry]] if found.last[entry] >= 0 else pd.NaT
    blank = float("nan")
    row: dict[str, object] = {
        "quarter": question.quarter, "period_start": question.start, "period_end": question.end,
        "metric": question.metric, "value": question.value, "probability": question.probability,
        "in_time": question.in_time, "actual": outlook.actual,
        **draws_in_row(outlook.open_deals, "open_deals"), **draws_in_row(outlook.open_leads, "open_leads"),
        **draws_in_row(outlook.to_come, "to_come"), **draws_in_row(outlook.total, "total"),
        "chance": found.chance, "reliable": found.reliable, "entry": entry, "leads_until": until,
        "times": found.times if np.isfinite(found.times) else blank,
        "spend_planned": blank if found.spend is None else float(found.spend.surface.current.sum()),
        "spend_needed": blank if least is None or not least.reached else float(least.plan.sum()),
        "spend_lower": blank if found.spend is None else float(found.spend.lower.sum()),
        "spend_upper": blank if found.spend is None else float(found.spend.upper.sum()),
        "reachable": found.chance >= question.probability if least is None else least.reached,
        "chance_at_most": found.chance if least is None else least.chance,
        "reliable_at_most": found.reliable if found.spend is None else found.spend.reliable,
    }  # fmt: skip
    return pd.DataFrame([row])


def spend_table(ahead: Ahead, spend: SpendAnswer, seen_max: Mapping[str, float]) -> pd.DataFrame:
    """The table ``target_spend``: one row a channel, totals of the weeks from now to its last date.

    Columns: channel, last_date, planned, needed (the least spend, or where the target is out of reach the spend that
    brings most), change, lower, upper, binding, brings (to the quarter; mean, p10, p90), added (by the change),
    next_unit (what the next unit of currency brings to the quarter), seen_max (most ever spent in as many
    weeks as the quarter's end is away), extrapolates.
    """
    plan, surface = spend.least.plan, spend.surface
    then, now = surface.value_at(plan), surface.value_at(surface.current)
    marginal = surface.marginal_at(plan).mean(axis=0)
    rows = []
    for c, channel in enumerate(ahead.channels):
        last = spend.last[channel]
        seen = seen_max.get(channel, float("nan"))
        rows.append({
            CHANNEL: channel, "last_date": ahead.weeks[last] if last >= 0 else pd.NaT,
            "planned": surface.current[c], "needed": plan[c], "change": plan[c] - surface.current[c],
            "lower": spend.lower[c], "upper": spend.upper[c],
            "binding": _binding(plan[c], spend.lower[c], spend.upper[c]),
            **draws_in_row(then[:, c], "brings"), **draws_in_row(then[:, c] - now[:, c], "added"),
            "next_unit": marginal[c], "seen_max": seen, "extrapolates": bool(plan[c] > seen * (1 + 1e-9)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _binding(plan: float, lower: float, upper: float) -> str:
    slack = 1e-6 * max(upper, 1e-9)
    if upper - lower <= slack:
        return "fixed"
    return "upper" if plan >= upper - slack else "lower" if plan <= lower + slack else ""
