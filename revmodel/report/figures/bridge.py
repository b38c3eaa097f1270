"""The bridge: actual, open deals, open leads and what is not created yet, step by step up to the forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, axis_of_numbers
from revmodel.report.figures.rows import end_words, mark_line, row_paper, segment
from revmodel.report.reading import rows_of
from revmodel.report.words import number, span

__all__ = ["STEP_NAMES", "bridge_figure"]

STEP_NAMES = {
    "actual": "In already",
    "open_deal": "From deals open today",
    "open_lead": "From leads open today",
    "not_yet_created": "From leads still to come",
    "forecast": "Forecast",
}
_COLOURS = {
    "actual": INK.actual,
    "open_deal": INK.open_deal,
    "open_lead": INK.open_lead,
    "not_yet_created": INK.not_yet,
}


def bridge_figure(steps: pd.DataFrame, width: int, currency: str | None, target: float) -> Figure:
    """A floating bar a step at its mean, with its 80 % range; the last row is the total. steps: provenance_bridge."""
    figure, ax = row_paper(width, [STEP_NAMES[step] for step in steps["step"]])
    for i, row in enumerate(rows_of(steps)):
        if row.step == "forecast":
            segment(ax, i, row.p10, row.p90, INK.range80, 0.26)
            mark_line(ax, i, row.end, INK.actual, 0.13, 3.0)
            end_words(ax, i, f"{number(row.end, currency)}  ({span(row.p10, row.p90, currency)})", INK.text)
            continue
        segment(ax, i, row.start, row.end, _COLOURS[str(row.step)], 0.26)
        ax.plot([row.end, row.end], [i, i + 1], color=INK.other, linewidth=1.0, dashes=(2, 2))
        end_words(ax, i, number(row.mean, currency))
    if np.isfinite(target):
        mark_line(ax, len(steps) - 1, target, INK.target, 0.22)
    ax.set_xlim(0, 1.04 * max(float(steps["p90"].max()), target if np.isfinite(target) else 0.0, 1e-9))
    axis_of_numbers(ax, currency, ticks=4)
    return figure
