"""How far the forecast is from its targets, and what has yet to come in."""

from __future__ import annotations

from typing import Any

import numpy as np

from revmodel.dims import NOT_YET_CREATED, OPEN_DEAL, OPEN_LEAD
from revmodel.forecast.totals import total_rows
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.wording import missing_sentence, target_gap
from revmodel.report.words import number, percent, quarter

__all__ = ["needed_sentence", "target_section"]

_LIKELY = 0.8  # from here a target is taken to be within reach


def target_section(run: Run) -> Section:
    """The gap of each quarter that has a target, in words and in numbers."""
    title = "The target and the gap"
    if not run.targets_set():
        return Section("target", title, missing=missing_sentence(run, "targets", "The chance of hitting target"))
    aimed = [row for row in rows_of(run.quarters(run.leading)) if np.isfinite(row.target)]
    said = [
        f"{quarter(row.period, run.start_month)}: {target_gap(run, row)} {needed_sentence(run, row)}" for row in aimed
    ]
    note = "The gap is from the middle of the forecast to the target. Parts are averages."
    return Section("target", title, tuple(said), grids=(_numbers(run),), note=note)


def needed_sentence(run: Run, row: Any) -> str:
    """What has yet to come in, and how much of it what is open today brings. row: of Run.quarters."""
    unit, needed = run.unit(run.leading), row.target - row.actual
    if needed <= 0:
        return "It is reached already."
    parts = _parts(run, run.leading, row.period)
    of_open = parts[OPEN_DEAL] + parts[OPEN_LEAD]
    said = (
        f"{number(needed, unit)} have yet to come in: open deals and leads bring {number(of_open, unit)} on average, "
        f"leads still to come {number(parts[NOT_YET_CREATED], unit)}"
    )
    short = needed - of_open - parts[NOT_YET_CREATED]
    if row.p_hit_target >= _LIKELY or number(abs(short), unit) == number(0.0, unit):
        return f"{said}."
    left = f"{number(short, unit)} short of it" if short > 0 else f"{number(-short, unit)} more than it takes"
    return f"{said}: {left}."


def _parts(run: Run, metric: str, period: str) -> dict[str, float]:
    """Mean by provenance of what is not in yet."""
    found = {}
    for provenance in (OPEN_DEAL, OPEN_LEAD, NOT_YET_CREATED):
        rows = total_rows(run.forecast, provenance=provenance)
        mine = rows[(rows["metric"] == metric) & (rows["period"] == period)]
        found[provenance] = float(mine["mean"].iloc[0]) if len(mine) else 0.0
    return found


def _numbers(run: Run) -> Grid:
    rows = []
    for metric in run.metrics:
        unit = run.unit(metric)
        for row in rows_of(run.quarters(metric)):
            if np.isfinite(row.target):
                gap = row.p50 - row.target
                signed = f"+{number(gap, unit)}" if gap > 0 else f"−{number(-gap, unit)}" if gap < 0 else "0"
                rows.append((
                    run.name(metric).capitalize(), quarter(row.period, run.start_month), number(row.target, unit),
                    number(row.actual, unit), number(max(row.target - row.actual, 0.0), unit), number(row.p50, unit),
                    signed, percent(row.p_hit_target),
                ))  # fmt: skip
    columns = ("", "Quarter", "Target", "In already", "Yet to come in", "Middle", "Gap", "Chance")
    return Grid(columns, tuple(rows), right=tuple(range(2, len(columns))))
