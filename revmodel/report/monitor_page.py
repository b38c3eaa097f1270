"""The page of a monitor run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from revmodel.report.monitor_words import headline, rate_sentence
from revmodel.report.reading import AnyRun
from revmodel.report.sections.facts import provenance_section
from revmodel.report.sections.findings import findings_section
from revmodel.report.sections.standing import alerts_section, metrics_standing_section, signals_section
from revmodel.report.tables import RunFolder
from revmodel.report.template import Tile, rendered
from revmodel.report.words import count, date

__all__ = ["holds_a_monitor", "render_monitor_page"]


def holds_a_monitor(folder: RunFolder) -> bool:
    """Whether a run's page is that of a monitor run."""
    return "monitor" in folder.tables and "forecast" not in folder.tables


def render_monitor_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = AnyRun(folder)
    day = date(run.manifest["as_of"])
    words = headline(run)
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "Monitor",
        "title": f"{run.manifest['company']}: monitor as of {day}",
        "as_of": day,
        "headline": f"{words[:1].upper()}{words[1:]}",
        "condition": f"on {day}",
        "outlook": [rate_sentence(run)],
        "tiles": _tiles(run),
        "health": run.manifest["health"],
        "sections": [
            alerts_section(run),
            metrics_standing_section(run),
            signals_section(run),
            findings_section(run),
            provenance_section(run),
        ],
    }
    return rendered(context)


def _tiles(run: AnyRun) -> list[Tile]:
    table = run.folder.tables["monitor"]
    alerts = int(table["alert"].astype(bool).sum())
    since = run.manifest["monitor"]["forecast_as_of"]
    words = "changed more than chance would have it" if alerts else "nothing has changed more than chance would have it"
    tiles = [Tile("Alerts", count(alerts), words, "bad" if alerts else "good")]
    for title, rows in (("Metrics in range", _part(table, True)), ("Signals in range", _part(table, False))):
        inside = int((rows["status"] == "within").sum())
        value = f"{inside} of {len(rows)}" if len(rows) else "–"
        tiles.append(Tile(title, value, "8 in 10 should be, if nothing has changed"))
    return [*tiles, Tile("Looked at from", "–" if since is None else date(since), "the forecast that ranges come from")]


def _part(table: pd.DataFrame, metric: bool) -> pd.DataFrame:
    return table[(table["kind"] == "metric") == metric]
