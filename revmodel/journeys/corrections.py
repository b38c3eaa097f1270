"""What happened to the records themselves: two merged into one, and records deleted."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from revmodel.sources.engine import store
from revmodel.sources.merging import KEYS, survivors, with_kind
from revmodel.sources.tables import Tables

__all__ = ["corrected"]

# Where the id of each kind stands, beside the table of the records themselves.
_REFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "lead": (("touches", "lead_id"), ("deals", "lead_id"), ("identities", "lead_id")),
    "deal": (("deal_history", "deal_id"),),
    "account": tuple((name, "account_id") for name in ("leads", "touches", "deals", "subscriptions")),
}
_READ_OFTEN = ("leads", "deals", "stage_changes")
_PARTS_OF_A_RECORD = ("identities", "deal_history")  # say nothing without it


def corrected(tables: Tables) -> Tables:
    """Tables in which merged records are one and deleted ones are gone; merges and deletions: known by the cut's day.

    Merged leads: stage changes, touches, deals and what identifies the person move to the survivor; the journeys of
    the two become one, by time. Merged deals: the survivor's own changes and history count, those of the merged deal
    only where the survivor has none, because two records of one sale are not two sales. Merged accounts: people,
    deals and touches move. The survivor keeps its own fields, takes what it lacks from the merged ones, and begins
    when the first of them did.

    A deleted lead takes its stage changes and what identified it with it. Its touches stay without it, as anonymous
    ones: somebody did click, and was paid for; its deals stay too, they are records of their own. A deleted deal
    takes its history with it. What pointed at a deleted account points at none. That a merged record is then deleted
    is how a merge is carried out: it takes nothing from the survivor.
    """
    if not {"merges", "deletions"} & set(tables.names):
        return tables
    of_the_day = tables
    if "stage_changes" in tables:
        typed = with_kind(tables["stage_changes"], tables, "record_id")
        tables = tables.replace(stage_changes=typed.mutate(record_type=typed.kind).drop("kind").cache())
    if "merges" in tables:
        merged = survivors(of_the_day).frame
        for kind in KEYS:
            pairs = merged.loc[merged["kind"] == kind, ["from_id", "into_id"]]
            if len(pairs):
                rows = pa.Table.from_pandas(pairs, preserve_index=False)
                tables = _merged(tables, kind, store(tables.connection, f"merged_{kind}s", rows, temp=True))
        tables = tables.replace(**{name: tables[name].cache() for name in _READ_OFTEN if name in tables})
    if "deletions" in tables:
        typed = with_kind(tables["deletions"], of_the_day, "record_id")
        gone = store(tables.connection, "deleted", typed.select("kind", gone="record_id").distinct(), temp=True)
        tables = _without(tables, gone)
    return tables


def _without(tables: Tables, deleted: ir.Table) -> Tables:
    """The tables without the deleted records. deleted: kind, gone (an id)."""
    changes: dict[str, ir.Table] = {}
    if "stage_changes" in tables:
        rows = tables["stage_changes"]
        same = [rows.record_id == deleted.gone, rows.record_type == deleted.kind]
        changes["stage_changes"] = rows.anti_join(deleted, same)
    for kind, (name, key) in KEYS.items():
        gone = deleted.filter(deleted.kind == kind).select("gone")
        if name in tables:
            rows = changes.get(name, tables[name])
            changes[name] = rows.anti_join(gone, rows[key] == gone.gone)
        for other, column in _REFERENCES[kind]:
            if other in tables:
                rows = changes.get(other, tables[other])
                part = other in _PARTS_OF_A_RECORD
                changes[other] = (
                    rows.anti_join(gone, rows[column] == gone.gone) if part else _unlinked(rows, column, gone)
                )
    return tables.replace(**changes)


def _unlinked(rows: ir.Table, column: str, gone: ir.Table) -> ir.Table:
    """Rows in which an id of something deleted is null."""
    joined = rows.left_join(gone, rows[column] == gone.gone)
    kept = ibis.ifelse(joined.gone.isnull(), joined[column], ibis.null().cast("string"))
    return joined.mutate(**{column: kept}).select(*rows.columns)


def _merged(tables: Tables, kind: str, pairs: ir.Table) -> Tables:
    """The tables with the merges of one kind made."""
    name, key = KEYS[kind]
    changes: dict[str, ir.Table] = {}
    if kind != "account" and "stage_changes" in tables:
        changes["stage_changes"] = _changes_moved(tables["stage_changes"], kind, pairs)
    for other, column in _REFERENCES[kind]:
        if other in tables:
            changes[other] = _moved(tables[other], column, pairs)
    if kind == "deal" and "deal_history" in tables:
        changes["deal_history"] = _own_before_merged(tables["deal_history"], "deal_id", pairs)
    if name in tables:
        changes[name] = _as_one(tables[name], key, pairs)
        if kind == "lead":
            changes["identities"] = _with_merged_identities(changes.get("identities"), tables["leads"], pairs)
    return tables.replace(**changes)


def _moved(rows: ir.Table, column: str, pairs: ir.Table) -> ir.Table:
    """Rows whose id is the survivor's."""
    joined = rows.left_join(pairs, rows[column] == pairs.from_id)
    return joined.mutate(**{column: ibis.coalesce(joined.into_id, joined[column])}).select(*rows.columns)


