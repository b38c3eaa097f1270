"""A target for a quarter, back to how many times the planned arrivals it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from revmodel.errors import ModelError
from revmodel.planning.flow import Floats

__all__ = ["Outlook", "chance_of", "records_needed", "reliable", "times_needed"]


@dataclass(frozen=True)
class Outlook:
    """What a quarter holds, draw by draw, in the unit of the target.

    actual : in already. open_deals, open_leads, to_come : (draw,), what open deals, open leads and records that are not
    created yet bring to the quarter under the present plan.
    """

    actual: float
    open_deals: Floats
    open_leads: Floats
    to_come: Floats

    @property
    def covered(self) -> Floats:
        """(draw,): what does not hang on any record that is yet to come."""
        return self.actual + self.open_deals + self.open_leads

    @property
    def total(self) -> Floats:
        """(draw,): everything."""
        return self.covered + self.to_come


def chance_of(target: float, total: Floats) -> float:
    """Share of draws that reach the target."""
    return float((total >= target * (1 - 1e-12)).mean())


def reliable(total: Floats, probability: float) -> float:
    """The most that is reached with a probability: all but that share of draws lie at or above it.

    >>> reliable(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.8)
    2.0
    """
    return float(np.quantile(total, 1 - probability, method="higher"))


def times_needed(target: float, probability: float, fixed: Floats, lever: Floats) -> float:
    """How many times ``lever`` (draw,) has to come, beside ``fixed`` (draw,), to reach the target with a probability.

    Each draw says how often it would take; as many are needed as the share ``probability`` of draws is content with.
    0: not at all. Infinite: the lever brings nothing to the quarter in too many draws.
    Raises ModelError: a probability outside 0 to 1.

    >>> times_needed(500_000, 0.8, np.zeros(5), np.full(5, 1000.0))
    500.0
    """
    if not 0 < probability < 1:
        raise ModelError(f"a probability of {probability} came, wanted one between 0 and 1, such as 0.8")
    missing = np.maximum(target - fixed, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(missing <= 0, 0.0, np.where(lever > 0, missing / lever, np.inf))
    return float(np.sort(each)[int(np.ceil(probability * each.size - 1e-9)) - 1])


def records_needed(target: float, probability: float, fixed: Floats, worth: Floats, profile: Floats) -> Floats:
    """(row, week): records that have to come in to reach the target, spread as ``profile``.

    fixed : (draw,), what comes anyway
    worth : (draw, row, week), what one record of a row and week brings to the quarter
    profile : (row, week), shares of the records, summing to 1

    With 1,000 a lead and nothing else, 500,000 takes 500 leads:

    >>> records_needed(500_000, 0.5, np.zeros(3), np.full((3, 1, 2), 1000.0), np.array([[0.5, 0.5]])).tolist()
    [[250.0, 250.0]]
    """
    each = np.einsum("drw,rw->d", worth, profile, optimize=True)
    return np.asarray(times_needed(target, probability, fixed, each) * profile)
