"""What a KPI is compared with: its target, the period before, the same period of the last year."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from revmodel.dims import ALL
from revmodel.features.fiscal import Grain, shifted
from revmodel.metrics.drawn import Drawn
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.periods import PER_YEAR, periods_between

__all__ = ["earlier", "target_frame", "targets_by_cell", "unknown_targets"]

Targets = dict[tuple[str, str, str], float]


def earlier(start: pd.Timestamp, grain: Grain) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First days of the period before and of the same period a year ago (of weeks, 52 before)."""
    return shifted(start, grain, -1), shifted(start, grain, -PER_YEAR[grain])


def target_frame(drawn: Drawn) -> pd.DataFrame:
    """period, metric, value, scope ("all" for the total), as planned; empty without the table."""
    if "targets" not in drawn.tables:
        return pd.DataFrame({"period": [], "metric": [], "value": [], "scope": []})
    table = drawn.tables["targets"].select("period", "metric", "value", "scope")
    frame: pd.DataFrame = table.order_by("period", "metric", "scope").to_pyarrow().to_pandas()
    scope = frame["scope"].astype(object).where(frame["scope"].notna(), ALL)
    total = scope.str.lower().isin(["", "all", "total"])
    return frame.assign(scope=scope.where(~total, ALL), metric=frame["metric"].str.strip().str.lower())


def targets_by_cell(drawn: Drawn, kpis: Sequence[Kpi], grain: Grain, dimension: str | None) -> Targets:
    """(KPI, period, level) → target. Targets of another grain are not split; goals stand in where none is set.

    A goal is a level to keep, so that it holds in every period; it is for the total alone.
    """
    frame = target_frame(drawn)
    found: Targets = {}
    if dimension is None:
        names = {kpi.key for kpi in kpis}
        labels = [str(label) for label in _labels(drawn, grain)]
        for key, value in drawn.config.metrics.goals.items():
            found |= {(key, label, ALL): value for label in labels if key in names}
    keys = zip(frame["metric"], frame["period"], frame["scope"], frame["value"], strict=True)
    for metric, period, scope, value in keys:
        if (scope == ALL) == (dimension is None):
            found[str(metric), str(period), str(scope)] = float(value)
    return found


def unknown_targets(drawn: Drawn, kpis: Sequence[Kpi]) -> list[str]:
    """Names of targets that are no KPI."""
    return sorted(set(target_frame(drawn)["metric"].astype(str)) - {kpi.key for kpi in kpis})


def _labels(drawn: Drawn, grain: Grain) -> list[str]:
    return list(periods_between(drawn.first_day, drawn.as_of, grain, drawn.month)["period"])
