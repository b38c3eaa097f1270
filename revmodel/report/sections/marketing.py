"""What each channel really adds, and the budget."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.report.figures.budget import budget_figure
from revmodel.report.figures.channels import contribution_figure, returns_figure
from revmodel.report.reading import AnyRun, Run, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.verdicts import budget_sentences, channel_verdict, channels_sentences
from revmodel.report.wording import missing_sentence
from revmodel.report.words import label, money, percent, span

__all__ = ["budget_section", "channels_section"]


def channels_section(run: Run) -> Section:
    """Contribution beside spend, what a unit of spend brings back, and a verdict a channel."""
    title, table = "What each channel really adds", run.contributions()
    if table is None:
        return Section("channels", title, missing=missing_sentence(run, "contribution", "What each channel adds"))
    metric = str(table["metric"].iloc[0])
    in_money = run.unit(metric) is not None
    channels = table[table["kind"] == "channel"].sort_values("p50", ascending=False)
    grid = _verdicts(run, channels, metric, in_money)
    note = (
        "Counted by what would not have come without the spend, through the whole funnel, not by who touched the deal. "
        "A range that starts near zero means the data cannot tell, not that the channel does nothing."
    )
    said = tuple(channels_sentences(run, table))
    return Section("channels", title, said, _charts(run, channels, metric, in_money), (grid,), note)


def _charts(run: Run, channels: pd.DataFrame, metric: str, in_money: bool) -> tuple[Chart, ...]:
    unit = run.unit(metric)
    says = "; ".join(f"{label(row.channel)} {span(row.p10, row.p90, unit)}" for row in rows_of(channels))
    keys: tuple[Key, ...] = (Key("bar", "range80", "8 in 10 chance"), Key("line", "actual", "middle"))
    keys += (Key("diamond", "target", "spend"),) if in_money else ()
    title = f"{metric.capitalize()} added, {channels['period'].iloc[0]}"
    charts = [chart(title, says, lambda width: contribution_figure(channels, width, unit, in_money), keys, half=True)]
    if in_money and np.isfinite(channels["romi_p50"].astype(float)).any():
        charts.append(_returns_chart(run, channels))
    return tuple(charts)


def _returns_chart(run: Run, channels: pd.DataFrame) -> Chart:
    told = (row for row in rows_of(channels) if np.isfinite(row.romi_p50))
    says = "; ".join(f"{label(row.channel)} {1 + row.romi_p10:.1f} to {1 + row.romi_p90:.1f}" for row in told)
    keys = (Key("bar", "gain", "pays for itself"), Key("bar", "other", "not sure"), Key("bar", "target", "does not"))
    title = f"Brought back for each {money(1, run.currency)} spent"
    return chart(title, says, lambda width: returns_figure(channels, width, run.currency), keys, half=True)


def _verdicts(run: Run, channels: pd.DataFrame, metric: str, in_money: bool) -> Grid:
    rows = []
    for row in rows_of(channels):
        romi = f"{percent(row.romi_p10)} to {percent(row.romi_p90)}" if np.isfinite(row.romi_p10) else "–"
        added = span(row.p10, row.p90, run.unit(metric))
        share = percent(row.share_mean) if np.isfinite(row.share_mean) else "–"
        cells = (label(row.channel), money(row.spend, run.currency), added, share)
        rows.append((*cells, *((romi,) if in_money else ()), channel_verdict(row, run.currency, in_money)))
    columns = ("Channel", "Spend", f"{metric.capitalize()} added", "Share of all", *(("ROMI",) if in_money else ()))
    return Grid((*columns, "Verdict"), tuple(rows), right=tuple(range(1, len(columns))))


def budget_section(run: AnyRun) -> Section:
    """Each scenario of the allocation: what moves, what it brings, how sure."""
    title, summary, plan = "The budget", run.table("allocation_summary"), run.table("allocation")
    if summary is None or plan is None:
        return Section("budget", title, missing=missing_sentence(run, "allocation", "A better split of the budget"))
    sentences: list[str] = []
    charts, grids = [], []
    for row in rows_of(summary):
        mine = plan[plan["scenario"] == row.scenario].sort_values("current", ascending=False)
        said = budget_sentences(run, row, mine)
        sentences += [f"{label(row.scenario)}: {said[0]}", *said[1:]] if len(summary) > 1 else said
        charts.append(_budget_chart(run, mine, f"{label(row.scenario)}, {row.period}", said[0]))
        in_money = run.has_amounts and bool(getattr(row, "in_money", True))
        grids.append(_plan_grid(run, mine, f"{label(row.scenario)}, in numbers", in_money))
        grids += _period_grids(run, row.scenario)
    note = "Limits come from the configuration. Beyond what was ever spent a curve is a guess: the numbers say where."
    return Section("budget", title, tuple(sentences), tuple(charts), folded=tuple(grids), note=note)


def _period_grids(run: AnyRun, scenario: str) -> list[Grid]:
    """The plan by period, one row a period, where the window was planned in several."""
    table = run.table("allocation_by_period")
    if table is None:
        return []
    mine = table[table["scenario"] == scenario]
    wide = mine.pivot_table(index="period", columns="channel", values="proposed").loc[
        list(dict.fromkeys(mine["period"]))
    ]
    rows = tuple((str(period), *(money(amount, run.currency) for amount in wide.loc[period])) for period in wide.index)
    columns = ("Period", *(label(str(name)) for name in wide.columns))
    caption = f"{label(scenario)}, period by period"
    return [Grid(columns, rows, right=tuple(range(1, len(columns))), caption=caption)]


def _budget_chart(run: AnyRun, plan: pd.DataFrame, title: str, says: str) -> Chart:
    keys = (
        Key("ring", "quiet", "now"),
        Key("dot", "gain", "proposed, more"),
        Key("dot", "target", "proposed, less"),
        Key("bar", "line", "limits"),
    )
    return chart(title, says, lambda width: budget_figure(plan, width, run.currency), keys)


def _plan_grid(run: AnyRun, plan: pd.DataFrame, caption: str, in_money: bool) -> Grid:
    stops = {"lower": "stopped by the lower limit", "upper": "stopped by the upper limit", "fixed": "fixed"}
    unit = run.currency if in_money else None
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            label(row.channel), money(row.current, run.currency), money(row.proposed, run.currency),
            span(row.p10, row.p90, unit), stops.get(str(row.binding), ""), str(row.note or ""),
        )
        for row in rows_of(plan)
    )  # fmt: skip
    columns: tuple[str, ...] = ("Channel", "Now", "Proposed", "Brings (8 in 10)", "Limit", "Note")
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
    return Grid(columns, rows, right=(1, 2, 3), caption=caption)
