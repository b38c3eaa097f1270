"""Reverse planning: a target for a quarter, back to the deals, the stages, the leads and the spend it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.decide.from_model import most_ever_spent
from revmodel.dims import BOOKINGS, LEADS, METRIC, NOT_YET_CREATED, OPEN_DEAL, OPEN_LEAD, PROVENANCE, WINS
from revmodel.errors import ConfigError, ModelError
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.weekly import weekly_totals
from revmodel.planning.ahead import Ahead
from revmodel.planning.answer import Question, TargetAnswer, answer
from revmodel.planning.flow import Floats
from revmodel.planning.from_model import ahead_of
from revmodel.planning.needs import stage_needs
from revmodel.planning.open_entries import open_entries
from revmodel.planning.target import Outlook
from revmodel.planning.target_tables import lever_rows, needs_tables, spend_table, stage_rows, target_row
from revmodel.report.tables import RunFolder
from revmodel.workflows.parts import quarters_ahead
from revmodel.workflows.plan_limits import channel_bounds, rules_left_out
from revmodel.workflows.record import record_run
from revmodel.workflows.told import ToldCompany, quarter_ahead, tell_company, with_quarters

__all__ = ["plan_target"]

EVER_WEEKS = 52  # what a record or a unit of spend "ever" brings is counted for a year, or for all weeks looked at


def plan_target(
    config: Config, quarter: str, *, bookings: float | None = None, wins: float | None = None,
    probability: float = 0.8, in_time: float = 0.1, as_of: dt.date | None = None, plan: str | None = None,
    name: str | None = None, jobs: int = 1, progress: Callable[[str], None] | None = None,
) -> RunFolder:  # fmt: skip
    """What a target takes, beside the forecast; written, logged, and returned as it lies on disk.

    bookings or wins : the target, one of them. probability : with which it is to be reached. in_time : share of what
    something brings that has to land by the quarter's end for it to be in time
    Raises ConfigError: a target, probability or quarter that makes no sense; ModelError: no amounts for bookings.
    """
    say = progress or (lambda _: None)
    metric, value = _target(bookings, wins)
    for option, share in (("--probability", probability), ("--in-time", in_time)):
        if not 0 < share < 1:
            raise ConfigError(f"{option} came as {share:g}: wanted a number between 0 and 1, such as 0.8")
    ahead_quarters = quarter_ahead(config, as_of, quarter)
    looking = with_quarters(config, max(ahead_quarters, config.forecast.quarters))
    told = tell_company(looking, as_of=as_of, plan=plan, jobs=jobs, progress=progress)
    if metric == BOOKINGS and not told.simulation.has_amounts:
        raise ModelError(
            "no amounts are known, so bookings cannot be a target: give --wins, or add a table deal_history"
        )
    say(f"from {quarter} back to leads and spend")
    question = _question(told, quarter, ahead_quarters, (metric, value, probability, in_time))
    tables = told.tables | target_tables(told, question)
    weekly = weekly_totals(told.simulation, told.fitted.features.realised)
    asked = {"quarter": quarter, "metric": metric, "value": value, "probability": probability, "in_time": in_time}
    asked |= {"left_out": rules_left_out(config.allocation)}
    say("writing tables and page")
    return record_run(told.fitted, tables, "target", name, weekly, more={"target": asked}, metrics=_metrics(tables))


def target_tables(told: ToldCompany, question: Question) -> dict[str, pd.DataFrame]:
    """``target``, ``target_stages``, ``target_weeks``, ``target_spend`` (where there is spend) and ``last_dates``."""
    fitted = told.fitted
    weeks = int(np.ceil((question.end - pd.Timestamp(fitted.as_of)).days / 7))
    ahead = _ahead(told, question)
    outlook = _outlook(told, question)
    entry = _entry(ahead)
    found = answer(ahead, outlook, question, entry, channel_bounds(fitted), weeks)
    last = {LEADS: found.last[entry], **found.last}
    rows = stage_rows(ahead, found.stages, question.in_time)
    tables = {"target": target_row(ahead, outlook, question, found, entry)}
    by_week, by_stage = needs_tables(ahead, _needs(told, ahead, found), last, question, found.inside, weeks)
    tables |= {"target_stages": by_stage, "target_weeks": by_week}
    if found.spend is not None:
        rows += lever_rows(ahead, found.spend.levers, question.in_time)
        tables["target_spend"] = spend_table(ahead, found.spend, most_ever_spent(fitted.model, weeks))
    return tables | {"last_dates": pd.DataFrame(rows)}


def _target(bookings: float | None, wins: float | None) -> tuple[str, float]:
    given = [(name, value) for name, value in ((BOOKINGS, bookings), (WINS, wins)) if value is not None]
    if len(given) != 1:
        raise ConfigError(f"{len(given)} targets came: give one, --bookings or --wins")
    if not (np.isfinite(given[0][1]) and given[0][1] > 0):
        raise ConfigError(f"--{given[0][0]} came as {given[0][1]:g}: wanted a number above 0")
    return given[0]


def _question(told: ToldCompany, quarter: str, number: int, asked: tuple[str, float, float, float]) -> Question:
    month = told.fitted.config.forecast.fiscal_year_start_month
    row = periods(told.fitted.as_of, number, month, "quarter").iloc[-1]
    return Question(quarter, row["start"], row["end"], *asked)


def _ahead(told: ToldCompany, question: Question) -> Ahead:
    fitted = told.fitted
    funnel, shown = fitted.config.funnel, quarters_ahead(fitted)
    beyond = fitted.config.response.max_lag_weeks
    to_deals = (*funnel.lead_stages[1:], *funnel.deal_stages[:1])
    return ahead_of(
        fitted.model, fitted.spend_ahead(shown + beyond), shown, fitted.config.forecast.draws,
        max(EVER_WEEKS, shown + beyond),
        funnel.first_deal_stage, stages=to_deals, value=question.metric,
    )  # fmt: skip


def _entry(ahead: Ahead) -> str:
    """The stage at which most records come in."""
    volume = ahead.base.sum(axis=(0, 2))
    by_stage: dict[str, float] = {}
    for (stage, _), total in zip(ahead.rows, volume, strict=True):
        by_stage[stage] = by_stage.get(stage, 0.0) + float(total)
    return max(by_stage, key=lambda stage: by_stage[stage])


def _outlook(told: ToldCompany, question: Question) -> Outlook:
    """What the quarter holds by where it comes from, from the forecast's own futures."""
    fitted, simulation = told.fitted, told.simulation
    month, as_of = fitted.config.forecast.fiscal_year_start_month, pd.Timestamp(fitted.as_of)
    table = periods(fitted.as_of, fitted.config.forecast.quarters, month, "quarter")
    inside = week_shares(table, fitted.as_of, simulation.draws.sizes["week"])[
        table["period"].tolist().index(question.quarter)
    ]
    parts = {name: weekly @ inside for name, weekly in simulation.weekly_by(question.metric, PROVENANCE).items()}
    done = fitted.features.realised
    mine = done[
        (done[METRIC] == question.metric)
        & (done["date"] >= question.start)
        & (done["date"] < as_of + pd.Timedelta(days=1))
    ]
    return Outlook(float(mine["value"].sum()), parts[OPEN_DEAL], parts[OPEN_LEAD], parts[NOT_YET_CREATED])


