"""What makes one plan better than another: the mean, the mean less risk, or the mean of the worst draws.

Each objective is the lowest expectation over a set of re-weightings of the draws, U(v) = min_p Σ_d p_d·v_d, where v is
a plan's total value by draw. So U is concave in v, and the weights p found at one plan bound U at every other plan
from above. The allocation builds its certificate from that one property.
Source: Rockafellar, Uryasev, Zabarankin 2006, "Generalized deviations in risk analysis", theorem 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from revmodel.decide.surface import Floats
from revmodel.errors import ModelError

__all__ = ["Aim", "ObjectiveName", "RiskOf", "check_objective", "draw_weights", "objective_in_words", "utility"]

ObjectiveName = Literal["mean", "mean_minus_risk", "cvar", "probability"]
RiskOf = Literal["total", "change"]
ROUNDING = 1e-11  # share of a value below which a spread is none


@dataclass(frozen=True)
class Aim:
    """An objective with its risk, whose weights of draws the search asks for."""

    objective: ObjectiveName
    risk: float

    @property
    def is_mean(self) -> bool:
        """Whether draws always count alike."""
        return self.objective == "mean"

    def draw_weights(self, total: Floats) -> Floats:
        """See ``draw_weights``."""
        return draw_weights(total, self.objective, self.risk)


def draw_weights(total: Floats, objective: ObjectiveName, risk: float) -> Floats:
    """(draw,) weights p with Σ_d p_d·total_d = the objective at ``total`` (draw,); they sum to one.

    mean: 1/D. mean_minus_risk: mean − risk·sd, weights (1 − risk·(v_d − v̄)/sd)/D.
    cvar: the mean of the worst ``risk`` share of draws (0.2: the worst fifth).
    """
    draws = total.size
    even = np.full(draws, 1.0 / draws)
    if objective == "mean":
        return even
    if objective == "cvar":
        return _tail_weights(total, risk)
    centred = total - total.mean()
    sd = float(np.sqrt(np.mean(centred**2)))
    if sd <= ROUNDING * float(np.abs(total).max()):  # alike but for rounding, which has no mean of zero
        return even
    return even * (1.0 - risk * centred / sd)


def utility(total: Floats, objective: ObjectiveName, risk: float, target: float | None = None) -> float:
    """The objective of a plan whose total value by draw is ``total`` (draw,), in the unit of the value.

    probability: the share of draws that reach ``target``, a number from 0 to 1.
    """
    if objective == "probability" and target is not None:
        return float((total >= target).mean())
    return float(draw_weights(total, objective, risk) @ total)


def check_objective(objective: str, risk: float, target: float | None = None) -> None:
    """Raise ModelError unless the objective is known and its ``risk`` and ``target`` have a meaning."""
    if objective not in ("mean", "mean_minus_risk", "cvar", "probability"):
        raise ModelError(f"no objective called {objective!r}: choose mean, mean_minus_risk, cvar or probability")
    if objective in ("mean", "probability") and risk != 0:
        raise ModelError(
            f"objective {objective} takes no risk (came {risk}): set it to 0 or choose mean_minus_risk or cvar"
        )
    if (objective == "probability") != (target is not None):
        raise ModelError(f"a target goes with objective probability and only with it; came {objective} and {target}")
    if target is not None and not np.isfinite(target):
        raise ModelError(f"the target is {target}: wanted an amount in the value's unit")
    if objective == "mean_minus_risk" and not (np.isfinite(risk) and risk >= 0):
        raise ModelError(f"risk is the number of standard deviations taken off the mean, 0 or more; came {risk}")
    if objective == "cvar" and not 0 < risk <= 1:
        raise ModelError(f"risk of cvar is the share of worst draws that counts, above 0 and at most 1; came {risk}")


def objective_in_words(
    objective: ObjectiveName, risk: float, value_name: str, target: float | None = None, risk_of: RiskOf = "total"
) -> str:
    """One noun phrase: 'expected bookings', 'expected bookings less 0.5 standard deviations of the change' …"""
    if objective == "probability":
        return f"the chance of at least {target:,.6g} of {value_name}"
    if objective == "mean":
        return f"expected {value_name}"
    of_change = " of the change" if risk_of == "change" else ""
    if objective == "cvar":
        return f"{value_name} on average in the worst {risk:.0%} of outcomes{of_change}"
    return f"expected {value_name} less {risk:g} standard deviations{of_change}"


def _tail_weights(total: Floats, share: float) -> Floats:
    """Weights of the worst draws: 1/(share·D) each, the draw at the edge only in part."""
    weights = np.zeros(total.size)
    left = share * total.size
    worst_first = np.argsort(total, kind="stable")
    weights[worst_first] = np.clip(left - np.arange(total.size), 0.0, 1.0)
    return weights / left
