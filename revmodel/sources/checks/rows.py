"""Faults that a row shows by itself: all of a table are counted by one query, examples fetched where there are any."""

from __future__ import annotations

import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.checks.row_rules import ROW_RULES, RowFault, Rows
from revmodel.sources.findings import Finding, Severity, finding_of
from revmodel.sources.schema import RECORD_TABLES, TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["row_faults"]


def row_faults(tables: Tables, config: Config) -> list[Finding]:
    """Every fault that rows show by themselves, counted by one query a table."""
    faults = [fault for source in ROW_RULES for fault in source(tables, config)]
    findings = []
    for name in tables.names:
        of_table = [fault for fault in faults if fault.table == name]
        if of_table:
            findings += _of_table(tables[name], name, of_table)
    return findings


def _of_table(table: ir.Table, name: str, faults: list[RowFault]) -> list[Finding]:
    sums = {f"n{i}": _sum(fault.rows) for i, fault in enumerate(faults)}
    sums |= {f"of{i}": _sum(fault.among) for i, fault in enumerate(faults) if fault.among is not None}
    counted = table.aggregate(rows=table.count(), **sums).to_pyarrow().to_pylist()[0]
    findings = []
    for i, fault in enumerate(faults):
        n, total = int(counted[f"n{i}"] or 0), int(counted.get(f"of{i}", counted["rows"]) or 0)
        if max(fault.least, fault.least_share * total) <= n <= fault.most_share * total:
            key = TABLES[name].keys[0] if TABLES[name].keys else TABLES[name].required[0]
            findings.append(_finding(fault, n, total, examples_of(table.filter(fault.rows)[key])))
    return findings


def _sum(rows: Rows) -> ir.IntegerScalar:
    return rows.fill_null(False).ifelse(1, 0).sum()


def _finding(fault: RowFault, n: int, total: int, examples: tuple[str, ...]) -> Finding:
    severity: Severity | None = None
    if fault.grave_share is not None:
        severity = "warn" if n > fault.grave_share * total else "note"
    noun = fault.table.removesuffix("s") if fault.table in (*RECORD_TABLES, "accounts") else "row"
    what = fault.what.format(n=plural(n, noun), k=f"{n:,}", total=f"{total:,}", share=f"{n / max(total, 1):.0%}")
    return finding_of(
        fault.code,
        fault.table,
        what,
        count=n,
        done=fault.done,
        remedy=fault.remedy,
        examples=examples,
        severity=severity,
    )
