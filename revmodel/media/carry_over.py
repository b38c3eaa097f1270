"""Carry-over: which share of the effect of a week's spend falls on that week and on each week after it.

Every family has a half-life, so that they can be compared; weights sum to one, so that carry-over moves an effect and
does not add to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from revmodel.media.family import HALF_LIFE, Family, Parameter, register

__all__ = ["CARRY_OVERS", "CarryOver", "geometric_weights"]

CARRY_OVERS: dict[str, CarryOver] = {}
LOG_2 = 0.6931471805599453
TINY = 1e-6  # a lag of nothing to a power that is learned has no derivative
PEAK = Parameter("peak_weeks", 0.7, 0.6, "weeks", "the effect is strongest after two weeks, 0.6 to 6.5")
LATE = Parameter("shape", 0.5, 0.3, "", "above one the peak comes after the start: 1.6, 0.9 to 3")
EARLY = Parameter("shape", 0.0, 0.4, "", "one is geometric; below, a fast start has a long tail: 0.45 to 2.2")


@dataclass(frozen=True)
class CarryOver(Family):
    """of(lags, **parameters): lags (lag,) in weeks, parameters (…,), returns weights (…, lag), not yet summing to 1."""

    known: ClassVar[dict[str, Any]] = CARRY_OVERS
    kind: ClassVar[str] = "carry-over"

    def weights(self, lags: Any, **parameters: Any) -> Any:
        """Weights (…, lag) that sum to 1."""
        raw = self.of(lags, **parameters)
        return raw / raw.sum(-1)[..., None]


def _geometric(lags: Any, half_life_weeks: Any) -> Any:
    """½^(lag / h). Source: Broadbent 1979; Jin et al. 2017, eq. 1."""
    return 0.5 ** (lags / half_life_weeks[..., None])


def _delayed_geometric(lags: Any, half_life_weeks: Any, peak_weeks: Any) -> Any:
    """½^(((lag − p) / h)²): half of the peak's weight h weeks before and after it. Source: Jin et al. 2017, eq. 2."""
    return _halved(((lags - peak_weeks[..., None]) / half_life_weeks[..., None]) ** 2)


def _halved(times: Any) -> Any:
    """½ to these powers, against the smallest: else a sharp peak that lies between two weeks is nothing at all."""
    return 0.5 ** (times - times.min(-1)[..., None])


def _binomial(lags: Any, half_life_weeks: Any) -> Any:
    """(1 − lag / (L + 1))^a with L the longest lag: reaches zero there, where the geometric has a tail.

    a = ln 2 · (L + 1) / h: half is gone after the half-life where the window is long, a little earlier in a short one.
    Source: Meridian's documentation, "adstock decay".
    """
    longest = lags[-1] + 1.0
    power = LOG_2 * longest / half_life_weeks
    return (1.0 - lags / longest) ** power[..., None]


def _weibull_survival(lags: Any, half_life_weeks: Any, shape: Any) -> Any:
    """½^((lag / h)^k), the share of effects that come later. Source: Robyn's documentation, "Weibull CDF"."""
    return 0.5 ** (((lags + TINY) / half_life_weeks[..., None]) ** shape[..., None])


def _weibull_density(lags: Any, half_life_weeks: Any, shape: Any) -> Any:
    """Density of a Weibull in the middle of each week; half of the effect has come after the half-life.

    Source: Robyn's documentation, "Weibull PDF"; with the median in place of the scale.
    """
    late = (lags + 0.5) / half_life_weeks[..., None]
    return late ** (shape[..., None] - 1.0) * _halved(late ** shape[..., None])


for _family in (
    CarryOver("geometric", (HALF_LIFE,), _geometric),
    CarryOver("delayed_geometric", (HALF_LIFE, PEAK), _delayed_geometric),
    CarryOver("binomial", (HALF_LIFE,), _binomial),
    CarryOver("weibull_pdf", (HALF_LIFE, LATE), _weibull_density),
    CarryOver("weibull_cdf", (HALF_LIFE, EARLY), _weibull_survival),
):
    register(_family)


def geometric_weights(half_life_weeks: Any, lags: Any) -> Any:
    """Weights of geometric carry-over, summing to 1 over the last axis. half_life_weeks : (…,) > 0; lags : (lag,).

    >>> import numpy as np
    >>> geometric_weights(np.array([1.0]), np.arange(2)).round(3).tolist()
    [[0.667, 0.333]]
    """
    return CARRY_OVERS["geometric"].weights(lags, half_life_weeks=half_life_weeks)
