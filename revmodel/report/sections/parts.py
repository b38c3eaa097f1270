"""The building blocks of the page: a section with its sentences, charts and grids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import HALF, PHONE, WIDE, svg

__all__ = ["Chart", "Grid", "Key", "Section", "chart"]

Shape = Literal["bar", "line", "dash", "dot", "ring", "diamond"]


@dataclass(frozen=True)
class Key:
    """One entry of a chart's legend: a shape in the colour of a role (see figures.canvas.Ink), and its meaning."""

    shape: Shape
    role: str
    meaning: str


@dataclass(frozen=True)
class Chart:
    """A chart in the widths that the page chooses from."""

    title: str
    drawings: tuple[Markup, ...]
    keys: tuple[Key, ...] = ()
    half: bool = False  # two of them stand side by side where there is room


@dataclass(frozen=True)
class Grid:
    """A table of words. right: positions of columns of numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    after: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page. missing: what it cannot show, in place of charts and grids."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    grids: tuple[Grid, ...] = ()
    note: str = ""
    missing: str = ""
    folded: tuple[Grid, ...] = field(default=())  # shown on request


def chart(title: str, says: str, draw: Callable[[int], Figure], keys: tuple[Key, ...], *, half: bool = False) -> Chart:
    """A chart drawn for a laptop, over the full width or half of it, and for a phone. says: the chart in words."""
    drawings = (svg(draw(HALF if half else WIDE), says, "wide"), svg(draw(PHONE), says, "phone"))
    return Chart(title, drawings, keys, half)
