"""One row a deal: what other tables say of it. Gathered once, read by the checks on closings and owners."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.engine import store
from revmodel.sources.tables import Tables

__all__ = ["deal_facts"]

_OWN = ("deal_id", "created_at", "owner", "stage", "channel", "segment", "type", "region")


def deal_facts(tables: Tables, config: Config) -> ir.Table | None:
    """Today's view of every deal; None where there is no table of deals.

    Columns deal_id, created_at, owner, stage, channel, segment, type, region: as in deals. lead_created_at: null where
    there is no lead, or it is not known. closed_at: the first close on record; close_recorded_at: when that became
    known; won: whether any close is a win; all three null while open. last_seen_at: when anything was last recorded.
    """
    if "deals" not in tables:
        return None
    facts = tables["deals"].select(*_OWN, "lead_id")
    facts = _with_closes(facts, tables, config)
    facts = _with_history(facts, tables)
    facts = _with_leads(facts, tables)
    last_seen = ibis.greatest(*(facts[name].fill_null(facts.created_at) for name in ("closed_at", "recorded_at")))
    wanted = [*_OWN, "lead_created_at", "closed_at", "close_recorded_at", "won"]
    return store(tables.connection, "deal_facts", facts.select(*wanted, last_seen_at=last_seen), temp=True)


def _with_closes(facts: ir.Table, tables: Tables, config: Config) -> ir.Table:
    if "stage_changes" not in tables:
        never = ibis.null().cast("timestamp(6)")
        return facts.mutate(closed_at=never, close_recorded_at=never, won=ibis.null().cast("boolean"))
    changes = tables["stage_changes"]
    of_deals = changes.record_type.fill_null("deal").lower() == "deal"
    closes = changes.filter(of_deals & changes.to_stage.isin([*config.funnel.won, *config.funnel.lost]))
    first = closes.group_by(closed_id=closes.record_id).aggregate(
        closed_at=closes.changed_at.min(),
        close_recorded_at=closes.recorded_at.min(),
        won=closes.to_stage.isin(config.funnel.won).any(),
    )
    return facts.left_join(first, facts.deal_id == first.closed_id).drop("closed_id")


def _with_history(facts: ir.Table, tables: Tables) -> ir.Table:
    if "deal_history" not in tables:
        return facts.mutate(recorded_at=ibis.null().cast("timestamp(6)"))
    history = tables["deal_history"]
    last = history.group_by(history_id=history.deal_id).aggregate(recorded_at=history.recorded_at.max())
    return facts.left_join(last, facts.deal_id == last.history_id).drop("history_id")


def _with_leads(facts: ir.Table, tables: Tables) -> ir.Table:
    if "leads" not in tables:
        return facts.mutate(lead_created_at=ibis.null().cast("timestamp(6)"))
    leads = tables["leads"].group_by(of_lead="lead_id").aggregate(lead_created_at=lambda rows: rows.created_at.min())
    return facts.left_join(leads, facts.lead_id == leads.of_lead).drop("of_lead")
