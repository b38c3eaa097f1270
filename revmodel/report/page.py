"""The page of a run: one self-contained index.html, rendered from the run's folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from revmodel.report.metrics_page import holds_metrics_alone, render_metrics_page
from revmodel.report.mix_page import holds_a_mix, render_mix_page
from revmodel.report.monitor_page import holds_a_monitor, render_monitor_page
from revmodel.report.reading import Run, rows_of
from revmodel.report.scenario_page import holds_scenarios, render_scenarios_page
from revmodel.report.sections.deals import deals_section
from revmodel.report.sections.facts import method_section, provenance_section
from revmodel.report.sections.findings import findings_section
from revmodel.report.sections.marketing import budget_section, channels_section
from revmodel.report.sections.moved import moved_section
from revmodel.report.sections.next_tests import next_tests_section
from revmodel.report.sections.outlook import bridge_section, forecast_section
from revmodel.report.sections.parts import Section
from revmodel.report.sections.past import past_section, past_sentence, past_words
from revmodel.report.sections.target import target_section
from revmodel.report.sections.trust import health_section, record_section
from revmodel.report.tables import PAGE, RunFolder
from revmodel.report.target_page import holds_a_target, render_target_page
from revmodel.report.template import Tile, rendered
from revmodel.report.verdicts import our_rows
from revmodel.report.wording import headline, outlook
from revmodel.report.words import chance, date, number, percent, quarter

__all__ = ["render_page", "write_page"]


def write_page(folder: RunFolder) -> Path:
    """Render the run's manifest and tables to ``index.html`` in its folder; returns the page's path.

    A run of KPIs alone gets their page; a monitor, media-mix, target or scenario run its own. Raises EmptyTableError:
    the run holds none of them and no forecast.
    """
    page = folder.path / PAGE
    page.write_text(_page_of(folder), encoding="utf-8")
    return page


def _page_of(folder: RunFolder) -> str:
    if holds_a_mix(folder):
        return render_mix_page(folder)
    if holds_a_target(folder):
        return render_target_page(folder)
    if holds_scenarios(folder):
        return render_scenarios_page(folder)
    if holds_metrics_alone(folder):
        return render_metrics_page(folder)
    return render_monitor_page(folder) if holds_a_monitor(folder) else render_page(folder)


def render_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = Run(folder)
    first = next(rows_of(run.quarters(run.leading)))
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "Revenue forecast",
        "title": f"{run.manifest['company']}: forecast as of {date(run.manifest['as_of'])}",
        "as_of": date(run.manifest["as_of"]),
        "headline": headline(run),
        "condition": run.condition(),
        "outlook": [*outlook(run, first), past_sentence(run)],
        "tiles": _tiles(run, first),
        "health": run.manifest["health"],
        "sections": _sections(run),
    }
    return rendered(context)


def _sections(run: Run) -> list[Section]:
    tests = next_tests_section(run)
    return [
        forecast_section(run),
        target_section(run),
        moved_section(run),
        bridge_section(run),
        channels_section(run),
        budget_section(run),
        *([tests] if tests is not None else []),
        past_section(run),
        record_section(run),
        deals_section(run),
        findings_section(run),
        health_section(run),
        method_section(run),
        provenance_section(run),
    ]


def _tiles(run: Run, first: Any) -> list[Tile]:
    """The numbers of the first screen: middle, target, next quarter, record, health."""
    unit, name = run.unit(run.leading), run.name(run.leading)
    when = quarter(first.period, run.start_month)
    tiles = [Tile(f"{when}, middle", number(first.p50, unit), f"of {name}: as likely more as less")]
    if np.isfinite(first.target):
        tone = "good" if first.p_hit_target >= 0.5 else "bad" if first.p_hit_target < 0.25 else "plain"
        words = f"chance to reach the target of {number(first.target, unit)}: {chance(first.p_hit_target)}"
        tiles.append(Tile("Target", percent(first.p_hit_target), words, tone))
    later = list(rows_of(run.quarters(run.leading)))[1:2]
    tiles += [
        Tile(f"{quarter(row.period, run.start_month)}, middle", number(row.p50, unit), _next_words(row, unit))
        for row in later
    ]
    tiles.append(_record_tile(run))
    passed = bool(run.manifest["health"]["passed"])
    words = "every check of the models passed" if passed else "a check failed: see the top of the page"
    return [*tiles, Tile("Model health", "Sound" if passed else "Failed", words, "good" if passed else "bad")]


def _next_words(row: Any, unit: str | None) -> str:
    words = f"8 in 10: {number(row.p10, unit)} to {number(row.p90, unit)}"
    return f"{words}; target {chance(row.p_hit_target)}" if np.isfinite(row.target) else words


def _record_tile(run: Run) -> Tile:
    value, words = past_words(run)
    if value != "–":
        return Tile("Past forecasts held", value, words)
    backtest = run.table("backtest")
    ours = None if backtest is None else our_rows(backtest, run.leading)
    if ours is None or ours.empty:
        return Tile("Past ranges held", "–", "no past forecasts in this run")
    return Tile("Past ranges held", f"{int(ours['covered_80'].sum())} of {len(ours)}", "promised: 8 in 10")
