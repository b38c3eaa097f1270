"""The forecast's own record: what earlier runs said of quarters that are over, or under way."""

from __future__ import annotations

from typing import Any

import pandas as pd

from revmodel.evaluate.past_forecasts import one_a_quarter
from revmodel.report.figures.record import record_figure
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.verdicts import our_rows
from revmodel.report.words import date, number, plural, quarter, span

__all__ = ["past_section", "past_sentence", "past_words"]

_TITLE = "What earlier forecasts came to"


def past_sentence(run: Run) -> str:
    """'Of 6 past quarter forecasts of bookings, 5 held.', or what there is instead."""
    over = _over(run)
    if len(over):
        held = int(over["inside_80"].sum())
        what = f"past quarter {'forecast' if len(over) == 1 else 'forecasts'} of {run.name(run.leading)}"
        return f"Of {len(over)} {what}, {held} held: the outcome lay inside the 8-in-10 range."
    backtest = run.table("backtest")
    ours = None if backtest is None else our_rows(backtest, run.leading)
    if ours is not None and len(ours):
        held = int(ours["covered_80"].sum())
        return (
            f"No quarter that a run forecast is over yet; made again for {plural(len(ours), 'past date')}, "
            f"with what was known then, {held} of {len(ours)} forecasts held."
        )
    return "No quarter that a run forecast is over yet, so this forecast has no record; 'revmodel backtest' makes one."


def past_words(run: Run) -> tuple[str, str]:
    """The record for a tile: '5 of 6' and what that counts; the dash where there is none."""
    over = _over(run)
    if over.empty:
        return "–", "no quarter that a run forecast is over yet"
    return f"{int(over['inside_80'].sum())} of {len(over)}", "quarters that are over; promised: 8 in 10"


def past_section(run: Run) -> Section:
    """Each quarter's forecast nearest its start against the outcome; all runs in numbers."""
    record = run.table("record")
    if record is None:
        told = "No earlier run lies in the reports folder. From the next quarter on, this shows what runs said of it."
        return Section("past", _TITLE, (past_sentence(run),), missing=told)
    over = _over(run)
    charts = (_chart(run, over),) if len(over) else ()
    said = [past_sentence(run)]
    if len(over):
        said.append(
            "Of each quarter, the forecast made nearest its start counts: runs of one quarter share its outcome."
        )
    said += _under_way(run, record)
    return Section("past", _TITLE, tuple(said), charts, folded=(_numbers(run, record),))


def _over(run: Run) -> pd.DataFrame:
    record = run.table("record")
    return pd.DataFrame() if record is None else one_a_quarter(record, run.leading)


def _under_way(run: Run, record: pd.DataFrame) -> list[str]:
    """The running quarter: what the first of its forecasts said, and what is in."""
    rows = record[(record["metric"] == run.leading) & ~record["ended"].astype(bool)]
    if rows.empty:
        return []
    row: Any = next(rows_of(rows.sort_values("as_of")))
    unit = run.unit(run.leading)
    return [
        f"{quarter(row.period, run.start_month)} is under way: as of {date(row.as_of)} the forecast was "
        f"{span(row.p10, row.p90, unit)}; {number(row.actual, unit)} are in."
    ]


def _chart(run: Run, over: pd.DataFrame) -> Chart:
    shown = over.assign(origin=over["period_start"])
    keys = (
        Key("bar", "range80", "8-in-10 range"),
        Key("dot", "actual", "what happened"),
        Key("dot", "target", "outside"),
    )
    says = "; ".join(
        f"{row.period}: {number(row.actual, run.unit(run.leading))}, {'inside' if row.inside_80 else 'outside'}"
        for row in rows_of(over)
    )
    name = f"{run.name(run.leading).capitalize()} by quarter, from its first month"
    return chart(name, says, lambda width: record_figure(shown, None, width, run.unit(run.leading)), keys)


def _numbers(run: Run, record: pd.DataFrame) -> Grid:
    rows = []
    for row in rows_of(record.sort_values(["period_start", "metric", "as_of"], ascending=[False, True, True])):
        unit = run.unit(row.metric)
        verdict = ("held" if row.inside_80 else "did not hold") if row.ended else "under way"
        rows.append((
            run.name(row.metric).capitalize(), quarter(row.period, run.start_month), date(row.as_of),
            span(row.p10, row.p90, unit), number(row.p50, unit), number(row.actual, unit), verdict,
        ))  # fmt: skip
    columns = ("", "Quarter", "Forecast of", "8 in 10 chance", "Middle", "Came in", "")
    return Grid(columns, tuple(rows), right=(3, 4, 5), caption="Every run and metric")
