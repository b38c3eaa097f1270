"""Charts of rows: one line a quarter, step or channel, its name above it and its number at the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, paper, say

__all__ = ["end_words", "mark_line", "name_row", "row_paper", "segment"]

_PER_ROW, _TOP, _BOTTOM, _SIDE = 54, 20, 32, 4  # CSS pixels
_LIFT = 15  # words stand above their bar


def row_paper(width: int, names: Sequence[str], top: int = _TOP, per_row: int = _PER_ROW) -> tuple[Figure, Axes]:
    """Axes with one row a name, the first on top; row i lies at y = i."""
    height = top + per_row * len(names) + _BOTTOM
    figure, (ax,) = paper(width, height)
    figure.subplots_adjust(_SIDE / width, _BOTTOM / height, 1 - _SIDE / width, 1 - top / height)
    ax.set_ylim(len(names) - 0.6, -0.6)
    ax.set_yticks([])
    for row, name in enumerate(names):
        name_row(ax, row, name)
    return figure, ax


def name_row(ax: Axes, row: int, name: str) -> None:
    """A row's name, at the left above its bar."""
    say(ax, name, (0.0, row), (0, _LIFT), INK.text, across="axes")


def end_words(ax: Axes, row: int, words: str, colour: str = INK.quiet) -> None:
    """A row's number, at the right above its bar."""
    say(ax, words, (1.0, row), (0, _LIFT), colour, "right", across="axes")


def segment(ax: Axes, row: float, low: float, high: float, colour: str, thickness: float = 0.2) -> None:
    """A bar from low to high; thickness is a share of the row."""
    if np.isfinite(low) and np.isfinite(high):
        ax.barh(row, high - low, left=low, height=thickness, color=colour, linewidth=0)


def mark_line(ax: Axes, row: float, value: float, colour: str, half: float = 0.17, width: float = 2.5) -> None:
    """A short upright line at a value: a middle or a target."""
    ax.plot([value, value], [row - half, row + half], color=colour, linewidth=width, solid_capstyle="butt")
