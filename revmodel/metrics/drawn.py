"""Everything that KPIs are counted from, drawn from the journeys once: facts, clocks, open pipeline, days of spend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import Config
from revmodel.dims import ALL
from revmodel.features.fiscal import Grain
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.durations import clock_counts, clocks
from revmodel.metrics.facts import customer_facts, opportunities, record_facts, touch_facts, with_campaign
from revmodel.metrics.influence import influence_facts, touched_deals
from revmodel.metrics.kpi import filled_columns
from revmodel.metrics.periods import GRAINS, periods_between
from revmodel.metrics.pipeline import days_needed, open_counts, open_deals_on, open_sums
from revmodel.metrics.service import follow_clock, follow_facts, followed_stays, service_facts
from revmodel.metrics.spend import day_sums, other_cost_days, spend_days
from revmodel.metrics.stages import named_stages
from revmodel.metrics.totals import Window, folded, sums_by
from revmodel.sources.tables import Tables

__all__ = ["Drawn"]

_MAY_BEGIN_LATE = ("spend", "touches", "subscriptions")


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
    def tables(self) -> Tables:
        """The tables cut as of the day, each worked out once; touches are many and read where they lie."""
        cut = self.journeys.tables
        return cut.replace(**{name: cut[name].cache() for name in cut.names if name != "touches"})

    @cached_property
    def filled(self) -> frozenset[str]:
        """ "table.column" of every column that holds a value; "touches.by_sales" where sales ever touched an MQL."""
        found = self._filled[0]
        if not {"touches.kind", "touches.lead_id"} <= found or "mql" not in self.roles:
            return found
        touched = self._followed.filter(self._followed.stage == self.roles["mql"]).touched_at.count()
        return found | {"touches.by_sales"} if touched.to_pyarrow().as_py() else found

    @property
    def begins(self) -> dict[str, pd.Timestamp]:
        """Table → its first day, for tables that may begin later than the records."""
        return {name: self._filled[1][name] for name in _MAY_BEGIN_LATE if name in self._filled[1]}

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
        if "spend" not in self.tables:
            return ()
        spend = self.tables["spend"]
        return tuple(
            sorted(spend.filter(spend.spend > 0).select("channel").distinct().to_pyarrow()["channel"].to_pylist())
        )

    @cached_property
    def first_day(self) -> dt.date:
        """The day of the first event of any record."""
        first = self.journeys.events["at"].min().to_pyarrow().as_py()
        return pd.Timestamp(first).date()

    @cached_property
    def indicator_days(self) -> pd.DataFrame:
        """measure ("indicator:<name>"), date, value: the mean over regions of each day."""
        if "indicators" not in self.tables:
            none = pd.DataFrame({"measure": [], "date": pd.to_datetime([]), "value": []})
            return none.astype({"measure": "str", "value": "float64"})
        rows = self.tables["indicators"]
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
    def _filled(self) -> tuple[frozenset[str], dict[str, pd.Timestamp]]:
        return filled_columns(self.tables)

    @cached_property
    def _followed(self) -> ir.Table:
        stages = dict.fromkeys(self.roles[role] for role in ("mql", "sal") if role in self.roles)
        return followed_stays(self.tables, self._stays, tuple(stages), self.config.metrics).cache()

    @cached_property
    def _kept(self) -> dict[tuple[object, ...], pd.DataFrame]:
        return {}

    def _once(self, key: tuple[object, ...], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    @property
    def known(self) -> Journeys:
        """The journeys with the tables worked out."""
        return replace(self.journeys, tables=self.tables)

    @cached_property
    def _made(self) -> ir.Table:
        return opportunities(self.journeys, self._each).cache()

    @cached_property
    def _each(self) -> ir.Table:
        """Records with their campaign."""
        return with_campaign(self.journeys.records, self.tables).cache()

    @cached_property
    def _stays(self) -> ir.Table:
        """Stays in stages, with their campaign."""
        return with_campaign(self.journeys.spells, self.tables).cache()

    @cached_property
    def _events(self) -> ir.Table:
        """Facts that have one level of each dimension, so that levels add up; null where a dimension does not apply."""
        parts = [record_facts(self.known, self._each, self._stays, self._made, self.marketing)]
        if mql := self.roles.get("mql"):
            parts.append(service_facts(self._stays, mql, self.config.metrics, self.as_of))
            if self._sales_touches:
                parts.append(follow_facts(self._followed, mql, self.config.metrics, self.as_of))
        if "subscriptions" in self.tables:
            parts.append(customer_facts(self.tables))
        if "touches" in self.tables:
            parts.append(touch_facts(self.tables))
        return ibis.union(*parts).cache() if len(parts) > 1 else parts[0].cache()

    @cached_property
    def _influence(self) -> ir.Table | None:
        """Facts with several levels of one dimension: dimension, measure, date, value, level."""
        if not {"touches", "deals"} <= set(self.tables) or not self.config.funnel.deal_stages:
            return None
        return influence_facts(self._made, touched_deals(self.known, self.marketing).cache()).cache()

    @property
    def _sales_touches(self) -> bool:
        return "touches.by_sales" in self.filled

    @cached_property
    def _clocks(self) -> ir.Table:
        parts = [clocks(self.journeys, self._each, self._stays, self._made)]
        if self._sales_touches:
            parts.append(follow_clock(self._followed, self.as_of))
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
        if "spend" in self.tables and (dimension is None or f"spend.{dimension}" in self.filled):
            days.append(self._spend_days)
        if dimension is None:
            days.append(self.indicator_days)
            per_month = self.config.metrics.other_acquisition_cost_per_month
            if per_month > 0:
                days.append(other_cost_days(per_month, self.first_day, self.as_of))
        return days

    @cached_property
    def _spend_days(self) -> pd.DataFrame:
        days = spend_days(self.tables, self.as_of)
        ours = days[(days["measure"] == "spend") & days["channel"].isin(self.marketing)]
        return pd.concat([days, ours.assign(measure="marketing_spend")], ignore_index=True)

    @cached_property
    def _open_deals(self) -> ir.Table:
        """What was open on every day that any grain looks at."""
        tables = [periods_between(self.first_day, self.as_of, grain, self.month) for grain in GRAINS]
        days = sorted({day for periods in tables for day in days_needed(periods, self.as_of)})
        return open_deals_on(self.known, self._stays, days)


def _level(table: ir.Table, dimension: str | None) -> ir.Value:
    """The level of each row; of the total, one for all."""
    if dimension is None:
        return ibis.literal(ALL)
    return table[dimension] if dimension in table.columns else ibis.null().cast("string")


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
