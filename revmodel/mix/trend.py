"""How the baseline moves: by slopes that may turn, or by a smooth curve (a Gaussian process), as columns for any weeks.

The smooth curve is a sum of sines whose sizes follow from the process's spectral density, so that it is a linear part
like any other. Source: Solin & Särkkä 2020, eq. 56; how many sines, and how far beyond the data they reach:
Riutort-Mayol et al. 2022, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from revmodel.mix import mix_priors as priors
from revmodel.mix.mix_config import MixConfig

__all__ = ["Slopes", "Smooth", "Trend", "smooth_sizes", "trend_of"]

Floats = npt.NDArray[np.float64]
AHEAD_WEEKS = 52  # beyond the history, for plans
MARGIN_WEEKS = 26  # and beyond those, where sines come to nothing
SHORTEST_WEEKS = 9  # the length that the fastest sine can still follow


@dataclass(frozen=True)
class Slopes:
    """A slope from each knot to the next. knots : (turn,), weeks since the start. weeks: between two."""

    knots: Floats
    weeks: int
    size_log: ClassVar[tuple[float, float]] = priors.TREND_LOG
    ahead: ClassVar[int | None] = None  # weeks beyond the history that it reaches; None: any

    def columns(self, at: Floats) -> Floats:
        """(week, column) at weeks since the start."""
        return np.asarray(np.clip((at[:, None] - self.knots) / self.weeks, 0.0, 1.0))

    @property
    def speeds(self) -> Floats:
        """(column,): of no use to slopes, whose sizes are one."""
        return np.zeros(len(self.knots))


@dataclass(frozen=True)
class Smooth:
    """Sines between −boundary and boundary around the middle, all in weeks. speeds : (column,), angle a week."""

    middle: float
    boundary: float
    speeds: Floats
    size_log: ClassVar[tuple[float, float]] = priors.SMOOTH_LOG
    ahead: ClassVar[int | None] = AHEAD_WEEKS

    def columns(self, at: Floats) -> Floats:
        """(week, column) at weeks since the start."""
        from_the_left = at[:, None] - self.middle + self.boundary
        return np.asarray(np.sin(self.speeds * from_the_left) / np.sqrt(self.boundary))


Trend = Slopes | Smooth


def smooth_sizes(speeds: Any, length: Any) -> Any:
    """Prior sd of each sine of a curve of sd one that turns over ``length`` weeks: √ of its spectral density."""
    return (2 * np.pi) ** 0.25 * length**0.5 * np.e ** (-((speeds * length) ** 2) / 4)


def trend_of(config: MixConfig, weeks: int) -> Trend:
    """The trend that is asked for, of a history of so many weeks."""
    if config.trend == "hsgp":
        half = (weeks - 1) / 2
        boundary = half + AHEAD_WEEKS + MARGIN_WEEKS
        count = int(np.ceil(1.75 * boundary / SHORTEST_WEEKS))
        return Smooth(half, boundary, np.asarray(np.pi * np.arange(1.0, count + 1) / (2 * boundary)))
    last = weeks - config.trend_weeks / 2 if config.trend == "piecewise" else 0.0
    return Slopes(np.arange(0.0, last, config.trend_weeks), config.trend_weeks)
