"""Deals that marketing touched before they were made or won.

One deal is influenced by every channel, campaign and content that touched its account: over these the numbers do not
add up, and nothing here adds them.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from revmodel.dims import UNKNOWN
from revmodel.journeys.events import DEAL, WON_STAGE
from revmodel.journeys.reconstruct import Journeys

__all__ = ["influence_facts"]

_OF_TOUCH = ("channel", "campaign", "content")
_SEEN_ONLY = "impression"  # an advertisement on a page is not a touch that one remembers


def influence_facts(journeys: Journeys, made: ir.Table, dimension: str | None, marketing: Sequence[str]) -> ir.Table:
    """measure ("influenced_pipeline", "influenced_bookings"), date, value, level: one row a deal and level.

    made : see facts.opportunities. dimension : channel, campaign or content of the touch; segment of the deal;
    None: each deal once.
    A deal is touched through its account, or through its lead where the account is not known; impressions do not count.
    """
    touched = _first_touches(journeys, dimension if dimension in _OF_TOUCH else None, marketing)
    made = made.filter(made.record_type == DEAL)
    rows = made.inner_join(touched, made.record_id == touched.deal)
    if dimension not in _OF_TOUCH:
        rows = rows.mutate(level=rows.segment if dimension == "segment" else ibis.literal("all"))
    before_made = rows.filter(rows.touched_at < rows.made_at)
    won = rows.filter((rows.last_stage == WON_STAGE) & (rows.touched_at < rows.last_at) & rows.amount.notnull())
    return ibis.union(
        before_made.select(
            "level",
            measure=ibis.literal("influenced_pipeline"),
            date=before_made.made_at.date(),
            value=before_made.worth,
        ),
        won.select("level", measure=ibis.literal("influenced_bookings"), date=won.last_at.date(), value=won.amount),
    )


def _first_touches(journeys: Journeys, dimension: str | None, marketing: Sequence[str]) -> ir.Table:
    """deal, level, touched_at: the first touch of each deal's account or lead by each level."""
    tables = journeys.tables
    touches = tables["touches"]
    touches = touches.filter(touches.channel.isin(list(marketing)))
    touches = touches.filter(touches.kind.isnull() | (touches.kind.lower() != _SEEN_ONLY))
    level = touches[dimension].fill_null(UNKNOWN) if dimension else ibis.literal("all")
    touches = touches.mutate(level=level, account=touches.account_id)
    if "leads" in tables:
        leads = tables["leads"].select(of_lead="lead_id", lead_account="account_id")
        touches = touches.left_join(leads, touches.lead_id == leads.of_lead)
        touches = touches.mutate(account=ibis.coalesce(touches.account, touches.lead_account))
    deals = tables["deals"]
    parts = []
    for key, of_deal in (("account", "account_id"), ("lead_id", "lead_id")):
        known = touches.filter(touches[key].notnull())
        first = known.group_by(key=known[key], level="level").aggregate(first_at=known.occurred_at.min())
        linked = deals.select(deal="deal_id", key=of_deal).inner_join(first, "key")
        parts.append(linked.select("deal", "level", "first_at"))
    both = ibis.union(*parts)
    return both.group_by("deal", "level").aggregate(touched_at=both.first_at.min())
