"""What to test next: the value of a lift test of each channel for the budget that is planned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.attribution.from_model import LeadEconomics
from revmodel.decide.from_model import window_surface
from revmodel.models.arrivals import caused_leads
from revmodel.planning.flow import Floats
from revmodel.planning.lift_value import LiftDesign, candidate_plans, lift_error, next_tests_table
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.plan_limits import channel_bounds

__all__ = ["next_tests"]

RECENT_WEEKS = 13  # whose leads say how many come in during a test


def next_tests(
    fitted: FittedCompany, economics: LeadEconomics, budget: float | None = None, design: LiftDesign | None = None
) -> dict[str, pd.DataFrame]:
    """``next_tests``: what a lift test of each channel is worth to the plan of the allocation's window.

    budget : total over the window; None: as planned. design : of the test; None: off in half of the regions, 8 weeks.
    """
    design = design or LiftDesign()
    settings, model = fitted.config.allocation, fitted.model
    spend = fitted.spend_ahead(settings.weeks)
    current = spend.sum(axis=1)
    low, high = channel_bounds(fitted)
    surface = window_surface(model, economics, spend, current * high, settings.horizon_weeks).surface
    total = float(current.sum()) if budget is None else float(budget)
    plans = candidate_plans(surface, total, current * low, current * high)
    during = fitted.spend_ahead(design.weeks)
    changed = (
        caused_leads(model.response_, during * factor, economics.pick).sum(2) for factor in (1.0, 1 + design.change)
    )
    now, then = changed
    lifts = design.regions * (then - now)
    error = lift_error(*_weekly(fitted, economics), design)
    errors = np.full(len(surface.channels), error)
    table = next_tests_table(surface, plans, lifts, during.mean(axis=1), errors, design, fitted.config.seed + 41)
    return {"next_tests": table}


def _weekly(fitted: FittedCompany, economics: LeadEconomics) -> tuple[float, float]:
    """Leads a week of late, and how much more they vary than by pure chance (variance ÷ mean)."""
    response, rows = fitted.model.response_, list(economics.rows)
    mean: Floats = response.data_.arrays["arrivals"][rows, -RECENT_WEEKS:].mean(axis=1)
    size = response.derived_["size"][:, rows].mean(axis=0)
    total = float(mean.sum())
    return total, float((mean + mean**2 / size).sum() / max(total, 1e-9))
