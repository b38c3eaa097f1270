"""Whose touch it was: anonymous visits, hashed e-mails and domains led to leads and accounts.

A key may be linked to several leads (a shared device, a shared mailbox). A touch then goes to the lead that was linked
last before it, and a touch before any link to the lead that was linked first: whoever named herself last is taken to
be who goes on, and the visits that led to the first form are its author's. A link made later never takes back a touch
that an earlier one had given, so what was known on a day stays so.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from revmodel.config import IdentityConfig
from revmodel.sources.links import PersonKey, links_of, with_account_of_domain
from revmodel.sources.tables import Tables

__all__ = ["stitched"]


def stitched(tables: Tables, identity: IdentityConfig | None = None) -> Tables:
    """Tables, cut as of a date, in which touches know their lead, and leads, touches and deals their account.

    A touch's lead_id is filled by the first of ``identity.keys`` that knows it; where none does, by a touch of the same
    anonymous id that carries a lead's hashed e-mail. account_id, where a row has none of its own, is that
    of the row's lead, then that of its domain where exactly one account has the domain. Nothing that a row says
    itself is overwritten, but a touch's lead where "lead_id" is not among the keys.
    """
    keys = (identity or IdentityConfig()).keys
    tables = _leads_with_account(tables, "domain" in keys)
    changes = {}
    if "touches" in tables:
        changes["touches"] = _with_account(_touches_with_lead(tables, keys), tables, "domain" in keys)
    if "deals" in tables:
        changes["deals"] = _with_account(tables["deals"], tables, by_domain=False)
    return tables.replace(**changes)


def _leads_with_account(tables: Tables, by_domain: bool) -> Tables:
    """Leads without an account get that of their domain. Nothing is joined where no domain is known."""
    if not by_domain or "leads" not in tables or not _has_domains(tables, "leads"):
        return tables
    return tables.replace(leads=_by_domain(tables["leads"], tables["accounts"]).cache())


def _has_domains(tables: Tables, name: str) -> bool:
    """Whether both the rows and the accounts have a domain anywhere."""
    if "accounts" not in tables:
        return False
    return all(tables[each].domain.count().to_pyarrow().as_py() for each in ("accounts", name))


def _by_domain(rows: ir.Table, accounts: ir.Table) -> ir.Table:
    """Rows without an account get the one account of their domain."""
    named = with_account_of_domain(rows, accounts)
    return named.mutate(account_id=ibis.coalesce(named.account_id, named.account_of_domain)).select(*rows.columns)


def _with_account(rows: ir.Table, tables: Tables, by_domain: bool) -> ir.Table:
    """Rows with the account of their lead, then of their domain, where they have none of their own."""
    columns = rows.columns
    if "leads" in tables:
        known = tables["leads"].select(of_lead="lead_id", account_of_lead="account_id").cache()
        # One row a lead: so the engine leaves the join out where nobody asks for the account.
        leads = known.group_by("of_lead").aggregate(account_of_lead=known.account_of_lead.min())
        joined = rows.left_join(leads, rows.lead_id == leads.of_lead)
        rows = joined.mutate(account_id=ibis.coalesce(joined.account_id, joined.account_of_lead)).select(*columns)
    if by_domain and "domain" in columns and _has_domains(tables, "touches"):
        rows = _by_domain(rows, tables["accounts"])
    return rows


def _touches_with_lead(tables: Tables, keys: Sequence[str]) -> ir.Table:
    """Touches with the lead that the most trusted key gives."""
    columns = tables["touches"].columns
    own = tables["touches"].lead_id if "lead_id" in keys else ibis.null().cast("string")
    tables = tables.replace(touches=tables["touches"].mutate(lead_id=own))
    touches = tables["touches"].mutate(by_lead_id=own)
    columns_of: dict[str, PersonKey] = {"email": "email_hash", "anonymous_id": "anonymous_id"}
    for key, column in columns_of.items():
        if key in keys and (spans := _spans(links_of(tables, column))) is not None:
            touches = _by_spans(touches, column, spans, f"by_{key}")
    found = [f"by_{key}" for key in keys if f"by_{key}" in touches.columns]
    if "anonymous_id" in keys and "by_email" in found:
        named = tables.replace(touches=touches.mutate(lead_id=touches.by_email).select(*columns))
        if (spans := _spans(links_of(named, "anonymous_id", ["touches"]))) is not None:
            touches = _by_spans(touches, "anonymous_id", spans, "by_other_visits")
            found.append("by_other_visits")
    lead_id = ibis.coalesce(*(touches[name] for name in found)) if found else ibis.null().cast("string")
    return touches.mutate(lead_id=lead_id).select(*columns)


def _spans(links: ir.Table | None) -> ir.Table | None:
    """To which lead a key belonged in which time (see the module), computed once; None where no key has a link."""
    if links is None:
        return None
    at_once = links.group_by("key", "linked_at").aggregate(linked_lead=links.lead_id.min())
    window = ibis.window(group_by="key", order_by="linked_at")
    spans = at_once.mutate(before=at_once.linked_at.lag().over(window), until=at_once.linked_at.lead().over(window))
    spans = spans.select("linked_lead", of_key="key", since="linked_at", is_first=spans.before.isnull(), until="until")
    spans = spans.cache()
    return spans if spans.count().to_pyarrow().as_py() else None


def _by_spans(touches: ir.Table, key: PersonKey, spans: ir.Table, name: str) -> ir.Table:
    """Touches with one more column: the lead to which their key belonged at their time."""
    held = [
        touches[key] == spans.of_key,
        spans.is_first | (touches.occurred_at >= spans.since),
        spans.until.isnull() | (touches.occurred_at < spans.until),
    ]
    joined = touches.left_join(spans, held)
    return joined.mutate(**{name: joined.linked_lead}).select(*touches.columns, name)
