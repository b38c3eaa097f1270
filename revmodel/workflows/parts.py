"""The parts of a run: forecast, contribution, allocation. Each turns one fit into tidy tables."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.attribution.contribution import contribution_table
from revmodel.attribution.from_model import LeadEconomics, lead_economics, leads_by_cause, marginal_share
from revmodel.attribution.history import history_periods
from revmodel.decide.allocate import allocate
from revmodel.decide.from_model import most_ever_spent, window_surface
from revmodel.decide.landing import landing_by_quarter, leads_at
from revmodel.decide.tables import allocation_summary, allocation_table
from revmodel.errors import ConfigError
from revmodel.features.deal_pushes import close_date_pushes
from revmodel.features.tables import OpenRecords
from revmodel.forecast.calendar import weeks_needed
from revmodel.forecast.categories import forecast_categories
from revmodel.forecast.deal_quarters import deal_quarters, deal_weeks
from revmodel.forecast.deals import open_deals_table
from revmodel.forecast.drivers import deal_drivers
from revmodel.forecast.rollup import forecast_table
from revmodel.forecast.simulate import simulate
from revmodel.forecast.simulation import Simulation
from revmodel.models.stage_table import stage_hazards_table
from revmodel.report.path import quarter_path
from revmodel.workflows.fitted import FittedCompany, PreparedCompany

__all__ = [
    "allocation_tables",
    "channel_economics",
    "contribution_tables",
    "forecast_tables",
    "quarters_ahead",
    "simulate_quarters",
]

Floats = npt.NDArray[np.float64]
Tables = dict[str, pd.DataFrame]
ECONOMICS_DRAWS = 400
YEAR_WEEKS = 53


def quarters_ahead(company: PreparedCompany) -> int:
    """Weeks to the end of the last quarter that is forecast."""
    settings = company.config.forecast
    return weeks_needed(company.as_of, settings.quarters, settings.fiscal_year_start_month)


def simulate_quarters(
    fitted: FittedCompany, *, spend: Floats | None = None, draws: int | None = None, records: OpenRecords | None = None
) -> Simulation:
    """The quarters ahead, as planned and from what is open; or with other spend, fewer draws, other open records."""
    config, weeks = fitted.config, quarters_ahead(fitted)
    draws = draws or config.forecast.draws
    spend = fitted.spend_drawn(weeks, draws) if spend is None else spend
    funnel, arrivals, sizes = fitted.model.predict(weeks, spend, draws)
    return simulate(
        records or fitted.model.open_records_, funnel, arrivals, sizes, fitted.as_of, weeks,
        config.funnel.first_deal_stage, config.seed + 31,
        fiscal_year_start_month=config.forecast.fiscal_year_start_month, threads=2,
    )  # fmt: skip


def forecast_tables(fitted: FittedCompany, simulation: Simulation | None = None) -> Tables:
    """``forecast``, ``open_deals``, ``stage_hazards`` and ``path``, and what the next run needs to say what moved."""
    config, month = fitted.config, fitted.config.forecast.fiscal_year_start_month
    simulation = simulation or simulate_quarters(fitted)
    data, realised = fitted.data.tables, fitted.features.realised
    targets = data["targets"].execute() if "targets" in data else None
    settings = config.forecast
    table = forecast_table(simulation, realised, settings.quarters, month, targets, settings.grains)
    state, drivers = open_deal_state(fitted), open_deal_drivers(fitted)
    return {
        "forecast": table,
        "stage_hazards": stage_hazards_table(fitted.model.base_funnel_, fitted.features.cells, config.seed),
        "open_deals": open_deals_table(simulation, month, state, drivers),
        "deal_drivers": drivers,
        "forecast_categories": forecast_categories(simulation, state, month),
        "close_date_pushes": close_date_pushes(fitted.features.deal_snapshots),
        "path": quarter_path(simulation, realised, table, month),
        "deal_quarters": deal_quarters(simulation, fitted.features.open_records.frame, table, month),
        "deal_weeks": deal_weeks(simulation),
        "spend_plan": fitted.spend_table(quarters_ahead(fitted)),
    }


def open_deal_state(fitted: FittedCompany) -> pd.DataFrame | None:
    """What is on file about each deal that is open now."""
    snapshots = fitted.features.deal_snapshots
    return None if snapshots is None else snapshots[snapshots["ago"] == 0]


def open_deal_drivers(fitted: FittedCompany) -> pd.DataFrame:
    """The table ``deal_drivers``: how each fact about an open deal shifts its chance to be won."""
    model = fitted.model
    return deal_drivers(
        model.open_records_, model.base_funnel_, model.deal_effects_.parts(),
        fitted.config.funnel.first_deal_stage, quarters_ahead(fitted),
    )  # fmt: skip


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
