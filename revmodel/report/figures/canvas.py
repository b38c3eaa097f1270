"""Paper, ink and the way to SVG. Figures are drawn without pyplot; sizes are in CSS pixels."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from revmodel.report.words import number

__all__ = ["HALF", "INK", "PHONE", "WIDE", "Ink", "axis_of_numbers", "bare", "paper", "say", "svg"]

WIDE, PHONE = 900, 340  # CSS pixels; the page shows the one that fits
HALF = 430  # two charts side by side on a laptop, one above the other on a phone


@dataclass(frozen=True)
class Ink:
    """Colours by role, told apart by colour-blind eyes too: blues from certain to open, vermilion for targets.

    In the page each becomes the CSS variable of its name, so that it follows light, dark and print.
    """

    text: str = "#1c2733"
    quiet: str = "#5c6975"
    line: str = "#e1e6eb"
    card: str = "#fffffe"
    actual: str = "#12395a"
    range50: str = "#2f7fb5"
    range80: str = "#8fbddb"
    range90: str = "#d3e5f1"
    open_deal: str = "#2e7eb4"
    open_lead: str = "#6aa9d0"
    not_yet: str = "#b3d2e7"
    target: str = "#c4501b"
    gain: str = "#0d7c66"
    other: str = "#98a3ad"


INK = Ink()
_FONT = 12.5
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # two dollar signs are two amounts, not a formula
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": _FONT,
    "text.color": INK.text,
    "axes.edgecolor": INK.line,
    "axes.labelcolor": INK.quiet,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": INK.line,
    "grid.linewidth": 1.0,
    "xtick.color": INK.quiet,
    "ytick.color": INK.quiet,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 6,
    "lines.solid_capstyle": "round",
}
_METADATA = ("Date", "Creator", "Format", "Type")  # none of which a page needs
_NAMED_GROUP = re.compile(r'<g id="[^"]*">')
_ONE_AT_A_TIME = threading.Lock()  # matplotlib's settings belong to the whole process


def paper(width: int, height: int, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of width × height CSS pixels with bare axes, left to right, then down."""
    with _ONE_AT_A_TIME, matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        FigureCanvasSVG(figure)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(columns * rows)]
    for ax in axes:
        bare(ax)
    return figure, axes


def bare(ax: Axes) -> None:
    """Axes without a frame."""
    for side in ax.spines.values():
        side.set_visible(False)


def say(
    ax: Axes,
    words: str,
    at: tuple[Any, float],
    shift: tuple[float, float],
    colour: str,
    align: Literal["left", "center", "right"] = "left",
    across: Literal["data", "axes"] = "data",
) -> None:
    """Words at a point, moved by ``shift`` pixels, on a strip of card so that no line runs through them.

    across : whether the point's x is a value or a share of the axes' width
    """
    strip = {"facecolor": INK.card, "linewidth": 0, "pad": 1.0}
    coordinates = "data" if across == "data" else ("axes fraction", "data")
    looks: dict[str, Any] = {
        "color": colour,
        "ha": align,
        "va": "center",
        "fontsize": _FONT,
        "bbox": strip,
        "parse_math": False,
    }
    ax.annotate(words, at, shift, coordinates, "offset points", **looks)


def axis_of_numbers(ax: Axes, currency: str | None, which: str = "x", ticks: int = 5) -> None:
    """Round ticks in money or counts on faint lines."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, currency)))
    axis.grid(visible=True, color=INK.line, linewidth=1.0)
    axis.set_tick_params(length=0, colors=INK.quiet)


def _tick(value: float, currency: str | None) -> str:
    return "0" if value == 0 else number(value, currency).replace(".0m", "m").replace(".0bn", "bn")


def svg(figure: Figure, description: str, css_class: str = "") -> Markup:
    """The figure as an inline <svg> that scales to its box. Same figure, same bytes.

    description : what the chart says, for readers who cannot see it
    """
    raw = io.StringIO()
    salt = hashlib.sha256(f"{description}{css_class}".encode()).hexdigest()[:8]
    with _ONE_AT_A_TIME, matplotlib.rc_context(_STYLE | {"svg.hashsalt": salt}):
        figure.savefig(raw, format="svg", facecolor="none", metadata=dict.fromkeys(_METADATA))
    body = raw.getvalue()
    body = body[body.index("<svg") :]
    width, height = figure.get_size_inches() * 72
    head = (
        f'<svg class="figure {css_class}" role="img" aria-label="{escape(description)}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    return Markup(head + _tidy(body[body.index(">") + 1 :], salt))


def _tidy(body: str, salt: str) -> str:
    """Ids are unique in the page, nothing names a foreign address, colours follow the page's."""
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = _NAMED_GROUP.sub("<g>", body).replace(' xlink:href="', ' href="')
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{salt}", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for role, colour in vars(INK).items():
        body = body.replace(colour, f"var(--{role})")
    return re.sub(r">\s+<", "><", body.strip())
