"""Where the truth fell within what was forecast: even bars mean honest ranges."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from revmodel.report.figures.canvas import INK, paper

__all__ = ["pit_figure"]

_HEIGHT = 200
_BARS = 10


def pit_figure(ours: pd.DataFrame, width: int) -> Figure:
    """Histogram of the probability integral transform in ten bars, with the height of even bars as a dashed line.

    ours : pit, in [0, 1], one row a past forecast. Source: Gneiting, Balabdaoui and Raftery 2007.
    """
    figure, (ax,) = paper(width, _HEIGHT)
    figure.subplots_adjust(40 / width, 34 / _HEIGHT, 1 - 12 / width, 1 - 14 / _HEIGHT)
    counts, edges = np.histogram(ours["pit"].to_numpy(dtype=float), bins=_BARS, range=(0, 1))
    ax.bar(edges[:-1], counts, width=0.092, align="edge", color=INK.range80)
    ax.axhline(counts.sum() / _BARS, color=INK.quiet, linestyle=(0, (4, 3)), linewidth=1.2)
    ax.set_xticks([0.05, 0.5, 0.95], ["lower end", "middle", "upper end"])
    ax.set_yticks(sorted({0, int(counts.max())}))
    ax.set_xlim(-0.02, 1.02)
    return figure
