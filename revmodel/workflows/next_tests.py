"""What to test next: the value of a lift test of each channel for the budget that is planned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.attribution.from_model import LeadEconomics
from revmodel.decide.from_model import window_surface
from revmodel.decide.new_channels import NewLine, limits_with_new, with_new_lines
from revmodel.dims import REGION, UNKNOWN
from revmodel.features.tables import WeeklyPanel
from revmodel.models.arrivals import caused_leads
from revmodel.planning.flow import Floats
from revmodel.planning.lift_designs import DESIGNS, told_designs
from revmodel.planning.lift_of_new import LONGEST, tests_of_new
from revmodel.planning.lift_value import LiftNoise, candidate_plans, next_tests_table
from revmodel.workflows.budget import new_lines_of_funnel
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.plan_limits import channel_bounds

__all__ = ["next_tests"]

RECENT_WEEKS = 13  # whose leads say how many come in during a test


def next_tests(
    fitted: FittedCompany, economics: LeadEconomics, worth: Floats, budget: float | None = None
) -> dict[str, pd.DataFrame]:
    """``next_tests``: how to test each channel, and what that is worth to the plan of the allocation's window.

    ``test_designs``: every design tried (planning/lift_designs.py). worth : (draw, group, week), what the budget counts
    of a lead by the week it comes in. budget : total over the window; None: as planned.
    """
    settings, model = fitted.config.allocation, fitted.model
    spend = fitted.spend_ahead(settings.weeks)
    current = spend.sum(axis=1)
    low, high = channel_bounds(fitted)
    measured = window_surface(model, economics, spend, current * high, settings.horizon_weeks, worth=worth).surface
    new, tested = (_new_lines(fitted, economics, worth, weeks) for weeks in (settings.weeks, LONGEST))
    surface = with_new_lines(measured, new)
    total = float(current.sum()) if budget is None else float(budget)
    plans = candidate_plans(surface, total, *limits_with_new(current * low, current * high, new))
    value = np.stack([surface.value_at(plan).sum(axis=1) for plan in plans], axis=1)
    during = fitted.spend_ahead(LONGEST)
    now = caused_leads(model.response_, during, economics.pick)
    changes = {design.change for design in DESIGNS}
    more = {each: caused_leads(model.response_, during * (1 + each), economics.pick) - now for each in changes}
    noise, seed = _noise(fitted, economics), fitted.config.seed + 41
    tables = [
        next_tests_table(
            measured.channels, value, design.regions * more[design.change][:, :, : design.weeks].sum(2),
            during[:, : design.weeks].mean(axis=1), noise.error(design), design, seed,
        )
        for design in DESIGNS
    ]  # fmt: skip
    tables += tests_of_new(tested, value, noise, seed + len(measured.channels))
    return told_designs(tables)


def _new_lines(fitted: FittedCompany, economics: LeadEconomics, worth: Floats, weeks: int) -> list[NewLine]:
    """Lines of channels that have never spent, over so many weeks in one period.

    worth : (draw, group, week), of a lead by the week it comes in; after the last as in the last
    """
    wanted = weeks + fitted.model.response_.max_lag_weeks
    by_week = np.pad(worth, ((0, 0), (0, 0), (0, max(wanted - worth.shape[2], 0))), mode="edge")[:, :, :wanted]
    return new_lines_of_funnel(fitted, economics, by_week, np.zeros(weeks, dtype=np.intp))


def _noise(fitted: FittedCompany, economics: LeadEconomics) -> LiftNoise:
    """Leads a week of late, how much more they vary than by pure chance, and what came in by region."""
    response, rows = fitted.model.response_, list(economics.rows)
    mean: Floats = response.data_.arrays["arrivals"][rows, -RECENT_WEEKS:].mean(axis=1)
    size = response.derived_["size"][:, rows].mean(axis=0)
    total = float(mean.sum())
    ratio = float((mean + mean**2 / size).sum() / max(total, 1e-9))
    return LiftNoise(total, ratio, _by_region(fitted.features.panel))


def _by_region(panel: WeeklyPanel) -> Floats | None:
    """(region, week): records that came in, of regions that are told apart and known."""
    if REGION not in panel.arrivals.columns.names:
        return None
    by_region = panel.arrivals.T.groupby(level=REGION).sum()
    return np.asarray(by_region.drop(index=UNKNOWN, errors="ignore"), dtype=float)
