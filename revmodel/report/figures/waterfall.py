"""The waterfall: the last run's forecast, each step up or down, this run's forecast."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from revmodel.forecast.waterfall import AFTER, BEFORE
from revmodel.report.figures.canvas import INK, axis_of_numbers
from revmodel.report.figures.rows import end_words, row_paper, segment
from revmodel.report.moved_words import STEP_WORDS, change_words
from revmodel.report.reading import rows_of
from revmodel.report.words import number

__all__ = ["waterfall_figure"]

_NAMES = {BEFORE: "The last run", AFTER: "This run"} | {step: w.capitalize() for step, w in STEP_WORDS.items()}
_SEEN = 0.002  # of the largest level
_HEADROOM = 0.35  # of the span of the steps that is shown on either side of them


def waterfall_figure(steps: pd.DataFrame, width: int, currency: str | None) -> Figure:
    """A floating bar a step; steps too small to see are left out, and the axis begins near the steps, not at nothing.

    steps : of what_moved, one metric and quarter
    """
    whole = steps["step"].isin([BEFORE, AFTER])
    shown = steps[whole | (steps["change"].abs() > _SEEN * steps["end"].abs().max())]
    figure, ax = row_paper(width, [_NAMES[step] for step in shown["step"]], per_row=44)
    last = len(shown) - 1
    for i, row in enumerate(rows_of(shown)):
        total = row.step in (BEFORE, AFTER)
        colour = INK.other if total else INK.gain if row.change > 0 else INK.target
        segment(ax, i, min(row.start, row.end), max(row.start, row.end), colour, 0.26)
        end_words(ax, i, number(row.end, currency) if total else change_words(row.change, currency), INK.text)
        if i < last:
            ax.plot([row.end, row.end], [i, i + 1], color=INK.other, linewidth=1.0, dashes=(2, 2))
    levels = steps["end"]
    span = float(levels.max() - levels.min())
    ax.set_xlim(max(0.0, float(levels.min()) - _HEADROOM * span - 1e-9), float(levels.max()) + _HEADROOM * span + 1e-9)
    axis_of_numbers(ax, currency, ticks=4)
    return figure
