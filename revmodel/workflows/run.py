"""A run: fit once, answer what was asked, put it on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import pandas as pd

from revmodel.config import Config
from revmodel.errors import ModelError
from revmodel.forecast.weekly import weekly_totals
from revmodel.report.tables import RunFolder
from revmodel.workflows.budget import allocation_tables
from revmodel.workflows.company import as_of_date
from revmodel.workflows.moved import moved_tables
from revmodel.workflows.next_tests import next_tests
from revmodel.workflows.parts import channel_economics, contribution_tables
from revmodel.workflows.past_runs import FORECAST_COMMANDS, run_before
from revmodel.workflows.plan_worth import plan_worth
from revmodel.workflows.record import record_run
from revmodel.workflows.told import tell_company

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
    before = run_before(config, as_of_date(config, as_of), since) if command in FORECAST_COMMANDS else None
    told = tell_company(config, as_of=as_of, plan=plan, jobs=jobs, progress=progress)
    fitted, tables = told.fitted, dict(told.tables)
    asked_alone = set(wanted) <= {"contribution", "allocation"} or len(wanted) == 1
    has_spend = bool(fitted.model.response_.data_.channels)
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
            worth = plan_worth(fitted, economics, fitted.config.allocation)
            tables |= allocation_tables(fitted, economics, worth, budget)
            say("what to test next")
            tables |= next_tests(fitted, economics, worth.by_week, budget)
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
    return record_run(fitted, tables, command, name, weekly_totals(told.simulation, fitted.features.realised))


def forecast_quarter(config: Config, **options: object) -> RunFolder:
    """The quarterly forecast run: pipeline created, wins and bookings of the quarters ahead, open deals."""
    return run_company(config, ["forecast"], "forecast", **options)  # type: ignore[arg-type]


def reallocate_budget(config: Config, budget: float | None = None, **options: object) -> RunFolder:
    """A budget reallocation: what each channel adds, and the best split of the window's budget."""
    return run_company(config, ["contribution", "allocation"], "allocate", budget=budget, **options)  # type: ignore[arg-type]
