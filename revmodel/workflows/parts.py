"""The parts of a run: forecast, contribution, allocation. Each turns one fit into tidy tables."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.attribution.contribution import contribution_table
from revmodel.attribution.from_model import LeadEconomics, lead_economics, leads_by_cause, marginal_share
from revmodel.attribution.history import history_periods
from revmodel.decide.allocate import allocate
from revmodel.decide.from_model import most_ever_spent, window_surface
from revmodel.decide.landing import landing_by_quarter, leads_at
from revmodel.decide.tables import allocation_summary, allocation_table
from revmodel.errors import ConfigError
from revmodel.forecast.calendar import weeks_needed
from revmodel.forecast.deals import open_deals_table
from revmodel.forecast.rollup import forecast_table
from revmodel.forecast.simulate import simulate
from revmodel.report.path import quarter_path
from revmodel.workflows.fitted import FittedCompany

__all__ = ["allocation_tables", "channel_economics", "contribution_tables", "forecast_tables"]

Tables = dict[str, pd.DataFrame]
ECONOMICS_DRAWS = 400
YEAR_WEEKS = 53


def forecast_tables(fitted: FittedCompany) -> Tables:
    """``forecast`` and ``open_deals``: draws of the quarters ahead, and every open deal."""
    config, as_of = fitted.config, fitted.as_of
    month = config.forecast.fiscal_year_start_month
    weeks = weeks_needed(as_of, config.forecast.quarters, month)
    funnel, arrivals, sizes = fitted.model.predict(weeks, fitted.spend_ahead(weeks), config.forecast.draws)
    simulation = simulate(
        fitted.features.open_records, funnel, arrivals, sizes, as_of, weeks, config.funnel.first_deal_stage,
        config.seed + 31, fiscal_year_start_month=month, threads=2,
    )  # fmt: skip
    data = fitted.data.tables
    targets = data["targets"].execute() if "targets" in data else None
    table = forecast_table(simulation, fitted.features.realised, config.forecast.quarters, month, targets)
    path = quarter_path(simulation, fitted.features.realised, table, month)
    return {"forecast": table, "open_deals": open_deals_table(simulation), "path": path}


def channel_economics(fitted: FittedCompany) -> LeadEconomics:
    """What a new record is worth, over a year or the allocation's horizon if that is longer."""
    horizon = max(YEAR_WEEKS, fitted.config.allocation.horizon_weeks)
    return lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, horizon, ECONOMICS_DRAWS)


def contribution_tables(fitted: FittedCompany, economics: LeadEconomics) -> Tables:
    """``contribution``: what each channel's spend added, by quarter and over the last year."""
    leads = leads_by_cause(fitted.model, economics)
    month = fitted.config.forecast.fiscal_year_start_month
    history = history_periods(pd.DatetimeIndex(leads.spend.index), month)
    year = history[-1]
    spend = leads.spend.iloc[year.weeks].sum().to_numpy()
    long_term = np.einsum("dwcg,dg->dc", leads.caused[:, year.weeks], economics.worth.revenue_within[:, :, -1])
    marginal = marginal_share(fitted.model, economics) * long_term / np.where(spend > 0, spend, np.nan)
    return {"contribution": contribution_table(leads, economics.worth, history, {(year.label, "long_term"): marginal})}


def allocation_tables(
    fitted: FittedCompany, economics: LeadEconomics, budget: float | None = None, scenario: str = "best split"
) -> Tables:
    """``allocation`` and ``allocation_summary``: the best split of the window's budget within the config's bounds.

    budget : total over the window; None: what is planned now.
    """
    settings = fitted.config.allocation
    spend = fitted.spend_ahead(settings.weeks)
    current = spend.sum(1)
    low, high = _bounds(fitted)
    total = float(current.sum()) if budget is None else float(budget)
    window = window_surface(fitted.model, economics, spend, current * high, settings.horizon_weeks)
    best = allocate(window.surface, total, current * low, current * high)
    first, last = fitted.as_of + dt.timedelta(days=1), fitted.as_of + dt.timedelta(weeks=settings.weeks)
    period = f"{first} to {last}"
    unit = "bookings" if economics.worth.is_money else "wins"
    landed = landing_by_quarter(
        leads_at(window.surface, window.leads, best.proposed),
        economics.worth.revenue_within[:, :, : settings.horizon_weeks + 1],
        settings.weeks,
        fitted.as_of,
        fitted.config.forecast.fiscal_year_start_month,
    )
    seen = most_ever_spent(fitted.model, settings.weeks)
    return {
        "allocation": allocation_table(window.surface, best, scenario=scenario, period=period, seen_max=seen),
        "allocation_summary": allocation_summary(
            window.surface, best, scenario=scenario, period=period, lands_by_quarter=landed,
            value_name=f"{unit} that land within {settings.horizon_weeks} weeks of a lead",
        ),
    }  # fmt: skip


def _bounds(fitted: FittedCompany) -> tuple[np.ndarray, np.ndarray]:
    settings = fitted.config.allocation
    channels = fitted.model.response_.data_.channels
    unknown = sorted(set(settings.bounds) - set(channels))
    if unknown:
        raise ConfigError(
            f"allocation.bounds names {', '.join(unknown)}; channels with spend are {', '.join(channels)}"
        )
    pairs = [settings.bounds.get(name, (settings.lower, settings.upper)) for name in channels]
    return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])
