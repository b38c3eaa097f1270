"""The folder that holds incremental aggregates: Parquet partitions, a small state, and a manifest that names them.

    manifest.json            through which day it is complete, by which program and funnel, digests of all files
    daily/<table>/<day>      counts and sums by day of the event, one file an update; their sum is the history
    spells/<day>             counts of the spells of settled records, one file an update; may hold negative counts
    archive/<day>/           rows of the records that were settled on that day, read again only when one wakes up
    state/<day>/             rows of the records that are still live, and the index of those that are settled

A new manifest is written aside and renamed, last of all: an update that fails leaves the store as it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow.parquet as pq

from revmodel.aside import file_aside
from revmodel.errors import SourceError

__all__ = ["AggregateStore", "Manifest"]

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a store holds. through: the last day that is complete, None before the first update.

    files: relative path → SHA-256. updates: one entry an update, with rows taken by table and digests of the sources.
    unapplied: rows that struck settled records whose archive was gone; only a rebuild can take them in.
    """

    program: str
    funnel: dict[str, Any]
    settle_days: int
    through: dt.date | None = None
    files: dict[str, str] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    unapplied: int = 0


@dataclass(frozen=True)
class AggregateStore:
    """A folder of aggregates; see the module for its layout, features.incremental for what it means."""

    folder: Path

    def manifest(self) -> Manifest:
        """The manifest. Raises SourceError: there is none, or it has another format."""
        path = self.folder / "manifest.json"
        if not path.is_file():
            raise SourceError(f"there is no store of aggregates at {self.folder}: make one with create_store")
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("format", None) != FORMAT:
            raise SourceError(f"{path} is of another format than {FORMAT}: build the store anew with create_store")
        through = raw.pop("through")
        return Manifest(**raw, through=None if through is None else dt.date.fromisoformat(through))

    def save(self, manifest: Manifest) -> None:
        """Put a manifest in place of the old one, at once."""
        raw = {"format": FORMAT, **vars(manifest), "through": manifest.through and manifest.through.isoformat()}
        with file_aside(self.folder / "manifest.json") as aside:
            aside.write_text(json.dumps(raw, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def write(self, connection: Any, name: str, rows: ir.Table) -> dict[str, str]:
        """Compute ``rows`` in the engine of ``connection`` into ``<name>.parquet``; its path with its digest."""
        path = self.folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        connection.to_parquet(rows, path)
        return {str(path.relative_to(self.folder)): _digest(path)}

    def read(self, manifest: Manifest, name: str) -> Any:
        """``<name>.parquet`` as arrow. Raises SourceError: it is gone, or not what the manifest says."""
        relative = f"{name}.parquet"
        path = self.folder / relative
        if relative not in manifest.files:
            raise SourceError(f"the manifest of {self.folder} knows no {relative}: build the store anew")
        if not path.is_file() or _digest(path) != manifest.files[relative]:
            raise SourceError(f"{path} is gone or was changed since: restore it, or build the store anew")
        return pq.read_table(path)

    def total(self, kind: str, keys: list[str]) -> pd.DataFrame:
        """The sum of all partitions of one kind ("spells", "daily/spend", …) by ``keys``; zero counts are left out."""
        manifest = self.manifest()
        names = [path.removesuffix(".parquet") for path in manifest.files if path.startswith(f"{kind}/")]
        if not names:
            raise SourceError(f"{self.folder} has no {kind}: no update brought rows for it")
        together = pd.concat([self.read(manifest, name).to_pandas() for name in sorted(names)], ignore_index=True)
        summed = together.groupby(keys, dropna=False, sort=True).sum()
        totals: pd.DataFrame = summed[(summed != 0).any(axis=1)].reset_index()
        return totals

    def drop_state(self, day: dt.date) -> None:
        """Delete the state of a day that a newer one has replaced."""
        shutil.rmtree(self.folder / "state" / day.isoformat(), ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
