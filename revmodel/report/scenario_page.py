"""The page of scenarios side by side with the current plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.planning.scenario import CURRENT
from revmodel.report.figures.budget import budget_figure
from revmodel.report.figures.scenarios import frontier_figure, gains_figure
from revmodel.report.reading import Run, rows_of
from revmodel.report.scenario_words import frontier_sentence, headline, quarter_rows, scenario_sentences, summary_rows
from revmodel.report.sections.facts import method_section, provenance_section
from revmodel.report.sections.outlook import forecast_section
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.tables import RunFolder
from revmodel.report.template import Tile, rendered
from revmodel.report.words import chance, date, label, money, number, percent, quarter, span

__all__ = ["holds_scenarios", "render_scenarios_page"]


def holds_scenarios(folder: RunFolder) -> bool:
    """Whether a run's page is that of a comparison of scenarios."""
    return "scenario_summary" in folder.tables


def render_scenarios_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = Run(folder)
    summary = folder.tables["scenario_summary"]
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "Scenarios",
        "title": f"{run.manifest['company']}: {len(summary) - 1} scenarios beside the current plan",
        "as_of": date(run.manifest["as_of"]),
        "headline": headline(run),
        "condition": "counted over a year from each lead",
        "outlook": [_span_sentence(run), frontier_sentence(run)],
        "tiles": _tiles(run, summary),
        "health": run.manifest["health"],
        "sections": [
            _side_by_side(run, summary), _quarters(run), _frontier(run, summary), _moves(run),
            forecast_section(run), method_section(run), provenance_section(run),
        ],
    }  # fmt: skip
    return rendered(context)


def _span_sentence(run: Run) -> str:
    names = [quarter(str(name), run.start_month) for name in run.manifest["quarters"]]
    over = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"Spend of {over} is compared; one fit, and the same simulated futures in every scenario."


def _tiles(run: Run, summary: pd.DataFrame) -> list[Tile]:
    unit = run.currency if run.has_amounts else None
    tiles = []
    for row in rows_of(summary):
        if row.scenario == CURRENT:
            words = f"brings {number(row.brings_mean, unit)} ({span(row.brings_p10, row.brings_p90, unit)})"
            tiles.append(Tile("Current plan", money(row.spend, run.currency), words))
            continue
        sure = row.p_better if unit is not None else row.p_more
        if not np.isfinite(sure):
            tiles.append(Tile(row.scenario, "–", "nothing changes"))
            continue
        tone = "good" if sure >= 0.8 else "bad" if sure <= 0.2 else "plain"
        tiles.append(Tile(row.scenario, percent(sure), f"chance to be better than now: {chance(sure)}", tone))
    return tiles


def _side_by_side(run: Run, summary: pd.DataFrame) -> Section:
    unit = run.currency if run.has_amounts else None
    others = summary[summary["scenario"] != CURRENT]
    column, sure = ("net", "p_better") if unit is not None else ("gain", "p_more")
    title = (
        "Better or worse than the current plan, spend counted" if unit is not None else "More or fewer wins than now"
    )
    keys = (
        Key("bar", "gain", "better, 9 in 10 sure"), Key("bar", "target", "worse, 9 in 10 sure"),
        Key("bar", "other", "open"), Key("line", "text", "mean"),
    )  # fmt: skip
    drawn = chart(
        title, "; ".join(scenario_sentences(run)), lambda width: gains_figure(others, width, unit, column, sure), keys
    )
    names, rows = summary_rows(run)
    grid = Grid(tuple(_capital(name) for name in names), tuple(rows), right=tuple(range(1, len(names))))
    note = (
        "Gain: what the leads caused bring within a year of each, later quarters included. On balance: that "
        "gain less the change in spend, before the cost of delivering. ROMI is (gain − cost) ÷ cost, of bookings."
    )
    return Section("scenarios", "Side by side", tuple(scenario_sentences(run)), (drawn,), (grid,), note)


