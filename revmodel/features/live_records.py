"""Records that hang together, and which of them are settled: closed, and silent for long enough.

A lead, the deals that name it and the stage changes of all of them decide each other's spells: they are one component.
A component is settled when each of its records has ended and nothing about it was recorded for some days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import FunnelConfig
from revmodel.journeys.as_of import as_of
from revmodel.journeys.events import DEAL, LEAD, LOST_STAGE, WON_STAGE, event_log
from revmodel.journeys.records import records
from revmodel.journeys.spells import stays
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["RECORD_ROWS", "SPELL_KEYS", "LiveRecords", "component_of_rows", "known_on", "live_records"]

RECORD_ROWS = {"leads": "lead_id", "deals": "deal_id", "stage_changes": "record_id"}  # table → what a row is about
SPELL_KEYS = ["stage", "channel", "segment", "outcome", "to_stage", "entered_on", "left_on", "arrival"]


@dataclass(frozen=True)
class LiveRecords:
    """components: component, settled. spells: counts n by component and SPELL_KEYS.

    entered_on and left_on are days (left_on null while open); arrival: the spell with which a record entered the funnel
    anew.
    """

    components: ir.Table
    spells: ir.Table


def live_records(rows: Tables, funnel: FunnelConfig, through: dt.date, settle_days: int) -> LiveRecords:
    """Spells of the records in ``rows`` as known at the end of ``through``, and which components are settled."""
    cut = as_of(rows, through)
    cut = cut.replace(**{name: cut[name].cache() for name in cut.names})  # read many times below
    events = event_log(cut, funnel).cache()
    each = records(cut, events).cache()
    of_record = _component_of_records(each.select("record_type", "record_id"), cut).cache()
    days = _with_days(stays(events, each, funnel), each).inner_join(of_record, ["record_type", "record_id"])
    counts = days.group_by(["component", *SPELL_KEYS]).aggregate(n=days.count().cast("int64"))
    return LiveRecords(_settled(events, of_record, rows, through, settle_days).cache(), counts.cache())


def _with_days(spells: ir.Table, each: ir.Table) -> ir.Table:
    first = each.select("record_type", "record_id", "first_stage", "grown_from_lead")
    joined = spells.inner_join(first, ["record_type", "record_id"])
    return joined.mutate(
        entered_on=joined.entered_at.date(),
        left_on=joined.left_at.date(),
        arrival=(joined.stage == joined.first_stage) & (joined.attempt == 1) & ~joined.grown_from_lead,
    )


def component_of_rows(rows: Tables, name: str) -> ir.Table:
    """Rows of "leads", "deals" or "stage_changes" with their component: the id of the lead, or of a deal without one.

    Two records of one id but different types may fall into one component: that costs room, and changes no count.
    """
    table = rows[name]
    if name == "leads":
        return table.mutate(component=table.lead_id)
    if name == "deals":
        return table.mutate(component=ibis.coalesce(table.lead_id, table.deal_id))
    if "deals" not in rows:
        return table.mutate(component=table.record_id)
    deals = _deal_components(rows)
    of_lead = (table.record_type.lower() == LEAD).fill_null(False)
    keyed = table.mutate(may_be_deal=ibis.ifelse(of_lead, ibis.null().cast("string"), table.record_id))
    joined = keyed.left_join(deals, keyed.may_be_deal == deals.of_deal)
    return joined.mutate(component=joined.by_deal.fill_null(joined.record_id)).select(*table.columns, "component")


def known_on(rows: ir.Table, name: str) -> ir.DateColumn:
    """The day on which a row was recorded: its recorded time, else its event's."""
    schema = TABLES[name]
    moments = [rows[column] for column in (schema.recorded, schema.event) if column is not None]
    return ibis.coalesce(*(moment.cast("timestamp(6)") for moment in moments)).date()


def _deal_components(rows: Tables) -> ir.Table:
    """of_deal, by_deal: one row a deal."""
    deals = rows["deals"]
    each = deals.group_by(of_deal=deals.deal_id).aggregate(lead_id=deals.lead_id.max())
    return each.select("of_deal", by_deal=ibis.coalesce(each.lead_id, each.of_deal))


def _component_of_records(each: ir.Table, rows: Tables) -> ir.Table:
    if "deals" not in rows:
        return each.mutate(component=each.record_id)
    deals = _deal_components(rows)
    keyed = each.mutate(may_be_deal=ibis.ifelse(each.record_type == DEAL, each.record_id, ibis.null().cast("string")))
    joined = keyed.left_join(deals, keyed.may_be_deal == deals.of_deal)
    return joined.mutate(component=joined.by_deal.fill_null(joined.record_id)).select(*each.columns, "component")


def _settled(events: ir.Table, of_record: ir.Table, rows: Tables, through: dt.date, settle_days: int) -> ir.Table:
    """component, settled."""
    last = events.group_by(["record_type", "record_id"]).aggregate(
        stage=events.stage.argmax(events.seq), handed=events.handed_to.count()
    )
    ends = last.mutate(ended=last.stage.isin([WON_STAGE, LOST_STAGE]) | (last.handed > 0))
    ends = ends.inner_join(of_record, ["record_type", "record_id"])
    ended = ends.group_by("component").aggregate(open_records=(~ends.ended).cast("int64").sum())
    parts = []
    for name in RECORD_ROWS:
        if name in rows:
            of_rows = component_of_rows(rows, name)
            parts.append(of_rows.select("component", known_on=known_on(of_rows, name)))
    heard = ibis.union(*parts) if len(parts) > 1 else parts[0]
    heard = heard.group_by("component").aggregate(heard_on=heard.known_on.max())
    silent_since = ibis.literal(through - dt.timedelta(days=settle_days))
    joined = heard.left_join(ended, "component")
    is_settled = (joined.open_records == 0) & (joined.heard_on <= silent_since)
    return joined.select("component", settled=is_settled.fill_null(False))
