"""Which touches are about which lead or deal: by the lead itself, or by its account."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["KINDS", "UNKNOWN_KIND", "canonical_kind", "known_at", "touches_of_deals"]

KINDS = ("impression", "visit", "click", "form", "email", "event", "call", "meeting")
UNKNOWN_KIND = "other"  # a kind that is not among the canonical ones, or none


def known_at(touches: ir.Table) -> ir.Column:
    """When a touch was on record: its recorded time, else its own."""
    schema = TABLES["touches"]
    return ibis.coalesce(touches[str(schema.recorded)], touches[str(schema.event)]).cast("timestamp(6)")


def touches_of_deals(tables: Tables, deals: ir.Table) -> ir.Table:
    """One row a deal and touch: deal_id, lead_id, occurred_at, kind (canonical, else "other").

    deals: deal_id, account_id, lead_id. A touch belongs to a deal when its account, or its lead's account, is the
    deal's, or when its lead is the deal's own; each touch counts once a deal.
    """
    touches = tables["touches"].select(
        "lead_id", "account_id", "occurred_at", kind=canonical_kind(tables["touches"].kind)
    )
    if "leads" in tables:
        of_lead = tables["leads"].select(known_lead="lead_id", lead_account="account_id")
        touches = touches.left_join(of_lead, touches.lead_id == of_lead.known_lead)
        touches = touches.mutate(account_id=ibis.coalesce(touches.account_id, touches.lead_account))
    touches = touches.select("lead_id", "account_id", "occurred_at", "kind")
    ids = deals.select("deal_id", deal_account="account_id", deal_lead="lead_id")
    by_account = touches.inner_join(ids, touches.account_id == ids.deal_account)
    by_lead = touches.inner_join(ids, touches.lead_id == ids.deal_lead)
    other_account = (by_lead.account_id != by_lead.deal_account).fill_null(True)
    columns = ["deal_id", "lead_id", "occurred_at", "kind"]
    return ibis.union(by_account.select(columns), by_lead.filter(other_account).select(columns))


def canonical_kind(kind: ir.StringColumn) -> ir.StringColumn:
    """A kind as it is spelled in KINDS, "other" for all else."""
    return ibis.ifelse(kind.lower().isin(KINDS), kind.lower(), UNKNOWN_KIND)
