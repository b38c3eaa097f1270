"""The allocation section of a config as limits and rules of a plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from revmodel.config import AllocationConfig
from revmodel.decide.rules import Group, Pace, PlanRules
from revmodel.decide.surface import Floats
from revmodel.errors import ConfigError

__all__ = ["bounds_of", "highest_of", "periods_of", "rules_of"]


def rules_of(settings: AllocationConfig) -> PlanRules:
    """What is laid down beyond bounds, the total and fixed lines."""
    return PlanRules(
        groups=tuple(Group(one.name, tuple(one.channels), one.least, one.most) for one in settings.groups),
        minimum=settings.minimum,
        steps=settings.steps,
        pace={name: Pace(**one.model_dump()) for name, one in settings.pace.items()},
        most_changed=settings.most_changed,
    )


def bounds_of(settings: AllocationConfig, channels: Sequence[str], current: Floats) -> tuple[Floats, Floats]:
    """Lower and upper limits (channel,) of the window's totals, currency. current : (channel,).

    Raises ConfigError: limits are given for what is no channel with spend.
    """
    for key, names in (("bounds", settings.bounds), ("money", settings.money), ("fixed", settings.fixed)):
        unknown = sorted(set(names) - set(channels))
        if unknown:
            raise ConfigError(
                f"allocation.{key} names {', '.join(unknown)}; channels with spend are {', '.join(channels)}"
            )
    pairs = [settings.bounds.get(name, (settings.lower, settings.upper)) for name in channels]
    low, high = (np.array([pair[end] for pair in pairs]) * current for end in (0, 1))
    for name, (least, most) in settings.money.items():
        low[channels.index(name)], high[channels.index(name)] = least, most
    return low, high


def highest_of(settings: AllocationConfig, channels: Sequence[str], current: Floats) -> Floats:
    """(channel,) up to where the response has to be known: the upper limits, and what is fixed."""
    high = bounds_of(settings, channels, current)[1]
    for name, amount in settings.fixed.items():
        high[channels.index(name)] = max(high[channels.index(name)], amount)
    return high


def periods_of(settings: AllocationConfig) -> npt.NDArray[np.intp]:
    """(week,): the period of each week of the window."""
    return np.arange(settings.weeks) // (settings.weeks // settings.periods)
