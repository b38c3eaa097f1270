"""Where each number stands: its 80 % range and what came, both against the middle of the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from revmodel.report.figures.canvas import INK, PHONE
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import percent

__all__ = ["standing_figure"]

_MOST = 2.5  # times the middle: what lies beyond is drawn at the edge, and told in words


def standing_figure(rows: pd.DataFrame, width: int, names: Sequence[str], values: Sequence[str]) -> Figure:
    """A bar from p10 to p90 a row with a dot where it stands, in percent of p50; a dot outside is vermilion.

    rows : value, p10, p50, p90, status, with p50 above 0. names, values : words at the left and the right of each row
    """
    figure, ax = row_paper(width, names, per_row=58)
    for i, (row, words) in enumerate(zip(rows_of(rows), values, strict=True)):
        segment(ax, i, row.p10 / row.p50, row.p90 / row.p50, INK.range80, 0.22)
        mark_line(ax, i, 1.0, INK.card, 0.11, 2.0)
        colour = INK.actual if row.status == "within" else INK.target
        ax.plot([min(row.value / row.p50, _MOST)], [i], "o", color=colour, markersize=8, clip_on=False)
        end_words(ax, i, words, INK.text if row.status == "within" else INK.target)
    ends = rows[["p10", "p90", "value"]].div(rows["p50"], axis=0).to_numpy(dtype=np.float64)
    ax.set_xlim(max(0.0, min(0.9 * ends.min(), 0.8)), min(_MOST, 1.05 * max(ends.max(), 1.15)))
    ax.xaxis.set_major_locator(MaxNLocator(6 if width > PHONE else 4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    ax.grid(visible=True, axis="x", color=INK.line, linewidth=1.0)
    ax.tick_params(axis="x", length=0, colors=INK.quiet)
    return figure
