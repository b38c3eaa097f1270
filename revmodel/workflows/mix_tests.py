"""What to test next: the value of a lift test of each channel for the budget of a media mix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.config import AllocationConfig
from revmodel.decide.from_mix import mix_periods, spend_now
from revmodel.decide.new_channels import limits_with_new, with_new_lines
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.mix.doubt import usual_noise
from revmodel.mix.media_mix import MediaMix
from revmodel.planning.lift_designs import DESIGNS, told_designs
from revmodel.planning.lift_of_new import LONGEST, tests_of_new
from revmodel.planning.lift_value import LiftDesign, LiftNoise, candidate_plans, next_tests_table
from revmodel.workflows.mix_budget import mix_question, new_lines_of_mix

__all__ = ["mix_tests"]

MEAN_OF = 200  # draws: the mean of what channels brought
RECENT_WEEKS = 13  # whose units and noise say how many come in during a test


def mix_tests(
    mix: MediaMix, settings: AllocationConfig, budget: float | None = None, by_region: Floats | None = None
) -> dict[str, pd.DataFrame]:
    """``next_tests``: how to test each channel, and what that is worth to the plan of the allocation's window.

    ``test_designs``: every design tried (planning/lift_designs.py). Plans are totals of channels, every region keeping
    its part of them. budget : total over the window; None: what is spent now. by_region : (region, week), what
    came in by region, which says how much a test is blurred; None: as the panel has it.
    """
    asked, new = mix_question(mix, settings.model_copy(update={"periods": 1})), new_lines_of_mix(mix, settings)
    assert isinstance(asked.surface, ResponseSurface)  # of one period
    names = tuple(dict.fromkeys(asked.surface.belongs_to))
    surface = with_new_lines(_together(asked.surface, names), new)
    low, high = (_by_channel(asked.surface, names, of) for of in (asked.lower, asked.upper))
    total = float(asked.spend.sum()) if budget is None else float(budget)
    plans = candidate_plans(surface, total, *limits_with_new(low, high, new))
    value = np.stack([surface.value_at(plan).sum(1) for plan in plans], axis=1)
    during, noise, seed = spend_now(mix, LONGEST), _noise(mix, by_region), mix.config.seed + 41
    units = mix_periods(mix, during, value=1.0)
    spent = np.array([during[_places(units, name)].sum(0).mean() for name in names])
    tables = []
    for design in DESIGNS:
        lifts = np.stack([_lift(units, name, during, design) for name in names], axis=1)
        tables.append(next_tests_table(names, value, lifts, spent, noise.error(design), design, seed))
    tables += tests_of_new(new_lines_of_mix(mix, settings, LONGEST), value, noise, seed + len(names))
    return told_designs(tables)


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


def _by_channel(surface: ResponseSurface, names: tuple[str, ...], of: Floats) -> Floats:
    """(line, …) amounts as (channel, …), regions together."""
    return np.stack([of[_places(surface, name)].sum(0) for name in names])


def _together(surface: ResponseSurface, names: tuple[str, ...]) -> ResponseSurface:
    """Regions of a channel as one curve, each keeping its part: grids go from nothing to as many times their spend."""
    value = _by_channel(surface, names, surface.value.swapaxes(0, 1)).swapaxes(0, 1)
    spend, current = (_by_channel(surface, names, of) for of in (surface.spend, surface.current))
    return ResponseSurface(names, spend, value, current)


def _noise(mix: MediaMix, by_region: Floats | None) -> LiftNoise:
    """Units of the KPI a week of late, how much more they vary than by pure chance, and what came in by region.

    Noise that echoes from week to week counts as over many weeks: 1 / (1 − echo)² times that of a single one.
    """
    scale, (sds, echo) = mix.arrays_.basis.scale, usual_noise(mix)
    recent = (sds.reshape(len(scale), -1) * scale[:, None] / (1 - echo))[:, -RECENT_WEEKS:]
    units = float(np.abs(mix.panel_.kpi[:, -RECENT_WEEKS:]).sum(0).mean())
    came = _steady(mix) if by_region is None else by_region
    return LiftNoise(units, float((recent**2).sum(0).mean() / units), came)


def _steady(mix: MediaMix) -> Floats:
    """(region, week): what came in, had channels brought as much in every week: a test holds the others' budgets."""
    data, kpi = mix.arrays_.data, mix.panel_.kpi
    shares = mix.draws_.part(slice(0, MEAN_OF)).media(data).mean(0).reshape(kpi.shape)
    media = shares * mix.arrays_.basis.scale[:, None]
    return np.asarray(np.abs(kpi - media + media.mean(1, keepdims=True)))