def _own_before_merged(rows: ir.Table, column: str, pairs: ir.Table) -> ir.Table:
    """Rows whose id is the survivor's; those of a merged record only where the survivor has none of its own."""
    own = rows.select(survivor=column).distinct()
    spare = pairs.anti_join(own, pairs.into_id == own.survivor)
    kept = rows.anti_join(pairs, rows[column] == pairs.from_id)
    lent = rows.inner_join(spare, rows[column] == spare.from_id)
    return ibis.union(kept, lent.mutate(**{column: lent.into_id}).select(*rows.columns))


def _changes_moved(changes: ir.Table, kind: str, pairs: ir.Table) -> ir.Table:
    """Stage changes with the survivor's id, of the records of this kind."""
    of_kind, others = changes.filter(changes.record_type == kind), changes.filter(changes.record_type != kind)
    move = _own_before_merged if kind == "deal" else _moved
    return ibis.union(others, move(of_kind, "record_id", pairs))


def _as_one(rows: ir.Table, key: str, pairs: ir.Table) -> ir.Table:
    """One row for each survivor: its own fields, what it lacks from the merged rows, and the first creation."""
    joined = rows.left_join(pairs, rows[key] == pairs.from_id)
    moved = joined.mutate(survivor=ibis.coalesce(joined.into_id, joined[key]), is_own=joined.into_id.isnull())
    concerned = moved.semi_join(pairs, moved.survivor == pairs.into_id)
    untouched = moved.anti_join(pairs, moved.survivor == pairs.into_id).select(*rows.columns)
    order = [ibis.desc("is_own"), "created_at", key]
    place = ibis.row_number().over(ibis.window(group_by="survivor", order_by=order))
    placed = concerned.mutate(place=place)
    fields = [name for name in rows.columns if name not in (key, "created_at")]
    grouped = placed.group_by("survivor").aggregate(
        created_at=placed.created_at.min(),
        **{f"own_{name}": placed[name].max(where=placed.place == 0) for name in fields},
        **{f"lent_{name}": placed[name].min(where=placed.place > 0) for name in fields},
    )
    filled = {name: ibis.coalesce(grouped[f"own_{name}"], grouped[f"lent_{name}"]) for name in fields}
    return ibis.union(untouched, grouped.mutate(**{key: grouped.survivor}, **filled).select(*rows.columns))


def _with_merged_identities(identities: ir.Table | None, leads: ir.Table, pairs: ir.Table) -> ir.Table:
    """Links known so far, and those by which a merged lead was known: they now lead to the survivor."""
    known = leads.filter(leads.anonymous_id.notnull() | leads.email_hash.notnull())
    lent = known.inner_join(pairs, known.lead_id == pairs.from_id)
    links = lent.select(
        lead_id=lent.into_id, anonymous_id=lent.anonymous_id, email_hash=lent.email_hash, linked_at=lent.created_at
    )
    return links if identities is None else ibis.union(identities.select(*links.columns), links)
