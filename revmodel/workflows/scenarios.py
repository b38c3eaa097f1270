"""Named plans side by side with the current one: one fit, the same futures for all of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.dims import LEADS, METRIC, NOT_YET_CREATED, PERIOD, PROVENANCE
from revmodel.errors import ConfigError, ModelError
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.rollup import forecast_draws
from revmodel.forecast.weekly import weekly_totals
from revmodel.models.predict import future_weeks
from revmodel.planning.ahead import Ahead
from revmodel.planning.capacity import Line
from revmodel.planning.compare import Compared, Futures, compare, seen_and_then
from revmodel.planning.from_model import ahead_of
from revmodel.planning.frontier import best_split, frontier, window_surface
from revmodel.planning.moves import PlanWindow, check_capacity, check_days, spend_of
from revmodel.planning.open_entries import open_entries
from revmodel.planning.scenario import CURRENT, Scenario, read_scenarios
from revmodel.planning.scenario_tables import Limits, channels_table, frontier_table, quarters_table, summary_table
from revmodel.report.tables import RunFolder
from revmodel.tracking.nested_runs import NestedRun
from revmodel.workflows.company import as_of_date
from revmodel.workflows.fitted import PreparedCompany
from revmodel.workflows.parts import quarters_ahead
from revmodel.workflows.plan_limits import channel_bounds, rules_left_out
from revmodel.workflows.record import record_run
from revmodel.workflows.told import MOST_QUARTERS, ToldCompany, tell_company, with_quarters

__all__ = ["compare_scenarios", "scenario_tables"]

QUARTER_WEEKS = 13
FOLDER = "scenarios"


def compare_scenarios(
    config: Config, files: list[Path], *, quarters: int = 4, as_of: dt.date | None = None, plan: str | None = None,
    name: str | None = None, jobs: int = 1, progress: Callable[[str], None] | None = None,
) -> RunFolder:  # fmt: skip
    """Every scenario beside the current plan; written, logged as a run with one run under it a scenario, and returned.

    quarters : fiscal quarters that are compared, from the one that holds the day after the as-of date.
    Raises ConfigError: scenario files that make no sense; ModelError: there is no spend.
    """
    say = progress or (lambda _: None)
    if not 1 <= quarters <= MOST_QUARTERS:
        raise ConfigError(f"--quarters came as {quarters}: wanted 1 to {MOST_QUARTERS}")
    scenarios = read_scenarios(files)
    looking = with_quarters(config, quarters)
    day = as_of_date(config, as_of)
    window = _window(looking, day, future_weeks(pd.Timestamp(day), 1))
    for one in scenarios:
        check_days(one, window)
        check_capacity(one, looking.funnel.stages)
    told = tell_company(
        looking, as_of=as_of, plan=plan, jobs=jobs, progress=progress,
        prepared=lambda company: _check_moves(company, scenarios),
    )  # fmt: skip
    say(f"{len(scenarios)} scenarios beside the current plan")
    own = scenario_tables(told, scenarios)
    tables = told.tables | own
    texts = {one.file_name: one.text for one in scenarios}
    asked: dict[str, object] = {
        "quarters": quarters,
        "files": {one.name: f"{FOLDER}/{one.file_name}" for one in scenarios},
    }
    asked["left_out"] = rules_left_out(config.allocation)
    say("writing tables and page")
    return record_run(
        told.fitted, tables, "scenarios", name, weekly_totals(told.simulation, told.fitted.features.realised),
        more={"scenarios": asked}, files={f"{FOLDER}/{file}": text for file, text in texts.items()},
        nested=[_nested(one, own["scenario_summary"], own["scenarios"]) for one in scenarios],
    )  # fmt: skip


def scenario_tables(told: ToldCompany, scenarios: list[Scenario]) -> dict[str, pd.DataFrame]:
    """``scenarios``, ``scenario_channels``, ``scenario_summary`` and ``frontier``."""
    fitted = told.fitted
    horizon = fitted.config.allocation.horizon_weeks
    waits_at = tuple(dict.fromkeys(one.capacity.stage for one in scenarios if one.capacity is not None))
    ahead = _ahead(told, horizon, waits_at)
    window = _window(fitted.config, fitted.as_of, ahead.weeks)
    plans = {CURRENT: ahead.spend} | {one.name: spend_of(one, ahead.spend, ahead.channels, window) for one in scenarios}
    futures = _futures(told, ahead)
    compared = compare(ahead, futures, plans, window.share, horizon, _lines(told, ahead, scenarios, waits_at))
    limits = _limits(told, compared, window)
    channels = channels_table(compared, ahead.channels, limits)
    surface = window_surface(ahead, window.share, horizon, limits.upper)
    best = {
        name: best_split(surface, float(one.plan.spend.sum()), limits.lower, limits.upper)
        for name, one in compared.items()
    }
    notes = {CURRENT: ("", "")} | {one.name: (one.why, " ".join(one.leaves_out)) for one in scenarios}
    spend = {name: one.spend.sum(axis=0) @ futures.shares.T for name, one in compared.items()}
    seen, _ = seen_and_then(fitted.model.response_.data_.spend, ahead.spend, int(np.ceil(window.share.sum())))
    current = float(compared[CURRENT].plan.spend.sum())
    return {
        "scenarios": quarters_table(compared, futures.quarters, spend),
        "scenario_channels": channels,
        "scenario_summary": summary_table(compared, channels, ahead.value, best, notes),
        "frontier": frontier_table(frontier(surface, limits.lower, limits.upper), ahead.channels, seen, current),
    }  # fmt: skip


def _check_moves(company: PreparedCompany, scenarios: list[Scenario]) -> None:
    """All moves against the channels that have spend: before anything is fitted."""
    spend = company.features.panel.spend
    channels = tuple(str(name) for name in spend.columns[spend.sum() > 0])
    if not channels:
        raise ModelError("no spend in the history: add a table spend (date, channel, spend) to compare plans of it")
    window = _window(company.config, company.as_of, future_weeks(pd.Timestamp(company.as_of), 1))
    for one in scenarios:
        spend_of(one, np.zeros((len(channels), 1)), channels, window)


def _window(config: Config, as_of: dt.date, weeks: pd.DatetimeIndex) -> PlanWindow:
    """From the day after the as-of date to the end of the last quarter compared."""
    table = periods(as_of, config.forecast.quarters, config.forecast.fiscal_year_start_month, "quarter")
    ends = list(zip(table["start"], table["end"], strict=True))
    quarters = dict(zip(table["period"], ends, strict=True))
    return PlanWindow(weeks, pd.Timestamp(as_of) + pd.Timedelta(days=1), ends[-1][1], quarters)


def _ahead(told: ToldCompany, horizon_weeks: int, waits_at: tuple[str, ...]) -> Ahead:
    fitted = told.fitted
    shown, beyond = quarters_ahead(fitted), fitted.config.response.max_lag_weeks
    return ahead_of(
        fitted.model, fitted.spend_ahead(shown + beyond), shown, fitted.config.forecast.draws,
        max(horizon_weeks, shown + beyond), fitted.config.funnel.first_deal_stage, stages=waits_at, waits_at=waits_at,
    )  # fmt: skip


def _lines(told: ToldCompany, ahead: Ahead, scenarios: list[Scenario], waits_at: tuple[str, ...]) -> dict[str, Line]:
    """Scenario → the line at the stage whose capacity it assumes; records that are open today stand in it too."""
    if not waits_at:
        return {}
    shown = quarters_ahead(told.fitted)
    opened = open_entries(told.fitted.model, ahead.spend[:, :shown], waits_at, told.fitted.config.seed + 33)
    expected = ahead.by_week(LEADS, ahead.records(ahead.spend))[:, :shown].sum()
    scale = float(told.simulation.weekly(LEADS).sum() / expected) if expected > 0 else 1.0
    return {
        one.name: Line(one.capacity.stage, one.capacity.per_week, opened[one.capacity.stage], scale)
        for one in scenarios
        if one.capacity is not None
    }


def _futures(told: ToldCompany, ahead: Ahead) -> Futures:
    """The forecast's futures by quarter, and of them what is not created yet."""
    fitted, simulation = told.fitted, told.simulation
    settings = fitted.config.forecast
    total = forecast_draws(simulation, fitted.features.realised, settings.quarters, settings.fiscal_year_start_month)
    table = periods(fitted.as_of, settings.quarters, settings.fiscal_year_start_month, "quarter")
    metrics = [str(name) for name in total[METRIC].values if str(name) in ahead.kernels]
    shown = week_shares(table, fitted.as_of, simulation.draws.sizes["week"])
    to_come = {name: simulation.weekly_by(name, PROVENANCE)[NOT_YET_CREATED] @ shown.T for name in metrics}
    return Futures(
        tuple(map(str, total[PERIOD].values)), week_shares(table, fitted.as_of, len(ahead.weeks)),
        {name: total.sel({METRIC: name}).values for name in metrics}, to_come,
    )  # fmt: skip


