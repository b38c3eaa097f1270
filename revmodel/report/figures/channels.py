"""What channels add beside what they cost, and what a unit of spend brings back, each with its 80 % range."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, axis_of_numbers, say
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import label, number, span

__all__ = ["contribution_figure", "returns_figure"]


def contribution_figure(channels: pd.DataFrame, width: int, currency: str | None, spend_too: bool) -> Figure:
    """A row a channel: the 80 % range of what it added, its middle, and its spend where both are money.

    channels : channel, spend, p10, p50, p90, in the order to show
    """
    figure, ax = row_paper(width, [label(name) for name in channels["channel"]])
    for i, row in enumerate(rows_of(channels)):
        segment(ax, i, row.p10, row.p90, INK.range80, 0.2)
        mark_line(ax, i, row.p50, INK.actual, 0.1, 3.0)
        if spend_too:
            ax.plot([row.spend], [i], marker="D", markersize=6.5, color=INK.target, markeredgewidth=0)
        end_words(ax, i, span(row.p10, row.p90, currency))
    ends = float(channels[["p90", "spend"]].max().max() if spend_too else channels["p90"].max())
    ax.set_xlim(0, 1.04 * ends if ends > 0 else 1.0)
    axis_of_numbers(ax, currency, ticks=4)
    return figure


def returns_figure(channels: pd.DataFrame, width: int, currency: str) -> Figure:
    """A row a channel: what one unit of spend brought back (1 + ROMI); at the line it pays for itself.

    channels : channel, romi_p10, romi_p50, romi_p90, in the order to show
    """
    figure, ax = row_paper(width, [label(name) for name in channels["channel"]])
    back = 1.0 + channels[["romi_p10", "romi_p50", "romi_p90"]].to_numpy(dtype=float)
    ax.axvline(1.0, color=INK.target, linewidth=1.6, dashes=(4, 3))
    for i, (low, middle, high) in enumerate(back):
        if not np.isfinite(middle):
            end_words(ax, i, "nothing was spent")
            continue
        colour = INK.gain if low > 1 else INK.other if high > 1 else INK.target
        segment(ax, i, low, high, colour, 0.2)
        mark_line(ax, i, middle, INK.text, 0.1, 3.0)
        end_words(ax, i, f"{low:.1f} – {high:.1f}")
    ends = float(np.nanmax(back)) if np.isfinite(back).any() else 1.0
    ax.set_xlim(min(0.0, float(np.nanmin(back, initial=0.0))), 1.04 * max(ends, 1.2))
    axis_of_numbers(ax, None, ticks=5)
    say(ax, f"{number(1, currency)} back", (1.0, -0.6), (4, 0), INK.target)
    return figure
