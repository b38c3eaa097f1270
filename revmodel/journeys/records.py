"""Each record once: how it entered the funnel, where it belongs, what it is worth."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.dims import ALL, UNKNOWN
from revmodel.journeys.events import DEAL, LEAD
from revmodel.sources.dialect import first_rows
from revmodel.sources.tables import Tables

__all__ = ["NEW", "records"]

_RECORD = ["record_type", "record_id"]
_FACTS = {
    **dict.fromkeys(("channel", "segment", "region", "account_id", "type", "owner", "band"), "string"),
    **{"score": "float64", "created_at": "timestamp(6)"},
    **{"amount": "float64", "first_amount": "float64", "close_date": "date"},
}
NEW = "new"


def records(tables: Tables, events: ir.Table) -> ir.Table:
    """One row a record of the event log. tables: cut as of a date, ids unique.

    Returns record_type, record_id, first_stage, first_at, last_stage, last_at, grown_from_lead (a deal whose lead is
    in the log: it did not enter the funnel anew), channel (a deal's own, else its lead's, else "unknown"), segment
    (the record's own, else its lead's, else its account's, else "all"), region (likewise, else "unknown"), owner (else
    "unknown"), type (else "new"), band and score (a lead's, and those of the deal grown from it; "unknown" and null
    where it has none), created_at (first event where no table says); of deals: amount (the latest on file),
    first_amount (the first ever on file), close_date, null where nothing is on file; type_on_file, owner_on_file (null
    where none).
    """
    entered = events.group_by(_RECORD).aggregate(
        first_stage=events.stage.argmin(events.seq),
        first_at=events["at"].min(),
        last_stage=events.stage.argmax(events.seq),
        last_at=events["at"].max(),
    )
    grown = events.filter(events.handed_to.notnull()).select(grown_id="handed_to").distinct()
    is_grown = [entered.record_type == DEAL, entered.record_id == grown.grown_id]
    entered = entered.left_join(grown, is_grown).mutate(grown_from_lead=lambda t: t.grown_id.notnull()).drop("grown_id")
    joined = _with_facts(entered, tables).drop("account_id")
    return joined.mutate(
        **{f"{name}_on_file": joined[name] for name in ("type", "owner")},
        **{name: joined[name].fill_null(UNKNOWN) for name in ("channel", "region", "owner", "band")},
        segment=joined.segment.fill_null(ALL),
        type=joined.type.fill_null(NEW),
        created_at=joined.created_at.fill_null(joined.first_at),
    )


def _with_facts(entered: ir.Table, tables: Tables) -> ir.Table:
    """Records with what the tables say of them, null where they do not: the columns of _FACTS."""
    parts = [_of_kinds(part) for part in (_lead_facts(tables), _deal_facts(tables)) if part is not None]
    if not parts:
        return entered.mutate(**{name: ibis.null().cast(kind) for name, kind in _FACTS.items()})
    facts = ibis.union(*parts) if len(parts) > 1 else parts[0]
    if "accounts" in tables:
        names = ("segment", "region")
        accounts = tables["accounts"].select(of_account="account_id", **{f"of_{name}": name for name in names})
        facts = facts.left_join(accounts, facts.account_id == accounts.of_account)
        facts = facts.mutate(**{name: ibis.coalesce(facts[name], facts[f"of_{name}"]) for name in names})
        facts = facts.drop("of_account", *(f"of_{name}" for name in names))
    return entered.left_join(facts, _RECORD).drop("record_type_right", "record_id_right")


def _of_kinds(facts: ir.Table) -> ir.Table:
    known = {name: facts[name] if name in facts.columns else ibis.null().cast(kind) for name, kind in _FACTS.items()}
    return facts.select(*_RECORD, **known)


def _lead_facts(tables: Tables) -> ir.Table | None:
    if "leads" not in tables:
        return None
    return tables["leads"].mutate(record_type=ibis.literal(LEAD), record_id=lambda t: t.lead_id)


def _deal_facts(tables: Tables) -> ir.Table | None:
    """Deals, with what they do not say themselves taken from their lead, and the amount first on file."""
    if "deals" not in tables:
        return None
    deals = tables["deals"].mutate(record_type=ibis.literal(DEAL), record_id=lambda t: t.deal_id)
    if "leads" in tables:
        names, only = ["channel", "segment", "region", "account_id"], ["band", "score"]
        leads = tables["leads"].select(of_lead="lead_id", **{f"lead_{name}": name for name in names + only})
        deals = deals.left_join(leads, deals.lead_id == leads.of_lead)
        deals = deals.mutate(**{name: ibis.coalesce(deals[name], deals[f"lead_{name}"]) for name in names})
        deals = deals.mutate(**{name: deals[f"lead_{name}"] for name in only})
    if "deal_history" in tables:
        history = tables["deal_history"]
        on_file = history.filter(history.amount.notnull()).select(
            "recorded_at", of_deal="deal_id", first_amount="amount"
        )
        first = first_rows(on_file, ["of_deal"], [on_file.recorded_at, on_file.first_amount]).drop("recorded_at")
        deals = deals.left_join(first, deals.deal_id == first.of_deal)
    return deals
