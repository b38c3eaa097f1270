"""The state of live records: settled ones leave it for the archive, woken ones come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.config import FunnelConfig
from revmodel.errors import SourceError
from revmodel.features.live_records import RECORD_ROWS, SPELL_KEYS, component_of_rows, live_records
from revmodel.features.update_rows import RowsOfUpdate, Workspace, united
from revmodel.sources.tables import Tables

__all__ = ["Settled", "settle"]

_INDEX = {"id": "string", "component": "string", "archived_on": "string"}


@dataclass(frozen=True)
class Settled:
    """Files of the new state, archive and closed counts; settled components woken; rows that could not be applied."""

    files: dict[str, str]
    woken: int
    unapplied: int


@dataclass(frozen=True)
class _Woken:
    """What the archive gave back. components: all that are awake; lost_ids: ids whose archive is gone."""

    components: pd.DataFrame  # component, archived_on
    rows: Mapping[str, list[ir.Table]]
    spells: list[ir.Table]
    lost_ids: list[str]


def settle(work: Workspace, rows: RowsOfUpdate, funnel: FunnelConfig, through: dt.date) -> Settled:
    """Count the spells of all live records anew, and move to the archive those that are settled."""
    index = work.state("settled")
    if index is None:
        index = work.keep(ibis.memtable(pd.DataFrame(columns=list(_INDEX)), schema=_INDEX))
    woken = _wake(work, rows, index)
    unapplied, live = _live_rows(work, rows, woken)
    files: dict[str, str] = {}
    if "accounts" in live:
        files |= work.write(f"state/{through}/accounts", live["accounts"])
    if not set(RECORD_ROWS) & set(live.by_name):
        return Settled(files, 0, 0)
    counts = live_records(live, funnel, through, work.manifest.settle_days)
    done = work.keep(counts.components.filter(counts.components.settled).select("component"))
    closed = counts.spells.semi_join(done, "component")
    files |= work.write(f"archive/{through}/spells", closed)
    files |= work.write(f"spells/{through}", _difference(closed, woken.spells))
    of_live = counts.spells.anti_join(done, "component")
    files |= work.write(f"state/{through}/live_spells", _summed(of_live))
    ids = [_still_settled(work, index, woken)]
    for name in live.by_name.keys() & RECORD_ROWS.keys():
        each = work.keep(component_of_rows(live, name))
        gone = work.keep(each.semi_join(done, "component"))
        files |= work.write(f"archive/{through}/{name}", gone)
        files |= work.write(f"state/{through}/{name}", each.anti_join(done, "component").drop("component"))
        ids.append(_ids(gone, RECORD_ROWS[name], through))
    ids.append(_ids(done, "component", through))
    files |= work.write(f"state/{through}/settled", united(ids, distinct=True))
    return Settled(files, len(woken.components), unapplied)


def _wake(work: Workspace, rows: RowsOfUpdate, index: ir.Table) -> _Woken:
    """Find the settled components that new rows are about, and read them from the archive, day by day."""
    mentioned = [rows.counted[name].select(id=column) for name, column in RECORD_ROWS.items() if name in rows.counted]
    if "deals" in rows.counted:
        mentioned.append(rows.counted["deals"].select(id="lead_id"))
    if not mentioned:
        return _Woken(pd.DataFrame(columns=["component", "archived_on"]), {}, [], [])
    struck = index.semi_join(united(mentioned, distinct=True), "id").to_pyarrow().to_pandas()
    back: dict[str, list[ir.Table]] = {name: [] for name in RECORD_ROWS}
    awake, spells, lost = [], [], []
    for day, of_day in struck.groupby("archived_on", sort=True):
        components = of_day[["component", "archived_on"]].drop_duplicates()
        wanted = work.keep(ibis.memtable(components[["component"]], schema={"component": "string"}))
        try:
            found = {name: work.read(f"archive/{day}/{name}") for name in RECORD_ROWS if _has(work, day, name)}
            spells.append(work.read(f"archive/{day}/spells").semi_join(wanted, "component"))
        except SourceError:  # the archive of that day is gone: its records stay settled, and the update says so
            lost += index.semi_join(wanted, "component").id.to_pyarrow().to_pylist()
            continue
        awake.append(components)
        for name, archived in found.items():
            back[name].append(archived.semi_join(wanted, "component").drop("component"))
    together = pd.concat(awake) if awake else pd.DataFrame(columns=["component", "archived_on"])
    return _Woken(together, back, spells, lost)


def _has(work: Workspace, day: object, name: str) -> bool:
    return f"archive/{day}/{name}.parquet" in work.manifest.files


def _live_rows(work: Workspace, rows: RowsOfUpdate, woken: _Woken) -> tuple[int, Tables]:
    """All rows of live records: of the state, of the woken, and the new; and how many new ones cannot be applied."""
    lost = work.keep(ibis.memtable(pd.DataFrame({"id": woken.lost_ids}, dtype="str"), schema={"id": "string"}))
    unapplied, tables = 0, {}
    for name in (*RECORD_ROWS, "accounts"):
        state = work.state(name)
        parts = [] if state is None else [state]
        parts += woken.rows.get(name, [])
        if name in rows.counted:
            new = rows.counted[name]
            if name == "accounts":
                parts = [part.anti_join(new, "account_id") for part in parts]
            elif woken.lost_ids:
                strikes = [new[column].isin(lost.id) for column in _id_columns(name)]
                struck = strikes[0] if len(strikes) == 1 else (strikes[0] | strikes[1]).fill_null(False)
                unapplied += int(new.filter(struck).count().to_pyarrow().as_py())
                new = new.filter(~struck)
            parts.append(new)
        if parts:
            tables[name] = work.keep(united(parts))
    return unapplied, Tables(tables, work.connection)


def _id_columns(name: str) -> list[str]:
    return ["deal_id", "lead_id"] if name == "deals" else [RECORD_ROWS[name]]


def _summed(spells: ir.Table) -> ir.Table:
    return spells.group_by(SPELL_KEYS).aggregate(n=spells.n.sum().cast("int64"))


def _difference(closed: ir.Table, woken: list[ir.Table]) -> ir.Table:
    """Counts to add to the closed ones: those settled now less those that woke."""
    columns = [*SPELL_KEYS, "n"]
    parts = [closed.select(columns), *(spells.mutate(n=-spells.n).select(columns) for spells in woken)]
    return _summed(united(parts))


def _still_settled(work: Workspace, index: ir.Table, woken: _Woken) -> ir.Table:
    if woken.components.empty:
        return index
    awake = work.keep(ibis.memtable(woken.components[["component"]], schema={"component": "string"}))
    return index.anti_join(awake, "component")


def _ids(rows: ir.Table, column: str, through: dt.date) -> ir.Table:
    return rows.select(id=column, component="component", archived_on=ibis.literal(through.isoformat())).distinct()
