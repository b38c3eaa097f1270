"""References that lead nowhere: a deal of an unknown lead, a stage change of an unknown record."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["orphans"]


@dataclass(frozen=True)
class _Reference:
    table: str
    column: str
    parents: tuple[tuple[str, str], ...]  # (table, key): the id must be in one of them
    done: str


_REFERENCES = (
    _Reference("deals", "lead_id", (("leads", "lead_id"),), "Kept: what only the lead knows (its channel) is unknown"),
    _Reference("deals", "account_id", (("accounts", "account_id"),), "Kept: what only the account knows is unknown"),
    _Reference("leads", "account_id", (("accounts", "account_id"),), "Kept: what only the account knows is unknown"),
    _Reference(
        "stage_changes",
        "record_id",
        (("leads", "lead_id"), ("deals", "deal_id")),
        "Kept: the record's channel and segment are unknown",
    ),
    _Reference("deal_history", "deal_id", (("deals", "deal_id"),), "Kept, but no deal uses them"),
    _Reference("touches", "lead_id", (("leads", "lead_id"),), "Kept, but no lead's journey uses them"),
    _Reference("subscriptions", "account_id", (("accounts", "account_id"),), "Kept: the account's segment is unknown"),
)


def orphans(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """One finding for each kind of reference whose target is not in the tables that are present; one query counts."""
    present = [item for item in _REFERENCES if item.table in tables and any(name in tables for name, _ in item.parents)]
    lost = [_lost(tables, item) for item in present]
    parts = [rows.aggregate(item=ibis.literal(place, type="int64"), n=rows.count()) for place, rows in enumerate(lost)]
    if not parts:
        return []
    counted = (ibis.union(*parts) if len(parts) > 1 else parts[0]).to_pyarrow().to_pylist()
    counts = {row["item"]: row["n"] for row in counted}
    order = sorted(range(len(present)), key=lambda place: tables.names.index(present[place].table))
    return [_finding(present[place], lost[place], counts[place]) for place in order if counts[place]]


def _lost(tables: Tables, reference: _Reference) -> ir.Table:
    """Rows whose id is in none of the parents that are present.

    By joins: Spark and Postgres compare every row with every id where a query says NOT IN.
    """
    rows = tables[reference.table]
    rows = rows.filter(rows[reference.column].notnull())
    parents = [(table, key) for table, key in reference.parents if table in tables]
    if len(parents) < len(reference.parents):  # the changes of leads need no deals table
        rows = rows.filter(rows.record_type.isin([table.removesuffix("s") for table, _ in parents]))
    rows = rows.select(reference.column)
    for table, key in parents:
        known = tables[table].select(known=key)
        rows = rows.anti_join(known, rows[reference.column] == known.known)
    return rows


def _finding(reference: _Reference, lost: ir.Table, count: int) -> Finding:
    where = " or ".join(table for table, _ in reference.parents)
    return finding_of(
        f"orphan-{reference.column.replace('_', '-')}",
        reference.table,
        f"{plural(count, 'row')} of {reference.table} {'has' if count == 1 else 'have'} an id under "
        f"{reference.column} that is not in {where}",
        count=count,
        examples=examples_of(lost[reference.column]),
        done=reference.done,
        remedy=f"Export {where} for the same period as {reference.table}, or mend the ids.",
    )
