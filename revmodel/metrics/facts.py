"""What happened, as dated measures in the engine: one row an event, with the dimensions that it belongs to.

Every table here has measure, date, value and the columns of DIMENSIONS (null where the dimension does not apply).
Sums over the levels of a dimension are the total, because each event has one level of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from revmodel.dims import ALL, UNKNOWN
from revmodel.journeys.events import DEAL, LEAD, LOST_STAGE, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.tables import Tables

__all__ = ["DIMENSIONS", "customer_facts", "fact", "opportunities", "record_facts", "touch_facts", "with_campaign"]

DIMENSIONS = ("channel", "segment", "campaign", "content")
_RECORD = ["record_type", "record_id"]
_SECONDS_PER_DAY = 86_400


def fact(rows: ir.Table, measure: str | ir.Value, moment: ir.Value, value: ir.Value) -> ir.Table:
    """Rows as facts: their measure, the day of ``moment``, ``value``, and what they carry of the dimensions."""
    carried = {
        name: rows[name] if name in rows.columns else ibis.null().cast("string").name(name) for name in DIMENSIONS
    }
    named = ibis.literal(measure) if isinstance(measure, str) else measure
    return rows.select(measure=named, date=moment.date(), value=value.cast("float64"), **carried)


def record_facts(
    journeys: Journeys, each: ir.Table, stays: ir.Table, made: ir.Table, marketing: Sequence[str]
) -> ir.Table:
    """Leads, stays in stages, opportunities, wins and losses.

    each, stays: journeys.records and journeys.spells, with_campaign. made: see opportunities. marketing: channels whose
    deals count as sourced.
    """
    one = ibis.literal(1.0)
    leads = each.filter(each.first_stage.isin(list(journeys.funnel.lead_stages)) & ~each.grown_from_lead)
    parts = [fact(leads, "leads", leads.first_at, one), *_stay_facts(stays)]
    won = each.filter(each.last_stage == WON_STAGE)
    parts += [fact(won, "wins", won.last_at, one), *_customers(won, journeys.tables)]
    if journeys.funnel.deal_stages:
        parts += _deal_facts(made, list(marketing))
    parts += _lead_to_win(won, journeys)
    return ibis.union(*parts)


def with_campaign(rows: ir.Table, tables: Tables) -> ir.Table:
    """Records with their campaign (a deal's own, else its lead's) and with unknown levels named so."""
    rows = rows.mutate(segment=rows.segment.nullif(ALL).fill_null(UNKNOWN), channel=rows.channel.fill_null(UNKNOWN))
    parts = []
    if "leads" in tables:
        leads = tables["leads"].select(record_id="lead_id", campaign="campaign")
        parts.append(leads.mutate(record_type=ibis.literal(LEAD)).select(*_RECORD, "campaign"))
    if "deals" in tables:
        deals = tables["deals"].select("deal_id", "lead_id", "campaign")
        if "leads" in tables:
            of_lead = tables["leads"].select(known_lead="lead_id", of_lead="campaign")
            deals = deals.left_join(of_lead, deals.lead_id == of_lead.known_lead)
            deals = deals.mutate(campaign=ibis.coalesce(deals.campaign, deals.of_lead))
        parts.append(deals.select(record_type=ibis.literal(DEAL), record_id=deals.deal_id, campaign=deals.campaign))
    if not parts:
        return rows.mutate(campaign=ibis.literal(UNKNOWN))
    known = ibis.union(*parts) if len(parts) > 1 else parts[0]
    joined = rows.left_join(known, _RECORD).drop("record_type_right", "record_id_right")
    return joined.mutate(campaign=joined.campaign.fill_null(UNKNOWN))


def opportunities(journeys: Journeys, each: ir.Table) -> ir.Table:
    """Records that became pipeline, at their first entry into a deal stage (at the win if they skipped all).

    each: journeys.records, with_campaign. Returns its columns with made_at and worth: the amount first on file, the
    mean of those where there is none; null where no amount is known at all.
    """
    events = journeys.events
    counts = events.stage.isin([*journeys.funnel.deal_stages, WON_STAGE]) & events.handed_to.isnull()
    made = events.filter(counts)
    first = made.group_by(_RECORD).aggregate(made_at=made["at"].min())
    rows = each.inner_join(first, _RECORD)
    return rows.mutate(worth=rows.first_amount.fill_null(rows.first_amount.mean().over()))


def _stay_facts(stays: ir.Table) -> list[ir.Table]:
    """Entries into stages and ways out of them: "first:mql", "came:mql", "left:mql", "advance:mql", …"""
    one, stage = ibis.literal(1.0), stays.stage
    ended = stays.filter(stays.left_at.notnull())
    first = stays.filter(stays.attempt == 1)
    return [
        fact(first, ibis.literal("first:") + first.stage, first.entered_at, one),
        fact(stays, ibis.literal("came:") + stage, stays.entered_at, one),
        fact(ended, ibis.literal("left:") + ended.stage, ended.left_at, one),
        fact(ended, ended.outcome + ibis.literal(":") + ended.stage, ended.left_at, one),
    ]


def _deal_facts(made: ir.Table, marketing: list[str]) -> list[ir.Table]:
    one = ibis.literal(1.0)
    won, lost = made.filter(made.last_stage == WON_STAGE), made.filter(made.last_stage == LOST_STAGE)
    days = (won.last_at.epoch_seconds() - won.made_at.epoch_seconds()) / _SECONDS_PER_DAY
    priced, renewals = won.filter(won.amount.notnull()), made.type.lower() == "renewal"
    parts = [
        fact(made, "opportunities", made.made_at, one),
        fact(made, "pipeline", made.made_at, made.worth),
        fact(priced, "bookings", priced.last_at, priced.amount),
        fact(lost, "deals_lost", lost.last_at, one),
        fact(won, "deals_won", won.last_at, one),
        fact(won, "cycle_days", won.last_at, days),
    ]
    for name, rows in (("renewals_won", won), ("renewals_lost", lost)):
        parts.append(fact(rows.filter(renewals), name, rows.last_at, one))
    if marketing:
        ours, sold = made.filter(made.channel.isin(marketing)), priced.filter(priced.channel.isin(marketing))
        parts += [
            fact(ours, "sourced_pipeline", ours.made_at, ours.worth),
            fact(sold, "sourced_bookings", sold.last_at, sold.amount),
        ]
    return parts


def _customers(won: ir.Table, tables: Tables) -> list[ir.Table]:
    """Accounts at the first deal that they ever closed; a win without an account is a customer of its own."""
    if "deals" in tables:
        deals = tables["deals"].select(of_deal="deal_id", account="account_id")
        won = won.left_join(deals, (won.record_id == deals.of_deal) & (won.record_type == DEAL)).drop("of_deal")
        won = won.mutate(account=won.account.fill_null(won.record_id))
    else:
        won = won.mutate(account=won.record_id)
    order = ibis.window(group_by="account", order_by=["last_at", "record_id"])
    first = won.mutate(nth=ibis.row_number().over(order)).filter(lambda t: t.nth == 0)
    return [fact(first, "new_customers", first.last_at, ibis.literal(1.0))]


def _lead_to_win(won: ir.Table, journeys: Journeys) -> list[ir.Table]:
    """Days from a lead's entry to the win of the deal it became."""
    if "deals" not in journeys.tables:
        return []
    each = journeys.records
    deals = journeys.tables["deals"].select(of_deal="deal_id", lead="lead_id")
    began = each.filter(each.record_type == LEAD).select(lead="record_id", began_at="first_at")
    deals = deals.inner_join(began, "lead")
    rows = won.inner_join(deals, (won.record_id == deals.of_deal) & (won.record_type == DEAL))
    days = (rows.last_at.epoch_seconds() - rows.began_at.epoch_seconds()) / _SECONDS_PER_DAY
    return [fact(rows, "lead_to_win_days", rows.last_at, days)]


