"""References that lead nowhere: a deal of an unknown lead, a stage change of an unknown record."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of

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
    for reference in _REFERENCES:
        if reference.table in tables and all(parent in tables for parent, _ in _parents(reference, tables)):
            lost = _lost(tables, reference)
            if lost is not None and (count := int(lost.count().execute())):
                findings.append(_finding(reference, count, examples_of(lost[reference.column])))
    return findings


def _parents(reference: _Reference, tables: Tables) -> list[tuple[str, str]]:
    """The tables the id may be in. A stage change may be of a lead or a deal: all that are present count."""
    return [(table, key) for table, key in reference.parents if table in tables]


def _lost(tables: Tables, reference: _Reference) -> ir.Table | None:
    present = _parents(reference, tables)
    if not present:
        return None
    rows = tables[reference.table].filter(lambda table: table[reference.column].notnull())
    if reference.table == "stage_changes":
        rows = _of_known_kind(rows, [table for table, _ in present])
    ids = [tables[table].select(**{reference.column: key}) for table, key in present]
    return rows.anti_join(ibis.union(*ids) if len(ids) > 1 else ids[0], reference.column)


def _of_known_kind(rows: ir.Table, present: list[str]) -> ir.Table:
    """Only changes of a kind of record whose table is there (leads' changes need no deals table)."""
    kinds = [table.removesuffix("s") for table in present]
    return rows.filter(rows.record_type.isnull() & (len(kinds) > 1) | rows.record_type.isin(kinds))


def _finding(reference: _Reference, count: int, examples: tuple[str, ...]) -> Finding:
    where = " or ".join(table for table, _ in reference.parents)
    return Finding(
        code=f"orphan-{reference.column.replace('_', '-')}",
        severity="warn",
        table=reference.table,
        what=f"{count} row(s) of {reference.table} name a {reference.column} that is not in {where}",
        count=count,
        examples=examples,
        done=reference.done,
        remedy=f"Export {where} for the same period as {reference.table}, or mend the ids.",
    )
