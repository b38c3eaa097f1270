"""Spells → counts of weeks at risk and of exits: all that the stage hazards need to know.

Time is discrete and exact. A spell lives through age weeks 0, 1, 2, …; age week w covers the days 7w … 7w+6 after
entry. A spell is at risk in the age weeks that

    lie wholly in the past: the week's last day is on or before the as-of date,
    begin after exits were recorded at all (left truncation),
    come before the zombie limit,

up to the week in which it left. Its exit counts in that week if the week counts. An unfinished week counts for
nobody: counting it for those who left in it but not for those who may yet leave would raise the latest hazards, the
very ones that a forecast starts from.
"""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, CAUSES, GROUP_DIMS, LOST
from revmodel.features.deal_bands import band_edges, with_deal_band
from revmodel.features.phase import quarter_phase, week_block
from revmodel.features.tables import AGE_EDGES_WEEKS, Groups, HazardCells
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN
from revmodel.sources.dialect import whole_numbers

__all__ = ["HazardCellBuilder"]

_GROUPS = ["stage", *GROUP_DIMS]
_KEYS = [*_GROUPS, "again", "age_bin", "week", "phase"]
_COUNTS = ["n", *CAUSES]
NOT_SAID = "not said"


class HazardCellBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → HazardCells.

    history_weeks: use only age weeks that ended in the latest weeks (None: all). The cost is one row a distinct
    combination of stage, group and days, whatever the number of records.
    deal_bands: how many bands of deal size to tell apart, or their edges (see features/deal_bands.py); None: none.
    After ``fit``: stages_, groups_, deal_band_edges_.
    """

    def __init__(
        self,
        fiscal_year_start_month: int = 1,
        history_weeks: int | None = None,
        age_edges_weeks: tuple[int, ...] = AGE_EDGES_WEEKS,
        deal_bands: int | tuple[float, ...] | None = None,
    ) -> None:
        self.fiscal_year_start_month = fiscal_year_start_month
        self.history_weeks = history_weeks
        self.age_edges_weeks = age_edges_weeks
        self.deal_bands = deal_bands

    def fit(self, journeys: Journeys, y: None = None) -> HazardCellBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the stages, the groups of records, and the edges of deal bands."""
        known = [name for name in GROUP_DIMS if name in journeys.spells.columns]
        self.stages_ = tuple(journeys.funnel.stages)
        self.groups_ = Groups.of(journeys.records.select(known).distinct().to_pyarrow().to_pandas())
        self.deal_band_edges_ = () if self.deal_bands is None else band_edges(journeys, self.deal_bands)
        return self

    def transform(self, journeys: Journeys) -> HazardCells:
        """Count weeks at risk and exits by cell, and where exits went."""
        spells = journeys.spells if self.deal_bands is None else with_deal_band(journeys, self.deal_band_edges_)
        unsaid = {name: ibis.literal(ALL) for name in GROUP_DIMS if name not in spells.columns}
        spells = spells.mutate(**unsaid, again=(spells.attempt > 1).ifelse(1, 0).cast("int64"))
        groups = [*_GROUPS, "again", *self._bands]
        alike = _alike(spells, journeys.as_of, groups).cache()
        oldest = alike.entered_ago.max().to_pyarrow().as_py()
        days = 0 if oldest is None else int(oldest) + 1
        weeks = _weeks_at_risk(alike, groups, whole_numbers(days // DAYS_PER_WEEK + 2))
        calendar = self._calendar(journeys, days)
        cells = weeks.inner_join(calendar, weeks.week_end_ago == calendar.days_ago)
        cells = cells.mutate(age_bin=_age_bin(cells.age_week, self.age_edges_weeks))
        counts = {cause: cells.records.sum(where=cells[cause]).fill_null(0).cast("int64") for cause in CAUSES}
        keys = [*_KEYS, *self._bands]
        frame = cells.group_by(keys).aggregate(n=cells.records.sum().cast("int64"), **counts)
        ordered = frame.select(*keys, *_COUNTS).order_by(keys).to_pyarrow().to_pandas()
        return HazardCells(
            frame=_in_funnel_order(ordered, self.stages_),
            destinations=_in_funnel_order(_destinations(journeys.spells), self.stages_),
            stages=self.stages_,
            groups=self.groups_,
            age_edges_weeks=self.age_edges_weeks,
            deal_band_edges=self.deal_band_edges_,
            as_of=journeys.as_of,
            fiscal_year_start_month=self.fiscal_year_start_month,
            first_week=_in_funnel_order(_first_week(journeys.spells), self.stages_),
            reasons=_in_funnel_order(_reasons(journeys), self.stages_),
        )

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame of cells."""
        return np.array([*_KEYS, *self._bands, *_COUNTS], dtype=object)

    @property
    def _bands(self) -> list[str]:
        return [] if self.deal_bands is None else ["deal_band"]

    def _calendar(self, journeys: Journeys, days: int) -> ir.Table:
        """Block of weeks and phase of each day on which an age week may end, ``days`` back."""
        if self.history_weeks is not None:
            days = min(days, self.history_weeks * DAYS_PER_WEEK)
        ago = np.arange(days, dtype=np.int64)
        dates = pd.DatetimeIndex(pd.Timestamp(journeys.as_of) - pd.to_timedelta(ago, unit="D"))
        phase = pd.array(quarter_phase(dates, self.fiscal_year_start_month), dtype="str")
        week = week_block(ago // DAYS_PER_WEEK)
        return ibis.memtable(pd.DataFrame({"days_ago": ago, "week": week, "phase": phase}))


def _alike(spells: ir.Table, as_of: dt.date, groups: list[str]) -> ir.Table:
    """Spells that no week can tell apart, once, with how many they are: first and last age week at risk, exit week."""
    entered_ago, left_ago = days_before(as_of, spells.entered_at), days_before(as_of, spells.left_at)
    keys = {
        **{name: spells[name] for name in (*groups, "outcome")},
        "entered_ago": entered_ago,
        "exit_week": (entered_ago - left_ago) // DAYS_PER_WEEK,
        "first_week": spells.entry_delay_weeks,
        "limit_week": spells.zombie_after_weeks,
    }
    alike = spells.group_by(**keys).aggregate(records=spells.count())
    finished_weeks = (alike.entered_ago + 1) // DAYS_PER_WEEK
    end_week = ibis.least(
        finished_weeks, alike.limit_week.fill_null(finished_weeks), (alike.exit_week + 1).fill_null(finished_weeks)
    )
    return alike.mutate(end_week=end_week.cast("int64")).filter(lambda t: t.end_week > t.first_week)


def _weeks_at_risk(alike: ir.Table, groups: list[str], numbers: ir.Table) -> ir.Table:
    """One row for each age week that they are at risk; the causes say whether it is the week of that exit."""
    # Joined by equality: every engine does that fast, whatever the number of weeks.
    lengths = numbers.select(length=numbers.number)
    each = lengths.inner_join(numbers, numbers.number < lengths.length)
    weeks = alike.inner_join(each, alike.end_week - alike.first_week == each.length)
    weeks = weeks.mutate(age_week=weeks.first_week + weeks.number)
    leaves = (weeks.age_week == weeks.exit_week).fill_null(False)
    return weeks.select(
        *(*groups, "age_week", "records"),
        week_end_ago=weeks.entered_ago - weeks.age_week * DAYS_PER_WEEK - (DAYS_PER_WEEK - 1),
        **{cause: leaves & (weeks.outcome == cause) for cause in CAUSES},
    )


def _age_bin(age_week: ir.IntegerColumn, edges: tuple[int, ...]) -> ir.IntegerColumn:
    reached = [(age_week >= edge).ifelse(1, 0) for edge in edges[1:]]
    return sum(reached, start=ibis.literal(0)).cast("int64")


def _destinations(spells: ir.Table) -> pd.DataFrame:
    """stage, cause, to_stage, count of all recorded exits."""
    left = spells.filter(spells.outcome != OPEN)
    keys = ["stage", "cause", "to_stage"]
    counts = left.group_by(stage=left.stage, cause=left.outcome, to_stage=left.to_stage).aggregate(count=left.count())
    frame: pd.DataFrame = counts.order_by(keys).to_pyarrow().to_pandas()
    return frame


def _first_week(spells: ir.Table) -> pd.DataFrame:
    """stage, day, count: exits less than a week after entry, by days in the stage."""
    left = spells.filter(spells.outcome != OPEN)
    days = left.left_at.date().delta(left.entered_at.date(), unit="day")
    early = left.mutate(day=days.cast("int64")).filter(lambda t: t.day.between(0, DAYS_PER_WEEK - 1))
    counts = early.group_by("stage", "day").aggregate(count=early.count())
    frame: pd.DataFrame = counts.order_by("stage", "day").to_pyarrow().to_pandas()
    return frame


def _reasons(journeys: Journeys) -> pd.DataFrame:
    """stage, reason, count: what was given as the reason of losses; "not said" where a change has none."""
    if "stage_changes" not in journeys.tables:
        return pd.DataFrame(columns=["stage", "reason", "count"])
    changes = journeys.tables["stage_changes"]
    said = changes.filter(changes.to_stage.isin(list(journeys.funnel.lost)))
    said = said.group_by(of_record="record_id", lost_at="changed_at").aggregate(reason=said.reason.max())
    lost = journeys.spells.filter(journeys.spells.outcome == LOST).select("record_id", "stage", "left_at")
    joined = lost.left_join(said, [lost.record_id == said.of_record, lost.left_at == said.lost_at])
    given = joined.mutate(reason=joined.reason.fill_null(NOT_SAID))
    counts = given.group_by("stage", "reason").aggregate(count=given.count())
    frame: pd.DataFrame = counts.order_by("stage", "reason").to_pyarrow().to_pandas()
    return frame


def _in_funnel_order(frame: pd.DataFrame, stages: tuple[str, ...]) -> pd.DataFrame:
    place = {stage: i for i, stage in enumerate(stages)}
    return frame.sort_values("stage", key=lambda stage: stage.map(place), kind="stable", ignore_index=True)
