"""The scorecard as lines of words, for the console."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.metrics.summary import by_level, scorecard, spark
from revmodel.report.metrics_page import summary_sentence
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.scorecard import BREAKDOWN, STATUS, grain_of, kpi_value
from revmodel.report.tables import RunFolder

__all__ = ["breakdown_words", "headline_words", "scorecard_words"]

Lines = tuple[str, list[str], list[list[str]]]
_COLUMNS_SHOWN, _ROWS_SHOWN = 7, 12


def scorecard_words(folder: RunFolder) -> Lines:
    """Title, column names and one row a headline KPI."""
    run = AnyRun(folder)
    rows = _scorecard(run)
    lines = [
        [
            row.label, kpi_value(row.value, row.unit, run.currency), kpi_value(row.target, row.unit, run.currency),
            STATUS[row.status], kpi_value(row.previous, row.unit, run.currency),
            kpi_value(row.last_year, row.unit, run.currency), spark(row.trend), row.note,
        ]
        for row in rows_of(rows)
    ]  # fmt: skip
    period = str(rows["period"].iloc[0]) if len(rows) else ""
    names = ["KPI", period, "target", "", "before", "a year before", "trend", ""]
    return f"Scorecard (money in {run.currency})", names, lines


def breakdown_words(folder: RunFolder) -> Lines:
    """The same period by the dimension that was asked for."""
    run = AnyRun(folder)
    dimension = str(run.manifest["metrics"]["by"])
    table = by_level(folder.tables["metrics"], grain_of(run), dimension)
    named = folder.tables["kpis"].set_index("kpi")
    shown = [kpi for kpi in BREAKDOWN if kpi in table.columns][:_COLUMNS_SHOWN]
    units = {kpi: str(named.loc[kpi, "unit"]) for kpi in shown}
    lines = [
        [str(level), *(kpi_value(float(row[kpi]), units[kpi], run.currency) for kpi in shown)]
        for level, row in table.head(_ROWS_SHOWN).iterrows()
    ]
    rest = len(table) - len(lines)
    more = f", the first {len(lines)} of {len(table)}" if rest > 0 else ""
    return f"\nBy {dimension}{more}", [dimension, *(str(named.loc[kpi, "label"]) for kpi in shown)], lines


def headline_words(folder: RunFolder) -> str:
    """The period in a sentence or two."""
    run = AnyRun(folder)
    first, rest = summary_sentence(_scorecard(run), run.currency)
    return f"{first.rstrip(',')}. {rest[:1].upper()}{rest[1:]}".strip()


def _scorecard(run: AnyRun) -> pd.DataFrame:
    tables = run.folder.tables
    rows = scorecard(tables["metrics"], tables["kpis"], grain_of(run), pd.Timestamp(run.manifest["as_of"]))
    return rows[np.isfinite(rows["value"].astype(float)) | np.isfinite(rows["target"].astype(float))]
