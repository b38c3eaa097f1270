"""A plan moves little where little is known.

Two ways. The risk of a plan is that of the change it makes: leaving everything as it is has none, and moving money
into what the draws disagree about has much (``change_from_now`` with an objective that is averse to risk). And the move
of a channel whose response the data do not tell can be capped outright (``capped``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from revmodel.decide.periods import PeriodSurface
from revmodel.decide.surface import Floats, ResponseSurface
from revmodel.errors import ConfigError

__all__ = ["capped", "caps_in_words", "change_from_now"]


def change_from_now(surface: ResponseSurface | PeriodSurface) -> ResponseSurface | PeriodSurface:
    """The surface with current spend's value taken off, draw by draw: what a plan adds to what is there."""
    if isinstance(surface, ResponseSurface):
        now = surface.value_at(surface.current)
        return replace(surface, value=surface.value - now[:, :, None])
    lines = [replace(line, base=surface.weekly(i, surface.current[i])) for i, line in enumerate(surface.lines)]
    return replace(surface, lines=tuple(lines))


def capped(
    lower: Floats, upper: Floats, current: Floats, verdicts: Sequence[str], caps: Mapping[str, float]
) -> tuple[Floats, Floats]:
    """Bounds (line,) drawn in to ``caps`` (verdict → largest move as a share of current spend) around current spend.

    verdicts : (line,), as revmodel.mix.doubt gives them. Bounds that current spend lies outside of are drawn in as far
    as they allow. Raises ConfigError where a cap is below 0 or a verdict is not known.
    """
    known = ("measured", "weakly measured", "prior-driven", "not identified")
    for name, share in caps.items():
        if name not in known or share < 0:
            raise ConfigError(
                f"cap {name!r}: {share:g} came; wanted a share of 0 or more for one of {', '.join(known)}"
            )
    shares = np.array([caps.get(verdict, np.inf) for verdict in verdicts])
    room = np.where(np.isfinite(shares), shares * current, np.inf)
    low, high = (
        np.maximum(lower, np.minimum(current - room, upper)),
        np.minimum(upper, np.maximum(current + room, lower)),
    )
    return np.maximum(low, 0.0), high


def caps_in_words(channels: Sequence[str], verdicts: Sequence[str], caps: Mapping[str, float]) -> list[str]:
    """One sentence a verdict that is capped and occurs."""
    said = []
    for verdict, share in caps.items():
        names = [name for name, given in zip(channels, verdicts, strict=True) if given == verdict]
        if names:
            said.append(f"{', '.join(names)}: {verdict}, so the plan moves {'it' if len(names) == 1 else 'each'} by at "
                        f"most {share:.0%}.")  # fmt: skip
    return said
