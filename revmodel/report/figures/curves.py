"""Response curves: small charts side by side, what a level of spend brings a week, with the seen part marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper
from revmodel.report.words import label

__all__ = ["curves_figure"]

_HEIGHT, _ABOVE = 190, 30


def curves_figure(parts: list[pd.DataFrame], width: int, currency: str) -> Figure:
    """One chart a channel: middle and 80 % range; solid where such levels were seen, dashes beyond.

    parts : channel, level (money a week, or units of what acts), is_money, p10, p50, p90, observed
    """
    columns = 3 if width > PHONE else 1
    rows = int(np.ceil(len(parts) / columns))
    height = rows * _HEIGHT + 12
    figure, axes = paper(width, height, columns, rows)
    figure.subplots_adjust(46 / width, 30 / height, 1 - 10 / width, 1 - _ABOVE / height, wspace=0.24, hspace=0.52)
    for ax, part in zip(axes, parts, strict=False):
        _curve(ax, part, currency)
    for ax in axes[len(parts) :]:
        ax.set_axis_off()
    return figure


def _curve(ax: Axes, part: pd.DataFrame, currency: str) -> None:
    level, seen = part["level"].to_numpy(float), part["observed"].to_numpy(bool)
    low, middle, high = (part[name].to_numpy(float) for name in ("p10", "p50", "p90"))
    ax.fill_between(level, low, high, color=INK.range90, linewidth=0)
    ax.plot(level, middle, color=INK.range50, linewidth=1.6, dashes=(3, 3))
    ax.plot(level[seen], middle[seen], color=INK.actual, linewidth=2.6)
    ax.set_title(label(str(part["channel"].iloc[0])), loc="left", fontsize=12.5, color=INK.text, pad=8)
    axis_of_numbers(ax, currency if bool(part["is_money"].iloc[0]) else None, "x", 3)
    axis_of_numbers(ax, None, "y", 3)
    ax.set_ylim(0.0, 1.08 * float(high.max()) if high.max() > 0 else 1.0)
    ax.set_xlim(0.0, float(level.max()))
