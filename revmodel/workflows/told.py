"""Fit, simulate, learn from the past, and tell the forecast: what every plan starts from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd

from revmodel.config import Config
from revmodel.errors import ConfigError
from revmodel.forecast.calendar import periods
from revmodel.forecast.simulation import Simulation
from revmodel.workflows.calibrate import calibrate
from revmodel.workflows.company import as_of_date
from revmodel.workflows.fitted import FittedCompany, PreparedCompany, fit_company
from revmodel.workflows.moved import record_table
from revmodel.workflows.parts import forecast_tables, simulate_quarters
from revmodel.workflows.past_beside import PastForecasts

__all__ = ["MOST_QUARTERS", "ToldCompany", "quarter_ahead", "tell_company", "with_quarters"]

Progress = Callable[[str], None]
MOST_QUARTERS = 8


@dataclass(frozen=True)
class ToldCompany:
    """A fit, its futures as the forecast tells them, and the forecast's tables."""

    fitted: FittedCompany
    simulation: Simulation
    tables: dict[str, pd.DataFrame]


def tell_company(
    config: Config, *, as_of: dt.date | None = None, plan: str | None = None, jobs: int = 1,
    prepared: Callable[[PreparedCompany], None] | None = None, progress: Progress | None = None,
) -> ToldCompany:  # fmt: skip
    """One fit and the forecast that goes with it, combined and recalibrated as ``forecast`` tells it.

    prepared : called when the features are there, to refuse what cannot be answered before anything is fitted
    """
    say = progress or (lambda _: None)
    with ThreadPoolExecutor(max_workers=1) as beside:  # MLflow takes seconds to import: do it beside the fit
        store = beside.submit(_prepare_store, config) if config.tracking.enabled else None
        past = PastForecasts(jobs)

        def begin(company: PreparedCompany) -> None:
            if prepared is not None:
                prepared(company)
            past.begin(company)

        fitted = fit_company(config, as_of, plan, progress, begin)
        say("simulating the quarters ahead")
        told = calibrate(fitted, simulate_quarters(fitted), past=past, progress=say)
        tables = {**told.tables, **forecast_tables(fitted, told.simulation), "record": record_table(fitted)}
        if store is not None:
            store.result()
    return ToldCompany(fitted, told.simulation, tables)


def with_quarters(config: Config, quarters: int) -> Config:
    """The config, looking so many quarters ahead."""
    return config.model_copy(update={"forecast": config.forecast.model_copy(update={"quarters": quarters})})


def quarter_ahead(config: Config, as_of: dt.date | None, quarter: str) -> int:
    """How many quarters ahead a fiscal quarter is: 1 is the one that holds the day after the as-of date.

    Raises ConfigError: it is not among those that can be looked at.
    """
    month = config.forecast.fiscal_year_start_month
    known = periods(as_of_date(config, as_of), MOST_QUARTERS, month, "quarter")["period"].tolist()
    if quarter not in known:
        raise ConfigError(
            f"--quarter {quarter!r} is none of the {MOST_QUARTERS} fiscal quarters ahead: "
            f"wanted one of {', '.join(known)}"
        )
    return known.index(quarter) + 1


def _prepare_store(config: Config) -> None:
    from revmodel.tracking.mlflow_store import prepare_store

    prepare_store(config.tracking, config.root)
