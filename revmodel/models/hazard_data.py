"""Hazard cells as arrays: rows (group, attempt, age) by times (block of weeks, phase), each with a thin design matrix.

Log-odds are a sum of a row's part and a time's part, each linear in standardised effects. So a stage is two design
matrices, the scales of their columns and two tables of counts, and every covariate is a column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import PHASES, WEEK_BLOCKS, week_block
from revmodel.features.tables import Groups, HazardCells
from revmodel.models import priors
from revmodel.models.hazard_calendar import CALENDAR_COLUMNS, calendar_columns, calendar_scales
from revmodel.models.stage_covariates import StageCovariates
from revmodel.models.steps import step_widths, walk_back

__all__ = ["Effects", "HazardLayout", "layout_of", "row_design", "stage_data"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
K = len(dims.CAUSES)
SLOPED = (dims.CHANNEL, dims.SEGMENT)  # whose levels differ in speed, not only in odds
DAYS = 7
TIMES = 96  # columns of time: enough for three years of blocks by phase; a longer calendar takes 32 more
ROWS = (64, 96, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192)
COLUMNS = 8  # columns of a design matrix come in eights


@dataclass(frozen=True)
class Effects:
    """Columns of one kind. where: "row" or "time". start, stop: their place in the design matrix.

    widths : (column,), prior sd of each effect where the kind's spread is one. median, log_sd: LogNormal prior of the
    spread; log_sd 0: it is known. degrees_of_freedom: of Student-t effects, most of them nothing and a few large.
    """

    name: str
    where: str
    start: int
    stop: int
    widths: Floats
    median: float
    log_sd: float
    degrees_of_freedom: float = np.inf

    @property
    def columns(self) -> slice:
        """Their place in the design matrix."""
        return slice(self.start, self.stop)


@dataclass(frozen=True)
class HazardLayout:
    """What every stage's arrays of one company have in common, so that one compiled model serves them all.

    times: (block of weeks, phase) pairs in order. time_design : (time, column), padded. rows: padded number of rows.
    covariates: what the weekly indicators add, empty where none is asked for.
    """

    groups: Groups
    age_edges_weeks: tuple[int, ...]
    times: tuple[tuple[int, str], ...]
    effects: tuple[Effects, ...]
    time_design: Floats
    time_offset: Floats
    rows: int
    row_columns: int
    covariates: StageCovariates

    @property
    def shape(self) -> tuple[int, ...]:
        """Equal shapes share one compiled model."""
        return self.rows, self.row_columns, *self.time_design.shape

    def named(self, name: str) -> Effects | None:
        """The effects of one kind, None where there is none."""
        return next((each for each in self.effects if each.name == name), None)


def layout_of(
    cells: HazardCells, holidays_country: str | None = None, covariates: StageCovariates | None = None
) -> HazardLayout:
    """The layout that all stages of these cells share."""
    covariates = covariates or StageCovariates.none()
    frame = cells.frame
    times = tuple(sorted(set(zip(frame["week"].tolist(), frame["phase"].tolist(), strict=True))))
    row_effects, row_columns = _row_effects(cells)
    time_effects, time_columns = _time_effects(times, covariates)
    wanted = TIMES + max(0, -(-(len(times) - TIMES) // 32) * 32)
    design = np.zeros((wanted, time_columns))
    by_time, offset = _time_design(cells, times, time_effects, holidays_country, covariates)
    design[: len(times), : by_time.shape[1]] = by_time
    keys = frame[["stage", "again", "age_bin"]].assign(group=cells.groups.index(frame)).drop_duplicates()
    most = int(keys.groupby("stage").size().max()) if len(keys) else 1
    rows = next((size for size in ROWS if size >= most), -(-most // ROWS[-1]) * ROWS[-1])
    return HazardLayout(
        cells.groups, cells.age_edges_weeks, times, (*row_effects, *time_effects), design,
        np.pad(offset, (0, wanted - len(times))), rows, row_columns, covariates,
    )  # fmt: skip


def _row_effects(cells: HazardCells) -> tuple[list[Effects], int]:
    """What tells rows apart: level, age, the groups' dimensions, channels' speed, repeated visits."""
    ages = len(cells.age_edges_weeks) - 1
    told = cells.groups.told_apart()
    kinds = [("level", 1, (priors.INTERCEPT_SD, 0.0)), ("age", ages, (priors.AGE_STEP_SD, 0.0))]
    kinds += [(name, len(cells.groups.levels(name)), priors.GROUP_SDS[name]) for name in told]
    kinds += [
        (f"{name} slope", len(cells.groups.levels(name)), (priors.AGE_SLOPE_SD, 0.0)) for name in SLOPED if name in told
    ]
    kinds.append(("again", 1, (priors.AGAIN_SD, 0.0)))
    effects, start = [], 0
    for name, n, (median, log_sd) in kinds:
        effects.append(Effects(name, "row", start, start + n, np.ones(n), median, log_sd))
        start += n
    return effects, -(-start // COLUMNS) * COLUMNS


def _time_effects(times: tuple[tuple[int, str], ...], covariates: StageCovariates) -> tuple[list[Effects], int]:
    """What tells times apart: drift, shocks, the calendar, covariates."""
    weeks = _blocks()
    together = np.diff([*weeks, weeks[-1] + 13])
    shocks = 1 / np.sqrt(np.minimum(together, 13))  # the mean shock of weeks that are counted together
    parts = [
        ("drift", step_widths(), priors.STAGE_DRIFT_SD, priors.STEP_DEGREES_OF_FREEDOM),
        ("shock", shocks, priors.STAGE_SHOCK_SD, np.inf),
        ("calendar", calendar_scales(_history_weeks(times)), (1.0, 0.0), np.inf),
        ("covariate", np.ones(len(covariates.names)), (priors.COVARIATE_SD, 0.0), np.inf),
    ]
    effects, start = [], 0
    for name, widths, (median, log_sd), nu in parts:
        if len(widths):
            effects.append(Effects(name, "time", start, start + len(widths), widths, median, log_sd, nu))
            start += len(widths)
    return effects, -(-start // COLUMNS) * COLUMNS


def _blocks() -> Ints:
    """First week of every block of weeks, latest first."""
    return np.unique(week_block(np.arange(200, dtype=np.int64)))


def _history_weeks(times: tuple[tuple[int, str], ...]) -> int:
    """Weeks of history, the oldest block taken as whole; at most half a year of the last, open one."""
    if not times:
        return 0
    oldest = max(week for week, _ in times)
    together = [length for start, length in WEEK_BLOCKS if start <= oldest][-1]
    return oldest + min(together, 26)


def _time_design(
    cells: HazardCells, times: tuple[tuple[int, str], ...], effects: list[Effects], country: str | None,
    covariates: StageCovariates,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(time, column) and what is added to every cause's log-odds (time,): means over the days of each time."""
    if not times:
        return np.zeros((0, effects[-1].stop)), np.zeros(0)
    ago = np.arange(_history_weeks(times) * DAYS, dtype=np.int64)
    week = ago // DAYS
    ends = pd.DatetimeIndex(pd.Timestamp(cells.as_of) - pd.to_timedelta(ago, unit="D"))
    calendar = calendar_columns(ends, cells.fiscal_year_start_month, country)
    walk = walk_back(int(week.max()) + 1)[::-1][week]
    is_shock = (week_block(week)[:, None] == _blocks()[None, :]).astype(float)
    every = np.concatenate([walk, is_shock, calendar, covariates.at_weeks_ago(week)], axis=1)
    phase = np.array(PHASES, dtype=object)[calendar[:, : len(PHASES)].argmax(1)]
    block = week_block(week)
    rows = []
    for first, name in times:
        same = (block == first) & (phase == name)
        rows.append(every[same].mean(0) if same.any() else every[block == first].mean(0))
    design = np.stack(rows)
    worked = effects[2].start + CALENDAR_COLUMNS.index("working_days")
    return design, priors.WORKING_DAYS_MEAN * design[:, worked]


