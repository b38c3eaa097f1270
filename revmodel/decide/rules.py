"""What people lay down about a plan beyond bounds and the total, as they say it; money throughout.

A name is a channel's, and stands for all its regions, or a single line's ("search, north"). What belongs to a period
holds in each period of the plan; a plan of one period has the whole window for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from revmodel.errors import InfeasibleError

__all__ = ["Group", "Pace", "PlanRules"]


@dataclass(frozen=True)
class Group:
    """Lines whose spend over the window, all together, is at least ``least`` and at most ``most``."""

    name: str
    channels: tuple[str, ...]
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits that say nothing or contradict themselves."""
        if not self.channels or (self.least is None and self.most is None):
            raise InfeasibleError(f"group {self.name} needs channels and a least or most total; came {self}")
        _check_amounts(f"group {self.name}", self.least, self.most)
        if self.least is not None and self.most is not None and self.least > self.most:
            raise InfeasibleError(f"group {self.name}: least {self.least:g} is more than most {self.most:g}")


@dataclass(frozen=True)
class Pace:
    """How a line's spend may move over the periods of a plan.

    most_change : from one period to the next, as a share of the earlier one
    from_before : the first period too, from what was spent over as long before the window (``spent_before`` of the
        surface); of a plan of one period that is all there is
    least_share, most_share : of the line's total, in any one period
    """

    most_change: float | None = None
    least_share: float | None = None
    most_share: float | None = None
    from_before: bool = True

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        _check_amounts("pace", self.most_change, self.least_share, self.most_share)
        for share in (self.least_share, self.most_share):
            if share is not None and share > 1:
                raise InfeasibleError(f"a period's share of a line is {share:g}: wanted 0 to 1")


@dataclass(frozen=True)
class PlanRules:
    """All of them.

    minimum : line → in a period either nothing is spent or at least this much (minimum effective spend)
    steps : line → in a period a multiple of this is spent; fixed lines are left as they are
    pace : line → see Pace
    most_changed : at most so many channels may differ from current spend
    """

    groups: tuple[Group, ...] = ()
    minimum: Mapping[str, float] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)
    pace: Mapping[str, Pace] = field(default_factory=dict)
    most_changed: int | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that are none."""
        for what, amounts in (("minimum", self.minimum), ("step", self.steps)):
            for name, amount in amounts.items():
                if not (np.isfinite(amount) and amount > 0):
                    raise InfeasibleError(f"{what} of {name} is {amount:g}: wanted an amount above 0")
        if self.most_changed is not None and self.most_changed < 0:
            raise InfeasibleError(f"most_changed is {self.most_changed}: wanted 0 or more channels")

    def __bool__(self) -> bool:
        """Whether anything is laid down."""
        return bool(self.groups or self.minimum or self.steps or self.pace or self.most_changed is not None)

    def names(self) -> dict[str, str]:
        """Every name that a rule uses → the rule, for a message where it is unknown."""
        found = {name: f"group {group.name}" for group in self.groups for name in group.channels}
        for rule in ("minimum", "steps", "pace"):
            found |= dict.fromkeys(getattr(self, rule), rule)
        return found


def _check_amounts(what: str, *amounts: float | None) -> None:
    for amount in amounts:
        if amount is not None and not (np.isfinite(amount) and amount >= 0):
            raise InfeasibleError(f"{what}: {amount:g} came, wanted 0 or more")
