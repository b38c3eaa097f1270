"""The arrays that the compiled loops of the forecast work on: one draw of the funnel, of deal size, of the records."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["NOT_YET", "OPEN_DEAL", "OPEN_LEAD", "Chances", "Funnel", "Records", "Sizes", "Sums"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OPEN_DEAL, OPEN_LEAD, NOT_YET = 0, 1, 2  # positions on the axis of provenance


class Funnel(NamedTuple):
    """One draw of the funnel. A visit is 0 for the first time in a stage, 1 for a later one.

    by_age : (stage, group, age_bin, cause), odds; by_week : (week, visit, stage, cause), factors on them
    reach : (stage, cause, to), cumulative chances of the destination
    at_once : (stage, hazard), of the exits in the first age week, the share in the week of entry, see clock.py
    step_of_week, before, after, bin_of : see clock.Clock
    first_deal : index of the first deal stage, or the number of stages
    """

    by_age: Floats
    by_week: Floats
    reach: Floats
    at_once: Floats
    step_of_week: Ints
    before: Ints
    after: Ints
    bin_of: Ints
    first_deal: int


class Chances(NamedTuple):
    """Chances of one draw, each (week, visit, stage, group, step).

    stay : to stay through the week; early : to leave in the part of the week that belongs to the earlier age week
    """

    stay: Floats
    early: Floats


class Sizes(NamedTuple):
    """One draw of deal size, on the log scale; ``counted`` is True where there are no amounts to sum."""

    mean: Floats  # (group,)
    sd: float
    wide_share: float  # chance that a deal is out of the ordinary
    wide_sd: float
    cap: float
    slippage: Floats  # (origin, value), equally likely log ratios of won to on file, see DealSizeDraws
    first_shift: float  # mean log of the amount first on file, less that of the amount won
    first_sd: float
    first_wide_sd: float
    counted: bool


class Records(NamedTuple):
    """The records of one draw: open deals, then open leads, then room for arrivals."""

    stage: Ints
    group: Ints
    visit: Ints  # 0 for the first time in the stage, 1 for a later one
    highest: Ints  # the furthest stage it was ever in: a deal where that is a deal stage
    entered_week: Ints  # relative to future week 0
    provenance: Ints
    uniform: Floats  # one spell's chance, rescaled weekly
    log_first_amount: Floats  # NaN until there is one
    slips_from: Ints  # origin of its slippage: 0 the first amount (a draw), 1 + the stage it stood in with one on file
    advance_odds: Floats  # factors of its own on the odds to advance and to be lost, while it stays where it is
    lost_odds: Floats


class Sums(NamedTuple):
    """What one draw adds up, each (week, provenance, group)."""

    leads: Floats
    opportunities: Floats
    pipeline_created: Floats
    wins: Floats
    bookings: Floats
