"""The forecast in sentences that a revenue leader reads once."""

from __future__ import annotations

from typing import Any

import numpy as np

from revmodel.report.reading import AnyRun, Run, rows_of
from revmodel.report.words import and_list, between, chance, number, percent, quarter

__all__ = ["bridge_sentences", "headline", "missing_sentence", "other_metrics_sentence", "outlook", "target_gap"]

_SPEND = "Add a table spend (date, channel, spend), half a year of it or more"
_ENABLED_BY = {  # part → the question of the table ``allows``, and what enables it where that table is absent
    "contribution": ("Contribution of each channel", _SPEND),
    "allocation": ("Budget allocation", _SPEND),
    "targets": ("Chance of hitting target", "Add a table targets (period, metric, value)"),
    "amounts": (
        "Forecast of pipeline and bookings, in money",
        "Add a table deal_history (deal_id, recorded_at, amount)",
    ),
}
_COMMANDS = {"contribution": "revmodel contribution", "allocation": "revmodel allocate"}


def headline(run: Run) -> str:
    """The one sentence: '8 in 10 chance of bookings between €3.1m and €4.0m in Q4 2026 if spend follows the plan.'"""
    first = next(rows_of(run.quarters(run.leading)))
    reach = between(first.p10, first.p90, run.unit(run.leading))
    return f"8 in 10 chance of {run.name(run.leading)} {reach} in {quarter(first.period, run.start_month)}"


def outlook(run: Run, row: Any) -> list[str]:
    """A quarter in a few sentences: the middle, what is in already, the target. row: of Run.quarters."""
    unit, name = run.unit(run.leading), run.name(run.leading)
    said = [f"The outcome is as likely to lie above {number(row.p50, unit)} as below it."]
    if row.actual > 0:
        said.append(f"{number(row.actual, unit)} {'of ' if unit else ''}{name} are in already.")
    return [*said, target_gap(run, row)] if np.isfinite(row.target) else said


def target_gap(run: Run, row: Any) -> str:
    """How far the middle of the forecast is from the target, and the chance to reach it. row: of Run.quarters."""
    unit = run.unit(run.leading)
    gap = row.p50 - row.target
    aim = f"The target is {number(row.target, unit)}"
    odds = f"{chance(row.p_hit_target)} ({percent(row.p_hit_target)})"
    if number(abs(gap), unit) == number(0.0, unit):
        return f"{aim}, the middle of the forecast; the chance to reach it is {odds}."
    side = "above" if gap > 0 else "below"
    return f"{aim}. The middle of the forecast is {number(abs(gap), unit)} {side} it; the chance to reach it is {odds}."


def other_metrics_sentence(run: Run) -> str:
    """The other metrics of the first quarter, in one sentence."""
    said = []
    for metric in run.metrics:
        first = next(rows_of(run.quarters(metric)))
        if metric != run.leading:
            said.append(f"{run.name(metric)} {between(first.p10, first.p90, run.unit(metric))}")
    when = quarter(str(run.quarters(run.leading)["period"].iloc[0]), run.start_month)
    return f"Also in {when}, each with 8 in 10 chance: {and_list(said)}." if said else ""


def bridge_sentences(run: Run, steps: Any, period: str) -> list[str]:
    """Which part of the forecast is how certain. steps: of provenance_bridge, as a mapping step → mean."""
    total, unit = float(steps["forecast"]), run.unit(run.leading)
    if total <= 0:
        return [f"Nothing is expected in {quarter(period, run.start_month)}."]
    when = quarter(period, run.start_month)
    open_part = (steps["open_deal"] + steps["open_lead"]) / total
    parts = [f"{percent(steps['actual'] / total)} is in already"] if steps["actual"] > 0 else []
    parts.append(f"{percent(open_part)} comes from deals and leads that are open today")
    parts.append(f"{percent(steps['not_yet_created'] / total)} from leads that have yet to come")
    said = [f"On average {number(total, unit)} in {when}: {and_list(parts)}."]
    if steps["not_yet_created"] / total > 0.3:
        said.append("A good part is still to be created: this quarter can be moved by what marketing does now.")
    elif (steps["actual"] + steps["open_deal"]) / total > 0.8:
        said.append("Most of it is decided by deals that exist: closing them matters more than new leads.")
    return said


def missing_sentence(run: AnyRun, part: str, wanted: str) -> str:
    """What a part of the page cannot show, and what would enable it. part: a key of _ENABLED_BY."""
    question, enabled_by = _ENABLED_BY[part]
    allows = run.table("allows")
    for answer in rows_of(allows) if allows is not None else ():
        if answer.what == question and not answer.possible:
            return f"{wanted} cannot be told. {answer.why.rstrip('.')}."
    if part in _COMMANDS and run.has_spend:
        return f"{wanted} is not part of this run: '{_COMMANDS[part]}' adds it."
    return f"{wanted} cannot be told. {enabled_by}."