def _needs(told: ToldCompany, ahead: Ahead, found: TargetAnswer) -> Any:
    """Needs by stage; the forecast's own arrivals and wins set the scale."""
    simulation, shown = told.simulation, quarters_ahead(told.fitted)
    stages = tuple(name.removeprefix("entered:") for name in ahead.kernels if name.startswith("entered:"))
    is_open = open_entries(told.fitted.model, ahead.spend[:, :shown], stages, told.fitted.config.seed + 33)
    wins = simulation.weekly_by(WINS, PROVENANCE)
    is_open[WINS] = wins[OPEN_DEAL] + wins[OPEN_LEAD]
    created = ahead.records(ahead.spend)
    told_of = {LEADS: simulation.weekly(LEADS), WINS: wins[NOT_YET_CREATED]}
    scale = {name: _ratio(by_week, ahead.by_week(name, created)[:, :shown]) for name, by_week in told_of.items()}
    return stage_needs(ahead, is_open, found.times, found.early, scale)


def _ratio(told: Floats, expected: Floats) -> float:
    return float(told.sum() / expected.sum()) if expected.sum() > 0 else 1.0


def _metrics(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Headline numbers for comparing runs."""
    row = tables["target"].iloc[0]
    wanted = ("value", "probability", "chance", "times", "spend_planned", "spend_needed", "chance_at_most")
    return {f"target.{name}": float(row[name]) for name in wanted if np.isfinite(float(row[name]))}
