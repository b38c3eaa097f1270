"""The page of a run that holds KPIs and no forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.metrics.summary import scorecard
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.facts import provenance_section
from revmodel.report.sections.findings import findings_section
from revmodel.report.sections.scorecard import (
    definitions_section,
    dimension_section,
    grain_of,
    kpi_value,
    scorecard_section,
)
from revmodel.report.sections.service import cohort_section, link_section, service_section
from revmodel.report.tables import RunFolder
from revmodel.report.template import Tile, rendered
from revmodel.report.words import and_list, date, percent, quarter

__all__ = ["holds_metrics_alone", "render_metrics_page", "summary_sentence"]

_TILES = ("bookings", "wins", "pipeline_created", "leads", "win_rate", "pipeline_coverage_next", "cac")
_SHOWN = 5
_SAME = 0.02
_TONES = {"met": "good", "missed": "bad"}


def holds_metrics_alone(folder: RunFolder) -> bool:
    """Whether a run's page is that of its KPIs."""
    return "metrics" in folder.tables and "forecast" not in folder.tables


def render_metrics_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = AnyRun(folder)
    as_of = pd.Timestamp(run.manifest["as_of"])
    rows = scorecard(folder.tables["metrics"], folder.tables["kpis"], grain_of(run), as_of)
    first, rest = summary_sentence(rows, run.currency)
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "KPIs",
        "title": f"{run.manifest['company']}: KPIs as of {date(run.manifest['as_of'])}",
        "as_of": date(run.manifest["as_of"]),
        "headline": first,
        "condition": "as counted from what was on record",
        "outlook": [rest],
        "tiles": _tiles(rows, run.currency),
        "health": run.manifest["health"],
        "sections": [
            scorecard_section(run),
            dimension_section(run),
            cohort_section(run),
            service_section(run),
            link_section(run),
            definitions_section(run),
            findings_section(run),
            provenance_section(run),
        ],
    }
    return rendered(context)


def summary_sentence(rows: pd.DataFrame, currency: str) -> tuple[str, str]:
    """The period in a headline, and what it says of targets. rows : of metrics.summary.scorecard."""
    if rows.empty:
        return "No KPI could be told", "See below what would enable them."
    known = rows[np.isfinite(rows["value"].astype(float))]
    lead = next((row for key in _TILES for row in rows_of(known) if row.kpi == key), None)
    period = quarter(str(rows["period"].iloc[0]))
    aimed = rows[rows["status"] != "none"]
    met = aimed[aimed["status"] == "met"]
    said = f"{len(met)} of {len(aimed)} targets are met" if len(aimed) else "No target is set for this period"
    if len(aimed) and len(met) < len(aimed):
        missed = [f"{row.label} ({_gap(row)})" for row in rows_of(aimed[aimed["status"] != "met"])]
        said += f"; not met: {and_list(missed)}"
    if lead is None:
        return f"{period}: {said}", ""
    running = "" if lead.complete else " so far"
    return (
        f"{lead.label} of {kpi_value(lead.value, lead.unit, currency)} in {period}{running}{_moved(lead.change)},",
        f"{said}.",
    )


def _moved(change: float) -> str:
    if not np.isfinite(change):
        return ""
    if abs(change) < _SAME:
        return ", about as much as the period before"
    return f", {percent(abs(change))} {'more' if change > 0 else 'less'} than the period before"


def _gap(row: Any) -> str:
    aim = row.target * row.share_over
    side = "below" if row.value < aim else "above"
    return f"{percent(abs(row.value / aim - 1))} {side}"


def _tiles(rows: pd.DataFrame, currency: str) -> list[Tile]:
    found = {row.kpi: row for row in rows_of(rows)}
    return [_tile(found[key], currency) for key in _TILES if key in found][:_SHOWN]


def _tile(row: Any, currency: str) -> Tile:
    words = f"target {kpi_value(row.target, row.unit, currency)}" if np.isfinite(row.target) else "no target set"
    if row.status != "none":
        words += f": {row.status}"
    if np.isfinite(row.previous):
        words += f"; before: {kpi_value(row.previous, row.unit, currency)}"
    if not np.isfinite(row.value):
        words = str(row.note)
    return Tile(row.label, kpi_value(row.value, row.unit, currency), words, _TONES.get(row.status, "plain"))
