"""The response of spend by channel and period: what the weeks of a plan bring, draw by draw, carry-over included.

A line's weekly spend carries over into later weeks, with what was spent before the window still in force; what is
carried saturates; and each week's effect is worth what can still land. So a period's spend works on the periods after
it and on weeks beyond the window, and value is additive over lines but not over periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from revmodel.decide.surface import Floats, ResponseSurface, spend_grid
from revmodel.errors import ModelError
from revmodel.media import Saturation

__all__ = ["LineResponse", "PeriodSurface", "pace_of", "totals_of"]

TINY = 1e-12


def pace_of(spend: Floats, period_of: npt.NDArray[np.intp]) -> Floats:
    """(line, week): share of its period's spend that falls on each week; even in a period that spends nothing.

    spend : (line, week). period_of : (week,)

    >>> pace_of(np.array([[1.0, 3.0, 0.0, 0.0]]), np.array([0, 0, 1, 1])).tolist()
    [[0.25, 0.75, 0.5, 0.5]]
    """
    whole = np.stack([np.bincount(period_of, line) for line in spend])[:, period_of]
    even = 1.0 / np.bincount(period_of)[period_of]
    return np.asarray(np.where(whole > 0, spend / np.where(whole > 0, whole, 1.0), even))


@dataclass(frozen=True)
class LineResponse:
    """One channel (in one region) in every draw.

    name, channel : of the line, and of the channel it belongs to
    carry : (draw, lag), which share of a week's spend acts so many weeks later
    before : (lag − 1,) or more, currency by week before the window, the last week last
    unit : currency that is 1 to ``saturation`` (a family of revmodel.media) with ``values``, parameter → (draw,)
    worth : (draw, week), value of full saturation in each week of the window and of the lags after it
    pace : (week,), share of its period's spend that falls on each week of the window
    most : (period,), currency up to which the response may be asked
    base : (week,), spend whose value counts as nothing; None: no spend
    """

    name: str
    channel: str
    carry: Floats
    before: Floats
    unit: float
    saturation: str
    values: Mapping[str, Floats]
    worth: Floats
    pace: Floats
    most: Floats
    base: Floats | None = None

    def curve(self, carried: Floats) -> Floats:
        """Saturation of (draw, week) carried spend, in units."""
        family = Saturation.named(self.saturation)
        return np.asarray(family.of(carried, **{name: value[:, None] for name, value in self.values.items()}))

    def carried(self, weekly: Floats) -> Floats:
        """(draw, week of effect) in units, of ``weekly`` (week,) currency in the window, past spend in force."""
        return np.asarray(self.carry @ self._lagged(np.concatenate([self.past, weekly]))) / self.unit

    @cached_property
    def past(self) -> Floats:
        """(lag − 1,) spend before the window, nothing where it is not known."""
        lags = self.carry.shape[1] - 1
        known = self.before[max(self.before.size - lags, 0) :]
        return np.concatenate([np.zeros(lags - known.size), known])

    @cached_property
    def idle(self) -> Floats:
        """(draw, week): saturation under ``base``, or were nothing spent in the window."""
        return self.curve(self.carried(np.zeros(self.pace.size) if self.base is None else self.base))

    def back(self, by_effect: Floats) -> Floats:
        """(week of effect, week): slopes (draw, week of effect), summed over draws, by currency of weekly spend."""
        moved = self.carry.T @ by_effect / self.unit  # (lag, week of effect)
        weeks, lags = self.pace.size, self.carry.shape[1]
        found = np.zeros((by_effect.shape[1], weeks))
        for lag in range(lags):
            at = np.arange(weeks)
            found[at + lag, at] = moved[lag, at + lag]
        return found

    def _lagged(self, spend: Floats) -> Floats:
        """(lag, week of effect): spend so many weeks before; beyond the window nothing is spent."""
        lags, weeks = self.carry.shape[1] - 1, self.pace.size
        long = np.concatenate([spend, np.zeros(lags)])
        return np.stack([long[lags - lag : lags - lag + weeks + lags] for lag in range(lags + 1)])


@dataclass(frozen=True)
class PeriodSurface:
    """Value as a function of spend by line and period.

    lines : their responses. period_of : (week,), the period of each week of the window, from 0, rising
    current : (line, period), currency that is spent now. spent_before : (line,), see AnySurface
    Raises ModelError where shapes disagree or numbers are not finite.
    """

    lines: tuple[LineResponse, ...]
    period_of: npt.NDArray[np.intp]
    current: Floats
    spent_before: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse a surface that has no single reading."""
        periods = int(self.period_of.max()) + 1
        if self.spent_before is not None and self.spent_before.shape != (len(self.lines),):
            raise ModelError(f"spend before the window has shape {self.spent_before.shape}, wanted one a line")
        if self.current.shape != (len(self.lines), periods) or not np.isfinite(self.current).all():
            raise ModelError(f"current spend has shape {self.current.shape}, wanted {(len(self.lines), periods)}")
        if len({line.name for line in self.lines}) < len(self.lines):
            raise ModelError(f"a line is named twice: {', '.join(self.channels)}")
        for line in self.lines:
            self._check(line)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the lines."""
        return tuple(line.name for line in self.lines)

    @property
    def belongs_to(self) -> tuple[str, ...]:
        """The channel of each line."""
        return tuple(line.channel for line in self.lines)

    @property
    def now(self) -> Floats:
        """(line, period) current spend."""
        return self.current

    @property
    def least(self) -> Floats:
        """(line, period): nothing."""
        return np.zeros(self.current.shape)

    @property
    def most(self) -> Floats:
        """(line, period): up to where each response may be asked."""
        return np.stack([line.most for line in self.lines])

    def weekly(self, line: int, plan: Floats) -> Floats:
        """(week,) spend of one line under its plan (period,)."""
        return np.asarray(plan[self.period_of] * self.lines[line].pace)

    def value_at(self, plan: Floats) -> Floats:
        """(draw, line): what ``plan`` (line, period) brings beyond what past spend brings anyway."""
        if plan.shape != self.current.shape:
            raise ModelError(f"the plan has shape {plan.shape}, wanted (line, period) {self.current.shape}")
        found = []
        for i, line in enumerate(self.lines):
            gained = line.curve(line.carried(self.weekly(i, plan[i]))) - line.idle
            found.append(np.einsum("dw,dw->d", line.worth, gained))
        return np.column_stack(found)

    def marginal_at(self, plan: Floats) -> Floats:
        """(draw, line): value of the next unit of currency, spread over periods as the plan is (evenly if at zero)."""
        totals = plan.sum(1, keepdims=True)
        shape = np.where(totals > 0, plan / np.where(totals > 0, totals, 1.0), 1.0 / plan.shape[1])
        step = 1e-4 * np.maximum(totals, self.most.sum(1, keepdims=True) * 1e-3)
        return np.asarray((self.value_at(plan + step * shape) - self.value_at(plan)) / step[:, 0])

    def _check(self, line: LineResponse) -> None:
        draws, lags = line.carry.shape
        weeks = self.period_of.size
        if line.worth.shape != (draws, weeks + lags - 1) or line.pace.shape != (weeks,):
            raise ModelError(
                f"{line.name}: worth {line.worth.shape} and pace {line.pace.shape}, wanted {(draws, weeks + lags - 1)} "
                f"and {(weeks,)} for {weeks} weeks and {lags} lags"
            )
        shares = np.bincount(self.period_of, line.pace)
        if not np.allclose(shares, 1.0) or not np.isfinite(line.worth).all() or line.unit <= 0:
            raise ModelError(f"{line.name}: paces have to add up to 1 in each period (they do to {shares}), worth has "
                             "to be finite and unit above 0")  # fmt: skip


def totals_of(surface: PeriodSurface, points: int = 41) -> ResponseSurface:
    """A surface of one period as a grid of totals."""
    if surface.current.shape[1] != 1:
        raise ModelError(f"the surface has {surface.current.shape[1]} periods: totals are made of a surface of one")
    current = surface.current[:, 0]
    grid = spend_grid(current, surface.most[:, 0], points)
    value = np.stack([surface.value_at(grid[:, k : k + 1]) for k in range(points)], axis=2)
    return ResponseSurface(surface.channels, grid, value, current, surface.belongs_to, surface.spent_before)
