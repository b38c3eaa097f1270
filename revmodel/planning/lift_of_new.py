"""Lift tests of channels that have never spent: switched on in some regions, at some of what their belief speaks of."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from revmodel.decide.new_channels import NewLine
from revmodel.decide.surface import Floats
from revmodel.planning.lift_designs import REGIONS, WEEKS
from revmodel.planning.lift_value import LiftDesign, LiftNoise, next_tests_table

__all__ = ["LONGEST", "tests_of_new"]

DESIGNS = tuple(LiftDesign(*each) for each in product(REGIONS, WEEKS, (0.5, 1.0)))  # of the spend it speaks of
LONGEST = max(WEEKS)


def tests_of_new(new: list[NewLine], value: Floats, noise: LiftNoise, seed: int) -> list[pd.DataFrame]:
    """Rows of next_tests_table, a table a design; none where there is no such channel.

    new : lines over LONGEST weeks in one period. value : (draw, plan)
    """
    if not new:
        return []
    names, spend = tuple(each.line.name for each in new), np.array([each.line.unit for each in new])
    tables = []
    for design in DESIGNS:
        lifts = np.stack([design.regions * _units(each, design) for each in new], axis=1)
        found = next_tests_table(names, value, lifts, spend, noise.error(design), design, seed)
        tables.append(found.assign(weekly_now=0.0))
    return tables


def _units(new: NewLine, design: LiftDesign) -> Floats:
    """(draw,): units that the channel brings in the weeks of a test in all regions."""
    weekly = np.where(np.arange(LONGEST) < design.weeks, design.change * new.line.unit, 0.0)
    return np.asarray((new.units * new.line.curve(new.line.carried(weekly)))[:, : design.weeks].sum(1))
