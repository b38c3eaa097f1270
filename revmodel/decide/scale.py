"""Units in which any allocation looks alike to a solver, whatever its money and its value are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revmodel.decide.master import Cut

__all__ = ["PULL", "STAKE", "Valued"]

STAKE = 1000.0  # what the scaled value at stake amounts to: far above the solver's absolute tolerance of 1e-7
PULL = 3e-7  # share of the value at stake that moving everything costs: decides between equal plans only


@dataclass(frozen=True)
class Valued:
    """worth : the objective of a plan or mix, scaled. cuts : bounds on the objective of others that it shows."""

    worth: float
    cuts: list[Cut]
