"""What a monitor run says: each row in words, and a message short enough for a chat."""

from __future__ import annotations

from typing import Any

from revmodel.dims import BOOKINGS, LEADS, PIPELINE_CREATED, WINS
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.words import and_list, date, label, number, percent, plural

__all__ = [
    "KINDS",
    "alert_sentences",
    "headline",
    "message",
    "rate_sentence",
    "row_name",
    "row_value",
    "standing_sentence",
]

KINDS = {
    "metric": "Since the forecast",
    "stage_entries": "Entries a week",
    "stage_pace": "Pace out of the stage",
    "decided_in_time": "Decided in time",
    "indicator": "Indicator",
}
_METRICS = {LEADS: "New leads", PIPELINE_CREATED: "New pipeline", WINS: "Wins", BOOKINGS: "Bookings"}


def row_name(row: Any) -> str:
    """'New leads', 'Entries into MQL', 'Pace out of proposal', …"""
    if row.kind == "metric":
        return _METRICS.get(row.name, label(row.name))
    names = {"stage_entries": "Entries into", "stage_pace": "Pace out of", "decided_in_time": "Decided in time:"}
    return f"{names[row.kind]} {_lower(label(row.name))}" if row.kind in names else label(row.name)


def row_value(row: Any, value: float, run: AnyRun) -> str:
    """A value in the unit of its row: money, a count, a share, a pace in percent of the weeks before."""
    if row.kind in ("stage_pace", "decided_in_time"):
        return percent(value)
    if row.kind == "metric":
        return number(value, run.currency if row.name in _in_money(run) else None)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def standing_sentence(row: Any, run: AnyRun) -> str:
    """One row: 'New leads: 310 since 30 June 2026, below the range of 340 – 420.'"""
    low, high = row_value(row, row.p10, run), row_value(row, row.p90, run)
    when = f"since {date(row.first_day)}" if row.kind == "metric" else "a week in the latest four weeks"
    if row.kind in ("stage_pace", "decided_in_time"):
        when = "in the latest four weeks"
    side = {"within": "within", "below": "below", "above": "above"}[row.status]
    return f"{row_name(row)}: {row_value(row, row.value, run)} {when}, {side} the range of {low} to {high}."


def alert_sentences(run: AnyRun) -> list[str]:
    """Every alert: where it stands, how surprising that is, and what may explain it."""
    table = run.table("monitor")
    if table is None:
        return []
    said = []
    for row in rows_of(table[table["alert"]]):
        odds = f"A change this large comes by chance {_odds(row)}."
        why = f" In these weeks: {row.explained_by}." if row.explained_by else " No annotation names a cause."
        said.append(f"{standing_sentence(row, run)} {odds}{why}")
    return said


def _odds(row: Any) -> str:
    """p_value of a metric is of the whole quarter and all metrics; that of a signal is of one look at it."""
    times = 1 / max(row.p_value, 1e-4)
    shown = f"{times:,.0f}" if times < 9_999 else "10,000 or more"
    return f"in one of {shown} {'quarters' if row.kind == 'metric' else 'looks'}"


def rate_sentence(run: AnyRun) -> str:
    """How often this alarms for nothing."""
    rates = run.manifest["monitor"]["false_alarms_a_quarter"]
    return (
        f"If nothing has changed and the forecast is right, metrics raise an alert in {percent(rates['forecast'])} of "
        f"quarters and all other signals together in at most {percent(rates['signals'])}, looked at every week."
    )


def message(run: AnyRun, *, markdown: bool = False) -> str:
    """The run for a chat or a mail: a headline, the alerts, what else is out of range, where the page is."""
    table = run.table("monitor")
    company, day = str(run.manifest["company"]), date(run.manifest["as_of"])
    bold, bullet = ("**", "- ") if markdown else ("", "  ")
    if table is None:
        return f"{bold}{company}, {day}:{bold} nothing could be looked at yet. {' '.join(run.manifest['cannot'])}"
    alerts = alert_sentences(run)
    lines = [f"{bold}{company}, {day}: {headline(run)}{bold}"]
    lines += [f"{bullet}{sentence}" for sentence in alerts]
    metrics = table[(table["kind"] == "metric") & ~table["alert"]]
    lines += [f"{bullet}{standing_sentence(row, run)}" for row in rows_of(metrics)]
    others = table[(table["kind"] != "metric") & ~table["alert"] & (table["status"] != "within")]
    if len(others):
        named = and_list([f"{_lower(row_name(row))} ({row.status})" for row in rows_of(others)])
        lines.append(f"{bullet}Outside their 8-in-10 range, but not more than chance would have it: {named}.")
    lines += [f"{bullet}{sentence}" for sentence in run.manifest["cannot"]]
    return "\n".join([*lines, f"{bullet}{rate_sentence(run)}", f"{bullet}page: {run.folder.path / 'index.html'}"])


def headline(run: AnyRun) -> str:
    """'2 alerts' or 'nothing out of the ordinary'."""
    table = run.table("monitor")
    alerts = 0 if table is None else int(table["alert"].sum())
    return plural(alerts, "alert") if alerts else "nothing out of the ordinary"


def _in_money(run: AnyRun) -> set[str]:
    table = run.table("monitor")
    has_amounts = table is not None and bool((table["name"] == BOOKINGS).any())
    return {BOOKINGS, PIPELINE_CREATED} if has_amounts else set()


def _lower(words: str) -> str:
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
