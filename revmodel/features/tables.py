"""What the feature builders hand to the models: small frames of counts, never raw events.

Weeks are anchored at the as-of date T: a history week covers seven days and the last one ends on T (inclusive);
future week 0 covers T+1 … T+7. So no week is partial, whatever weekday T is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.dims import ALL, GROUP_DIMS

__all__ = [
    "AGE_EDGES_WEEKS", "RESPONSE_WEEKS", "Features", "Groups", "HazardCells", "OpenRecords", "WeeklyPanel", "WonDeals",
]  # fmt: skip

RESPONSE_WEEKS = 156  # the latest of which arrivals' response to spend is learned from
# Left edges of the age bins, in whole weeks in the stage; the last bin is open.
AGE_EDGES_WEEKS = (0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 40, 53, 79)


@dataclass(frozen=True)
class Groups:
    """Groups of records that the models tell apart, one name a group in each dimension (dims.GROUP_DIMS).

    A dimension that is not told apart is "all" everywhere. Only combinations that occur are groups, in order of their
    names; the position of a group is its place on every group axis.

    >>> groups = Groups.of(pd.DataFrame({"channel": ["search", "events"], "segment": ["smb", "smb"]}))
    >>> groups.channel, groups.owner, len(groups)
    (('events', 'search'), ('all', 'all'), 2)
    """

    channel: tuple[str, ...]
    segment: tuple[str, ...]
    region: tuple[str, ...]
    owner: tuple[str, ...]
    type: tuple[str, ...]
    band: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Groups:
        """The distinct combinations in ``frame``; a dimension without a column is "all"."""
        named = {name: frame[name] if name in frame.columns else ALL for name in GROUP_DIMS}
        each = pd.DataFrame(named, index=frame.index, columns=list(GROUP_DIMS)).drop_duplicates()
        rows = sorted(each.itertuples(index=False, name=None))
        return cls(*zip(*rows, strict=True)) if rows else cls(*([()] * len(GROUP_DIMS)))

    def __len__(self) -> int:
        return len(self.channel)

    @property
    def names(self) -> list[tuple[str, ...]]:
        """One tuple a group, in the order of dims.GROUP_DIMS."""
        return list(zip(*(getattr(self, name) for name in GROUP_DIMS), strict=True))

    @property
    def frame(self) -> pd.DataFrame:
        """One row a group, one column a dimension."""
        return pd.DataFrame(self.names, columns=list(GROUP_DIMS))

    def levels(self, dimension: str) -> tuple[str, ...]:
        """Distinct names of one dimension, sorted."""
        return tuple(sorted(set(getattr(self, dimension))))

    def told_apart(self) -> tuple[str, ...]:
        """Dimensions with more than one level."""
        return tuple(name for name in GROUP_DIMS if len(self.levels(name)) > 1)

    def index(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Position of each row's group, −1 for a combination that is no group; a missing column reads as "all"."""
        groups, rows = np.zeros(len(self), np.int64), np.zeros(len(frame), np.int64)
        known = np.ones(len(frame), bool)
        for name in GROUP_DIMS:
            levels = pd.Index(self.levels(name), dtype=object)
            values = frame[name].to_numpy(object) if name in frame.columns else np.full(len(frame), ALL, object)
            at = levels.get_indexer(pd.Index(values, dtype=object))
            known &= at >= 0
            groups = groups * len(levels) + levels.get_indexer(pd.Index(getattr(self, name), dtype=object))
            rows = rows * len(levels) + at
        found = pd.Index(groups).get_indexer(pd.Index(rows))
        return np.where(known, found, -1).astype(np.int64)