def touch_facts(tables: Tables) -> ir.Table:
    """Touches, one each: "touches". Their segment is not known; an unknown campaign or content is named so."""
    touches = tables["touches"]
    named = {name: touches[name].fill_null(UNKNOWN) for name in ("channel", "campaign", "content")}
    rows = touches.mutate(**named)
    return fact(rows, "touches", rows.occurred_at, ibis.literal(1.0))


def customer_facts(tables: Tables) -> ir.Table:
    """Subscriptions that began and ended: recurring revenue a month, and the gross margin in it."""
    rows = tables["subscriptions"].mutate(segment=ibis.literal(UNKNOWN))
    if "accounts" in tables:
        accounts = tables["accounts"].select(of_account="account_id", of_segment="segment")
        rows = rows.drop("segment").left_join(accounts, rows.account_id == accounts.of_account)
        rows = rows.mutate(segment=rows.of_segment.fill_null(UNKNOWN))
    ended = rows.filter(rows.ended_at.notnull())
    parts = []
    for when, each, moment in (("came", rows, rows.started_at), ("left", ended, ended.ended_at)):
        margin = (each.mrr * each.gross_margin).fill_null(0.0)
        parts += [
            fact(each, f"mrr_{when}", moment, each.mrr.fill_null(0.0)),
            fact(each, f"margin_{when}", moment, margin),
        ]
    return ibis.union(*parts)
