"""The config's limits of a channel's spend, for plans of any window."""

from __future__ import annotations

from revmodel.planning.flow import Floats
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.parts import _bounds

__all__ = ["channel_bounds"]


def channel_bounds(fitted: FittedCompany) -> tuple[Floats, Floats]:
    """(channel,) each: multiples of planned spend. Raises ConfigError: a limit of an unknown channel."""
    return _bounds(fitted)
