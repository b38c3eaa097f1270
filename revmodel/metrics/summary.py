"""The scorecard: the latest period of each headline KPI beside its target, the periods before, and its trend."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from revmodel.dims import ALL

__all__ = ["Status", "by_level", "scorecard", "spark", "status_of", "trend_of"]

Status = Literal["met", "close", "missed", "none"]
TREND_PERIODS = 12
_CLOSE = 0.9  # nine tenths of the way to the target
_BARS = "▁▂▃▄▅▆▇█"


def status_of(value: float, target: float, better: str, share_over: float = 1.0) -> Status:
    """Whether a KPI meets its target: "met", "close" (within a tenth), "missed"; "none" without value or target.

    share_over : how much of the period is over, for a KPI that grows with it; the target is taken in proportion.

    >>> status_of(95, 100, "higher"), status_of(95, 100, "higher", 0.9), status_of(130, 100, "lower")
    ('close', 'met', 'missed')
    """
    if not (np.isfinite(value) and np.isfinite(target)) or better == "neither":
        return "none"
    aim = target * share_over
    if better == "lower":
        return "met" if value <= aim else "close" if value * _CLOSE <= aim else "missed"
    return "met" if value >= aim else "close" if value >= _CLOSE * aim else "missed"


def scorecard(metrics: pd.DataFrame, kpis: pd.DataFrame, grain: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row a headline KPI that has a value or a target, in the order of the definitions.

    Columns of the metrics of the latest period, with group, better, share_over, status and trend (its last twelve
    values, oldest first).
    """
    totals = metrics[(metrics["grain"] == grain) & (metrics["dimension"] == ALL)]
    latest = totals[totals["period_start"] == totals["period_start"].max()]
    shown = kpis[kpis["headline"] & kpis["possible"]][["kpi", "group", "better", "cumulates"]]
    rows = shown.merge(latest, on="kpi", how="inner")
    length = (rows["period_end"] - rows["period_start"]).dt.days + 1
    passed = ((as_of - rows["period_start"]).dt.days + 1).clip(upper=length)
    share = (passed / length).where(rows["cumulates"], 1.0)
    trends = {str(kpi): trend_of(part) for kpi, part in totals.groupby("kpi", sort=False)}
    columns = zip(rows["value"], rows["target"], rows["better"], share, strict=True)
    status = [status_of(value, target, str(better), over) for value, target, better, over in columns]
    rows = rows.assign(share_over=share, status=status)
    return rows.assign(trend=rows["kpi"].map(trends))


def trend_of(rows: pd.DataFrame, periods: int = TREND_PERIODS) -> list[float]:
    """The values of the latest whole periods, oldest first; a period that is not over would look like a fall."""
    over = rows[rows["complete"].astype(bool)].sort_values("period_start")
    return [float(value) for value in over["value"].tail(periods)]


def spark(values: list[float]) -> str:
    """Values as a line of eight heights; a gap where one is not known.

    >>> spark([1, 2, float("nan"), 8])
    '▁▂ █'
    """
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return ""
    low, high = min(known), max(known)
    size = (high - low) or 1.0
    return "".join(" " if not np.isfinite(v) else _BARS[round((v - low) / size * (len(_BARS) - 1))] for v in values)


def by_level(metrics: pd.DataFrame, grain: str, dimension: str) -> pd.DataFrame:
    """The latest period of a dimension: one row a level, one column a KPI, the largest levels first."""
    rows = metrics[(metrics["grain"] == grain) & (metrics["dimension"] == dimension)]
    rows = rows[rows["period_start"] == rows["period_start"].max()]
    table = rows.pivot_table(index="level", columns="kpi", values="value", dropna=False)
    by = [name for name in ("leads", "bookings", "touches", "influenced_pipeline") if name in table]
    ordered: pd.DataFrame = table.sort_values(by, ascending=False) if by else table
    return ordered
