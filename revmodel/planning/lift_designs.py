"""How to test a channel: of the designs that tell enough, the one that disturbs the business least."""

from __future__ import annotations

from itertools import product

import pandas as pd

from revmodel.dims import CHANNEL
from revmodel.planning.lift_value import LiftDesign

__all__ = ["DESIGNS", "REGIONS", "WEEKS", "best_designs", "told_designs"]

CHANGES, WEEKS, REGIONS = (-1.0, -0.5, 0.5), (4, 8, 12), (0.25, 0.5)
DESIGNS = tuple(LiftDesign(*each) for each in product(REGIONS, WEEKS, CHANGES))
ENOUGH = 0.9  # of the value of the best design: what more a longer or larger test tells is not worth its disturbance


def told_designs(tables: list[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """``next_tests``, the best design of each channel, and ``test_designs``, all of them by channel.

    tables : rows of next_tests_table, of designs tried.
    """
    designs = pd.concat(tables, ignore_index=True).sort_values(CHANNEL, kind="stable", ignore_index=True)
    return {"next_tests": best_designs(designs), "test_designs": designs}


def best_designs(designs: pd.DataFrame) -> pd.DataFrame:
    """A row a channel, the most valuable first: the design that moves the least money of those that tell ENOUGH.

    designs : rows of next_tests_table, of all designs tried. Among equals the shortest is taken.
    """
    most = designs.groupby(CHANNEL)["value"].transform("max")
    enough = designs[designs["value"] >= ENOUGH * most]
    moved = enough.assign(moved=enough["spend_change"].abs()).sort_values(["moved", "weeks"], kind="stable")
    least = moved.drop_duplicates(CHANNEL).drop(columns="moved")
    return least.sort_values("value", ascending=False, kind="stable", ignore_index=True)
