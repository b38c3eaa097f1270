"""Each record once: how it entered the funnel, and where it belongs."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.dims import ALL, UNKNOWN
from revmodel.journeys.events import DEAL, LEAD
from revmodel.sources.tables import Tables

__all__ = ["records"]

_RECORD = ["record_type", "record_id"]


def records(tables: Tables, events: ir.Table) -> ir.Table:
    """One row a record of the event log.

    Returns record_type, record_id, channel (a deal's own, else its lead's, else "unknown"), segment (the record's own,
    else its lead's, else its account's, else "all"), created_at (first event where no table says), first_stage,
    first_at, last_stage, last_at, grown_from_lead (a deal whose lead is in the log: it did not enter the funnel anew).
    """
    order = events.seq
    entered = events.group_by(_RECORD).aggregate(
        first_stage=events.stage.first(order_by=order),
        first_at=events["at"].first(order_by=order),
        last_stage=events.stage.last(order_by=order),
        last_at=events["at"].last(order_by=order),
    )
    grown = events.filter(events.handed_to.notnull()).select(grown_id="handed_to").distinct()
    is_grown = (entered.record_type == DEAL) & (entered.record_id == grown.grown_id)
    entered = entered.left_join(grown, is_grown).mutate(grown_from_lead=lambda t: t.grown_id.notnull()).drop("grown_id")
    traits = _traits(tables)
    if traits is None:
        return entered.mutate(channel=ibis.literal(UNKNOWN), segment=ibis.literal(ALL), created_at=entered.first_at)
    joined = entered.left_join(traits, _RECORD)
    return joined.mutate(
        channel=joined.channel.fill_null(UNKNOWN),
        segment=joined.segment.fill_null(ALL),
        created_at=joined.created_at.fill_null(joined.first_at),
    ).drop("record_type_right", "record_id_right")


def _traits(tables: Tables) -> ir.Table | None:
    """record_type, record_id, channel, segment, created_at as the tables have them, null where they do not say."""
    parts = []
    if "leads" in tables:
        leads = tables["leads"]
        parts.append(
            leads.select("channel", "segment", "account_id", "created_at", record_type=ibis.literal(LEAD), record_id="lead_id")
        )
    if "deals" in tables:
        parts.append(_deal_traits(tables))
    if not parts:
        return None
    traits = ibis.union(*parts) if len(parts) > 1 else parts[0]
    if "accounts" in tables:
        accounts = tables["accounts"].select(of_account="account_id", of_segment="segment")
        traits = traits.left_join(accounts, traits.account_id == accounts.of_account)
        traits = traits.mutate(segment=ibis.coalesce(traits.segment, traits.of_segment))
    return traits.select(*_RECORD, "channel", "segment", "created_at")


def _deal_traits(tables: Tables) -> ir.Table:
    """Deals, with what they do not say themselves taken from their lead."""
    deals = tables["deals"].mutate(record_type=ibis.literal(DEAL), record_id=lambda t: t.deal_id)
    names = ["channel", "segment", "account_id"]
    if "leads" in tables:
        leads = tables["leads"].select(of_lead="lead_id", **{f"lead_{name}": name for name in names})
        deals = deals.left_join(leads, deals.lead_id == leads.of_lead)
        deals = deals.mutate(**{name: ibis.coalesce(deals[name], deals[f"lead_{name}"]) for name in names})
    return deals.select(*names, "created_at", *_RECORD)
