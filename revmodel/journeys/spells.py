"""Spells: each stay of a record in a stage, how it ended, and which part of it tells something."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import FunnelConfig
from revmodel.dims import ADVANCE, LOST, RECYCLED
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.events import LOST_STAGE, event_log
from revmodel.journeys.records import records
from revmodel.journeys.risk import spell_counts, truncated_stages, zombie_limits
from revmodel.sources.tables import Tables

__all__ = ["OPEN", "spells", "stays", "with_time_at_risk"]

OPEN = "open"

_RECORD = ["record_type", "record_id"]


def spells(tables: Tables, funnel: FunnelConfig, as_of: dt.date) -> ir.Table:
    """Spells of every record, from tables that were cut as of ``as_of``.

    One row a stay in an open stage, with the columns of stays and of with_time_at_risk.
    Raises JourneyError: there is nothing to build a journey from, or a stage that the funnel does not name.
    """
    events = event_log(tables, funnel).cache()
    each = stays(events, records(tables, events), funnel).cache()
    counts = spell_counts(each, as_of)
    return with_time_at_risk(each, truncated_stages(counts, as_of), zombie_limits(counts, funnel), as_of)


def with_time_at_risk(
    stays: ir.Table, truncated: pd.DataFrame, zombie_limits: Mapping[str, int], as_of: dt.date
) -> ir.Table:
    """Stays, and which part of each tells something. truncated, zombie_limits: see journeys.risk.

    Adds entry_delay_weeks : int, whole weeks after entry before the stay is at risk of an exit that would be recorded
        (left truncation; 0 where exits were recorded all along),
    zombie_after_weeks : int or null, weeks after which an open stay is not waited for any more,
    zombie : bool, open for that long.
    """
    limit = _by_stage(stays, zombie_limits)
    open_weeks = days_before(as_of, stays.entered_at) // DAYS_PER_WEEK
    is_zombie = (stays.outcome == OPEN) & (open_weeks >= limit)
    return stays.mutate(
        entry_delay_weeks=_entry_delay_weeks(stays, truncated, as_of),
        zombie_after_weeks=limit,
        zombie=is_zombie.fill_null(False),
    )


def stays(events: ir.Table, records: ir.Table, funnel: FunnelConfig) -> ir.Table:
    """One row for each time that a record was in an open stage.

    Returns record_type, record_id, stage, attempt (1 = first time in this stage), entered_at, left_at (null while
    open), to_stage (null while open), outcome ("advance": to a later stage or won, skips included; "lost"; "recycled":
    to an earlier stage; "open"), channel, segment.
    """
    in_order = ibis.window(group_by=_RECORD, order_by="seq")
    before = ibis.window(group_by=_RECORD, order_by="seq", preceding=(None, 1))
    moves = events.mutate(
        to_stage=events.stage.lead().over(in_order),
        to_rank=events["rank"].lead().over(in_order),
        left_at=events["at"].lead().over(in_order),
        furthest=events["rank"].max().over(before),
    )
    entries = moves.filter(moves.stage.isin(funnel.stages) & moves.handed_to.isnull())  # noqa: PD003 (ibis, not pandas)
    onward = (entries.to_rank > entries["rank"]).ifelse(ADVANCE, RECYCLED)
    ended = (entries.to_stage == LOST_STAGE).ifelse(LOST, onward)
    outcome = ibis.ifelse(entries.to_stage.isnull(), OPEN, ended)  # noqa: PD003 (ibis, not pandas)
    each = _with_attempt(entries.mutate(entered_at=entries["at"], outcome=outcome).cache())  # joined with itself
    columns = [*_RECORD, "stage", "left_at", "to_stage", "attempt", "entered_at", "outcome"]
    return each.select(*columns).inner_join(records.select(*_RECORD, "channel", "segment"), _RECORD)


def _with_attempt(entries: ir.Table) -> ir.Table:
    """Entries with attempt: which visit to the stage it is. Only records that ever turned back are counted through."""
    back = entries.filter(entries["rank"] <= entries.furthest).select(*_RECORD).distinct()
    of_stage = ibis.window(group_by=[*_RECORD, "stage"], order_by="seq")
    counted = entries.semi_join(back, _RECORD).select(*_RECORD, "stage", "seq")
    counted = counted.mutate(visit=ibis.row_number().over(of_stage) + 1).filter(lambda t: t.visit > 1).drop("stage")
    joined = entries.left_join(counted, [*_RECORD, "seq"])
    return joined.select(*entries.columns, attempt=joined.visit.fill_null(1))


def _by_stage(stays: ir.Table, values: Mapping[str, int]) -> ir.IntegerColumn:
    nothing = ibis.null().cast("int64")
    return stays.stage.cases(*values.items(), else_=nothing).cast("int64") if values else nothing


def _entry_delay_weeks(stays: ir.Table, truncated: pd.DataFrame, as_of: dt.date) -> ir.IntegerColumn:
    """Age weeks that begin before the stage's exits were recorded, the one in which recording began included."""
    if truncated.empty:
        return ibis.literal(0).cast("int64")
    ago = (pd.Timestamp(as_of) - truncated["exits_recorded_from"]).dt.days
    recorded_ago = dict(zip(truncated["stage"], ago.tolist(), strict=True))
    unrecorded_days = days_before(as_of, stays.entered_at) - _by_stage(stays, recorded_ago)
    weeks = (unrecorded_days + DAYS_PER_WEEK - 1) // DAYS_PER_WEEK
    return ibis.greatest(weeks.fill_null(0), 0).cast("int64")
