"""Scenarios in sentences, and as rows for a terminal and a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.planning.scenario import CURRENT
from revmodel.planning.scenario_tables import ALL_QUARTERS
from revmodel.report.reading import Run, rows_of
from revmodel.report.words import and_list, chance, label, money, number, percent, quarter, span

__all__ = [
    "frontier_sentence",
    "headline",
    "quarter_rows",
    "scenario_sentences",
    "summary_rows",
    "verdict",
]

HELD = "Plans move arrivals only: conversion, time to close, deal size and {}are the same in every scenario."


def headline(run: Run) -> str:
    """Which scenario is the surest to be better than the current plan."""
    rows = [row for row in rows_of(run.folder.tables["scenario_summary"]) if np.isfinite(row.p_better)]
    if not rows:
        return "No scenario changes the plan"
    best = max(rows, key=lambda row: row.p_better)
    if best.p_better < 0.5:
        return "The current plan is more likely than not better than every scenario"
    return f"{best.scenario}: better than the current plan with {percent(best.p_better)} chance"


def verdict(run: Run, row: Any) -> str:
    """One scenario in a sentence: what it costs, what it brings, whether that is better, and how sure. row: summary."""
    unit = run.currency if run.has_amounts else None
    if row.scenario == CURRENT:
        return (
            f"The current plan spends {money(row.spend, run.currency)} and brings {number(row.brings_mean, unit)} of "
            f"{row.deals} through the leads it causes."
        )
    if not np.isfinite(row.p_better):
        return f"{row.scenario} is the current plan: nothing changes."
    cost = _cost(row.spend_change, row.spend, run.currency)
    gain = f"{'brings' if row.gain_mean >= 0 else 'loses'} {number(abs(row.gain_mean), unit)} of {row.deals}"
    if unit is None:
        return f"{row.scenario} {cost} and {gain}; more of them than now: {chance(row.p_more)} ({percent(row.p_more)})."
    net = f"{money(abs(row.net_mean), run.currency)} {'better' if row.net_mean >= 0 else 'worse'} on balance"
    return (
        f"{row.scenario} {cost} and {gain}: {net}. The chance that it is better than the current plan is "
        f"{chance(row.p_better)} ({percent(row.p_better)})."
    )


def _cost(change: float, spend: float, currency: str) -> str:
    if abs(change) < 1e-6 * max(spend, 1.0):
        return "spends the same"
    return f"{'costs' if change > 0 else 'saves'} {money(abs(change), currency)}"


def scenario_sentences(run: Run) -> list[str]:
    """A verdict a scenario, what binds, where curves are guesses, and what no scenario can say."""
    said, known = [], set()
    for row in rows_of(run.folder.tables["scenario_summary"]):
        said.append(verdict(run, row))
        if row.binding:
            said[-1] += f" Against the limits of the configuration: {_bindings(row.binding)}."
        beyond = [name for name in row.extrapolates.split(", ") if name and name not in known]
        if beyond:
            names = and_list([label(name) for name in beyond])
            said[-1] += f" {names}: more in a quarter than was ever spent in one, so the curve is a guess there."
        if row.scenario == CURRENT:
            known = set(beyond)  # told once: every plan keeps it
        said[-1] += _best_split(run, row)
        if getattr(row, "capacity", ""):
            said[-1] += f" {_line(run, row)}"
        if row.leaves_out:
            said[-1] += f" Not in these numbers: {row.leaves_out}"
    assumed = any(getattr(row, "capacity", "") for row in rows_of(run.folder.tables["scenario_summary"]))
    also = "time that work takes once it is taken on " if assumed else "sales capacity "
    left_out = run.manifest["scenarios"].get("left_out", "")
    return [*said, *([left_out] if left_out else []), HELD.format(also)]


def _best_split(run: Run, row: Any) -> str:
    """What the best split of a scenario's money brings, and which limits stop it short. row: summary."""
    unit, stopped = run.currency if run.has_amounts else None, getattr(row, "best_split_stopped_by", None)
    if not isinstance(stopped, str):  # a run of before it was told
        return ""
    spent, of = money(row.best_split_spend, run.currency), money(row.spend, run.currency)
    what = f"brings {number(row.best_split, unit)} of {row.deals}"
    if stopped == "upper":
        return (
            f" Its {of} are more than the upper limits of all channels together let be spent: the best split within "
            f"them spends {spent}, every channel at its upper limit, and {what}."
        )
    if stopped == "lower":
        return (
            f" Its {of} are less than the lower limits of all channels together ask for: the best split within "
            f"them spends {spent}, every channel at its lower limit, and {what}."
        )
    return f" The best split of its {of} within the limits {what}."


