"""The page of a reverse plan: the answer first, the forecast that it rests on behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.dims import WINS
from revmodel.report.figures.budget import budget_figure
from revmodel.report.figures.target import cover_figure, dates_figure, weeks_figure
from revmodel.report.reading import Run
from revmodel.report.sections.deals import deals_section
from revmodel.report.sections.facts import method_section, provenance_section
from revmodel.report.sections.outlook import forecast_section
from revmodel.report.sections.parts import Grid, Key, Section, chart
from revmodel.report.tables import RunFolder
from revmodel.report.target_words import (
    channel_rows,
    date_rows,
    headline,
    late_sentence,
    stage_means,
    stage_name,
    stage_words,
    target_of,
    target_sentences,
)
from revmodel.report.template import Tile, rendered
from revmodel.report.words import chance, count, date, number, percent, quarter

__all__ = ["holds_a_target", "render_target_page"]


def holds_a_target(folder: RunFolder) -> bool:
    """Whether a run's page is that of a reverse plan."""
    return "target" in folder.tables and "target_stages" in folder.tables


def render_target_page(folder: RunFolder) -> str:
    """The page as text: everything inside, nothing fetched; the same run gives the same bytes."""
    run = Run(folder)
    row = target_of(run)
    said = target_sentences(run)
    context: dict[str, Any] = {
        "manifest": run.manifest,
        "kind": "Reverse plan",
        "title": f"{run.manifest['company']}: what {row.quarter} takes",
        "as_of": date(run.manifest["as_of"]),
        "headline": headline(run),
        "condition": run.condition(),
        "outlook": [said[0], said[2], said[3]],
        "tiles": _tiles(run, row),
        "health": run.manifest["health"],
        "sections": [
            _cover(run, row, said[1]), _stages(run), _dates(run, row), _spend(run, row),
            forecast_section(run), deals_section(run), method_section(run), provenance_section(run),
        ],
    }  # fmt: skip
    return rendered(context)


def _tiles(run: Run, row: Any) -> list[Tile]:
    unit = None if row.metric == WINS else run.currency
    covered = (row.actual + row.open_deals_mean + row.open_leads_mean) / row.value
    good = row.chance >= row.probability
    tiles = [
        Tile("Target", number(row.value, unit), f"{row.metric} in {quarter(row.quarter, run.start_month)}"),
        Tile("Chance as planned", percent(row.chance), f"{chance(row.chance)}; asked for {percent(row.probability)}",
             "good" if good else "bad"),
        Tile("Covered", percent(covered), "by what is in and what is open today, on average"),
    ]  # fmt: skip
    planned, needed = stage_means(run, "leads")
    if pd.isna(row.leads_until):
        tiles.append(Tile("Leads", "too late", f"too few of their wins come by {date(row.period_end)}", "bad"))
    elif np.isfinite(needed):
        words = f"until {date(row.leads_until)}; planned {count(planned)}"
        tiles.append(Tile("Leads needed", count(needed), words))
    if np.isfinite(row.spend_planned):
        value = number(row.spend_needed, run.currency) if row.reachable else "out of reach"
        words = f"planned {number(row.spend_planned, run.currency)} in the weeks that count"
        if not row.reachable:
            words = f"at most {percent(row.chance_at_most)} chance within the limits"
        tiles.append(Tile("Spend needed", value, words, "good" if row.reachable else "bad"))
    return tiles


def _cover(run: Run, row: Any, said: str) -> Section:
    unit = None if row.metric == WINS else run.currency
    table = run.folder.tables["target"].iloc[0]
    keys = (Key("bar", "range80", "8 in 10"), Key("line", "actual", "mean"), Key("dash", "target", "target"))
    drawn = chart("What covers the target", said, lambda width: cover_figure(table, width, unit), keys)
    return Section("cover", "What is covered already", (said,), (drawn,), note="Parts are averages of the forecast.")


def _stages(run: Run) -> Section:
    table = run.folder.tables["target_weeks"]
    columns = ("", "Counts if it comes", "Planned", "Needed", "Needed, 8 in 10", "More")
    grid = Grid(columns, tuple(stage_words(run)), right=(2, 3, 4, 5))
    names = {str(stage): stage_name(str(stage)) for stage in table["stage"].unique()}
    keys = (
        Key("bar", "range90", "8 in 10, planned"),
        Key("line", "actual", "planned"),
        Key("dash", "target", "needed"),
    )
    drawn = chart("A week", "entries a week as planned and as needed", lambda w: weeks_figure(table, names, w), keys)
    note = (
        "Entries into a stage or past it. Needed: arrivals so many times the plan in every week from which they are "
        "still in time, whatever channel they come from, beside what is open today."
    )
    return Section("stages", "What it takes at each stage", (), (drawn,), (grid,), note)


def _dates(run: Run, row: Any) -> Section:
    table, rows = run.folder.tables["last_dates"], date_rows(run)
    names, as_of = [str(one[0]) for one in rows], pd.Timestamp(run.manifest["as_of"])
    says = "; ".join(f"{one[0]}: {one[1]}" for one in rows)
    drawn = chart(
        "Still in time until", says, lambda width: dates_figure(table, names, width, as_of, row.period_end),
        (Key("bar", "open_deal", "enters a stage"), Key("bar", "gain", "money spent")),
    )  # fmt: skip
    columns = ("Lever", "Last date", "Share in time now", "Brings by then, if it comes now")
    grid = Grid(columns, tuple(rows), right=(2, 3), caption="In numbers")
    said = (
        f"In time: at least {percent(row.in_time)} of the wins that it brings within a year come by "
        f"{date(row.period_end)}.", late_sentence(run),
    )  # fmt: skip
    note = "Of an entry its chance to be won by then; of a unit of spend what it brings to the quarter."
    return Section("dates", "Last dates", tuple(one for one in said if one), (drawn,), folded=(grid,), note=note)


def _spend(run: Run, row: Any) -> Section:
    title, rows = "What it takes in spend", channel_rows(run)
    if not rows:
        return Section("spend", title, missing="Add a table spend (date, channel, spend), half a year of it or more.")
    said = target_sentences(run)[3]
    plan = run.folder.tables["target_spend"].rename(columns={"planned": "current", "needed": "proposed"})
    plan = plan[plan["upper"] > 0]
    keys = (
        Key("ring", "quiet", "planned"), Key("dot", "gain", "more"), Key("dot", "target", "less"),
        Key("bar", "line", "limits"),
    )  # fmt: skip
    charts = () if plan.empty else (
        chart("Spend until each channel's last date", said, lambda w: budget_figure(plan, w, run.currency), keys),
    )  # fmt: skip
    columns = ("Channel", "Until", "Planned", "Proposed", "Limit", "Brings to the quarter", "Next unit brings", "")
    told = "the least spend that does it" if row.reachable else "the spend that brings most"
    note = (
        f"Proposed: {told}, within the limits of the configuration. A channel counts up to its last date; later weeks "
        "stay as planned. Beyond what was ever spent a curve is a guess: the table says where."
    )
    return Section("spend", title, (said,), charts, (Grid(columns, tuple(rows), right=(2, 3, 5, 6)),), note)
