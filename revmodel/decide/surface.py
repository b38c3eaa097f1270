"""The response surface: what each channel's spend of the window is worth, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from revmodel.errors import ModelError

__all__ = ["AnySurface", "Floats", "ResponseSurface", "last_weeks", "spend_grid", "totals_of_runs"]

Floats = npt.NDArray[np.float64]


class AnySurface(Protocol):
    """What limits and searches ask of a surface: its lines, by name and channel, and (line, period) amounts.

    now : current spend. least, most : between which the response is known. spent_before : what was spent before the
    window over as long as its first period is, not a number where less of the past is known; None: it is not told.
    """

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the lines: channels, or channels in a region."""

    @property
    def belongs_to(self) -> tuple[str, ...]:
        """The channel of each line."""

    @property
    def now(self) -> Floats:
        """(line, period) current spend."""

    @property
    def least(self) -> Floats:
        """(line, period) the smallest spend at which the response is known."""

    @property
    def most(self) -> Floats:
        """(line, period) the largest spend at which the response is known."""

    @property
    def spent_before(self) -> Floats | None:
        """(line,) spend over as long before the window as its first period is."""


@dataclass(frozen=True)
class ResponseSurface:
    """Value as a function of spend, additive over channels; between grid points it is linear by definition.

    channels : names
    spend : (channel, point), total currency over the window, ≥ 0 and strictly increasing along each channel
    value : (draw, channel, point), what that spend causes (for instance bookings that land inside the horizon)
    current : (channel,), total currency over the window that is spent now, inside the grid
    part_of : where lines are channels in a region, the channel of each; by default each is one of its own
    spent_before : (channel,), see AnySurface
    Raises ModelError where shapes disagree, numbers are not finite or ``current`` lies off the grid.
    """

    channels: tuple[str, ...]
    spend: Floats
    value: Floats
    current: Floats
    part_of: tuple[str, ...] | None = None
    spent_before: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse a surface that has no single reading."""
        _check_shapes(self)
        _check_numbers(self)

    @property
    def belongs_to(self) -> tuple[str, ...]:
        """The channel of each line."""
        return self.channels if self.part_of is None else self.part_of

    @property
    def now(self) -> Floats:
        """(channel, 1): current spend, the whole window being one period."""
        return self.current[:, None]

    @property
    def least(self) -> Floats:
        """(channel, 1): where the grid begins."""
        return self.spend[:, :1]

    @property
    def most(self) -> Floats:
        """(channel, 1): where the grid ends."""
        return self.spend[:, -1:]

    @property
    def highest(self) -> Floats:
        """(channel,) the largest spend on the grid."""
        return self.spend[:, -1]

    def value_at(self, plan: Floats) -> Floats:
        """(draw, channel): value of spending ``plan`` (channel,), interpolated on the grid."""
        _check_inside("the plan", self, plan)
        return np.column_stack([self.channel_value(c, plan[c : c + 1])[:, 0] for c in range(len(self.channels))])

    def channel_value(self, channel: int, spend: Floats) -> Floats:
        """(draw, point): value of each ``spend`` (point,) in one channel."""
        left, share = self.place(channel, spend)
        curve = self.value[:, channel, :]
        return curve[:, left] * (1 - share) + curve[:, left + 1] * share

    def marginal_at(self, plan: Floats) -> Floats:
        """(draw, channel): value of the next unit of currency beyond ``plan``; at the grid's end, of the last one."""
        _check_inside("the plan", self, plan)
        left = np.array([self.place(c, plan[c : c + 1])[0][0] for c in range(len(self.channels))])
        rows = np.arange(len(self.channels))
        rise = self.value[:, rows, left + 1] - self.value[:, rows, left]
        slope: Floats = rise / (self.spend[rows, left + 1] - self.spend[rows, left])
        return slope

    def place(self, channel: int, spend: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
        """(point,) each: the grid point at or below the spend (never the last) and the share of the way to the next."""
        grid = self.spend[channel]
        left = np.clip(np.searchsorted(grid, spend, side="right") - 1, 0, grid.size - 2)
        share = (spend - grid[left]) / (grid[left + 1] - grid[left])
        return left, np.clip(share, 0.0, 1.0)


def spend_grid(current: Floats, upper: Floats, points: int = 41) -> Floats:
    """(channel, point): an even grid from zero to the larger of current and upper, for building a surface.

    A channel that spends nothing and may spend nothing still gets an increasing grid, of the mean width of the others.
    """
    top = np.maximum(np.asarray(current, dtype=float), np.asarray(upper, dtype=float))
    if points < 2 or (top < 0).any():
        raise ModelError(
            f"a spend grid needs at least 2 points and spend ≥ 0; came {points} points up to {top.tolist()}"
        )
    positive = top[top > 0]
    top = np.where(top > 0, top, positive.mean() if positive.size else 1.0)
    return top[:, None] * np.linspace(0.0, 1.0, points)


def totals_of_runs(spend: Floats, weeks: int) -> Floats:
    """(…, run): totals of every so many weeks on end of ``spend`` (…, week), the earliest first; fewer where fewer are.

    >>> totals_of_runs(np.array([1.0, 2.0, 4.0]), 2).tolist()
    [3.0, 6.0]
    """
    sums = np.cumsum(np.concatenate([np.zeros((*spend.shape[:-1], 1)), spend], axis=-1), axis=-1)
    run = min(weeks, spend.shape[-1])
    return np.asarray(sums[..., run:] - sums[..., :-run])


def last_weeks(history: Floats, weeks: int) -> Floats:
    """(line,): spend of the last so many weeks of ``history`` (line, week); not a number where it has fewer.

    >>> last_weeks(np.array([[1.0, 2.0, 4.0]]), 2).tolist(), last_weeks(np.array([[1.0]]), 2).tolist()
    ([6.0], [nan])
    """
    return np.asarray(history[:, -weeks:].sum(1) if history.shape[1] >= weeks else np.full(history.shape[0], np.nan))


def _check_shapes(surface: ResponseSurface) -> None:
    channels, points = len(surface.channels), surface.spend.shape[-1]
    wanted = {
        "spend": (channels, points),
        "current": (channels,),
        "value": (*surface.value.shape[:1], channels, points),
    }
    if surface.spent_before is not None:
        wanted["spent_before"] = (channels,)
    for name, shape in wanted.items():
        came = getattr(surface, name).shape
        if came != shape:
            raise ModelError(f"the surface's {name} has shape {came}, wanted {shape} for {channels} channels")
    if channels == 0 or points < 2 or surface.value.shape[0] == 0:
        raise ModelError(f"a surface needs a channel, two grid points and a draw; came value {surface.value.shape}")
    if len(set(surface.channels)) != channels:
        raise ModelError(f"the surface names a channel twice: {', '.join(surface.channels)}")


def _check_numbers(surface: ResponseSurface) -> None:
    for name in ("spend", "value", "current"):
        bad = int((~np.isfinite(getattr(surface, name))).sum())
        if bad:
            raise ModelError(
                f"the surface's {name} holds {bad} numbers that are not finite: look at the response draws"
            )
    rising = (np.diff(surface.spend, axis=1) > 0).all(axis=1) & (surface.spend[:, 0] >= 0)
    if not rising.all():
        names = _named(surface.channels, ~rising)
        raise ModelError(
            f"spend on the grid must rise strictly from zero or more; it does not for {names}: use spend_grid"
        )
    _check_inside("current spend", surface, surface.current)


def _check_inside(what: str, surface: ResponseSurface, plan: Floats) -> None:
    slack = 1e-9 * surface.highest
    off = (plan < surface.spend[:, 0] - slack) | (plan > surface.highest + slack)
    if off.any():
        channel = int(np.flatnonzero(off)[0])
        raise ModelError(
            f"{what} of {surface.channels[channel]} is {plan[channel]:,.6g}, outside the surface's grid "
            f"({surface.spend[channel, 0]:,.6g} to {surface.highest[channel]:,.6g}): build the surface on a wider grid"
        )


def _named(channels: Sequence[str], which: npt.NDArray[np.bool_]) -> str:
    return ", ".join(name for name, chosen in zip(channels, which, strict=True) if chosen)
