"""The sections of a monitor run: alerts, metrics against the forecast, signals against their own history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.report.figures.standing import standing_figure
from revmodel.report.monitor_words import KINDS, alert_sentences, rate_sentence, row_name, row_value
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.words import date, percent

__all__ = ["alerts_section", "metrics_standing_section", "signals_section"]

_KEYS = (
    Key("bar", "range80", "8 in 10 expected here"),
    Key("dot", "actual", "where it stands"),
    Key("dot", "target", "outside"),
)


def alerts_section(run: AnyRun) -> Section:
    """What has changed more than chance would have it."""
    said = alert_sentences(run) or ["Nothing has changed by more than chance would have it."]
    return Section("alerts", "Alerts", tuple(said), note=rate_sentence(run))


def metrics_standing_section(run: AnyRun) -> Section:
    """Totals since the forecast beside what it implied for today."""
    title, rows = "Against the forecast", _of(run, metric=True)
    if rows.empty:
        return Section("metrics", title, missing=" ".join(run.manifest["cannot"]) or "No week has passed since.")
    told = run.manifest["monitor"]
    first = next(rows_of(rows))
    said = (
        f"Looked at from the forecast as of {date(told['forecast_as_of'])} ({told['forecast_run']}): what came in from "
        f"{date(first.first_day)} to {date(first.last_day)}, beside the range that it implied for these weeks.",
    )
    return Section("metrics", title, said, _charts(run, rows, "Since the forecast"), (_grid(run, rows),))


def signals_section(run: AnyRun) -> Section:
    """Stages, promises and indicators: the latest four weeks beside their own history."""
    title, rows = "Signals", _of(run, metric=False)
    if rows.empty:
        return Section("signals", title, missing="No stage or indicator has a history of half a year yet.")
    said = (
        "The latest four weeks beside the thirteen before. The range is how far that change has strayed in the past. "
        "Pace is how many records left a stage onward, at the ages they have, in percent of the three months before.",
    )
    return Section("signals", title, said, _charts(run, rows, "The latest four weeks"), folded=(_grid(run, rows),))


def _of(run: AnyRun, *, metric: bool) -> pd.DataFrame:
    table = run.table("monitor")
    return pd.DataFrame() if table is None else table[(table["kind"] == "metric") == metric]


def _charts(run: AnyRun, rows: pd.DataFrame, title: str) -> tuple[Chart, ...]:
    shown = rows[(rows["p50"] > 0) & np.isfinite(rows["p10"])]
    if shown.empty:
        return ()
    names = [row_name(row) for row in rows_of(shown)]
    values = [row_value(row, row.value, run) for row in rows_of(shown)]
    says = "; ".join(f"{name} {row.status} its range" for name, row in zip(names, rows_of(shown), strict=True))
    heading = f"{title}, in percent of what was to be expected"
    return (chart(heading, says, lambda width: standing_figure(shown, width, names, values), _KEYS),)


def _grid(run: AnyRun, rows: pd.DataFrame) -> Grid:
    words = []
    for row in rows_of(rows):
        numbers = [row_value(row, value, run) for value in (row.value, row.p50)]
        span = f"{row_value(row, row.p10, run)} – {row_value(row, row.p90, run)}"
        alert = f"alert{': ' + row.explained_by if row.explained_by else ''}" if row.alert else row.status
        words.append((row_name(row), KINDS[row.kind], *numbers, span, percent(row.p_value), alert))
    columns = ("", "What", "Stands at", "Middle", "8 in 10 chance", "By chance", "Status")
    return Grid(columns, tuple(words), right=(2, 3, 4, 5), caption="In numbers")