def _line(run: Run, row: Any) -> str:
    """What a scenario assumes of sales capacity, and what that does. row: summary."""
    unit, end = run.currency if run.has_amounts else None, run.manifest["quarters"][-1]
    said = f"It assumes, and no data says so, that {row.capacity}; others wait, first in, first out."
    if row.waits_mean == 0:
        return f"{said} That many do not come in, so nobody waits."
    late = f"{number(abs(row.waits_mean), unit)} of {row.deals}"
    between = span(abs(row.waits_p90), abs(row.waits_p10), unit)
    return (
        f"{said} By the end of {quarter(str(end), run.start_month)} {row.in_line:,.0f} wait, and {late} ({between}) "
        "come after it: counted as missing here, though late and not lost."
    )


def _bindings(text: str) -> str:
    parts = (part.split(": ") for part in text.split("; "))
    words = {
        "upper": "at the upper limit", "lower": "at the lower limit",
        "beyond upper": "beyond the upper limit", "below lower": "below the lower limit",
    }  # fmt: skip
    return and_list([f"{label(name)} {words[how]}" for name, how in parts])


def summary_rows(run: Run) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows: spend and deals with their changes, what is gained in all and on balance, chance, ROMI."""
    unit = run.currency if run.has_amounts else None
    table = run.folder.tables["scenario_summary"]
    rows: list[tuple[str, ...]] = []
    for row in rows_of(table):
        now = row.scenario == CURRENT
        cells = [
            row.scenario,
            money(row.spend, run.currency) + ("" if now else f" ({_signed(row.spend_change, run.currency)})"),
            number(row.window_mean, unit) + ("" if now else f" ({_signed(row.window_change_mean, unit)})"),
            "" if now else _signed(row.gain_mean, unit),
        ]
        if unit is None:
            cells.append("" if not np.isfinite(row.p_more) else percent(row.p_more))
        else:
            cells += [
                "" if now else f"{_signed(row.net_mean, unit)} ({_range(row.net_p10, row.net_p90, unit)})",
                "" if not np.isfinite(row.p_better) else percent(row.p_better),
                *map(_romi, (row.romi_mean, row.marginal_romi_mean)),
            ]
        rows.append(tuple(cells))
    names = ["scenario", "spend", str(table["deals"].iloc[0]), "gain"]
    return [*names, *(["more"] if unit is None else ["on balance", "better", "ROMI", "of the change"])], rows


def quarter_rows(run: Run, metric: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows: a row a scenario, by quarter: the middle range, and the change against the current plan."""
    table = run.folder.tables["scenarios"]
    table = table[table["metric"] == metric]
    periods = [name for name in dict.fromkeys(table["period"]) if name != ALL_QUARTERS]
    unit = run.unit(metric) if metric != "spend" else run.currency
    rows = []
    for name, mine in table.groupby("scenario", sort=False):
        cells = [str(name)]
        for period in (*periods, ALL_QUARTERS):
            row = mine[mine["period"] == period].iloc[0]
            change = "" if name == CURRENT else f" ({_signed(row['change_mean'], unit)})"
            span = "" if metric == "spend" else f" {number(row['p10'], unit)} – {number(row['p90'], unit)}"
            cells.append(f"{number(row['mean'], unit)}{change}{';' + span if span else ''}")
        rows.append(tuple(cells))
    return ["scenario", *(quarter(period, run.start_month) for period in periods), "all"], rows


def frontier_sentence(run: Run) -> str:
    """Where the next unit of money stops bringing back itself."""
    table = run.folder.tables["frontier"]
    turns, unit = str(table["turns"].iloc[0]), money(1, run.currency)
    low, high = (money(float(table["budget"].iloc[i]), run.currency) for i in (0, -1))
    if not run.has_amounts:
        return f"Budgets from {low} to {high}, each with its best split within the limits."
    if turns == "below":
        return f"From {low}, the least that the limits allow, the next {unit} brings back less than itself."
    if turns == "beyond":
        return f"Up to {high}, the most that the limits allow, the next {unit} brings back more than itself."
    row = table[table["is_turn"]].iloc[0]
    return (
        f"The next {unit} brings back itself up to a budget of {money(row['budget'], run.currency)} "
        f"({percent(row['times_current'])} of the plan), well split; beyond it, less."
    )


def _signed(value: float, unit: str | None) -> str:
    if not np.isfinite(value):
        return ""
    text = number(abs(value), unit)
    if text == number(0.0, unit):
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def _range(low: float, high: float, unit: str | None) -> str:
    return "" if pd.isna(low) or low == high == 0 else f"{_signed(low, unit)} to {_signed(high, unit)}"


def _romi(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:+.2f}".replace("-", "−")
