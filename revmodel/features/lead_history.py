"""What leads had done, and what their accounts had, by a moment of each lead's own; on record by then."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.features.touch_links import KINDS, UNKNOWN_KIND, canonical_kind, known_at
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.links import links_of
from revmodel.sources.tables import Tables

__all__ = ["WINDOWS_DAYS", "account_counts", "behaviour", "behaviour_columns", "stage_place"]

WINDOWS_DAYS = (7, 28, 90)
_LONGEST = WINDOWS_DAYS[-1]


def behaviour_columns() -> tuple[str, ...]:
    """last_touch_days, distinct contents and days, and <kind>_<days>d."""
    of_kinds = [f"{kind}_{days}d" for days in WINDOWS_DAYS for kind in (*KINDS, UNKNOWN_KIND)]
    return ("last_touch_days", f"contents_{_LONGEST}d", f"active_days_{_LONGEST}d", *of_kinds)


def behaviour(journeys: Journeys, decided: ir.Table) -> ir.Table:
    """lead_id and behaviour_columns, for leads with a touch by their decision. decided: lead_id, decided_at."""
    if "touches" not in journeys.tables:
        return decided.select("lead_id", **{name: ibis.null().cast("int64") for name in behaviour_columns()})
    touches = _with_known_time(journeys.tables).select("occurred_at", "known_at", "content", "kind", of_lead="lead_id")
    joined = decided.select("lead_id", "decided_at").inner_join(touches, decided.lead_id == touches.of_lead)
    joined = joined.filter((joined.known_at <= joined.decided_at) & (joined.occurred_at <= joined.decided_at))
    ago = joined.decided_at.date().delta(joined.occurred_at.date(), unit="day").cast("int64")
    seen = joined.mutate(days_ago=ago, kind=canonical_kind(joined.kind))
    late = seen.days_ago < _LONGEST
    counts = {
        f"{kind}_{days}d": ((seen.days_ago < days) & (seen.kind == kind)).ifelse(1, 0).sum()
        for days in WINDOWS_DAYS
        for kind in (*KINDS, UNKNOWN_KIND)
    }
    return seen.group_by("lead_id").aggregate(
        last_touch_days=seen.days_ago.min(),
        **{
            f"contents_{_LONGEST}d": ibis.ifelse(late, seen.content, ibis.null().cast("string")).nunique(),
            f"active_days_{_LONGEST}d": ibis.ifelse(late, seen.days_ago, ibis.null().cast("int64")).nunique(),
        },
        **counts,
    )


def stage_place(journeys: Journeys, decided: ir.Table) -> ir.Table:
    """lead_id, stage_place: the furthest open stage on record by the decision, by its place in the funnel."""
    if "stage_changes" not in journeys.tables:
        return decided.select("lead_id", stage_place=ibis.null().cast("int64"))
    changes = journeys.tables["stage_changes"]
    places = {stage: place for place, stage in enumerate(journeys.funnel.stages)}
    changes = changes.filter(changes.record_type.isnull() | (changes.record_type.lower() != "deal"))
    changes = changes.select(
        of_lead="record_id",
        place=changes.to_stage.cases(*places.items(), else_=0).cast("int64"),
        known_at=ibis.greatest(ibis.coalesce(changes.recorded_at, changes.changed_at), changes.changed_at),
    )
    joined = decided.inner_join(changes, decided.lead_id == changes.of_lead)
    known = joined.filter(joined.known_at <= joined.decided_at)
    return known.group_by("lead_id").aggregate(stage_place=known.place.max())


def account_counts(journeys: Journeys, decided: ir.Table) -> ir.Table:
    """lead_id, other_leads, earlier_deals: of the lead's account, on record by the decision."""
    leads = _on_account(journeys.tables, "leads", "lead_id")
    deals = _on_account(journeys.tables, "deals", "deal_id") if "deals" in journeys.tables else None
    others = _counted(decided, leads, "other_leads")
    if deals is None:
        return others.mutate(earlier_deals=ibis.literal(0).cast("int64"))
    return others.left_join(_counted(decided, deals, "earlier_deals"), "lead_id").drop("lead_id_right")


def _on_account(tables: Tables, name: str, column: str) -> ir.Table:
    rows = tables[name]
    known = ibis.greatest(ibis.coalesce(rows.recorded_at, rows.created_at), rows.created_at)
    return rows.select(of_account="account_id", other_id=column, known_at=known)


def _counted(decided: ir.Table, rows: ir.Table, name: str) -> ir.Table:
    """lead_id and the number of other rows of the account that were known by the decision; all leads are there."""
    joined = decided.select("lead_id", "account_id", "decided_at").left_join(
        rows, [decided.account_id == rows.of_account]
    )
    counts = ((joined.known_at <= joined.decided_at) & (joined.other_id != joined.lead_id)).fill_null(False)
    return joined.group_by("lead_id").aggregate(**{name: counts.ifelse(1, 0).sum().cast("int64")})


def _with_known_time(tables: Tables) -> ir.Table:
    """Touches of leads with the time by which it was known that they are that lead's.

    Stitching may give an early visit to a lead through a link made later; it is known from the link on.
    """
    touches = tables["touches"].filter(lambda t: t.lead_id.notnull())
    columns = ["lead_id", "occurred_at", "content", "kind"]
    touches = touches.mutate(known_at=known_at(touches))
    for key in ("anonymous_id", "email_hash"):
        links = links_of(tables, key, [name for name in ("identities", "leads") if name in tables])
        if links is not None:
            links = links.select(of_key="key", linked_lead="lead_id", linked_at="linked_at")
            same = [touches[key] == links.of_key, touches.lead_id == links.linked_lead]
            joined = touches.left_join(links, same)
            touches = joined.mutate(
                known_at=ibis.greatest(joined.known_at, joined.linked_at.fill_null(joined.known_at))
            )
            touches = touches.select(*columns, "known_at", "anonymous_id", "email_hash")
    return touches.select(*columns, "known_at")
