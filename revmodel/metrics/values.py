"""KPIs by period and level: values with numerator, denominator, range, target and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import ALL
from revmodel.features.fiscal import Grain, period_label, shifted
from revmodel.metrics.compare import earlier, targets_by_cell
from revmodel.metrics.drawn import Drawn
from revmodel.metrics.durations import clock_quantiles
from revmodel.metrics.kpi import Kpi, cannot, dimensions_of
from revmodel.metrics.notes import Mask, notes_of, uncovered
from revmodel.metrics.periods import PER_YEAR
from revmodel.metrics.recipes import Answer, Quantile
from revmodel.metrics.totals import Cells, cells_of

__all__ = ["COLUMNS", "kpi_rows", "unsupported_rows"]

Floats = npt.NDArray[np.float64]
COLUMNS = (
    *("kpi", "label", "unit", "grain", "period", "period_start", "period_end", "dimension", "level", "value"),
    *("numerator", "denominator", "low", "high", "target", "vs_target", "previous", "change", "last_year"),
    *("change_last_year", "complete", "note"),
)


def kpi_rows(
    drawn: Drawn,
    kpis: Sequence[Kpi],
    dimension: str | None,
    grain: Grain,
    periods: pd.DataFrame,
    last: int | None = None,
) -> pd.DataFrame:
    """COLUMNS of the KPIs that this data can support by this dimension (None: in total), one row a period and level.

    last : only so many of the latest periods (comparisons reach further back).
    """
    supported = [kpi for kpi in kpis if not cannot(kpi, drawn.filled)]
    if dimension is not None:
        supported = [kpi for kpi in supported if dimension in dimensions_of(kpi, drawn.filled)]
    if not supported:
        return pd.DataFrame(columns=list(COLUMNS))
    targets = targets_by_cell(drawn, supported, grain, dimension)
    first = periods["start"].iloc[0 if last is None else max(0, len(periods) - last)]
    cells = _cells(drawn, supported, dimension, grain, periods, targets, first)
    part = _part_cells(drawn, dimension, grain, periods, cells.levels)
    kept = np.arange(len(periods)) >= (0 if last is None else len(periods) - last)
    late = uncovered(cells, drawn.begins)
    columns = [_columns(kpi, drawn, dimension, cells, part, targets, kept, late) for kpi in supported]
    return pd.DataFrame({name: np.concatenate([each[name] for each in columns]) for name in COLUMNS})


def unsupported_rows(drawn: Drawn, kpis: Sequence[Kpi], grain: Grain, periods: pd.DataFrame) -> pd.DataFrame:
    """One row for each KPI that this data cannot support: no value, and in the note why and what would enable it."""
    latest = periods.iloc[-1]
    rows = [
        {
            **dict.fromkeys(COLUMNS, np.nan), "kpi": kpi.key, "label": kpi.label, "unit": kpi.unit, "grain": grain,
            "period": latest["period"], "period_start": latest["start"], "period_end": latest["end"],
            "dimension": ALL, "level": ALL, "complete": bool(latest["complete"]), "note": why,
        }
        for kpi in kpis
        if (why := cannot(kpi, drawn.filled))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(
    drawn: Drawn, kpis: Sequence[Kpi], dimension: str | None, grain: Grain, periods: pd.DataFrame,
    targets: Mapping[tuple[str, str, str], float], first: pd.Timestamp,
) -> Cells:  # fmt: skip
    """Sums and quantiles by period and level, with what is left to book; of levels with any event since ``first``."""
    sums = drawn.sums(dimension, grain, periods)
    sums = sums[sums["level"].isin(set(sums.loc[sums["start"] >= first, "level"]))]
    over = periods.assign(last=periods["end"].where(periods["complete"], pd.Timestamp(drawn.as_of)))
    cells = cells_of(sums, grain, over)
    asked = {kpi.recipe for kpi in kpis if isinstance(kpi.recipe, Quantile)}
    if asked and dimension != "content":
        counts = drawn.clock_counts(dimension, grain)
        for share in sorted({recipe.share for recipe in asked}):
            _lay_quantiles(cells, clock_quantiles(counts, share), share)
    if dimension is None:
        cells.sums.update(_left_to_book(cells, targets, drawn))
    return cells


def _lay_quantiles(cells: Cells, found: pd.DataFrame, share: float) -> None:
    row = {name: i for i, name in enumerate(cells.levels)}
    column = {start: i for i, start in enumerate(cells.periods["start"])}
    found = found[found["start"].isin(column) & found["level"].isin(row)]
    for clock, part in found.groupby("clock", sort=False):
        at = (part["level"].map(row).to_numpy(), part["start"].map(column).to_numpy())
        arrays = [np.full(cells.shape, np.nan) for _ in range(5)]
        for array, name in zip(arrays, ("value", "exits", "n", "low", "high"), strict=True):
            array[at] = part[name].to_numpy(dtype=float)
        cells.clocks[str(clock), share] = Answer(*arrays)


def _left_to_book(
    cells: Cells, targets: Mapping[tuple[str, str, str], float], drawn: Drawn
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Target for bookings less what is booked, of a period that is not over; of others the whole target."""
    named = [targets.get(("bookings", str(label), ALL), np.nan) for label in cells.periods["period"]]
    after = [shifted(start, cells.grain, 1) for start in cells.periods["start"]]
    following = [targets.get(("bookings", period_label(s, cells.grain, drawn.month), ALL), np.nan) for s in after]
    booked = np.where(cells.periods["complete"], 0.0, cells.total("bookings"))
    none = np.zeros(cells.shape)
    left = np.maximum(np.nan_to_num(np.array([named]) - booked), 0.0)
    return {
        "left_to_book": (none, left, none),
        "left_to_book_next": (none, np.nan_to_num(np.array([following])), none),
    }


