"""Who is who: ids, addresses and domains that belong to several, and accounts that disagree.

What is told here is what stitching does (journeys/identity.py); what was linked at a date is for the cut to say.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.links import PersonKey, account_domains, links_of, with_account_of_domain
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["identity_findings"]

_EXAMPLES = 5


def identity_findings(tables: Tables, config: Config) -> list[Finding]:
    """Conflicts among the keys that identity.keys names. Examples are ids of leads, deals and accounts, never a key."""
    keys = config.identity.keys
    found: list[Finding] = []
    if "anonymous_id" in keys:
        found += _shared_by_leads(tables, "anonymous_id")
    if "email" in keys:
        found += _shared_by_leads(tables, "email_hash")
    if "domain" in keys and "accounts" in tables and _count(tables["accounts"].filter(lambda t: t.domain.notnull())):
        found += [*_shared_domains(tables["accounts"]), *_leads_elsewhere(tables)]
    return [*found, *_deals_elsewhere(tables)]


def _shared_by_leads(tables: Tables, key: PersonKey) -> Iterator[Finding]:
    links = links_of(tables, key)
    if links is None:
        return
    by_key = links.group_by("key").aggregate(
        leads=links.lead_id.nunique(), one=links.lead_id.min(), other=links.lead_id.max()
    )
    shared = by_key.filter(by_key.leads > 1)
    count = _count(shared)
    if not count:
        return
    is_visitor = key == "anonymous_id"
    what = (
        plural(count, "anonymous id is", "anonymous ids are")
        if is_visitor
        else plural(count, "hashed e-mail is", "hashed e-mails are")
    )
    yield finding_of(
        "shared-anonymous-id" if is_visitor else "shared-email",
        "leads",
        f"{what} linked to more than one lead",
        count=count,
        examples=_pairs(shared, "one", "other"),
        done="A touch goes to the lead that was linked last before it; before any link, to the one linked first",
        remedy="A shared device needs nothing; one person with two leads is mended by a row in the table merges.",
    )


def _shared_domains(accounts: ir.Table) -> Iterator[Finding]:
    domains = account_domains(accounts)
    shared = domains.filter(domains.accounts > 1)
    count = _count(shared)
    if count:
        yield finding_of(
            "shared-domain",
            "accounts",
            f"{plural(count, 'domain is', 'domains are')} that of more than one account",
            count=count,
            examples=_examples(shared.account_id),
            done="Such a domain gives nobody an account",
            remedy="Merge accounts that are one (table merges), or keep the domain at the one that owns it.",
        )


def _leads_elsewhere(tables: Tables) -> Iterator[Finding]:
    """Leads whose own account is not the one of their domain."""
    if "leads" not in tables:
        return
    leads = with_account_of_domain(tables["leads"], tables["accounts"])
    wrong = leads.filter(leads.account_id != leads.account_of_domain)
    count = _count(wrong)
    if count:
        yield finding_of(
            "lead-of-other-account",
            "leads",
            f"{plural(count, 'lead has', 'leads have')} another account than the one that their domain belongs to",
            count=count,
            examples=_examples(wrong.lead_id),
            done="The account that the lead itself names was kept",
            remedy="Check which is right: people of subsidiaries and agencies often write from another domain.",
        )


def _deals_elsewhere(tables: Tables) -> Iterator[Finding]:
    """Deals whose own account is not the one of their lead."""
    if not {"deals", "leads"} <= set(tables.names):
        return
    deals, leads = tables["deals"], tables["leads"].select(of_lead="lead_id", lead_account_id="account_id")
    joined = deals.inner_join(leads, deals.lead_id == leads.of_lead)
    wrong = joined.filter(joined.account_id != joined.lead_account_id)
    count = _count(wrong)
    if count:
        yield finding_of(
            "deal-of-other-account",
            "deals",
            f"{plural(count, 'deal has', 'deals have')} another account than their lead",
            count=count,
            examples=_examples(wrong.deal_id),
            done="The deal's journey has the touches of its own account, and those of its lead",
            remedy="Check whether the lead was converted into the wrong account.",
        )


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())


def _examples(ids: ir.StringColumn) -> tuple[str, ...]:
    return examples_of(ids, _EXAMPLES)


def _pairs(rows: ir.Table, one: str, other: str) -> tuple[str, ...]:
    """Two of the leads of each, as "L1 and L2": the key itself is about a person and is not shown."""
    return _examples(rows[one] + ibis.literal(" and ") + rows[other])
