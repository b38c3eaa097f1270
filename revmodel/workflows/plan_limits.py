"""The config's limits of a channel's spend, for plans of any window."""

from __future__ import annotations

import numpy as np

from revmodel.config import AllocationConfig
from revmodel.decide.from_config import bounds_of
from revmodel.planning.flow import Floats
from revmodel.workflows.fitted import FittedCompany

__all__ = ["channel_bounds", "rules_left_out"]


def channel_bounds(fitted: FittedCompany) -> tuple[Floats, Floats]:
    """(channel,) each: multiples of planned spend, what is laid down in money set against the plan of that window.

    A channel that has no plan keeps to nothing. Raises ConfigError: a limit of an unknown channel.
    """
    settings, channels = fitted.config.allocation, fitted.model.response_.data_.channels
    planned = fitted.spend_ahead(settings.weeks).sum(1)
    low, high = bounds_of(settings, channels, planned)
    for name, amount in settings.fixed.items():
        low[channels.index(name)] = high[channels.index(name)] = amount
    unit = np.where(planned > 0, planned, np.inf)
    return low / unit, high / unit


def rules_left_out(settings: AllocationConfig) -> str:
    """A sentence on what the config lays down of a budget that targets and scenarios do not look at; else nothing."""
    names = {
        "groups": settings.groups, "minimum": settings.minimum, "steps": settings.steps, "pace": settings.pace,
        "most_changed": settings.most_changed is not None,
    }  # fmt: skip
    given = [name for name, said in names.items() if said]
    if not given:
        return ""
    return (
        f"Best splits and least spends here keep the limits of each channel; {', '.join(given)} of allocation are not "
        "looked at, which 'revmodel allocate' keeps."
    )