def row_design(layout: HazardLayout, group: Ints, age_bin: Ints, again: Ints) -> Floats:
    """(row, column) of rows given by group, age bin and whether it is a repeated visit."""
    design = np.zeros((len(group), layout.row_columns))
    log_age = np.log1p(np.asarray(layout.age_edges_weeks, dtype=float))
    for each in (effect for effect in layout.effects if effect.where == "row"):
        if each.name == "level":
            part = np.ones((len(group), 1))
        elif each.name == "age":
            part = (age_bin[:, None] > np.arange(len(layout.age_edges_weeks) - 1)[None, :]).astype(float)
        elif each.name == "again":
            part = again[:, None].astype(float)
        else:
            dimension = each.name.removesuffix(" slope")
            part = _is_level(layout.groups, dimension)[group]
            part = part if dimension == each.name else part * log_age[age_bin][:, None]
        design[:, each.columns] = part
    return design


def _is_level(groups: Groups, dimension: str) -> Floats:
    """(group, level): 1 where the group is of that level."""
    levels = groups.levels(dimension)
    return np.eye(len(levels))[[levels.index(name) for name in getattr(groups, dimension)]]


def stage_data(cells: HazardCells, layout: HazardLayout, stage: str) -> dict[str, Floats]:
    """One stage's arrays (see the PyMC model in models/hazards.py); scales hold each kind's prior median, and row_mean
    the prior means of effects of rows, which are zero for a stage alone (models/across_stages.py)."""
    frame = cells.frame[cells.frame["stage"] == stage]
    ages = len(layout.age_edges_weeks)
    code = (layout.groups.index(frame) * 2 + frame["again"].to_numpy(np.int64)) * ages + frame["age_bin"].to_numpy(
        np.int64
    )
    seen, row = np.unique(code, return_inverse=True)
    place = {time: i for i, time in enumerate(layout.times)}
    time = np.array([place[t] for t in zip(frame["week"].tolist(), frame["phase"].tolist(), strict=True)], np.int64)
    at_risk = np.zeros((layout.rows, len(layout.time_design)))
    np.add.at(at_risk, (row, time), frame["n"].to_numpy(float))
    exits_by_row, exits_by_time = np.zeros((K, at_risk.shape[0])), np.zeros((K, at_risk.shape[1]))
    for k, cause in enumerate(dims.CAUSES):
        exits = frame[cause].to_numpy(float)
        np.add.at(exits_by_row[k], row, exits)
        np.add.at(exits_by_time[k], time, exits)
    design = np.zeros((layout.rows, layout.row_columns))
    design[: len(seen)] = row_design(layout, seen // (2 * ages), seen % ages, seen // ages % 2)
    return {
        "at_risk": at_risk,
        "exits_by_row": exits_by_row,
        "exits_by_time": exits_by_time,
        "crude_log_odds": np.log((exits_by_row.sum(1) + 0.5) / (at_risk.sum() + 10.0)),
        "row_design": design,
        "row_mean": np.zeros((K, layout.row_columns)),
        "time_design": layout.time_design,
        "time_offset": layout.time_offset,
        **_scales(layout),
    }


def _scales(layout: HazardLayout) -> dict[str, Floats]:
    """Prior sd of every effect at its kind's median spread, (cause, column); columns of padding are standard normal."""
    scales = {"row": np.ones((K, layout.row_columns)), "time": np.ones((K, layout.time_design.shape[1]))}
    for each in layout.effects:
        scales[each.where][:, each.columns] = each.median * each.widths
    return {f"{where}_scale": value for where, value in scales.items()}