def _part_cells(
    drawn: Drawn, dimension: str | None, grain: Grain, periods: pd.DataFrame, levels: Sequence[str]
) -> Cells | None:
    """The same days of the period before and of a year ago, where the latest period is not over."""
    latest = periods.iloc[-1]
    if latest["complete"]:
        return None
    elapsed = pd.Timestamp(drawn.as_of) - latest["start"]
    starts = earlier(latest["start"], grain)
    ends = [min(start + elapsed, shifted(start, grain, 1) - pd.Timedelta(days=1)) for start in starts]
    windows = list(dict.fromkeys(zip(starts, ends, strict=True)))
    sums = drawn.sums_in(dimension, windows)
    table = pd.DataFrame({"start": [start for start, _ in windows], "end": [end for _, end in windows]})
    return cells_of(sums[sums["level"].isin(set(levels))], grain, table, levels)


def _columns(
    kpi: Kpi, drawn: Drawn, dimension: str | None, cells: Cells, part: Cells | None,
    targets: Mapping[tuple[str, str, str], float], kept: Mask, late: Mapping[str, Mask],
) -> dict[str, npt.NDArray[Any]]:  # fmt: skip
    """COLUMNS of one KPI as arrays, level by level, of the periods that are kept."""
    assert kpi.recipe is not None
    answer = _where_covered(kpi, kpi.recipe.answer(cells), late)
    previous, last_year = _compared(kpi, answer.value, cells, part)
    target = _targets(kpi, cells, targets)
    rows = {
        **vars(answer), "target": target, "vs_target": _relative(answer.value, target), "previous": previous,
        "change": _relative(answer.value, previous), "last_year": last_year,
        "change_last_year": _relative(answer.value, last_year),
        "note": notes_of(kpi, answer, cells, drawn, late, compared_in_part=part is not None),
        "level": np.broadcast_to(np.array(cells.levels, dtype=object)[:, None], cells.shape),
    }  # fmt: skip
    of_period = {"period": "period", "period_start": "start", "period_end": "end", "complete": "complete"}
    rows |= {name: np.broadcast_to(cells.periods[column].to_numpy(), cells.shape) for name, column in of_period.items()}
    same = {"kpi": kpi.key, "label": kpi.label, "unit": kpi.unit, "grain": cells.grain, "dimension": dimension or ALL}
    rows |= {name: np.full(cells.shape, value, dtype=object) for name, value in same.items()}
    return {name: array[:, kept].ravel() for name, array in rows.items()}


def _targets(kpi: Kpi, cells: Cells, targets: Mapping[tuple[str, str, str], float]) -> Floats:
    if not any(key == kpi.key for key, _, _ in targets):
        return np.full(cells.shape, np.nan)
    labels = cells.periods["period"].astype(str)
    return np.array([[targets.get((kpi.key, one, level), np.nan) for one in labels] for level in cells.levels])


def _compared(kpi: Kpi, value: Floats, cells: Cells, part: Cells | None) -> tuple[Floats, Floats]:
    """The value of the period before and of a year ago, at the latest period of as many days where it is not over."""
    found = []
    for which, back in enumerate((1, PER_YEAR[cells.grain])):
        array = np.full(value.shape, np.nan)
        array[:, back:] = value[:, :-back] if back < value.shape[1] else array[:, back:]
        if part is not None and kpi.recipe is not None and kpi.by_part and np.isfinite(array[:, -1]).any():
            start = earlier(cells.periods["start"].iloc[-1], cells.grain)[which]
            column = int(np.flatnonzero(part.periods["start"] == start)[0])
            array[:, -1] = kpi.recipe.answer(part).value[:, column]
        found.append(array)
    return found[0], found[1]


def _where_covered(kpi: Kpi, answer: Answer, late: Mapping[str, Mask]) -> Answer:
    """No value for periods that began well before the table that a KPI needs does."""
    hidden = [late[table] for table in kpi.tables if table in late]
    if not hidden:
        return answer
    early = np.any(hidden, axis=0)[None, :]
    return replace(answer, **{name: np.where(early, np.nan, array) for name, array in vars(answer).items()})


def _relative(value: Floats, other: Floats) -> Floats:
    change: Floats = np.divide(value - other, np.abs(other), out=np.full(value.shape, np.nan), where=np.abs(other) > 0)
    return change
