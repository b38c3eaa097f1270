"""What a reader must know of a value before using it, in a few words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.metrics.drawn import Drawn
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Quantile

__all__ = ["FEW", "notes_of"]

FEW = 30  # fewer say little: the range is wide


def notes_of(kpi: Kpi, rows: pd.DataFrame, drawn: Drawn, *, compared_in_part: bool) -> list[str]:
    """A note for each row of a KPI: why there is no value, few records, a period that is not over."""
    first = {table: drawn.begins[table] for table in kpi.tables if table in drawn.begins}
    late = max(first, key=lambda table: first[table]) if first else ""
    columns = ("value", "numerator", "denominator", "period_start", "period_end", "complete")
    return [
        "; ".join(_words(kpi, drawn, late, compared_in_part, *row))
        for row in zip(*(rows[name] for name in columns), strict=True)
    ]


def _words(
    kpi: Kpi, drawn: Drawn, late: str, in_part: bool,
    value: float, of: float, per: float, start: pd.Timestamp, end: pd.Timestamp, complete: bool,
) -> list[str]:  # fmt: skip
    said = []
    if not np.isfinite(value):
        begins = drawn.begins.get(late)
        early = begins is not None and start + 0.1 * (end - start) < begins.normalize()
        said.append(f"{late} begins on {begins:%Y-%m-%d}" if early and begins is not None else kpi.nothing)
        if isinstance(kpi.recipe, Quantile) and per > 0:
            said.append(f"{of:.0f} of {per:.0f} have left")
    elif kpi.counted and 0 < per < FEW:
        said.append(f"few: {of:.0f} of {per:.0f}" if kpi.unit in ("share", "days") else f"few: {per:.0f}")
    if not complete:
        days, length = (pd.Timestamp(drawn.as_of) - start).days + 1, (end - start).days + 1
        same = ", compared with as many days" if in_part and kpi.by_part else ""
        said.append(f"{days} of {length} days{same}")
    return said