def _limits(told: ToldCompany, compared: Mapping[str, Compared], window: PlanWindow) -> Limits:
    """The config's limits as totals, and the most that was ever spent in a quarter's weeks, beside each plan's."""
    low, high = channel_bounds(told.fitted)
    now = compared[CURRENT].plan.spend
    history = told.fitted.model.response_.data_.spend
    both = {
        name: seen_and_then(history, one.spend * (window.share > 0), QUARTER_WEEKS) for name, one in compared.items()
    }
    return Limits(now * low, now * high, both[CURRENT][0], {name: then for name, (_, then) in both.items()})


def _nested(scenario: Scenario, summary: pd.DataFrame, quarters: pd.DataFrame) -> NestedRun:
    """A scenario's settings, numbers and file, for the run under the comparison's."""
    row = summary[summary["scenario"] == scenario.name].iloc[0]
    numbers = {name: float(row[name]) for name in row.index if isinstance(row[name], float) and np.isfinite(row[name])}
    mine = quarters[quarters["scenario"] == scenario.name]
    for one in mine.to_dict("records"):
        numbers |= {
            f"{one[METRIC]}.{one[PERIOD]}.{name}": float(one[name]) for name in ("mean", "p10", "p90", "change_mean")
        }
    moves = [json.dumps(move.model_dump(mode="json", exclude_none=True)) for move in scenario.moves]
    said = {} if scenario.capacity is None else {"capacity": json.dumps(scenario.capacity.model_dump())}
    params = {"scenario": scenario.name, **said, **{f"move.{number}": text for number, text in enumerate(moves, 1)}}
    return NestedRun(scenario.name, params, numbers, {"scenario.yaml": scenario.text})
