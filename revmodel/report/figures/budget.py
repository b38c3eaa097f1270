"""The budget: spend now, spend proposed, and the limits in between which it may move."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers
from revmodel.report.figures.rows import end_words, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import label, number, percent

__all__ = ["budget_figure"]


def budget_figure(plan: pd.DataFrame, width: int, currency: str) -> Figure:
    """A row a channel: limits as a pale bar, now as a ring, proposed as a dot, an arrow between the two.

    plan : channel, current, proposed, lower, upper
    """
    figure, ax = row_paper(width, [label(name) for name in plan["channel"]])
    for i, row in enumerate(rows_of(plan)):
        segment(ax, i, row.lower, row.upper, INK.line, 0.2)
        moved = row.proposed - row.current
        small = abs(moved) < 0.005 * max(row.current, row.proposed, 1e-9)
        colour = INK.quiet if small else INK.gain if moved > 0 else INK.target
        ax.plot([row.current, row.proposed], [i, i], color=colour, linewidth=2.4)
        ax.plot(
            [row.current], [i], "o", markersize=8, markerfacecolor=INK.card, markeredgecolor=colour, markeredgewidth=2
        )
        ax.plot([row.proposed], [i], "o", markersize=8, color=colour)
        end_words(ax, i, _move(row.current, row.proposed, small, currency), colour)
    ax.set_xlim(0, 1.04 * max(float(plan[["upper", "proposed", "current"]].max().max()), 1e-9))
    axis_of_numbers(ax, currency, ticks=5 if width > PHONE else 3)
    return figure


def _move(now: float, then: float, small: bool, currency: str) -> str:
    if small:
        return f"stays at {number(now, currency)}"
    share = f"  ({'+' if then > now else ''}{percent(then / now - 1)})" if now > 0 else ""
    return f"{number(now, currency)} → {number(then, currency)}{share}"
