"""The forecast as a table for a terminal, and as a summary with stable keys for machines."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from revmodel.forecast.waterfall import AFTER, BEFORE
from revmodel.report.moved_words import change_words, moved_line, steps_of
from revmodel.report.reading import Run, rows_of
from revmodel.report.words import number, percent, quarter

__all__ = ["forecast_words", "moved_sentences", "summary"]

_KEYS = ("mean", "p10", "p50", "p90", "target")


def forecast_words(run: Run) -> tuple[str, list[str], list[list[str]]]:
    """Title, column names and rows: a row a quarter and metric, quarters together."""
    with_targets, moved = run.targets_set(), run.table("what_moved")
    rows = []
    for metric, row in _in_order(run):
        unit = run.unit(metric)
        known = math.isfinite(row.target)
        aim = [number(row.target, unit), percent(row.p_hit_target), _signed(row.p50 - row.target, unit)]
        rows.append([
            quarter(row.period, run.start_month), run.name(metric).removeprefix("new "),
            number(row.actual, unit) if row.actual else "",
            number(row.p10, unit), number(row.p50, unit), number(row.p90, unit),
            *((aim if known else ["", "", ""]) if with_targets else []),
            *([_change(run, metric, row.period)] if moved is not None else []),
        ])  # fmt: skip
    names = ["quarter", "", "in", "p10", "p50", "p90", *(["target", "chance", "gap"] if with_targets else [])]
    title = f"Forecast as of {run.manifest['as_of']}"
    if moved is None:
        return title, names, rows
    return f"{title}; moved since {pd.Timestamp(moved['since_as_of'].iloc[0]):%Y-%m-%d}", [*names, "moved"], rows


def moved_sentences(run: Run) -> list[str]:
    """A line a quarter on what moved the leading metric; none in a first run."""
    rows = [(row.period, moved_line(run, run.leading, row.period)) for row in rows_of(run.quarters(run.leading))]
    return [
        f"{quarter(period, run.start_month)} {run.name(run.leading)} on average {line}" for period, line in rows if line
    ]


def summary(run: Run) -> list[dict[str, Any]]:
    """One entry a quarter and metric: metric, quarter, start, end, actual, mean, p10, p50, p90, target, p_hit_target,
    gap (p50 less target), moved (since, and the mean's change by step; null in a first run). Unknown numbers are null.
    """
    return [_entry(run, metric, row) for metric, row in _in_order(run)]


def _change(run: Run, metric: str, period: str) -> str:
    """By how much the mean moved; "" where the last run did not forecast that quarter."""
    steps = steps_of(run, metric, period)
    if steps is None:
        return ""
    return change_words(steps[AFTER] - steps[BEFORE], run.unit(metric)).replace("−", "-")


def _in_order(run: Run) -> list[tuple[str, Any]]:
    rows = [(metric, row) for metric in run.metrics for row in rows_of(run.quarters(metric))]
    return sorted(rows, key=lambda pair: pair[1].period_start)


def _entry(run: Run, metric: str, row: Any) -> dict[str, Any]:
    numbers = {key: _or_none(getattr(row, key)) for key in _KEYS}
    return {
        "metric": metric,
        "quarter": row.period,
        "start": f"{row.period_start:%Y-%m-%d}",
        "end": f"{row.period_end:%Y-%m-%d}",
        "actual": _or_none(row.actual),
        **numbers,
        "p_hit_target": _or_none(row.p_hit_target),
        "gap": _or_none(row.p50 - row.target),
        "moved": _moved(run, metric, row.period),
    }


def _moved(run: Run, metric: str, period: str) -> dict[str, Any] | None:
    steps = steps_of(run, metric, period)
    if steps is None:
        return None
    changes = {step: _or_none(change) for step, change in steps.items() if step not in (BEFORE, AFTER)}
    table = run.folder.tables["what_moved"].iloc[0]
    return {
        "since_run": table["since_run"],
        "since_as_of": f"{pd.Timestamp(table['since_as_of']):%Y-%m-%d}",
        "change": _or_none(steps[AFTER] - steps[BEFORE]),
        "steps": changes,
    }


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _signed(value: float, unit: str | None) -> str:
    text = number(value, unit)
    return f"+{text}" if value > 0 else text.replace("−", "-")
