"""Which record each merged record became, chains followed to their end and circles broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.sources.tables import Tables

__all__ = ["KEYS", "Survivors", "survivors", "with_kind"]

KEYS = {"deal": ("deals", "deal_id"), "lead": ("leads", "lead_id"), "account": ("accounts", "account_id")}


@dataclass(frozen=True)
class Survivors:
    """frame: kind ("lead", "deal", "account"), from_id, into_id: the record that is left in the end.

    refused: merges that would have closed a circle, as "a → b"; they do not count.
    """

    frame: pd.DataFrame
    refused: tuple[str, ...]


def survivors(tables: Tables) -> Survivors:
    """What every merge of the tables leads to, in the order in which the merges were made.

    A record is merged away once: of several merges of one record the first counts, at one moment the one into the
    lesser id. a → b → c makes both c. A merge of a record into what was itself merged into it (a → b, then b → a)
    is refused: b stays, as it was known from the first of the two on. Merges are few beside records, so they are
    followed here, one after the other; the records themselves never leave the engine.
    """
    typed = with_kind(tables["merges"], tables, "into_id", "from_id")
    ordered = typed.select("kind", "from_id", "into_id", "merged_at").distinct()
    rows = ordered.order_by("kind", "merged_at", "from_id", "into_id").to_pyarrow()
    columns = (rows[name].to_pylist() for name in ("kind", "from_id", "into_id"))
    into, refused = _followed(zip(*columns, strict=True))
    frame = pd.DataFrame(
        [(kind, start, _end(into, (kind, start))) for kind, start in into], columns=["kind", "from_id", "into_id"]
    )
    return Survivors(frame.astype("object"), refused)


def with_kind(rows: ir.Table, tables: Tables, *ids: str) -> ir.Table:
    """Rows with ``kind``: the record_type given, else by the table that holds one of the ids, else "lead".

    An id of several kinds is the deal's, else the lead's, as in the event log.
    """
    given = rows.record_type.lower()
    branches = [
        (ibis.or_(*(rows[name].isin(tables[table][key]) for name in ids)), kind)
        for kind, (table, key) in KEYS.items()
        if table in tables
    ]
    held = ibis.cases(*branches, else_="lead") if branches else ibis.literal("lead")
    return rows.mutate(kind=ibis.ifelse(given.isin(list(KEYS)), given, held))


def _followed(
    merges: Iterable[tuple[str, str, str]],
) -> tuple[dict[tuple[str, str], tuple[str, str]], tuple[str, ...]]:
    """(kind, id) → what it was merged into, one step; and the merges that would have closed a circle."""
    into: dict[tuple[str, str], tuple[str, str]] = {}
    refused = []
    for kind, start, target in merges:
        if (kind, start) in into or start == target:
            continue
        if _end(into, (kind, target)) == start:
            refused.append(f"{start} → {target}")
        else:
            into[kind, start] = (kind, target)
    return into, tuple(refused)


def _end(into: dict[tuple[str, str], tuple[str, str]], record: tuple[str, str]) -> str:
    """The last record of the chain; the steps on the way are shortened, so that long chains stay cheap."""
    way = []
    while record in into:
        way.append(record)
        record = into[record]
    for passed in way:
        into[passed] = record
    return record[1]