def _quarters(run: Run) -> Section:
    table = run.folder.tables["scenarios"]
    grids = []
    for metric in dict.fromkeys(table["metric"]):
        names, rows = quarter_rows(run, str(metric))
        caption = "Spend" if metric == "spend" else _capital(run.name(str(metric)))
        grid = Grid(
            tuple(_capital(name) for name in names), tuple(rows), right=tuple(range(1, len(names))), caption=caption
        )
        grids.append(grid)
    said = "Each cell: the mean, in brackets the change against the current plan, and the 80 % range."
    return Section("quarters", "Quarter by quarter", (said,), folded=tuple(grids))


def _frontier(run: Run, summary: pd.DataFrame) -> Section:
    table, unit = run.folder.tables["frontier"], run.currency if run.has_amounts else None
    said = frontier_sentence(run)
    keys = (
        Key("line", "actual", "levels seen"), Key("dash", "range50", "a channel beyond what was ever spent"),
        Key("bar", "range90", "8 in 10"), Key("dot", "gain", "scenarios"),
    )  # fmt: skip
    drawn = chart(
        "What the best split of each budget brings", said,
        lambda width: frontier_figure(table, summary, width, run.currency, unit, CURRENT), keys,
    )  # fmt: skip
    rows = tuple(
        (
            money(row.budget, run.currency), percent(row.times_current), number(row.brings_mean, unit),
            span(row.brings_p10, row.brings_p90, unit), f"{row.next_unit:.2f}",
            ", ".join(label(name) for name in row.extrapolates.split(", ")) if row.extrapolates else "",
        )
        for row in rows_of(table)
    )  # fmt: skip
    columns = ("Budget", "Of the plan", "Brings", "8 in 10", "Next unit brings", "Beyond what was ever spent")
    grid = Grid(columns, rows, right=(0, 1, 2, 3, 4), caption="In numbers")
    note = "Every budget is split as well as the limits of the configuration allow, at the planned pace."
    return Section("frontier", "How much to spend", (said,), (drawn,), folded=(grid,), note=note)


def _moves(run: Run) -> Section:
    table = run.folder.tables["scenario_channels"]
    charts: list[Chart] = []
    grids = []
    for name, mine in table.groupby("scenario", sort=False):
        if name == CURRENT:
            continue
        charts.append(_plan_chart(mine.rename(columns={"spend": "proposed"}), str(name), run.currency))
        grids.append(_channels(run, mine, str(name)))
    files = run.manifest["scenarios"]["files"]
    note = (
        "To open, edit and compare again: " + ", ".join(f"{path}" for path in files.values()) + " in this run's folder."
    )
    return Section("moves", "Where the money goes", (), tuple(charts), folded=tuple(grids), note=note)


def _plan_chart(plan: pd.DataFrame, name: str, currency: str) -> Chart:
    keys = (Key("ring", "quiet", "now"), Key("dot", "gain", "more"), Key("dot", "target", "less"))
    says = f"spend by channel under {name}"
    return chart(name, says, lambda width: budget_figure(plan, width, currency), keys, half=True)


def _channels(run: Run, mine: pd.DataFrame, caption: str) -> Grid:
    unit = run.currency if run.has_amounts else None
    rows = tuple(
        (
            label(row.channel), money(row.current, run.currency), money(row.spend, run.currency),
            span(row.brings_p10, row.brings_p90, unit),
            *((_two(row.romi_p10, row.romi_p90), _two(row.marginal_romi_p10, row.marginal_romi_p90)) if unit else ()),
            row.binding, "more than ever spent" if row.extrapolates else "",
        )
        for row in rows_of(mine)
    )  # fmt: skip
    columns = ("Channel", "Now", "Then", "Brings (8 in 10)", *(("ROMI (8 in 10)", "Of the next unit") if unit else ()))
    return Grid((*columns, "Limit", "Note"), rows, right=tuple(range(1, len(columns))), caption=caption)


def _two(low: float, high: float) -> str:
    return "–" if not np.isfinite(low) else f"{low:+.1f} to {high:+.1f}".replace("-", "−")


def _capital(name: str) -> str:
    return name if name[:2].isupper() else f"{name[:1].upper()}{name[1:]}"
