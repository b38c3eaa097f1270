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
    """One finding for each kind of reference whose target is not in the tables that are present."""
    findings = []
    for name in tables.names:
        lost = {item: rows for item in _REFERENCES if item.table == name and (rows := _lost(tables, item)) is not None}
        if lost:
            sums = {item.column: rows.sum() for item, rows in lost.items()}
            counts = tables[name].aggregate(**sums).to_pyarrow().to_pylist()[0]
            findings += [_finding(tables, item, lost[item], n) for item in lost if (n := counts[item.column])]
    return findings


def _lost(tables: Tables, reference: _Reference) -> ir.BooleanColumn | None:
    """Rows whose id is in none of the parents that are present; None where no parent is."""
    rows = tables[reference.table]
    present = [(table, key) for table, key in reference.parents if table in tables]
    if not present:
        return None
    lost = ibis.and_(*(rows[reference.column].notin(tables[table][key]) for table, key in present))
    if len(present) == len(reference.parents):
        return lost
    kinds = [table.removesuffix("s") for table, _ in present]
    return lost & rows.record_type.isin(kinds)  # the changes of leads need no deals table


def _finding(tables: Tables, reference: _Reference, lost: ir.BooleanColumn, count: int) -> Finding:
    where = " or ".join(table for table, _ in reference.parents)
    return finding_of(
        f"orphan-{reference.column.replace('_', '-')}",
        reference.table,
        f"{plural(count, 'row')} of {reference.table} {'has' if count == 1 else 'have'} an id under "
        f"{reference.column} that is not in {where}",
        count=count,
        examples=examples_of(tables[reference.table].filter(lost)[reference.column]),
        done=reference.done,
        remedy=f"Export {where} for the same period as {reference.table}, or mend the ids.",
    )
