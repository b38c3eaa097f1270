"""Everything that KPIs are counted from, drawn from the journeys once: facts, clocks, open pipeline, days of spend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import Config
from revmodel.dims import ADVANCE, ALL
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.durations import clock_counts, clocks
from revmodel.metrics.facts import DIMENSIONS, customer_facts, opportunities, record_facts, touch_facts, with_campaign
from revmodel.metrics.influence import influence_facts, touched_deals
from revmodel.metrics.kpi import filled_columns
from revmodel.metrics.periods import GRAINS, Grain, periods_between
from revmodel.metrics.pipeline import days_needed, open_counts, open_deals_on, open_sums
from revmodel.metrics.service import follow_clock, follow_facts, service_facts
from revmodel.metrics.spend import day_sums, other_cost_days, spend_days
from revmodel.metrics.stages import named_stages
from revmodel.metrics.totals import Window, folded, sums_by

__all__ = ["Drawn"]


@dataclass(frozen=True)
class Drawn:
    """What a company's KPIs are counted from, each part computed once and only if it is asked for."""

    journeys: Journeys
    config: Config

    @property
    def as_of(self) -> dt.date:
        """The day up to which everything is known."""
        return self.journeys.as_of

    @property
    def month(self) -> int:
        """First month of the fiscal year."""
        return self.config.forecast.fiscal_year_start_month

    @cached_property
    def filled(self) -> frozenset[str]:
        """ "table.column" of every column that holds a value; "touches.by_sales" where sales ever touched an MQL."""
        found = filled_columns(self.journeys.tables)
        mql = self.roles.get("mql")
        if mql and {"touches.kind", "touches.lead_id"} <= found:
            clock = follow_clock(self.journeys, self._stays, mql, self.config.metrics)
            if clock.filter(clock.outcome == ADVANCE).count().to_pyarrow().as_py():
                return found | {"touches.by_sales"}
        return found

    @cached_property
    def roles(self) -> dict[str, str]:
        """Role (mql, …) → stage."""
        return named_stages(self.config.funnel, self.config.metrics)

    @cached_property
    def marketing(self) -> tuple[str, ...]:
        """Channels of marketing: as configured, else those with spend."""
        told = self.config.metrics.marketing_channels
        if told is not None:
            return tuple(told)
        if "spend" not in self.journeys.tables:
            return ()
        spend = self.journeys.tables["spend"]
        return tuple(
            sorted(spend.filter(spend.spend > 0).select("channel").distinct().to_pyarrow()["channel"].to_pylist())
        )

    @cached_property
    def first_day(self) -> dt.date:
        """The day of the first event of any record."""
        first = self.journeys.events["at"].min().to_pyarrow().as_py()
        return pd.Timestamp(first).date()

    @cached_property
    def begins(self) -> dict[str, pd.Timestamp]:
        """Table → its first day, for tables that may begin later than the records."""
        found = {}
        for name, column in (("spend", "date"), ("touches", "occurred_at"), ("subscriptions", "started_at")):
            if f"{name}.{column}" in self.filled:
                found[name] = pd.Timestamp(self.journeys.tables[name][column].min().to_pyarrow().as_py())
        return found

    @cached_property
    def indicator_days(self) -> pd.DataFrame:
        """measure ("indicator:<name>"), date, value: the mean over regions of each day."""
        if "indicators" not in self.journeys.tables:
            return pd.DataFrame({"measure": [], "date": pd.to_datetime([]), "value": []})
        rows = self.journeys.tables["indicators"]
        total = rows.group_by("name", "date").aggregate(value=rows.value.mean())
        frame: pd.DataFrame = total.order_by("name", "date").to_pyarrow().to_pandas()
        return frame.assign(measure="indicator:" + frame["name"].astype(str), date=pd.to_datetime(frame["date"]))

    @cached_property
    def indicators(self) -> tuple[str, ...]:
        """Names of the indicators."""
        return tuple(sorted(self.indicator_days["measure"].str.removeprefix("indicator:").unique()))

    def sums(self, dimension: str | None, grain: Grain, periods: pd.DataFrame) -> pd.DataFrame:
        """Every measure by period and level of a dimension (None: in total), as the COLUMNS of totals."""
        unit: Literal["week", "month"] = "week" if grain == "week" else "month"
        counted = self._once(("sums", dimension, unit), lambda: sums_by(self._facts(dimension), unit))
        parts = [folded(counted, grain, self.month)]
        parts += [day_sums(days, dimension, grain, self.month) for days in self._days(dimension)]
        if self.config.funnel.deal_stages and dimension != "content":
            open_deals = self._open_deals
            counts = self._once(("open", dimension), lambda: open_counts(open_deals, _level(open_deals, dimension)))
            parts.append(open_sums(counts, periods, grain, self.as_of))
        return _together(parts)

    def sums_in(self, dimension: str | None, windows: Sequence[Window]) -> pd.DataFrame:
        """The same within windows of days (first, last), each as a period that starts on its first day.

        Without what was open on a day.
        """
        first, last = min(start for start, _ in windows), max(end for _, end in windows)
        facts = [
            part.filter((part.date >= first.date()) & (part.date <= last.date())) for part in self._facts(dimension)
        ]
        daily = [
            sums_by(facts, "day"),
            *(day_sums(days, dimension, "day", self.month) for days in self._days(dimension)),
        ]
        rows = _together(daily)
        inside = [rows[rows["start"].between(*window)].assign(start=window[0]) for window in windows]
        return _together(inside).groupby(["measure", "start", "level"], as_index=False)[["n", "total", "squares"]].sum()

    def clock_counts(self, dimension: str | None, grain: Grain) -> pd.DataFrame:
        """Durations by period and level, see durations.clock_counts."""
        table = self._clocks
        return self._once(
            ("clocks", dimension, grain), lambda: clock_counts(table, _level(table, dimension), grain, self.month)
        )

    @cached_property
    def _kept(self) -> dict[tuple[object, ...], pd.DataFrame]:
        return {}

    def _once(self, key: tuple[object, ...], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    @cached_property
    def _made(self) -> ir.Table:
        return opportunities(self.journeys, self._each).cache()

    @cached_property
    def _each(self) -> ir.Table:
        """Records with their campaign."""
        return with_campaign(self.journeys.records, self.journeys.tables).cache()

    @cached_property
    def _stays(self) -> ir.Table:
        """Stays in stages, with their campaign."""
        return with_campaign(self.journeys.spells, self.journeys.tables).cache()

    @cached_property
    def _events(self) -> ir.Table:
        """Facts that have one level of each dimension, so that levels add up; null where a dimension does not apply."""
        parts = [record_facts(self.journeys, self._each, self._stays, self._made, self.marketing)]
        if mql := self.roles.get("mql"):
            parts.append(service_facts(self._stays, mql, self.config.metrics, self.as_of))
            if self._sales_touches:
                parts.append(follow_facts(self.journeys, self._stays, mql, self.config.metrics))
        if "subscriptions" in self.journeys.tables:
            parts.append(customer_facts(self.journeys.tables))
        if "touches" in self.journeys.tables:
            parts.append(touch_facts(self.journeys.tables))
        return ibis.union(*parts).cache() if len(parts) > 1 else parts[0].cache()

    @cached_property
    def _influence(self) -> ir.Table | None:
        """Facts with several levels of one dimension: dimension, measure, date, value, level."""
        if not {"touches", "deals"} <= set(self.journeys.tables) or not self.config.funnel.deal_stages:
            return None
        touched = touched_deals(self.journeys, self.marketing).cache()
        parts = [
            influence_facts(self._made, touched, name).mutate(dimension=ibis.literal(name or ALL))
            for name in (None, *DIMENSIONS)
        ]
        return ibis.union(*parts).cache()

    @property
    def _sales_touches(self) -> bool:
        return "touches.by_sales" in self.filled

    @cached_property
    def _clocks(self) -> ir.Table:
        parts = [clocks(self.journeys, self._each, self._stays, self._made)]
        if self._sales_touches:
            stages = dict.fromkeys(self.roles[role] for role in ("mql", "sal") if role in self.roles)
            parts += [follow_clock(self.journeys, self._stays, stage, self.config.metrics) for stage in stages]
        return ibis.union(*parts).cache() if len(parts) > 1 else parts[0].cache()

    def _facts(self, dimension: str | None) -> list[ir.Table]:
        """measure, date, value, level."""
        rows = self._events
        rows = rows.select("measure", "date", "value", level=_level(rows, dimension))
        facts = [rows.filter(rows.level.notnull())]  # noqa: PD004 (ibis, not pandas)
        if self._influence is not None:
            shared = self._influence.filter(self._influence.dimension == (dimension or ALL))
            facts.append(shared.select("measure", "date", "value", "level"))
        return facts

    def _days(self, dimension: str | None) -> list[pd.DataFrame]:
        """Facts that come by day rather than by event."""
        days = []
        if "spend" in self.journeys.tables and (dimension is None or f"spend.{dimension}" in self.filled):
            days.append(self._spend_days)
        if dimension is None:
            days.append(self.indicator_days)
            per_month = self.config.metrics.other_acquisition_cost_per_month
            if per_month > 0:
                days.append(other_cost_days(per_month, self.first_day, self.as_of))
        return days

    @cached_property
    def _spend_days(self) -> pd.DataFrame:
        return spend_days(self.journeys.tables, self.as_of)

    @cached_property
    def _open_deals(self) -> ir.Table:
        """What was open on every day that any grain looks at."""
        tables = [periods_between(self.first_day, self.as_of, grain, self.month) for grain in GRAINS]
        days = sorted({day for periods in tables for day in days_needed(periods, self.as_of)})
        return open_deals_on(self.journeys, self._stays, days)


def _level(table: ir.Table, dimension: str | None) -> ir.Value:
    """The level of each row; of the total, one for all."""
    if dimension is None:
        return ibis.literal(ALL)
    return table[dimension] if dimension in table.columns else ibis.null().cast("string")


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
