"""The way back from a target in sentences, and as rows for a terminal and a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from revmodel.dims import WINS
from revmodel.report.reading import Run, rows_of
from revmodel.report.words import and_list, between, count, date, label, money, number, percent, quarter

__all__ = [
    "channel_rows",
    "date_rows",
    "headline",
    "late_sentence",
    "stage_name",
    "stage_words",
    "target_of",
    "target_sentences",
]

_MANY = 20  # so many times the plan is no plan


def target_of(run: Run) -> Any:
    """The one row of the table ``target``."""
    return next(rows_of(run.folder.tables["target"]))


def headline(run: Run) -> str:
    """The target, and the chance under the present plan."""
    row = target_of(run)
    when = quarter(row.quarter, run.start_month)
    return f"{when} reaches {_amount(run, row.value)} of {row.metric} with {percent(row.chance)} chance"


def target_sentences(run: Run) -> list[str]:
    """What the plan reaches, what covers it, and what it takes in leads and in spend."""
    row = target_of(run)
    left_out = run.manifest.get("target", {}).get("left_out", "")
    said = [_plan(run, row), _covered(run, row), _leads(run, row), _spend(run, row)]
    return [*said, *([left_out] if left_out else [])]


def _plan(run: Run, row: Any) -> str:
    enough = "more than" if row.chance >= row.probability else "short of"
    return (
        f"Asked for: {_amount(run, row.value)} with {percent(row.probability)} chance. Under the present plan the "
        f"chance is {percent(row.chance)}, {enough} that; with {percent(row.probability)} chance it reaches "
        f"{_amount(run, row.reliable)}."
    )


def _covered(run: Run, row: Any) -> str:
    already = f"{_amount(run, row.actual)} is in already. " if row.actual > 0 else ""
    of_open = row.open_deals_mean + row.open_leads_mean
    share = percent((row.actual + of_open) / row.value)
    return (
        f"{already}Open deals bring {_amount(run, row.open_deals_mean)} to the quarter on average "
        f"({between(row.open_deals_p10, row.open_deals_p90, _unit(run, row))} with 8 in 10 chance), open leads "
        f"{_amount(run, row.open_leads_mean)}: {share} of the target is covered. Arrivals that are planned add "
        f"{_amount(run, row.to_come_mean)}."
    )


def _leads(run: Run, row: Any) -> str:
    if pd.isna(row.leads_until):
        return (
            f"More leads come too late: of the wins that a lead brings, less than {percent(row.in_time)} come by "
            f"{date(row.period_end)} even if it came in tomorrow."
        )
    until = date(row.leads_until)
    if not np.isfinite(row.times):
        return f"No number of leads until {until} gives that chance: in too many futures they bring nothing in time."
    planned, needed = stage_means(run, "leads")
    deals_planned, deals = stage_means(run, WINS)
    if row.times <= 1:
        return (
            f"Leads until {until} may be {percent(row.times)} of the plan ({count(needed)} in place of {count(planned)}"
            ") and the target is still reached with that chance."
        )
    out = " That is no plan, but a measure of how late it is." if row.times > _MANY else ""
    return (
        f"In leads alone it takes {row.times:.1f} times the plan until {until}: {count(needed)} in place of "
        f"{count(planned)}, for {count(deals)} deals won in the quarter in place of "
        f"{count(deals_planned)}.{out}"
    )


def _spend(run: Run, row: Any) -> str:
    if not np.isfinite(row.spend_planned):
        return "There is no table of spend, so nothing is said of what the leads would cost."
    if row.spend_upper <= 0:
        return (
            f"No channel's spend is in time any more: less than {percent(row.in_time)} of what it brings lands by then."
        )
    currency = run.currency
    if not row.reachable:
        return (
            f"Spend alone cannot reach it: within the limits, at most {number(row.spend_upper, currency)} in place of "
            f"{number(row.spend_planned, currency)} in the weeks that still count, the chance is "
            f"{percent(row.chance_at_most)}, and with {percent(row.probability)} chance the most is "
            f"{_amount(run, row.reliable_at_most)}."
        )
    change = row.spend_needed - row.spend_planned
    more = f"{number(abs(change), currency)} {'more' if change >= 0 else 'less'} than planned"
    caveat = "" if change >= 0 else " What is saved here is missing in the quarters after."
    return (
        f"The least spend that does it is {number(row.spend_needed, currency)} in the weeks that still count, {more}, "
        f"split as told below: the chance is then {percent(row.chance_at_most)}.{caveat}"
    )


def stage_means(run: Run, stage: str) -> tuple[float, float]:
    """What is planned and what is needed of a stage in the weeks that count; blank where nothing is told."""
    rows = run.folder.tables["target_stages"]
    mine = rows[rows["stage"] == stage]
    return float(mine["planned_mean"].iloc[0]), float(mine["needed_mean"].iloc[0])


def stage_name(stage: str) -> str:
    """'leads', 'MQL', 'opportunity', 'deals won'."""
    return {"leads": "Leads", WINS: "Deals won"}.get(stage, label(stage))


def stage_words(run: Run) -> list[tuple[str, ...]]:
    """Rows: stage, from, until, planned, needed (8 in 10), more; the last stage first."""
    rows: list[tuple[str, ...]] = []
    for row in reversed(list(rows_of(run.folder.tables["target_stages"].rename(columns={"from": "since"})))):
        if pd.isna(row.until):
            rows.append((stage_name(row.stage), "too late", "–", "–", "–", "–"))
            continue
        known = bool(np.isfinite(row.needed_mean))
        rows.append((
            stage_name(row.stage), f"{_short(row.since)} – {_short(row.until)}", count(row.planned_mean),
            count(row.needed_mean) if known else "–",
            f"{count(row.needed_p10)} – {count(row.needed_p90)}" if known else "–",
            f"{row.more_mean:+,.0f}".replace("-", "−") if known else "–",
        ))  # fmt: skip
    return rows


def channel_rows(run: Run) -> list[tuple[str, ...]]:
    """Rows: channel, until, planned, needed, limit, brings to the quarter, next unit, note."""
    table = run.table("target_spend")
    if table is None:
        return []
    unit = _unit(run, target_of(run))
    stops = {"lower": "lower", "upper": "upper", "fixed": ""}
    rows: list[tuple[str, ...]] = []
    for row in rows_of(table):
        if pd.isna(row.last_date):
            rows.append((label(row.channel), "too late", "–", "–", "", "–", "–", ""))
            continue
        rows.append((
            label(row.channel), _short(row.last_date), number(row.planned, run.currency),
            number(row.needed, run.currency),
            stops.get(row.binding, ""), number(row.brings_mean, unit), f"{row.next_unit:.2f}",
            "more than ever spent" if row.extrapolates else "",
        ))  # fmt: skip
    return rows


def date_rows(run: Run) -> list[tuple[str, ...]]:
    """Rows: lever, last date, share in time now, what one entry (or unit of spend) now brings by then."""
    asked = target_of(run)
    rows: list[tuple[str, ...]] = []
    for row in rows_of(run.folder.tables["last_dates"]):
        is_stage = row.kind == "stage"
        name = f"Enters {_stage_word(row.lever)}" if is_stage else f"Spend on {label(row.lever).lower()}"
        unit = (
            f"for each {money(1, run.currency)}" if asked.metric != WINS else f"wins for each {money(1, run.currency)}"
        )
        brings = percent(row.brings_now_mean) if is_stage else f"{row.brings_now_mean:.2f} {unit}"
        rows.append((
            name, "too late" if pd.isna(row.last_date) else date(row.last_date), percent(row.share_now_mean), brings,
        ))  # fmt: skip
    return rows


def late_sentence(run: Run) -> str:
    """Which levers are too late already."""
    table = run.folder.tables["last_dates"]
    late = [label(str(name)) for name in table.loc[table["last_date"].isna(), "lever"]]
    return f"Too late already: {and_list(late)}." if late else ""


def _short(day: Any) -> str:
    stamp = pd.Timestamp(day)
    return f"{stamp.day} {stamp:%b %Y}"


def _stage_word(stage: str) -> str:
    words = label(stage)
    return words if words.isupper() else words.lower()


def _unit(run: Run, row: Any) -> str | None:
    return None if row.metric == WINS else run.currency


def _amount(run: Run, value: float) -> str:
    row = target_of(run)
    return number(value, _unit(run, row)) + (" wins" if row.metric == WINS else "")
