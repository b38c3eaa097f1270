"""What to test next: the value of a lift test of each channel for the budget of a media mix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import AllocationConfig
from revmodel.decide.from_mix import mix_periods, mix_surface, spend_now
from revmodel.decide.new_channels import with_new_lines
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.dims import CHANNEL
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.noise import week_sd
from revmodel.planning.lift_designs import DESIGNS, best_designs
from revmodel.planning.lift_of_new import LONGEST, tests_of_new
from revmodel.planning.lift_value import LiftDesign, candidate_plans, lift_error, next_tests_table
from revmodel.workflows.mix_budget import mix_question, new_lines_of_mix

__all__ = ["mix_tests"]

RECENT_WEEKS = 13  # whose units and noise say how many come in during a test
POINTS = 27  # of each channel's curve


def mix_tests(mix: MediaMix, settings: AllocationConfig, budget: float | None = None) -> dict[str, pd.DataFrame]:
    """``next_tests``: how to test each channel, and what that is worth to the plan of the allocation's window.

    ``test_designs``: every design tried (planning/lift_designs.py). Plans are totals of channels, every region keeping
    its part of them. budget : total over the window; None: what is spent now.
    """
    asked, new = mix_question(mix, settings), new_lines_of_mix(mix, settings)
    names, now, low, high = _by_channel(asked.surface, asked.lower, asked.upper)
    most = max(2.0, 1.01 * float((high / np.where(now > 0, now, np.inf)).max()))
    measured = _together(mix_surface(mix, asked.spend, most=most, points=POINTS), names)
    surface = with_new_lines(measured, new)
    low = np.append(low, np.zeros(len(new)))
    high = np.append(high, [each.most for each in new])
    total = float(now.sum()) if budget is None else float(budget)
    plans = candidate_plans(surface, total, low, high)
    value = np.stack([surface.value_at(plan).sum(1) for plan in plans], axis=1)
    during, weekly, seed = spend_now(mix, LONGEST), _weekly(mix), mix.config.seed + 41
    units = mix_periods(mix, during, value=1.0)
    spent = np.array([during[_places(units, name)].sum(0).mean() for name in names])
    tables = []
    for design in DESIGNS:
        lifts = np.stack([_lift(units, name, during, design) for name in names], axis=1)
        error = lift_error(*weekly, design)
        tables.append(next_tests_table(names, value, lifts, spent, error, design, seed))
    tables += tests_of_new(new_lines_of_mix(mix, settings, LONGEST), value, weekly, seed + len(names))
    designs = pd.concat(tables, ignore_index=True).sort_values(CHANNEL, kind="stable", ignore_index=True)
    return {"next_tests": best_designs(designs), "test_designs": designs}


def _lift(units: PeriodSurface, name: str, during: Floats, design: LiftDesign) -> Floats:
    """(draw,): units of the KPI that the change brings in the weeks of a test."""
    return design.regions * sum(
        (
            _acting(units.lines[i], during[i] * (1 + design.change * (np.arange(LONGEST) < design.weeks)), design.weeks)
            - _acting(units.lines[i], during[i], design.weeks)
            for i in _places(units, name)
        ),
        np.zeros(len(units.lines[0].worth)),
    )


def _acting(line: LineResponse, weekly: Floats, weeks: int) -> Floats:
    """(draw,): units that a line brings in the first ``weeks`` of spend ``weekly``."""
    return np.asarray((line.worth * line.curve(line.carried(weekly)))[:, :weeks].sum(1))


def _places(surface: PeriodSurface | ResponseSurface, name: str) -> list[int]:
    return [i for i, channel in enumerate(surface.belongs_to) if channel == name]


def _by_channel(
    surface: PeriodSurface | ResponseSurface, lower: Floats, upper: Floats
) -> tuple[tuple[str, ...], Floats, Floats, Floats]:
    """Channels, and of each the window's present total and its limits, regions together."""
    names = tuple(dict.fromkeys(surface.belongs_to))
    parts = [_places(surface, name) for name in names]
    now = surface.now.sum(1)
    totals = np.array([[of[part].sum() for part in parts] for of in (now, lower, upper)])
    return names, totals[0], totals[1], totals[2]


def _together(surface: ResponseSurface, names: tuple[str, ...]) -> ResponseSurface:
    """Regions of a channel as one curve, each keeping its part: grids go from nothing to as many times their spend."""
    parts = [_places(surface, name) for name in names]
    return ResponseSurface(
        names,
        np.stack([surface.spend[part].sum(0) for part in parts]),
        np.stack([surface.value[:, part].sum(1) for part in parts], axis=1),
        np.array([surface.current[part].sum() for part in parts]),
    )


def _weekly(mix: MediaMix) -> tuple[float, float]:
    """Units of the KPI a week of late, and how much more they vary than by pure chance (variance ÷ mean).

    Noise that echoes from week to week counts as over many weeks: 1 / (1 − echo)² times that of a single one.
    """
    data, draws, scale = mix.arrays_.data, mix.draws_, mix.arrays_.basis.scale
    mean = draws.part(slice(0, 200)).media(data).mean(0) + data["design"] @ draws.linear.mean(0)
    sigma, echo, tail = (float(np.median(part)) for part in (draws.sigma, draws.echo, draws.tail))
    sds: npt.NDArray[np.float64] = week_sd(mix.config.noise, mean, data["units"], sigma, tail)
    by_region = (sds.reshape(len(scale), -1) * scale[:, None] / (1 - echo))[:, -RECENT_WEEKS:]
    units = float(np.abs(mix.panel_.kpi[:, -RECENT_WEEKS:]).sum(0).mean())
    return units, float((by_region**2).sum(0).mean() / units)
