"""Deals that marketing touched before they were made or won.

One deal is influenced by every channel, campaign and content that touched its account: over these the numbers do not
add up, and nothing here adds them.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from revmodel.dims import ALL, UNKNOWN
from revmodel.journeys.events import DEAL, WON_STAGE
from revmodel.journeys.reconstruct import Journeys

__all__ = ["influence_facts", "touched_deals"]

_OF_TOUCH = ("channel", "campaign", "content")
_SEEN_ONLY = "impression"  # an advertisement on a page is not a touch that one remembers


def touched_deals(journeys: Journeys, marketing: Sequence[str]) -> ir.Table:
    """deal, channel, campaign, content, touched_at: the first touch of each deal's account, or lead, by each of these.

    Touches of the channels ``marketing`` count, impressions do not. An unknown campaign or content is named so.
    """
    tables = journeys.tables
    touches = tables["touches"]
    touches = touches.filter(touches.channel.isin(list(marketing)))
    touches = touches.filter(touches.kind.isnull() | (touches.kind.lower() != _SEEN_ONLY))
    named = {name: touches[name].fill_null(UNKNOWN) for name in ("campaign", "content")}
    touches = touches.mutate(account=touches.account_id, **named)
    if "leads" in tables:
        leads = tables["leads"].select(of_lead="lead_id", lead_account="account_id")
        touches = touches.left_join(leads, touches.lead_id == leads.of_lead)
        touches = touches.mutate(account=ibis.coalesce(touches.account, touches.lead_account))
    parts = []
    for key, of_deal in (("account", "account_id"), ("lead_id", "lead_id")):
        known = touches.filter(touches[key].notnull())
        first = known.group_by(key=known[key], **{name: known[name] for name in _OF_TOUCH})
        first = first.aggregate(first_at=known.occurred_at.min())
        linked = tables["deals"].select(deal="deal_id", key=of_deal).inner_join(first, "key")
        parts.append(linked.select("deal", *_OF_TOUCH, "first_at"))
    both = ibis.union(*parts)
    return both.group_by("deal", *_OF_TOUCH).aggregate(touched_at=both.first_at.min())


def influence_facts(made: ir.Table, touched: ir.Table) -> ir.Table:
    """dimension, level, measure ("influenced_pipeline", "influenced_bookings"), date, value: one row a deal and level.

    made : see facts.opportunities. touched : see touched_deals. Dimensions: channel, campaign and content of the touch,
    segment of the deal, and "all", of which each deal has one row.
    """
    deals = made.filter(made.record_type == DEAL)
    segments = touched.inner_join(deals.select("segment", deal="record_id"), "deal")
    levels = {name: touched[name] for name in _OF_TOUCH} | {ALL: ibis.literal(ALL)}
    parts = [touched.select("deal", "touched_at", dimension=ibis.literal(n), level=v) for n, v in levels.items()]
    parts.append(segments.select("deal", "touched_at", dimension=ibis.literal("segment"), level=segments.segment))
    touches = ibis.union(*parts)
    first = touches.group_by("deal", "dimension", "level").aggregate(seen_at=touches.touched_at.min())
    rows = deals.inner_join(first, deals.record_id == first.deal).cache()
    before_made = rows.filter(rows.seen_at < rows.made_at)
    won = rows.filter((rows.last_stage == WON_STAGE) & (rows.seen_at < rows.last_at))
    won = won.filter(won.amount.notnull())
    return ibis.union(
        _dated(before_made, "influenced_pipeline", before_made.made_at, before_made.worth),
        _dated(won, "influenced_bookings", won.last_at, won.amount),
    )


def _dated(rows: ir.Table, measure: str, moment: ir.Value, value: ir.Value) -> ir.Table:
    return rows.select("dimension", "level", measure=ibis.literal(measure), date=moment.date(), value=value)
