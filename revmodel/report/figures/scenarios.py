"""Scenarios against the current plan, and the most that each budget brings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper, say
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import money, number, percent

__all__ = ["frontier_figure", "gains_figure"]


def gains_figure(rows: pd.DataFrame, width: int, unit: str | None, column: str, chance: str) -> Figure:
    """A row a scenario: the 80 % range of what it is better (or worse) than the current plan, which is the line at 0.

    rows : scenario and ``column``_mean, _p10, _p90; ``chance`` is the column with the chance to be better
    """
    figure, ax = row_paper(width, list(rows["scenario"]))
    ends = rows[[f"{column}_p10", f"{column}_p90"]].to_numpy(dtype=float)
    ax.axvline(0.0, color=INK.text, linewidth=1.2)
    for i, (row, (low, high)) in enumerate(zip(rows_of(rows), ends, strict=True)):
        sure = getattr(row, chance)
        colour = INK.gain if low > 0 else INK.target if high < 0 else INK.other
        segment(ax, i, low, high, colour, 0.2)
        mark_line(ax, i, getattr(row, f"{column}_mean"), INK.text, 0.1, 3.0)
        words = "nothing changes" if not np.isfinite(sure) else f"better: {percent(sure)}"
        end_words(ax, i, words, INK.text)
    reach = max(float(np.abs(ends).max(initial=0.0)), 1e-9)
    ax.set_xlim(min(-0.1 * reach, 1.08 * float(ends.min())), max(0.1 * reach, 1.08 * float(ends.max())))
    axis_of_numbers(ax, unit, ticks=5 if width > PHONE else 3)
    return figure


def frontier_figure(
    table: pd.DataFrame, summary: pd.DataFrame, width: int, currency: str, unit: str | None, current: str
) -> Figure:
    """What the best split of each budget brings, with its 80 % range; dashes where a channel leaves what was seen.

    table : ``frontier``. summary : ``scenario_summary``, a dot a scenario inside the budgets looked at
    """
    height = 320 if width > PHONE else 250
    figure, (ax,) = paper(width, height)
    figure.subplots_adjust(56 / width, 34 / height, 1 - 14 / width, 1 - 24 / height)
    budget, mean = table["budget"].to_numpy(float), table["brings_mean"].to_numpy(float)
    ax.fill_between(budget, table["brings_p10"], table["brings_p90"], color=INK.range90, linewidth=0)
    ax.plot(budget, mean, color=INK.range50, linewidth=1.8, dashes=(3, 3))
    seen = (table["extrapolates"] == "").to_numpy(bool)
    if seen.any():
        ax.plot(budget[seen], mean[seen], color=INK.actual, linewidth=2.8)
    turn = table[table["is_turn"].astype(bool)]
    for row in rows_of(turn):
        ax.axvline(row.budget, color=INK.target, linewidth=1.4, dashes=(4, 3))
        words = f"next {money(1, currency)} no longer pays" if width > PHONE else "no longer pays"
        say(ax, words, (row.budget, ax.get_ylim()[1]), (-4, -10), INK.target, "right")
    inside = summary[(summary["spend"] >= budget[0]) & (summary["spend"] <= budget[-1])]
    for row in rows_of(inside):
        now = row.scenario == current
        ax.plot([row.spend], [row.brings_mean], "o", color=INK.text if now else INK.gain, markersize=8 if now else 6)
        if now:
            say(ax, f"now: {number(row.brings_mean, unit)}", (row.spend, row.brings_mean), (8, -12), INK.text)
    ax.set_xlim(budget[0], budget[-1] if budget[-1] > budget[0] else budget[0] + 1)
    axis_of_numbers(ax, currency, "x", 5 if width > PHONE else 3)
    axis_of_numbers(ax, unit, "y", 4)
    return figure
