"""Rule-based credit: each conversion is handed to the touches before it by a fixed rule.

Descriptive only. A rule divides what happened; it does not say what spend caused, and never feeds the optimiser.
Journeys come aggregated: one row a path, with how many journeys took it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.errors import JourneyError

__all__ = ["RULES", "check_journeys", "first_touch", "last_touch", "linear", "position_based", "rule_based_credit"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rule = Callable[[Ints, Ints], Floats]


def first_touch(place: Ints, length: Ints) -> Floats:  # noqa: ARG001 - every rule has one signature
    """All credit to the touch that came first."""
    return np.where(place == 0, 1.0, 0.0)


def last_touch(place: Ints, length: Ints) -> Floats:
    """All credit to the touch before the conversion."""
    return np.where(place == length - 1, 1.0, 0.0)


def linear(place: Ints, length: Ints) -> Floats:  # noqa: ARG001 - every rule has one signature
    """The same credit to every touch."""
    return 1.0 / length


def position_based(place: Ints, length: Ints, ends_share: float = 0.4) -> Floats:
    """``ends_share`` each to the first and the last touch, the rest evenly between (U-shaped).

    Journeys of one touch give it all; of two, half each.
    """
    between = (1.0 - 2.0 * ends_share) / np.maximum(length - 2, 1)
    at_end = (place == 0) | (place == length - 1)
    long_journey = np.where(at_end, ends_share, between)
    return np.where(length <= 2, 1.0 / length, long_journey)


RULES: Mapping[str, Rule] = MappingProxyType(
    {"first": first_touch, "last": last_touch, "linear": linear, "position": position_based}
)


def rule_based_credit(journeys: pd.DataFrame, rules: Mapping[str, Rule] = RULES) -> pd.DataFrame:
    """Conversions credited to each channel: index channel, one column a rule; each column adds up to all conversions.

    journeys : columns path (tuple of channels, earliest first), conversions (count ≥ 0). Rows of one path add up.
    rules : name → share of a journey's credit for a touch, given its place (0 first) and the journey's length
    Raises JourneyError: no journeys, an empty path or a negative count.

    >>> journeys = pd.DataFrame({"path": [("ads", "event", "ads")], "conversions": [3]})
    >>> rule_based_credit(journeys)["linear"].to_dict()
    {'ads': 2.0, 'event': 1.0}
    """
    check_journeys(journeys)
    length_by_path = journeys["path"].map(len).to_numpy(dtype=np.int64)
    length = np.repeat(length_by_path, length_by_path)
    starts = np.repeat(np.cumsum(length_by_path) - length_by_path, length_by_path)
    place = np.arange(length.size) - starts
    conversions = np.repeat(journeys["conversions"].to_numpy(dtype=float), length_by_path)
    channel = pd.Index([touch for path in journeys["path"] for touch in path], name=dims.CHANNEL)
    credit = {name: conversions * rule(place, length) for name, rule in rules.items()}
    return pd.DataFrame(credit, index=channel).groupby(level=0).sum()


def check_journeys(journeys: pd.DataFrame, counts: tuple[str, ...] = ("conversions",)) -> None:
    """Raise JourneyError unless there are journeys, each with a touch and with counts of zero or more."""
    absent = [name for name in ("path", *counts) if name not in journeys.columns]
    if absent:
        raise JourneyError(f"journeys lack {', '.join(absent)}; came {', '.join(map(str, journeys.columns))}")
    if journeys.empty:
        raise JourneyError("there are no journeys to attribute: load touches that lead to conversions")
    empty = int((journeys["path"].map(len) == 0).sum())
    if empty:
        raise JourneyError(f"{empty} journeys have no touch: leave them out or name their channel 'unknown'")
    for name in counts:
        bad = int((~(journeys[name] >= 0)).sum())
        if bad:
            raise JourneyError(f"{bad} journeys have a negative or missing number of {name}: wanted 0 or more")
