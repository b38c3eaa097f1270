"""What a family of curves is: named parameters with priors, one formula, a place in a register."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from revmodel.errors import ConfigError

__all__ = ["HALF_LIFE", "HALF_SATURATION", "Family", "Parameter", "register"]


@dataclass(frozen=True)
class Parameter:
    """A positive parameter, exp(log_mean + log_sd · z) with z ~ Normal(0, 1). unit, reason: for people."""

    name: str
    log_mean: float
    log_sd: float
    unit: str
    reason: str


HALF_LIFE = Parameter("half_life_weeks", 0.3, 0.9, "weeks", "half is gone after some 1.3 weeks, 0.3 to 5.9")
HALF_SATURATION = Parameter(
    "half_saturation", 0.7, 1.0, "mean active spend", "half of the ceiling at twice the mean active spend, 0.4 to 10"
)


@dataclass(frozen=True)
class Family:
    """One formula and what it takes. of: works on NumPy arrays and PyTensor graphs alike, so by operators only."""

    name: str
    parameters: tuple[Parameter, ...]
    of: Callable[..., Any]
    known: ClassVar[dict[str, Any]]  # the register of its kind, by name
    kind: ClassVar[str]

    @classmethod
    def named(cls, name: str) -> Any:
        """The family of that name. Raises ConfigError: there is none."""
        if name not in cls.known:
            near = difflib.get_close_matches(name, cls.known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{cls.kind} {name!r} is not known: it may be one of {', '.join(cls.known)}{hint}")
        return cls.known[name]

    def taken(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of ``values`` that this family takes."""
        return {each.name: values[each.name] for each in self.parameters}


def register(family: Family) -> None:
    """Make a family known by its name. Raises ConfigError: the name is taken."""
    if family.name in type(family).known:
        raise ConfigError(f"a {family.kind} called {family.name!r} is known already: give it another name")
    type(family).known[family.name] = family
