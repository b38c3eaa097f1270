"""The rows that an update takes in: recorded since the last one, and their events not ahead of their day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import ibis
import ibis.expr.types as ir

from revmodel.features.aggregate_store import AggregateStore, Manifest
from revmodel.features.daily_counts import DAILY
from revmodel.features.live_records import RECORD_ROWS, known_on
from revmodel.sources.engine import discard, store
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["REWRITES", "RowsOfUpdate", "Workspace", "program_digest", "rows_of_update", "united"]

REWRITES = ("merges", "deletions")
_READ = tuple(dict.fromkeys((*RECORD_ROWS, "accounts", *DAILY)))


class Workspace:
    """A store open for one update: reads its files into the engine of the new rows, and clears up behind itself."""

    def __init__(self, aggregates: AggregateStore, manifest: Manifest, connection: Any) -> None:
        self.aggregates = aggregates
        self.manifest = manifest
        self.connection = connection
        self._stored: list[ir.Table] = []

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for table in self._stored:
            discard(self.connection, table)

    def state(self, name: str) -> ir.Table | None:
        """A table of the last state; None where it has none of that name."""
        through = self.manifest.through
        path = f"state/{through}/{name}"
        return self.read(path) if f"{path}.parquet" in self.manifest.files else None

    def read(self, path: str) -> ir.Table:
        """A file of the store as a table of the engine."""
        return self.keep(self.aggregates.read(self.manifest, path))

    def keep(self, rows: Any) -> ir.Table:
        """``rows`` computed once, until the update ends."""
        self._stored.append(store(self.connection, "aggregates", rows, temp=True))
        return self._stored[-1]

    def write(self, path: str, rows: ir.Table) -> dict[str, str]:
        """Rows into a file of the store; its path with its digest."""
        return self.aggregates.write(self.connection, path, rows)


@dataclass(frozen=True)
class RowsOfUpdate:
    """counted: canonical name → rows whose event lies on or before the update's day. taken: new rows by table.

    Rows recorded by the day whose event lies ahead of it wait in the state: waiting_files.
    """

    counted: dict[str, ir.Table]
    taken: dict[str, int]
    waiting_files: dict[str, str]


def rows_of_update(work: Workspace, new_rows: Tables, through: dt.date) -> RowsOfUpdate:
    """Tell new rows from those already taken, and those that count today from those that have to wait."""
    counted: dict[str, ir.Table] = {}
    taken: dict[str, int] = {}
    files: dict[str, str] = {}
    for name in _READ:
        waiting = work.state(f"waiting_{name}")
        parts = [] if waiting is None else [waiting]
        if name in new_rows:
            new = work.keep(_new(new_rows[name], name, work.manifest.through, through))
            taken[name] = int(new.count().to_pyarrow().as_py())
            parts.append(new)
        if parts:
            rows = united(parts)
            event = rows[TABLES[name].event].cast("timestamp(6)").date()
            ahead = (event > ibis.literal(through)).fill_null(False)
            counted[name] = rows.filter(~ahead)
            files |= work.write(f"state/{through}/waiting_{name}", rows.filter(ahead))
    return RowsOfUpdate(counted, taken, files)


def _new(rows: ir.Table, name: str, since: dt.date | None, through: dt.date) -> ir.Table:
    """Rows recorded after ``since`` and by ``through``. Accounts have no recorded time: all of them that are given."""
    day = known_on(rows, name)
    rows = rows.filter((day <= ibis.literal(through)) | day.isnull())
    return rows if since is None or name == "accounts" else rows.filter(lambda t: known_on(t, name) > since)


def united(parts: Sequence[ir.Table], *, distinct: bool = False) -> ir.Table:
    """All rows of the parts; what one of them knows to be never null may be null in another."""
    alike = [part.cast({name: kind.copy(nullable=True) for name, kind in part.schema().items()}) for part in parts]
    return ibis.union(*alike, distinct=distinct) if len(alike) > 1 else alike[0]


@cache
def program_digest() -> str:
    """A fingerprint of the code that decides what aggregates mean: all of journeys, and the incremental modules."""
    here = Path(__file__).parent
    own = ("daily_counts.py", "incremental.py", "live_records.py", "settling.py", "update_rows.py")
    digest = hashlib.sha256()
    for file in (*sorted((here.parent / "journeys").glob("*.py")), *(here / name for name in own)):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
