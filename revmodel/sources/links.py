"""What links people: an anonymous id or a hashed e-mail to a lead, a domain to an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import ibis
import ibis.expr.types as ir

from revmodel.sources.tables import Tables

__all__ = ["PersonKey", "account_domains", "links_of", "with_account_of_domain"]

PersonKey = Literal["anonymous_id", "email_hash"]
_MOMENTS = {"identities": "linked_at", "leads": "created_at", "touches": "occurred_at"}


def links_of(tables: Tables, key: PersonKey, of: Sequence[str] = tuple(_MOMENTS)) -> ir.Table | None:
    """Who was linked to a key, and since when: columns key, lead_id, linked_at; one row a key and lead.

    A link is made by the table identities, by a lead that was created with the key, and by a touch that has both ids;
    of: which of them to use. None where none of these tables is present.
    """
    parts = []
    for name in of:
        if name in tables:
            rows = tables[name]
            named = rows.filter(rows[key].notnull() & rows.lead_id.notnull())
            parts.append(named.select(key=key, lead_id="lead_id", linked_at=_MOMENTS[name]))
    if not parts:
        return None
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return every.group_by("key", "lead_id").aggregate(linked_at=every.linked_at.min())


def _bare_domain(domain: ir.StringColumn) -> ir.StringColumn:
    """A domain or the address of a site as the bare domain: "https://www.Acme.com/en" is "acme.com"."""
    bare = domain.lower().strip().re_replace("^(https?://)?(www[.])?", "")
    return bare.re_replace("/.*$", "").nullif("")


def with_account_of_domain(rows: ir.Table, accounts: ir.Table) -> ir.Table:
    """Rows with one more column, account_of_domain: the one account that has the row's domain; null where none is."""
    known = account_domains(accounts)
    only = known.filter(known.accounts == 1).select(of_domain="domain", account_of_domain="account_id")
    named = rows.mutate(bare_domain=_bare_domain(rows.domain))
    return named.left_join(only, named.bare_domain == only.of_domain).select(*rows.columns, "account_of_domain")


def account_domains(accounts: ir.Table) -> ir.Table:
    """Columns domain, account_id (the least of them), accounts (how many have the domain)."""
    named = accounts.select("account_id", domain=_bare_domain(accounts.domain))
    named = named.filter(named.domain.notnull())
    return named.group_by("domain").aggregate(account_id=named.account_id.min(), accounts=named.account_id.nunique())
