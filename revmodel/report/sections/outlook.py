"""The forecast against its target, and where it comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.forecast.bridge import provenance_bridge
from revmodel.report.figures.bridge import bridge_figure
from revmodel.report.figures.forecast import path_figure, quarters_figure
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.wording import bridge_sentences, missing_sentence, other_metrics_sentence
from revmodel.report.words import number, percent, quarter, span

__all__ = ["bridge_section", "forecast_section"]

_RANGE_KEYS = (
    Key("bar", "range50", "half of the outcomes"),
    Key("bar", "range80", "8 in 10"),
    Key("bar", "range90", "9 in 10"),
)
_TARGET_KEY = Key("line", "target", "target")


def forecast_section(run: Run) -> Section:
    """Ranges a quarter against targets, the way through the quarter, and the numbers of all metrics."""
    rows, name, unit = run.quarters(run.leading), run.name(run.leading), run.unit(run.leading)
    any_target = bool(np.isfinite(rows["target"].astype(float)).any())
    keys = (Key("bar", "actual", "in already"), *_RANGE_KEYS, *((_TARGET_KEY,) if any_target else ()))
    says = "; ".join(
        f"{quarter(row.period, run.start_month)}: {name} {span(row.p10, row.p90, unit)} with 8 in 10 chance"
        for row in rows_of(rows)
    )
    charts = [
        chart(f"{name.capitalize()} by quarter", says, lambda w: quarters_figure(rows, w, unit, run.start_month), keys),
        *_path_charts(run, name, unit, any_target),
    ]
    sentences = [other_metrics_sentence(run)]
    if not any_target:
        sentences.append(missing_sentence(run, "targets", "The chance of hitting target"))
    if not run.has_amounts:
        sentences.append(missing_sentence(run, "amounts", "What the wins are worth"))
    said = tuple(sentence for sentence in sentences if sentence)
    title = "The forecast against target" if any_target else "The forecast"
    return Section("forecast", title, said, tuple(charts), (_numbers(run),))


def _path_charts(run: Run, name: str, unit: str | None, any_target: bool) -> list[Chart]:
    """None where the run holds no table ``path``."""
    path = run.table("path")
    path = None if path is None else path[path["metric"] == run.leading]
    if path is None or path.empty:
        return []
    last = path.groupby("period", sort=False).tail(1)
    says = "; ".join(f"by {row.date:%d %B %Y}: {span(row.p10, row.p90, unit)}" for row in rows_of(last))
    keys = (Key("line", "actual", "so far"), *_RANGE_KEYS, *((Key("dash", "target", "target"),) if any_target else ()))
    title = f"{name.capitalize()}, added up week by week"
    return [chart(title, says, lambda w: path_figure(path, w, unit, run.start_month), keys)]


def _numbers(run: Run) -> Grid:
    """All metrics and quarters in numbers."""
    with_targets = run.targets_set()
    rows: list[tuple[str, ...]] = []
    for metric in run.metrics:
        unit = run.unit(metric)
        for row in rows_of(run.quarters(metric)):
            known = np.isfinite(row.target)
            aim = (number(row.target, unit) if known else "–", percent(row.p_hit_target) if known else "–")
            rows.append((
                run.name(metric).capitalize(), quarter(row.period, run.start_month),
                number(row.actual, unit) if row.actual else "–", number(row.p50, unit), span(row.p10, row.p90, unit),
                *(aim if with_targets else ()),
            ))  # fmt: skip
    columns = ("", "Quarter", "In already", "Middle", "8 in 10 chance", *(("Target", "Chance") if with_targets else ()))
    return Grid(columns, tuple(rows), right=tuple(range(2, len(columns))))


def bridge_section(run: Run) -> Section:
    """The bridge of the first quarter, and of the next one, which marketing can still move."""
    sentences: list[str] = []
    charts = []
    unit = run.unit(run.leading)
    for row in list(rows_of(run.quarters(run.leading)))[:2]:
        steps = provenance_bridge(run.forecast[run.forecast["grain"] == "quarter"], run.leading, row.period)
        said = bridge_sentences(run, steps.set_index("step")["mean"].to_dict(), row.period)
        sentences += said
        shown = steps if row.actual > 0 else steps[steps["step"] != "actual"]
        charts.append(_bridge_chart(run, shown, row, unit, " ".join(said)))
    note = "Steps are averages, because averages add up; the middle of a lopsided range can lie a little beside them."
    return Section("bridge", "Where it comes from", tuple(sentences), tuple(charts), note=note)


def _bridge_chart(run: Run, steps: pd.DataFrame, row: object, unit: str | None, says: str) -> Chart:
    period, target = str(getattr(row, "period", "")), float(getattr(row, "target", np.nan))
    keys = (Key("bar", "range80", "8 in 10 chance"), *((_TARGET_KEY,) if np.isfinite(target) else ()))
    title = quarter(period, run.start_month)
    return chart(title, f"{title}: {says}", lambda width: bridge_figure(steps, width, unit, target), keys, half=True)
