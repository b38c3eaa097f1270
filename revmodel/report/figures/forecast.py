"""The forecast against its target: a bar a quarter, and the way through each quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper, say
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import number, quarter, span

__all__ = ["path_figure", "quarters_figure"]

_RANGES = (("p05", "p95", INK.range90), ("p10", "p90", INK.range80), ("p25", "p75", INK.range50))


def quarters_figure(rows: pd.DataFrame, width: int, currency: str | None, fiscal_year_start_month: int) -> Figure:
    """Ranges of 90, 80 and 50 % a quarter, what is in already as a solid bar, the target as an upright line.

    rows : period, p05 … p95, target, actual (to date), one a quarter
    """
    names = [quarter(period, fiscal_year_start_month) for period in rows["period"]]
    figure, ax = row_paper(width, names, per_row=72)
    for i, row in enumerate(rows_of(rows)):
        segment(ax, i, row.actual, row.p05, INK.line, 0.03)
        for low, high, colour in _RANGES:
            segment(ax, i, getattr(row, low), getattr(row, high), colour, 0.22)
        segment(ax, i, 0.0, row.actual, INK.actual, 0.22)
        mark_line(ax, i, row.p50, INK.card, 0.11, 2.0)
        end_words(ax, i, span(row.p10, row.p90, currency), INK.text)
        if np.isfinite(row.target):
            _target(ax, i, row.target, currency)
    ends = rows[["p95", "target", "actual"]].max().max()
    ax.set_xlim(0, 1.04 * ends if ends > 0 else 1.0)
    axis_of_numbers(ax, currency, ticks=5 if width > PHONE else 3)
    return figure


def _target(ax: Axes, row: int, value: float, currency: str | None) -> None:
    mark_line(ax, row, value, INK.target, 0.2)
    words = f"target {number(value, currency)}"
    say(ax, words, (value, row), (0, -18), INK.target, "center")


def path_figure(path: pd.DataFrame, width: int, currency: str | None, fiscal_year_start_month: int) -> Figure:
    """The quarter so far and ahead, added up from its first day: a line for what is in, a fan for what may come.

    path : period, date, known, p05 … p95, target; see path.py
    """
    quarters = list(dict.fromkeys(path["period"]))
    side_by_side = width > PHONE
    columns, rows = (len(quarters), 1) if side_by_side else (1, len(quarters))
    height = 270 if side_by_side else 220 * len(quarters)
    figure, axes = paper(width, height, columns, rows)
    figure.subplots_adjust(48 / width, 30 / height, 1 - 12 / width, 1 - 30 / height, wspace=0.14, hspace=0.42)
    top = 1.06 * float(np.nanmax(path[["p95", "target"]].to_numpy(dtype=float)))
    for ax, period in zip(axes, quarters, strict=True):
        _fan(ax, path[path["period"] == period], currency)
        ax.set_title(quarter(period, fiscal_year_start_month), loc="left", fontsize=12.5, color=INK.text, pad=10)
        ax.set_ylim(0, top if top > 0 else 1.0)
        axis_of_numbers(ax, currency, "y", 4)
    return figure


def _fan(ax: Axes, path: pd.DataFrame, currency: str | None) -> None:
    known, ahead = path[path["known"]], path[~path["known"]]
    fan = pd.concat([known.tail(1), ahead])
    dates = fan["date"].to_numpy()
    for low, high, colour in _RANGES:
        ax.fill_between(dates, fan[low], fan[high], color=colour, linewidth=0)
    ax.plot(dates, fan["p50"], color=INK.card, linewidth=1.6)
    ax.plot(known["date"].to_numpy(), known["mean"], color=INK.actual, linewidth=2.4)
    if len(known):
        ax.plot(known["date"].iloc[-1:], known["mean"].iloc[-1:], "o", color=INK.actual, markersize=5)
    if np.isfinite(target := float(path["target"].iloc[-1])):
        ax.axhline(target, color=INK.target, linewidth=1.6, dashes=(4, 3))
        say(ax, f"target {number(target, currency)}", (path["date"].min(), target), (2, -10), INK.target)
    ax.set_xlim(path["date"].min(), path["date"].max())
    months = pd.date_range(path["date"].min() - pd.Timedelta(days=6), path["date"].max(), freq="MS")
    shown = [day for day in months if day >= path["date"].min()]
    ax.set_xticks(pd.DatetimeIndex(shown).to_numpy(), [f"{day.day} {day:%b}" for day in shown])
    ax.tick_params(colors=INK.quiet, length=0)
