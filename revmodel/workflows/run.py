"""A run: fit once, answer what was asked, put it on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pandas as pd

from revmodel.config import Config
from revmodel.errors import ModelError
from revmodel.forecast.weekly import weekly_totals
from revmodel.report.tables import RunFolder
from revmodel.workflows.budget import allocation_tables
from revmodel.workflows.calibrate import calibrate
from revmodel.workflows.fitted import fit_company
from revmodel.workflows.moved import moved_tables, record_table
from revmodel.workflows.next_tests import next_tests
from revmodel.workflows.parts import (
    channel_economics,
    contribution_tables,
    forecast_tables,
    simulate_quarters,
)
from revmodel.workflows.past_beside import PastForecasts
from revmodel.workflows.past_runs import FORECAST_COMMANDS, run_before
from revmodel.workflows.record import record_run

__all__ = ["Part", "forecast_quarter", "reallocate_budget", "run_company"]

Part = Literal["forecast", "contribution", "allocation", "backtest"]
Progress = Callable[[str], None]
Tables = dict[str, pd.DataFrame]


def run_company(
    config: Config, parts: Iterable[Part], command: str, *, as_of: dt.date | None = None,
    plan: str | None = None, budget: float | None = None, name: str | None = None, origins: int = 8,
    horizons: Sequence[int] = (4, 13, 26), every_weeks: int = 4, jobs: int = 1, since: str | None = None,
    progress: Progress | None = None,
) -> RunFolder:  # fmt: skip
    """Fit once, compute the parts asked for, write and log the run.

    Every run holds the forecast, with which its page begins. Contribution and allocation need spend, a backtest needs
    history: where this data cannot support them they are left out and the run says why; asked for alone they raise
    ModelError. A forecast is told against the run before it, or against the one named ``since``.
    """
    say = progress or (lambda _: None)
    wanted = list(parts)
    if config.tracking.enabled:  # MLflow takes seconds to import and to lay out a fresh store: do it beside the fit
        waiting = ThreadPoolExecutor(max_workers=1)
        store = waiting.submit(_prepare_store, config)
    past = PastForecasts(jobs)
    fitted = fit_company(config, as_of, plan, progress, past.begin)
    tables: Tables = {}
    asked_alone = set(wanted) <= {"contribution", "allocation"} or len(wanted) == 1
    has_spend = bool(fitted.model.response_.data_.channels)
    before = run_before(config, fitted.as_of, since) if command in FORECAST_COMMANDS else None
    say("simulating the quarters ahead")
    told = calibrate(fitted, simulate_quarters(fitted), past=past, progress=say)
    simulation = told.simulation
    tables |= told.tables | forecast_tables(fitted, simulation)
    tables["record"] = record_table(fitted)
    if before is not None:
        say(f"what moved since {before.manifest['run']}")
        tables |= moved_tables(fitted, tables, before)
    if {"contribution", "allocation"} & set(wanted) and (has_spend or asked_alone):
        say("what a lead is worth, and what caused it")
        economics = channel_economics(fitted)
        if "contribution" in wanted:
            tables |= contribution_tables(fitted, economics)
        if "allocation" in wanted:
            say("the best split of the budget")
            tables |= allocation_tables(fitted, economics, budget)
            say("what to test next")
            tables |= next_tests(fitted, economics, budget)
    if "backtest" in wanted:
        from revmodel.workflows.backtest import backtest_company

        try:
            backtest = backtest_company(fitted, origins, horizons, every_weeks, jobs=jobs, progress=say)
            tables |= {"backtest": backtest.rows, "backtest_scores": backtest.scores}
        except ModelError as error:
            if asked_alone:
                raise
            fitted.features.cannot.append(f"No backtest: {error}")
    say("writing tables and page")
    if config.tracking.enabled:
        store.result()
    return record_run(fitted, tables, command, name, weekly_totals(simulation, fitted.features.realised))


def _prepare_store(config: Config) -> None:
    from revmodel.tracking.mlflow_store import prepare_store

    prepare_store(config.tracking, config.root)


def forecast_quarter(config: Config, **options: object) -> RunFolder:
    """The quarterly forecast run: pipeline created, wins and bookings of the quarters ahead, open deals."""
    return run_company(config, ["forecast"], "forecast", **options)  # type: ignore[arg-type]


def reallocate_budget(config: Config, budget: float | None = None, **options: object) -> RunFolder:
    """A budget reallocation: what each channel adds, and the best split of the window's budget."""
    return run_company(config, ["contribution", "allocation"], "allocate", budget=budget, **options)  # type: ignore[arg-type]
