"""The record: at each past date, the range that was forecast and what then happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper
from revmodel.report.reading import rows_of

__all__ = ["record_figure"]

_HEIGHT = 280


def record_figure(ours: pd.DataFrame, theirs: pd.DataFrame | None, width: int, currency: str | None) -> Figure:
    """80 % ranges of revmodel (blue) and of the best simple method (grey) at each origin, and the truth as a dot.

    ours, theirs : origin, p10, p50, p90, actual; a dot outside of our range is vermilion
    """
    figure, (ax,) = paper(width, _HEIGHT)
    figure.subplots_adjust(48 / width, 36 / _HEIGHT, 1 - 12 / width, 1 - 14 / _HEIGHT)
    origins = sorted(ours["origin"].unique())
    place = {origin: i for i, origin in enumerate(origins)}
    thick = max(3.0, min(13.0, 0.28 * (width - 60) / len(origins)))
    step = 0.62 * thick * len(origins) / (width - 60) if theirs is not None else 0.0
    for shift, rows, colour in ((step, theirs, INK.line), (-step, ours, INK.range80)):
        for row in rows_of(rows) if rows is not None else ():
            x = place.get(row.origin)
            if x is not None:
                ax.plot([x + shift] * 2, [row.p10, row.p90], color=colour, linewidth=thick, solid_capstyle="butt")
    for row in rows_of(ours):
        inside = row.p10 <= row.actual <= row.p90
        ax.plot([place[row.origin] - step], [row.actual], "o", color=INK.actual if inside else INK.target, markersize=7)
    _axes(ax, origins, width)
    axis_of_numbers(ax, currency, "y", 4)
    ax.set_ylim(bottom=0)
    return figure


def _axes(ax: Axes, origins: list[pd.Timestamp], width: int) -> None:
    """Dates under every origin that has room."""
    every = int(np.ceil(len(origins) / (9 if width > PHONE else 4)))
    shown = range(0, len(origins), every)
    ax.set_xticks(list(shown), [f"{pd.Timestamp(origins[i]):%b %Y}" for i in shown])
    ax.tick_params(axis="x", pad=12)
    ax.set_xlim(-0.6, len(origins) - 0.4)
