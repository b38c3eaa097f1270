"""Markov credit: how many conversions would be lost if a channel led nowhere (the removal effect).

Descriptive only, like the rules: journeys are read as a random walk over channels, which spend may or may not cause.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.attribution.rules import check_journeys
from revmodel.errors import JourneyError

__all__ = ["markov_credit"]

Floats = npt.NDArray[np.float64]


def markov_credit(journeys: pd.DataFrame) -> pd.DataFrame:
    """Conversions credited by removal effect on a first-order chain; steps from a channel to itself are kept.

    journeys : columns path (tuple of channels, earliest first), conversions and not_converted (counts ≥ 0)
    Returns index channel; columns conversions (they add up to all of them) and removal_effect, the share of
    conversions lost when every step into the channel ends the journey.
    Raises JourneyError: no journeys, an empty path, a negative count or no conversion at all.
    Source: Anderl, Becker, von Wangenheim, Schumann 2016, section 3.2.
    """
    check_journeys(journeys, ("conversions", "not_converted"))
    total = float(journeys["conversions"].sum())
    if total == 0:
        raise JourneyError("none of the journeys converted: there is nothing to credit")
    channels, step, convert = _chain(journeys)
    reach = _conversion_chance(step, convert)
    effects = np.array([1.0 - _without(step, convert, c) / reach for c in range(1, len(channels) + 1)])
    credit = {"conversions": total * effects / effects.sum(), "removal_effect": effects}
    return pd.DataFrame(credit, index=pd.Index(channels, name=dims.CHANNEL))


def _chain(journeys: pd.DataFrame) -> tuple[list[str], Floats, Floats]:
    """Channels; chance of each step (from, to), state 0 being the start; chance to convert from each state."""
    channels = sorted({touch for path in journeys["path"] for touch in path})
    place = {name: i + 1 for i, name in enumerate(channels)}
    steps, converted, left = (np.zeros(shape) for shape in ((len(place) + 1,) * 2, len(place) + 1, len(place) + 1))
    counts = zip(journeys["path"], journeys["conversions"], journeys["not_converted"], strict=True)
    for path, conversions, not_converted in counts:
        states = [0, *(place[touch] for touch in path)]
        np.add.at(steps, (states[:-1], states[1:]), conversions + not_converted)
        converted[states[-1]] += conversions
        left[states[-1]] += not_converted
    out = np.maximum(steps.sum(axis=1) + converted + left, 1e-300)
    return channels, steps / out[:, None], converted / out


def _conversion_chance(step: Floats, convert: Floats) -> float:
    """Chance that a journey from the start ever converts."""
    return float(np.linalg.solve(np.eye(len(step)) - step, convert)[0])


def _without(step: Floats, convert: Floats, channel: int) -> float:
    keep = np.arange(len(step)) != channel
    return _conversion_chance(step[np.ix_(keep, keep)], convert[keep])
