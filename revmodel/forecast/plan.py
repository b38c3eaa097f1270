"""A spend plan: read from a file, spread over the weeks ahead (without one, see spend_ahead.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import MissingColumnError, SourceError

__all__ = ["plan_gaps", "planned_spend", "read_plan"]

Floats = npt.NDArray[np.float64]


def read_plan(path: Path) -> pd.DataFrame:
    """A plan file: date (first day that the row covers), channel, spend.

    Raises SourceError: no such file, no rows, dates or amounts that cannot be read, no channel, negative spend.
    """
    if not path.exists():
        raise SourceError(f"no plan at {path}: give a CSV with the columns date, channel, spend")
    try:
        plan = pd.read_csv(path)
    except pd.errors.EmptyDataError as error:
        raise SourceError(f"{path} is empty: give a CSV with the columns date, channel, spend") from error
    missing = [name for name in ("date", "channel", "spend") if name not in plan.columns]
    if missing:
        raise MissingColumnError(f"{path} has the columns {', '.join(plan.columns)}; {', '.join(missing)} missing")
    try:
        plan = plan.assign(date=pd.to_datetime(plan["date"]), spend=plan["spend"].astype(float))
    except ValueError as error:
        raise SourceError(f"{path}: dates must be ISO (2026-10-05) and spend a number: {error}") from error
    if (plan["spend"] < 0).any() or plan["spend"].isna().any():
        raise SourceError(
            f"{path}: {int((~(plan['spend'] >= 0)).sum())} row(s) with negative or empty spend: mend them"
        )
    if plan.empty or plan["channel"].isna().any():
        count = int(plan["channel"].isna().sum())
        came = f"{count} row(s) without a channel" if count else "a header and no row"
        raise SourceError(f"{path} has {came}: give each row a date, a channel and its spend")
    return plan[["date", "channel", "spend"]]


def planned_spend(plan: pd.DataFrame, channels: tuple[str, ...], weeks: pd.DatetimeIndex) -> Floats:
    """(channel, week) currency: each row of the plan spread evenly over its days.

    Rows of one channel and day (campaigns, regions) count together. A row covers the days until the channel's next
    row, at most 31 and, for its last row, as many as the one before (7 where there is only one). weeks : last days.
    Days that the plan does not reach keep the mean of what it covers.
    Raises SourceError: a channel that the model does not know.
    """
    unknown = sorted(set(plan["channel"]) - set(channels))
    if unknown:
        raise SourceError(
            f"the plan names {', '.join(unknown)}, which history does not know: it knows {', '.join(channels)}"
        )
    days = pd.date_range(weeks[0] - pd.Timedelta(days=6), weeks[-1])
    out = np.zeros((len(channels), len(weeks)))
    for i, channel in enumerate(channels):
        rows = plan[plan["channel"] == channel].groupby("date")["spend"].sum().reset_index()
        if len(rows):
            daily = _daily(rows, days)
            out[i] = daily.fillna(daily.mean()).fillna(0.0).to_numpy().reshape(len(weeks), 7).sum(1)
    return out


def plan_gaps(plan: pd.DataFrame, channels: tuple[str, ...], weeks: pd.DatetimeIndex) -> list[str]:
    """What had to be assumed where the plan says nothing of the weeks ahead, one sentence each. weeks : last days.

    A channel whose plan ends early (or begins late) keeps the mean of what is planned; without a row it spends nothing.
    """
    days = pd.date_range(weeks[0] - pd.Timedelta(days=6), weeks[-1])
    gaps: dict[str, list[str]] = {}
    nothing = []
    for channel in channels:
        rows = plan[plan["channel"] == channel].groupby("date")["spend"].sum().reset_index()
        if rows.empty or not (known := _daily(rows, days).notna()).any():
            nothing.append(channel)
        elif not known.all():
            gaps.setdefault(_without(known), []).append(channel)
    told = [
        f"The plan of {', '.join(names)} leaves out {gap}: they keep the mean of what is planned; extend the plan."
        for gap, names in sorted(gaps.items())
    ]
    if nothing:
        told.append(f"The plan holds nothing for {', '.join(nothing)}: no spend is assumed there.")
    return told


def _without(known: pd.Series) -> str:
    """Which days a plan leaves out, in words. known : by day, whether it says something of it."""
    missing = known[~known].index
    first, last = missing[0].date(), missing[-1].date()
    between = "" if len(missing) == (last - first).days + 1 else ", with gaps"
    return f"{len(missing)} of the {len(known)} days ahead ({first} to {last}{between})"


def _daily(rows: pd.DataFrame, days: pd.DatetimeIndex) -> pd.Series:
    starts = pd.DatetimeIndex(rows["date"]).normalize()
    gaps = np.diff(starts.to_numpy()).astype("timedelta64[D]").astype(int)
    gaps = np.append(gaps, gaps[-1] if len(gaps) else 7).clip(1, 31)
    per_day = pd.Series(0.0, index=pd.date_range(starts.min(), starts.max() + pd.Timedelta(days=int(gaps[-1]) - 1)))
    for start, gap, spend in zip(starts, gaps, rows["spend"], strict=True):
        per_day[start : start + pd.Timedelta(days=int(gap) - 1)] += spend / gap
    return per_day.reindex(days)
