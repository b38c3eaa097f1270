"""How long records stay in a stage, as counts: what the checks on zombies and on late recording look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import Config
from revmodel.sources.engine import store
from revmodel.sources.tables import Tables

__all__ = ["Visits", "stage_visits"]

_BECAME_A_DEAL = "(became a deal)"


@dataclass(frozen=True)
class Visits:
    """Visits of records to open stages, seen from the as-of date.

    rows: the ibis table record_id, stage, entered_on, left_on (null while there).
    counts: stage, entered_on, left_on, n; one row for each pair of days.
    seen_on: the as-of date, or the last day on which anything changed.
    """

    rows: ir.Table
    counts: pd.DataFrame
    seen_on: pd.Timestamp


def stage_visits(tables: Tables, config: Config) -> Visits:
    """Each change opens a visit and ends the one before it; a deal ends its lead's last visit."""
    events = _events(tables, config)
    if config.as_of is not None:
        tomorrow = dt.datetime.combine(config.as_of + dt.timedelta(days=1), dt.time())
        events = events.filter(events.at < tomorrow)
    window = ibis.window(group_by=["record_id", "record_type"], order_by=["at", "rank"])
    visits = events.mutate(left_at=events.at.lead().over(window))
    visits = visits.filter(visits.stage.isin(config.funnel.stages)).select(
        "record_id", "stage", entered_on=visits.at.truncate("D"), left_on=visits.left_at.truncate("D")
    )
    visits = store(tables.connection, "visits", visits, temp=True)
    counts = visits.group_by("stage", "entered_on", "left_on").aggregate(n=visits.count()).to_pandas()
    last = counts[["entered_on", "left_on"]].max().max()
    return Visits(visits, counts, pd.Timestamp(config.as_of) if config.as_of is not None else last)


def _events(tables: Tables, config: Config) -> ir.Table:
    """Stage changes and handovers; at one instant they follow the order of the funnel, ends last."""
    changes = tables["stage_changes"]
    order = {stage: rank for rank, stage in enumerate(config.funnel.stages)}
    events = changes.select(
        "record_id",
        record_type=_kind(tables),
        stage="to_stage",
        at="changed_at",
        rank=changes.to_stage.cases(*order.items(), else_=len(order)),
    )
    if "deals" not in tables:
        return events
    deals = tables["deals"].drop_null("lead_id")
    handed_over = deals.select(
        record_id="lead_id",
        record_type=ibis.literal("lead"),
        stage=ibis.literal(_BECAME_A_DEAL),
        at="created_at",
        rank=ibis.literal(len(order)),
    )
    return ibis.union(events, handed_over)


def _kind(tables: Tables) -> ir.StringColumn:
    """The type of record; where it is not given, a deal if a deal has that id."""
    changes = tables["stage_changes"]
    if "deals" not in tables:
        return changes.record_type.fill_null("lead")
    is_deal = changes.record_id.isin(tables["deals"].deal_id)
    return changes.record_type.fill_null(ibis.ifelse(is_deal, "deal", "lead"))
