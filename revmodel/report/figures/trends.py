"""KPIs over time: small charts side by side, each with its own scale from zero and its targets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, PHONE, axis_of_numbers, paper
from revmodel.report.words import percent

__all__ = ["trends_figure"]

_HEIGHT, _ABOVE = 190, 30


def trends_figure(parts: list[tuple[str, pd.DataFrame]], width: int, currency: str) -> Figure:
    """One chart a KPI: a line of whole periods, a ring for one that is not over, dashes for targets.

    parts : label, rows (period_start, value, target, complete, unit), oldest first
    """
    columns = 3 if width > PHONE else 1
    rows = int(np.ceil(len(parts) / columns))
    height = rows * _HEIGHT + 12
    figure, axes = paper(width, height, columns, rows)
    figure.subplots_adjust(46 / width, 30 / height, 1 - 10 / width, 1 - _ABOVE / height, wspace=0.24, hspace=0.52)
    for ax, (label, part) in zip(axes, parts, strict=False):
        _trend(ax, label, part, currency)
    for ax in axes[len(parts) :]:
        ax.set_axis_off()
    return figure


def _trend(ax: Axes, label: str, part: pd.DataFrame, currency: str) -> None:
    dates, values = part["period_start"].to_numpy(), part["value"].to_numpy(dtype=float)
    over, target = part["complete"].to_numpy(dtype=bool), part["target"].to_numpy(dtype=float)
    ax.plot(dates[over], values[over], color=INK.range50, linewidth=2.2)
    if over.any():
        ax.plot(dates[over][-1:], values[over][-1:], "o", color=INK.actual, markersize=5)
    ax.plot(dates[~over], values[~over], "o", markerfacecolor="none", markeredgecolor=INK.quiet, markersize=6)
    if np.isfinite(target).any():
        ax.plot(dates, target, color=INK.target, linewidth=1.5, dashes=(4, 3))
    ax.set_title(label, loc="left", fontsize=12.5, color=INK.text, pad=8)
    unit = str(part["unit"].iloc[0])
    axis_of_numbers(ax, currency if unit.startswith("money") else None, "y", 3)
    if unit == "share":
        ax.yaxis.set_major_formatter(lambda value, _: percent(value))
    highest = np.nanmax(np.concatenate([values, target, [0.0]]))
    ax.set_ylim(min(0.0, float(np.nanmin(np.append(values, 0.0)))), 1.12 * float(highest) if highest > 0 else 1.0)
    years = pd.date_range(dates[0], dates[-1], freq="YS")
    ax.set_xticks(years.to_numpy(), [f"{day:%Y}" for day in years])
    ax.tick_params(colors=INK.quiet, length=0)
