"""Channels that have never spent: lines of a plan that rest on what is believed, beside those that were measured.

A belief speaks of steady spend a week, carry-over counted: the money it returns, what one more unit of money returns,
or what a unit of the KPI costs. Curves are drawn from the priors of their families (revmodel.media), and the height of
each draw so that the belief holds at that spend. Nothing is learned of such a line from data; a lift test would tell.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import numpy.typing as npt

from revmodel.config import NewChannelConfig
from revmodel.decide.periods import LineResponse, PeriodSurface, pace_of, totals_of
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import ConfigError
from revmodel.media import CarryOver, Saturation

__all__ = ["NewLine", "believed_in_words", "limits_with_new", "new_lines", "with_new_lines"]

MORE = 1.01  # how the return of one more unit is measured


@dataclass(frozen=True)
class NewLine:
    """line : as those of measured channels. most : currency over the window. units : (draw, week of effect), of the KPI
    that come in each of these weeks where its effect is at its ceiling.
    """

    line: LineResponse
    most: float
    units: Floats


def new_lines(
    channels: Mapping[str, NewChannelConfig], known: tuple[str, ...], unit_worth: Floats,
    period_of: npt.NDArray[np.intp], families: tuple[str, str], max_lag_weeks: int, seed: int,
) -> list[NewLine]:  # fmt: skip
    """One a new channel, in the order of the config.

    known : names that are taken. unit_worth : (draw, week of effect), value of a unit of the KPI that comes in each
    week of the window and of the carry-over after it. period_of : (week,). families : of carry-over and saturation
    where a channel names none.
    Raises ConfigError: a name is taken.
    """
    return [
        _line(name, one, known, unit_worth, period_of, families, max_lag_weeks, seed) for name, one in channels.items()
    ]


@overload
def with_new_lines(surface: ResponseSurface, new: list[NewLine]) -> ResponseSurface: ...
@overload
def with_new_lines(surface: PeriodSurface, new: list[NewLine]) -> PeriodSurface: ...
def with_new_lines(surface: ResponseSurface | PeriodSurface, new: list[NewLine]) -> ResponseSurface | PeriodSurface:
    """The surface with these lines after its own; they spend nothing now."""
    if not new:
        return surface
    lines = tuple(each.line for each in new)
    if isinstance(surface, PeriodSurface):
        none = np.zeros((len(lines), surface.current.shape[1]))
        return replace(
            surface, lines=(*surface.lines, *lines), current=np.concatenate([surface.current, none]),
            spent_before=_before(surface, len(lines)),
        )  # fmt: skip
    alone = PeriodSurface(lines, np.zeros(lines[0].pace.size, dtype=np.intp), np.zeros((len(lines), 1)))
    totals = totals_of(alone, surface.spend.shape[1])
    return ResponseSurface(
        (*surface.channels, *totals.channels),
        np.concatenate([surface.spend, totals.spend]),
        np.concatenate([surface.value, totals.value], axis=1),
        np.concatenate([surface.current, totals.current]),
        (*surface.belongs_to, *totals.belongs_to),
        _before(surface, len(lines)),
    )


def limits_with_new(lower: Floats, upper: Floats, new: list[NewLine]) -> tuple[Floats, Floats]:
    """Limits (line,) of totals with those of these lines after them: from nothing to the most that each may get."""
    return np.append(lower, np.zeros(len(new))), np.append(upper, [each.most for each in new])


def _before(surface: ResponseSurface | PeriodSurface, new: int) -> Floats | None:
    """What was spent before the window, nothing on new lines; None where it is not told."""
    return None if surface.spent_before is None else np.append(surface.spent_before, np.zeros(new))


def believed_in_words(names: Sequence[str]) -> str:
    """A sentence on channels that nothing was measured of."""
    return f"Of {', '.join(names)}, which never spent before, counts what is believed, not what was measured."


def _line(
    name: str, asked: NewChannelConfig, known: tuple[str, ...], unit_worth: Floats, period_of: npt.NDArray[np.intp],
    families: tuple[str, str], max_lag_weeks: int, seed: int,
) -> NewLine:  # fmt: skip
    if name in known:
        raise ConfigError(
            f"allocation.new_channels names {name}, which has spent before and is measured: give its limits under "
            "bounds or money, or the new one another name"
        )
    carry_over = CarryOver.named(asked.carry_over or families[0])
    saturation = Saturation.named(asked.saturation or families[1])
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    draws = len(unit_worth)
    values = {
        each.name: np.exp(each.log_mean + each.log_sd * rng.standard_normal(draws))
        for each in (*carry_over.parameters, *saturation.parameters)
    }
    curve = saturation.taken(values)
    at, more = (np.asarray(saturation.of(np.full(draws, level), **curve)) for level in (1.0, MORE))
    elasticity = (more - at) / (MORE - 1) / at
    units = _units_a_week(asked, unit_worth, elasticity, rng) / at
    by_effect = units[:, None] * np.ones_like(unit_worth)
    line = LineResponse(
        name=name,
        channel=name,
        carry=carry_over.weights(np.arange(max_lag_weeks + 1.0), **carry_over.taken(values)),
        before=np.zeros(max_lag_weeks),
        unit=asked.per_week,
        saturation=saturation.name,
        values=curve,
        worth=by_effect * unit_worth,
        pace=pace_of(np.zeros((1, period_of.size)), period_of)[0],
        most=np.full(int(period_of.max()) + 1, asked.most),
    )
    return NewLine(line, asked.most, by_effect)


def _units_a_week(asked: NewChannelConfig, unit_worth: Floats, elasticity: Floats, rng: np.random.Generator) -> Floats:
    """(draw,): units of the KPI that ``per_week`` held for good brings each week."""
    belief = asked.belief
    believed = np.exp(belief.log_mean + belief.log_sd * rng.standard_normal(len(unit_worth)))
    if belief.of == "cost":
        return np.asarray(asked.per_week / believed)
    value = believed * asked.per_week / (elasticity if belief.of == "marginal_return" else 1.0)
    return np.asarray(value / unit_worth[:, 0])
