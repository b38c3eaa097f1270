"""What a reader must know of a value before using it, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.metrics.drawn import Drawn
from revmodel.metrics.kpi import Kpi
from revmodel.metrics.recipes import Answer, Quantile
from revmodel.metrics.totals import Cells

__all__ = ["FEW", "Mask", "notes_of", "uncovered"]

Texts = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

FEW = 30  # fewer say little: the range is wide


def notes_of(
    kpi: Kpi, answer: Answer, cells: Cells, drawn: Drawn, late: Mapping[str, Mask], *, compared_in_part: bool
) -> Texts:
    """A note by level and period: why there is no value, few records, a period that is not over. late: of uncovered."""
    notes = np.full(cells.shape, "", dtype=object)
    known = np.isfinite(answer.value)
    if kpi.counted:
        few = known & (answer.denominator > 0) & (answer.denominator < FEW)
        notes[few] = [
            f"few: {of:.0f} of {per:.0f}" if kpi.unit in ("share", "days") else f"few: {per:.0f}"
            for of, per in zip(answer.numerator[few], answer.denominator[few], strict=True)
        ]
    notes[~known] = kpi.nothing
    if isinstance(kpi.recipe, Quantile):
        some = ~known & (answer.denominator > 0)
        pairs = zip(answer.numerator[some], answer.denominator[some], strict=True)
        notes[some] = [f"{kpi.nothing}: {of:.0f} of {per:.0f}" for of, per in pairs]
    for table in sorted(kpi.tables & set(late)):
        notes[:, late[table]] = f"{table} begins on {drawn.begins[table]:%Y-%m-%d}"
    if not bool(cells.periods["complete"].iloc[-1]):
        start, end = cells.periods["start"].iloc[-1], cells.periods["end"].iloc[-1]
        days, length = (pd.Timestamp(drawn.as_of) - start).days + 1, (end - start).days + 1
        same = ", compared with as many days" if compared_in_part and kpi.by_part else ""
        notes[:, -1] = [f"{note}; {days} of {length} days{same}".removeprefix("; ") for note in notes[:, -1]]
    return notes


def uncovered(cells: Cells, begins: Mapping[str, pd.Timestamp]) -> dict[str, Mask]:
    """Table → periods that began well before the table does, so that a KPI that needs it would be too low in them."""
    starts, length = cells.periods["start"], cells.periods["end"] - cells.periods["start"]
    masks = {table: (starts + 0.1 * length < begin.normalize()).to_numpy() for table, begin in sorted(begins.items())}
    return {table: early for table, early in masks.items() if early.any()}
