"""The weeks ahead of one company as arithmetic: what spend causes, what becomes of records, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from revmodel.errors import ModelError
from revmodel.planning.flow import Floats, landed, landing

__all__ = ["Ahead"]


@dataclass(frozen=True)
class Ahead:
    """Expected futures, one a draw, as functions of spend.

    as_of : the day before week 0. weeks : last days of the weeks ahead, those of the carry-over after a plan included.
    spend : (channel, week), the current plan, currency a week
    base : (draw, row, week), records that come without any spend ahead: the expected ones less those caused
    caused : (channel, week) of spend → (draw, channel, week), records that each channel's spend causes
    share : (draw, channel, row), at which stages those records come in, and whose records they are worth as much as
    kernels : metric → (draw, row, lag), what one record brings so many weeks after it came in: "leads" (1 at once for
        records of a lead stage), "entered:<stage>", "pipeline_created", "wins", "bookings"
    won_from : stage → (draw, lag), chance that a record which enters that stage is won so many weeks later
    beyond : stage → metric → (draw, row, lag), what a record of a row brings so many weeks after it entered the stage;
        told of stages at which records may have to wait, and of metrics that lie behind them
    value : what deals are counted in: "bookings", or "wins" where there are no amounts or wins are asked for
    """

    as_of: dt.date
    weeks: pd.DatetimeIndex
    channels: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    spend: Floats
    base: Floats
    caused: Callable[[Floats], Floats]
    share: Floats
    kernels: Mapping[str, Floats]
    won_from: Mapping[str, Floats]
    value: str
    beyond: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not speak of the same draws, rows and weeks."""
        draws, rows, weeks = len(self.base), len(self.rows), len(self.weeks)
        wanted = {"spend": (len(self.channels), weeks), "base": (draws, rows, weeks)}
        wanted["share"] = (draws, len(self.channels), rows)
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ModelError(f"{name} ahead came with shape {getattr(self, name).shape}, wanted {shape}")
        for name, kernel in self.kernels.items():
            if kernel.shape[:2] != (draws, rows):
                raise ModelError(f"kernel of {name} came with shape {kernel.shape}, wanted ({draws}, {rows}, lag)")

    def records(self, spend: Floats) -> Floats:
        """(draw, row, week): records that come in under ``spend`` (channel, week)."""
        if not self.channels:
            return self.base
        return self.base + self.records_of(self.caused(spend))

    def records_of(self, caused: Floats) -> Floats:
        """(draw, row, week) from (draw, channel, week): the rows that caused records count with."""
        out: Floats = np.einsum("dcw,dcr->drw", caused, self.share, optimize=True)
        return out

    def by_week(self, metric: str, created: Floats) -> Floats:
        """(draw, week): what records ``created`` (draw, row, week) bring of a metric."""
        return landed(created, self.kernel(metric))

    def worth(self, metric: str, shares: Floats) -> Floats:
        """(draw, row, week, period): what one record brings to each period; see ``flow.landing``."""
        return landing(self.kernel(metric), shares)

    def worth_within(self, metric: str, weeks: int) -> Floats:
        """(draw, row): what one record brings within so many weeks, whenever it comes in."""
        out: Floats = self.kernel(metric)[:, :, : weeks + 1].sum(axis=2)
        return out

    def kernel(self, metric: str) -> Floats:
        """(draw, row, lag). Raises ModelError: a metric that the funnel does not have."""
        if metric not in self.kernels:
            raise ModelError(f"no kernel of {metric!r}: this funnel has {', '.join(self.kernels)}")
        return self.kernels[metric]

    def shares_until(self, last: pd.Timestamp, first: pd.Timestamp | None = None) -> Floats:
        """(week,): how much of each week's days lies between two days, both included; from the as-of date on."""
        begin = pd.Timestamp(self.as_of) if first is None else first - pd.Timedelta(days=1)
        start = (begin - pd.Timestamp(self.as_of)).days
        end = (last - pd.Timestamp(self.as_of)).days
        week = 7 * np.arange(len(self.weeks))
        days = np.minimum(end, week + 7) - np.maximum(start, week)
        return np.asarray(np.clip(days, 0, 7) / 7.0)
