"""Columns that give the outcome away: filled for records that ended, empty for those still open, or the reverse."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables

__all__ = ["leaking_columns"]

# What is known of a record from its creation, and might be used to tell records apart.
_COLUMNS = {"deals": ("account_id", "lead_id", "owner", "channel", "segment", "type"),
            "leads": ("account_id", "channel", "campaign", "region", "segment")}  # fmt: skip
_LARGE_DIFFERENCE = 0.1  # of the shares missing
_BEYOND_CHANCE = 5.0  # standard errors


def leaking_columns(tables: Tables, config: Config) -> list[Finding]:
    """Columns whose share of empty values differs between ended and open records by a tenth and beyond chance."""
    if "stage_changes" not in tables:
        return []
    findings = []
    for name, columns in _COLUMNS.items():
        if name in tables:
            counts = _missing_by_outcome(tables, config, name, columns)
            if set(counts) == {True, False}:
                findings += [finding for column in columns if (finding := _finding(name, column, counts)) is not None]
    return findings


def _missing_by_outcome(
    tables: Tables, config: Config, name: str, columns: tuple[str, ...]
) -> dict[bool, dict[str, Any]]:
    """ended → {rows, and how many of them lack each column}."""
    records = tables[name]
    key = records.columns[0]
    marked = records.mutate(ended=records[key].isin(_ended_ids(tables, config, name)))
    missing = {column: marked[column].isnull().sum() for column in columns}
    counts = marked.group_by("ended").aggregate(rows=marked.count(), **missing).execute()
    return {bool(row["ended"]): row.to_dict() for _, row in counts.iterrows()}


def _ended_ids(tables: Tables, config: Config, name: str) -> ir.Column:
    changes = tables["stage_changes"]
    of_kind = changes.record_type.isnull() | (changes.record_type == name.removesuffix("s"))
    ends = changes.to_stage.isin([*config.funnel.won, *config.funnel.lost])
    ids = changes.filter(of_kind & ends).select(id="record_id")
    if name == "leads" and "deals" in tables:
        deals = tables["deals"]
        ids = ibis.union(ids, deals.filter(deals.lead_id.notnull()).select(id="lead_id"))
    return ids.id


def _finding(table: str, column: str, counts: dict[bool, dict[str, Any]]) -> Finding | None:
    rows = {ended: int(counts[ended]["rows"]) for ended in (True, False)}
    missing = {ended: int(counts[ended][column]) for ended in (True, False)}
    share = {ended: missing[ended] / rows[ended] for ended in (True, False)}
    pooled = sum(missing.values()) / sum(rows.values())
    error = np.sqrt(pooled * (1 - pooled) * (1 / rows[True] + 1 / rows[False]))
    difference = abs(share[True] - share[False])
    if difference < _LARGE_DIFFERENCE or difference < _BEYOND_CHANCE * error:
        return None
    return finding_of(
        "leaking-column",
        table,
        f"{column} is empty for {share[False]:.0%} of the {rows[False]:,} open {table} but for "
        f"{share[True]:.0%} of the {rows[True]:,} that ended: whether it is filled tells the outcome",
        count=missing[True] + missing[False],
        done="Kept as an id; nothing is concluded from it being empty"
        if column.endswith("_id")
        else "Kept: an empty value is a level of its own, which looks too good or too bad to be true",
        remedy=f"Map {column} to a field that is filled when the record is created, "
        f"or leave it out: columns: {{{column}: ''}}.",
    )
