"""Aggregates that a new day of data updates without reading the old.

Recorded time decides what is new, event time decides where it goes. An update takes the rows recorded after the last
one and up to its own day. What can be added is added: spend, touches and indicators by the day of their event; a row
recorded late for an earlier day adds to that day. Spells cannot be added row by row, for an open spell closes later.
So the rows of records that are still live are kept as a small state, and each update counts their spells anew, by the
same code as a build from scratch. A record that is closed, and of which nothing was recorded for ``settle_days``, is
settled: its spells go to the closed counts, its rows to an archive that no update reads, unless a later row is about
it: then the archive of that one day gives its rows back, and its counts are taken off again.

So day by day equals from scratch, exactly, for every stream of rows that dates what it records. Rows recorded by the
store's day are taken to be in it already, so days may overlap. Merges and deletions rewrite records long past and are
refused: build anew when they come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from revmodel.config import FunnelConfig
from revmodel.dims import UNKNOWN
from revmodel.errors import SourceError
from revmodel.features.aggregate_store import AggregateStore, Manifest
from revmodel.features.daily_counts import DAILY, MILLIONTHS, daily_counts
from revmodel.features.live_records import SPELL_KEYS
from revmodel.features.settling import settle
from revmodel.features.update_rows import REWRITES, Workspace, program_digest, rows_of_update
from revmodel.sources.tables import Tables

__all__ = ["UpdateReport", "create_store", "daily_totals", "spell_totals", "update"]

SETTLE_DAYS = 28  # most late rows come within four weeks; later ones cost one read of an archived day


@dataclass(frozen=True)
class UpdateReport:
    """What an update did. rows: new rows taken, by table. woken: settled records that later rows were about.

    unapplied: rows about settled records whose archive was gone; only a build from scratch can take them in.
    """

    through: dt.date
    rows: Mapping[str, int]
    woken: int
    unapplied: int


def create_store(folder: Path, funnel: FunnelConfig, settle_days: int = SETTLE_DAYS) -> AggregateStore:
    """An empty store in ``folder``, for one funnel. Raises SourceError: there is one already."""
    store = AggregateStore(Path(folder))
    if (store.folder / "manifest.json").exists():
        raise SourceError(f"there is a store at {folder} already: update it, or delete the folder to build it anew")
    store.folder.mkdir(parents=True, exist_ok=True)
    store.save(Manifest(program_digest(), funnel.model_dump(mode="json"), settle_days))
    return store


def update(
    store: AggregateStore, new_rows: Tables, through: dt.date, sources: Mapping[str, str] | None = None
) -> UpdateReport:
    """Take in the rows recorded after the store's day and by the end of ``through``.

    new_rows: canonical tables; those of no interest to any aggregate are not read. sources: names and digests of
    where the rows came from, for the manifest.
    Raises SourceError: ``through`` is not after the store's day, another program or funnel built the store, the state
    is gone or was changed, or there are merges or deletions.
    """
    manifest = store.manifest()
    _check(store, manifest, new_rows, through)
    with Workspace(store, manifest, new_rows.connection) as work:
        rows = rows_of_update(work, new_rows, through)
        files: dict[str, str] = {}
        for name in DAILY:
            if name in rows.counted:
                counts = daily_counts(rows.counted[name], name)
                files |= work.write(f"daily/{name}/{through}", counts)
        settled = settle(work, rows, FunnelConfig(**manifest.funnel), through)
        kept = {path: digest for path, digest in manifest.files.items() if not path.startswith("state/")}
        entry = {"through": through.isoformat(), "rows": dict(rows.taken), "sources": dict(sources or {})}
        store.save(
            replace(
                manifest,
                through=through,
                files=kept | files | rows.waiting_files | settled.files,
                updates=[*manifest.updates, entry],
                unapplied=manifest.unapplied + settled.unapplied,
            )
        )
    if manifest.through is not None:
        store.drop_state(manifest.through)
    return UpdateReport(through, rows.taken, settled.woken, settled.unapplied)


def daily_totals(store: AggregateStore, name: str) -> pd.DataFrame:
    """Counts and sums by day: day, the keys of the table ("unknown" where null), rows, sums.

    name: "spend" (sums spend, impressions, clicks in units of the source), "touches" or "indicators" (sum of value).
    Raises SourceError: no update brought such rows.
    """
    spec = DAILY[name]
    totals = store.total(f"daily/{name}", ["day", *spec.keys])
    scaled = {column: totals[column] / MILLIONTHS for column in spec.sums}
    return totals.assign(day=pd.to_datetime(totals["day"]), **scaled)


def spell_totals(store: AggregateStore) -> pd.DataFrame:
    """Spells as known on the store's day: stage, channel, segment, outcome, to_stage, entered_on, left_on, arrival, n.

    Days are Timestamps, left_on NaT and to_stage "unknown" while open; ``arrival`` marks the spells with which records
    entered the funnel anew. It is all that hazard cells, triangles and arrivals are counted from.
    """
    manifest = store.manifest()
    closed = [path for path in manifest.files if path.startswith("spells/")]
    live = [path for path in manifest.files if path.endswith("/live_spells.parquet")]
    names = [path.removesuffix(".parquet") for path in (*sorted(closed), *live)]
    if not names:
        raise SourceError(f"{store.folder} has no spells: no update brought leads, deals or stage changes")
    parts = [store.read(manifest, name).to_pandas() for name in names]
    together = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    days = {name: pd.to_datetime(together[name]) for name in ("entered_on", "left_on")}
    together = together.assign(**days, to_stage=together["to_stage"].fillna(UNKNOWN))
    summed = together.groupby(SPELL_KEYS, dropna=False, sort=True, as_index=False)["n"].sum()
    totals: pd.DataFrame = summed[summed["n"] != 0].reset_index(drop=True)
    return totals


def _check(store: AggregateStore, manifest: Manifest, new_rows: Tables, through: dt.date) -> None:
    if manifest.program != program_digest():
        raise SourceError(f"{store.folder} was built by another version of the program: build it anew")
    if manifest.through is not None and through <= manifest.through:
        raise SourceError(
            f"{store.folder} is complete through {manifest.through}; {through} is not after it: nothing to update"
        )
    for name in REWRITES:
        if name in new_rows and new_rows[name].count().to_pyarrow().as_py():
            raise SourceError(f"there are {name}: they rewrite records long past; build {store.folder} anew")
