"""What a lead of a week of the window is worth: by what can still land, when it lands, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from revmodel.decide.surface import Floats
from revmodel.errors import ConfigError

__all__ = ["segment_weights", "worth_by_week"]

YEAR_WEEKS = 365.25 / 7


def worth_by_week(
    within: Floats, weeks: int, horizon_weeks: int, *, from_start: bool, discount_per_year: float = 0.0
) -> Floats:
    """(draw, group, week of effect): value of a lead that comes in each of ``weeks`` weeks from the window's first.

    within : (draw, group, week), cumulative value of a lead by week after it came in
    from_start : False counts what lands within ``horizon_weeks`` of the lead; True what lands by the end of that many
        weeks from the window's first day, so that a late lead has less time to close
    discount_per_year : what lands a year after the window's first day is worth so much less (net present value)
    """
    known = within.shape[2]
    landing = np.diff(within, axis=2, prepend=0.0)
    kept_a_week = (1.0 - discount_per_year) ** (1.0 / YEAR_WEEKS)
    faded = np.cumsum(landing * kept_a_week ** np.arange(known), axis=2)
    worth = np.zeros((*within.shape[:2], weeks))
    for week in range(weeks):
        left = (horizon_weeks - 1 - week) if from_start else horizon_weeks
        if left >= 0:
            worth[:, :, week] = kept_a_week**week * faded[:, :, min(left, known - 1)]
    return worth


def segment_weights(groups: Sequence[str], weights: Mapping[str, float]) -> Floats:
    """(group,) how much each group's value counts. groups : the segment of each; weights : segment → weight, else 1.

    Raises ConfigError: a weight is for what is no segment.
    """
    unknown = sorted(set(weights) - set(groups))
    if unknown:
        known = ", ".join(sorted(set(groups)))
        raise ConfigError(f"allocation.value.segments names {', '.join(unknown)}; segments are {known}")
    return np.array([weights.get(segment, 1.0) for segment in groups])