@dataclass(frozen=True)
class HazardCells:
    """Counts that are sufficient for the stage hazards.

    frame: one row a cell, columns
        stage, channel, segment, region, owner, type, band : str (see Groups)
        age_bin : int, index into age_edges_weeks
        again : int, 1 for records that are in the stage for the second time or more
        week : int, whole weeks from the end of the exposed week to the as-of date (0 = the latest week); older weeks
            are counted together under the first of their block (features/phase.py: WEEK_BLOCKS)
        phase : str, where in the fiscal quarter the exposed week ends: "m1", "m2", "m3" (months) or
            "end" (the quarter's last two weeks)
        deal_band : int, only where bands were asked for: 1 below deal_band_edges[0], 2 from it on, …; 0 without an
            amount on file at entry
        n : int, records at risk for a week (record-weeks); advance, lost, recycled : int, exits by cause
    destinations: stage, cause, to_stage, count: where exits went (skips and moves back).
    first_week: stage, day (0 … 6), count: exits in the first week in the stage, by days since entry.
    reasons: stage, reason, count: what was given as the reason when a record was lost.
    as_of, fiscal_year_start_month: what weeks and phases are counted by.
    """

    frame: pd.DataFrame
    destinations: pd.DataFrame
    stages: tuple[str, ...]
    groups: Groups
    age_edges_weeks: tuple[int, ...] = AGE_EDGES_WEEKS
    deal_band_edges: tuple[float, ...] = ()
    as_of: dt.date = dt.date.min
    fiscal_year_start_month: int = 1
    first_week: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["stage", "day", "count"]))
    reasons: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["stage", "reason", "count"]))

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that are told apart."""
        return self.groups.levels("channel")

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments that are told apart."""
        return self.groups.levels("segment")


@dataclass(frozen=True)
class OpenRecords:
    """Records that are open at the as-of date, one row each.

    frame columns: record_id, record_type ("lead" or "deal"), stage, the dimensions of Groups (pooled
        names, "all" where not told apart), entered_at (Timestamp), created_at, age_weeks (int, completed weeks in this
        stage), attempt (1 = first time in the stage), amount (float, deals only, NaN where not on file), close_date
        (deals), zombie (bool).
    Zombies are kept here and marked; they are not simulated.
    """

    frame: pd.DataFrame


@dataclass(frozen=True)
class WonDeals:
    """Deals closed by the as-of date.

    frame columns: deal_id, the dimensions of Groups, deal_type (as on file: "new", "expansion", "renewal"), won_at,
        amount (company currency), first_amount (the amount first on file), cycle_days.
    """

    frame: pd.DataFrame


@dataclass(frozen=True)
class WeeklyPanel:
    """The weekly history, oldest first; index: Timestamp of the week's last day.

    spend: (week × channel), currency per week, ≥ 0; empty columns where there is no spend table.
    arrivals: (week × (stage, channel, segment and what else of dims.GROUP_DIMS is told apart)), counts of records that
        entered the funnel by first stage.
    indicators: (week × name), weekly means. annotations: (week × name), share of the week's days covered.
    lift_tests: name, channel, start, end, spend_change, lift (in leads), lift_se, one row a test that can inform the
        response (features/lift_tests.py); None where there is no table of experiments.
    """

    spend: pd.DataFrame
    arrivals: pd.DataFrame
    indicators: pd.DataFrame
    annotations: pd.DataFrame
    lift_tests: pd.DataFrame | None = None

    @property
    def weeks(self) -> pd.DatetimeIndex:
        """Last days of the weeks, oldest first."""
        return pd.DatetimeIndex(self.arrivals.index)


@dataclass(frozen=True)
class Features:
    """Everything the models and the forecast need, as of one date.

    realised: what has happened by the as-of date, one row a week-or-finer event group, columns
        metric (see dims.METRICS), date (Timestamp), channel, segment, value. For quarter-to-date actuals.
    """

    as_of: dt.date
    cells: HazardCells
    open_records: OpenRecords
    won_deals: WonDeals
    panel: WeeklyPanel
    realised: pd.DataFrame
    cannot: list[str] = field(default_factory=list)  # what this data does not allow, one sentence each
    deal_snapshots: pd.DataFrame | None = None  # open deals every four weeks and now, see features/deal_snapshots.py
