"""The parts of a run: forecast and contribution. Each turns one fit into tidy tables; see budget.py for the third."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.attribution.contribution import contribution_table
from revmodel.attribution.from_model import LeadEconomics, lead_economics, leads_by_cause, marginal_share
from revmodel.attribution.history import history_periods
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
    """What a new record is worth: by week over a year or a longer horizon of the allocation, and in the long term."""
    horizon = max(YEAR_WEEKS, fitted.config.allocation.horizon_weeks)
    return lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, horizon, ECONOMICS_DRAWS)


def contribution_tables(fitted: FittedCompany, economics: LeadEconomics) -> Tables:
    """``contribution``: what each channel's spend added, by quarter and over the last year."""
    leads = leads_by_cause(fitted.model, economics)
    month = fitted.config.forecast.fiscal_year_start_month
    history = history_periods(pd.DatetimeIndex(leads.spend.index), month)
    year = history[-1]
    spend = leads.spend.iloc[year.weeks].sum().to_numpy()
    long_term = np.einsum("dwcg,dg->dc", leads.caused[:, year.weeks], economics.worth.revenue_long_term)
    marginal = marginal_share(fitted.model, economics) * long_term / np.where(spend > 0, spend, np.nan)
    return {"contribution": contribution_table(leads, economics.worth, history, {(year.label, "long_term"): marginal})}
