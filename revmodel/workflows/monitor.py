"""Inside the quarter: what comes in beside what the forecast implied, and what has changed. Nothing is fitted."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from revmodel.config import Config
from revmodel.dims import METRIC, WEEK
from revmodel.evaluate.signals import LATEST_WEEKS, holm, own_history, stage_rates
from revmodel.evaluate.watch import against_forecast
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.forecast.calendar import periods
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.metrics.weekly_signals import decisions_in_time, indicator_weeks, stage_entries
from revmodel.report.page import write_page
from revmodel.report.tables import DRAWS, WEEKLY, RunFolder, write_run
from revmodel.workflows.company import as_of_date, read_company
from revmodel.workflows.manifest import run_manifest, run_name
from revmodel.workflows.past_runs import run_at_quarter_start

__all__ = ["COLUMNS", "annotations_of", "monitor_company", "said_of"]

Floats = npt.NDArray[np.float64]
FALSE_ALARMS = 0.05  # a quarter, of each of the two families of tests
LOOKS = 13  # weekly looks at signals that share a quarter's rate
COLUMNS = [
    *("kind", "name", "first_day", "last_day", "value", "p10", "p50", "p90", "status"),
    *("score", "p_value", "alert", "changed_since", "explained_by"),
]
_NO_FORECAST = {"passed": True, "sentence": "No forecast was looked at: signals are judged by their own history."}


def monitor_company(
    config: Config, *, as_of: dt.date | None = None, since: str | None = None, name: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> RunFolder:  # fmt: skip
    """Where metrics, stages and indicators stand; written as a run with the table ``monitor`` and a page.

    since : the forecast to look from; by default the sound one made nearest the start of the quarter, so that the
    rate of false alarms is that of the whole quarter.
    """
    say = progress or (lambda _: None)
    day, clock = as_of_date(config, as_of), time.perf_counter()
    before = run_at_quarter_start(config, day, since)
    say("reading and checking the tables")
    data = read_company(config)
    say("journeys and signals")
    journeys = reconstruct_journeys(data.tables, config.funnel, day, config.identity)
    features = build_features(data.tables, config, day)
    rows = [_metric_rows(before, features, config), _signal_rows(journeys, features, config)]
    table = _explained(pd.concat([part for part in rows if len(part)], ignore_index=True), journeys)
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    run = name or run_name("monitor", day, created)
    manifest = run_manifest(
        config, data, day, "monitor", run, created, engine="none",
        health=_NO_FORECAST if before is None else before.manifest["health"],
        timings_s={"monitor": round(time.perf_counter() - clock, 2)}, cannot=[], quarters=[],
    ) | said_of(before)  # fmt: skip
    say("writing tables and page")
    everything = {"monitor": table[COLUMNS], "findings": data.findings, "allows": data.allows}
    folder = write_run(config.resolve(config.reports) / run, manifest, everything, write_page)
    return RunFolder(folder, manifest, everything)


def said_of(before: RunFolder | None) -> dict[str, Any]:
    """Of the manifest: what the run is told against, how often it alarms for nothing, what it could not do."""
    told = {
        "forecast_run": None if before is None else before.manifest["run"],
        "forecast_as_of": None if before is None else before.manifest["as_of"],
        "false_alarms_a_quarter": {"forecast": FALSE_ALARMS, "signals": FALSE_ALARMS},
        "looks_a_quarter": LOOKS,
    }
    return {"monitor": told, "cannot": _cannot(before)}


def _cannot(before: RunFolder | None) -> list[str]:
    if before is None:
        return ["No forecast of this company as of an earlier day lies in reports: 'revmodel forecast' makes one."]
    if not (before.path / DRAWS / WEEKLY).is_file():
        return [f"{before.manifest['run']} was written without weekly draws: forecast again to compare metrics."]
    return []


def _metric_rows(before: RunFolder | None, features: Features, config: Config) -> pd.DataFrame:
    """Totals since the forecast, to the end of its quarter at most."""
    if before is None or not (before.path / DRAWS / WEEKLY).is_file():
        return pd.DataFrame(columns=COLUMNS)
    then = dt.date.fromisoformat(before.manifest["as_of"])
    with xr.open_dataset(before.path / DRAWS / WEEKLY, engine="h5netcdf") as data:
        weekly = data.load()
    ends = pd.DatetimeIndex(weekly[WEEK].values)
    last = pd.Timestamp(features.as_of)
    quarter = periods(features.as_of - dt.timedelta(days=1), 1, config.forecast.fiscal_year_start_month, "quarter")
    looks = int((ends <= max(quarter["end"].iloc[0], last)).sum())
    done = int((ends <= last).sum())
    if not done:
        return pd.DataFrame(columns=COLUMNS)
    realised = features.realised
    came = {str(name): _weeks_of(realised[realised[METRIC] == name], then, done) for name in weekly}
    draws = {str(name): weekly[name].values[:, : max(looks, done)].astype(np.float64) for name in weekly}
    rows = against_forecast(draws, came, FALSE_ALARMS)
    starts = [ends[done - 1] - pd.Timedelta(days=7 * int(weeks) - 1) for weeks in rows["since_weeks"]]
    first = pd.Timestamp(then) + pd.Timedelta(days=1)
    return rows.assign(kind="metric", first_day=first, last_day=ends[done - 1], changed_since=starts)


def _weeks_of(rows: pd.DataFrame, then: dt.date, weeks: int) -> Floats:
    """What is on record now of the weeks since."""
    week = (rows["date"].dt.normalize() - pd.Timestamp(then)).dt.days.to_numpy() - 1
    inside = (week >= 0) & (week < 7 * weeks)
    value = rows["value"].to_numpy(dtype=np.float64)[inside]
    return np.bincount(week[inside] // 7, weights=value, minlength=weeks).astype(np.float64)


def _signal_rows(journeys: Journeys, features: Features, config: Config) -> pd.DataFrame:
    """Signals by their own history; together they raise a false alarm in FALSE_ALARMS of quarters."""
    parts = {
        "stage_entries": own_history(stage_entries(journeys)),
        "stage_pace": stage_rates(features.cells.frame),
        "decided_in_time": own_history(decisions_in_time(journeys, config)),
        "indicator": own_history(indicator_weeks(journeys)),
    }
    rows = pd.concat([part.assign(kind=kind) for kind, part in parts.items() if len(part)] or [pd.DataFrame()])
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    last = pd.Timestamp(journeys.as_of)
    first = last - pd.Timedelta(days=7 * LATEST_WEEKS - 1)
    alert = holm(rows["p_value"].to_numpy(dtype=np.float64), FALSE_ALARMS / LOOKS)
    return rows.assign(alert=alert, first_day=first, last_day=last, changed_since=first)


def _explained(rows: pd.DataFrame, journeys: Journeys) -> pd.DataFrame:
    """status: below, within or above the 80 % range. explained_by: annotations of the weeks in which an alert began."""
    status = np.where(rows["value"] < rows["p10"], "below", np.where(rows["value"] > rows["p90"], "above", "within"))
    notes = annotations_of(journeys)
    named = [_notes(notes, row) if row["alert"] else "" for row in rows.to_dict("records")]
    return rows.assign(status=status, explained_by=named)


def annotations_of(journeys: Journeys) -> pd.DataFrame | None:
    """What people noted by the as-of date: start, end, name."""
    return journeys.tables["annotations"].execute() if "annotations" in journeys.tables else None


def _notes(notes: pd.DataFrame | None, row: dict[Any, Any]) -> str:
    if notes is None:
        return ""
    start, end = pd.to_datetime(notes["start"]), pd.to_datetime(notes["end"])
    overlap = (start <= row["last_day"]) & (end >= row["changed_since"])
    return "; ".join(notes.loc[overlap, "name"].astype(str))
