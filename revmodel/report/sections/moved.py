"""What moved since the last run: the waterfall of the first quarters, and the deals behind it."""

from __future__ import annotations

from revmodel.report.figures.waterfall import waterfall_figure
from revmodel.report.moved_words import STEP_WORDS, change_words, deal_sentences, moved_sentence, since_words, steps_of
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.words import number, quarter

__all__ = ["moved_section"]

_FIRST_RUN = (
    "This is the first forecast that can be found here; the next one will say what moved since, step by step and deal "
    "by deal. 'revmodel forecast --since RUN' compares with a run of your choice."
)
_OTHER_QUESTIONS = ("contribution", "allocate", "backtest")
_ELSEWHERE = "This run answers another question: 'revmodel forecast' says what moved since the forecast before it."
_KEYS = (Key("bar", "gain", "more"), Key("bar", "target", "less"), Key("bar", "other", "then and now"))
_QUARTERS = 2


def moved_section(run: Run) -> Section:
    """Steps from the last run's forecast to this one's; they add up in the mean."""
    title = "What moved since the last run"
    if run.table("what_moved") is None:
        told = _ELSEWHERE if run.manifest["command"] in _OTHER_QUESTIONS else _FIRST_RUN
        return Section("moved", title, missing=told)
    periods = [row.period for row in rows_of(run.quarters(run.leading))]
    both = [period for period in periods if steps_of(run, run.leading, period) is not None][:_QUARTERS]
    if not both:
        return Section("moved", title, missing="The last run forecast none of these quarters.")
    said = [f"Compared {since_words(run)}.", *(moved_sentence(run, run.leading, period) for period in both)]
    charts = tuple(_chart(run, period, half=len(both) > 1) for period in both)
    deals = tuple(grid for period in both if (grid := _deals(run, period)) is not None)
    note = (
        "Steps are of averages and add up exactly. A deal counts by what it was and is expected to bring: chance times "
        "amount. What came in is told against what was expected of it by now. The charts begin near the steps, not "
        "at nothing, and leave out what is too small to see."
    )
    return Section("moved", title, tuple(said), charts, deals, note=note, folded=(_numbers(run, periods),))


def _chart(run: Run, period: str, *, half: bool) -> Chart:
    table = run.folder.tables["what_moved"]
    rows = table[(table["metric"] == run.leading) & (table["period"] == period)]
    unit, when = run.unit(run.leading), quarter(period, run.start_month)
    says = f"{when}: {moved_sentence(run, run.leading, period)}"
    return chart(when, says, lambda width: waterfall_figure(rows, width, unit), _KEYS, half=half)


def _deals(run: Run, period: str) -> Grid | None:
    rows = tuple(deal_sentences(run, run.leading, period))
    if not rows:
        return None
    when = quarter(period, run.start_month)
    return Grid((f"Largest deals, {when}", "What happened", "Step", "Change"), rows, right=(3,))


def _numbers(run: Run, periods: list[str]) -> Grid:
    """Every metric and quarter in numbers."""
    rows = []
    for metric in run.metrics:
        for period in periods:
            steps = steps_of(run, metric, period)
            if steps is not None:
                unit = run.unit(metric)
                moved = [change_words(steps[step], unit).replace("±0", "") for step in STEP_WORDS]
                ends = number(steps["before"], unit), number(steps["after"], unit)
                name = f"{run.name(metric).capitalize()}, {quarter(period, run.start_month)}"
                rows.append((name, ends[0], *moved, ends[1]))
    columns = ("", "Then", *(words.capitalize() for words in STEP_WORDS.values()), "Now")
    return Grid(columns, tuple(rows), right=tuple(range(1, len(columns))), caption="All metrics, step by step")
