"""Everything that is known about journeys at one date, worked out once and shared by all features."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from revmodel.config import FunnelConfig, IdentityConfig
from revmodel.errors import JourneyError
from revmodel.journeys.as_of import as_of as cut_as_of
from revmodel.journeys.events import event_log
from revmodel.journeys.identity import stitched
from revmodel.journeys.records import records
from revmodel.journeys.risk import spell_counts, truncated_stages, zombie_limits
from revmodel.journeys.spells import stays, with_time_at_risk
from revmodel.sources.tables import Tables

__all__ = ["Journeys", "reconstruct_journeys"]


@dataclass(frozen=True)
class Journeys:
    """Journeys as known at the end of ``as_of``.

    tables: cut as of that day and stitched (see journeys.identity). events: see event_log. records: see records.
    spells: see journeys.spells. truncated: stages whose exits were recorded late, see left_truncation.
    """

    tables: Tables
    funnel: FunnelConfig
    as_of: dt.date
    events: ir.Table
    records: ir.Table
    spells: ir.Table
    truncated: pd.DataFrame


def reconstruct_journeys(
    tables: Tables, funnel: FunnelConfig, as_of: dt.date, identity: IdentityConfig | None = None
) -> Journeys:
    """Cut the tables, stitch people to accounts, order the events, find the spells; each is computed in the engine.

    Raises JourneyError: no record had entered the funnel by then, no table holds one, or a stage is not in the funnel.
    """
    tables = stitched(cut_as_of(tables, as_of), identity)
    if "deals" in tables:
        tables = tables.replace(deals=tables["deals"].cache())  # gathered from two histories, read many times
    events = event_log(tables, funnel).cache()
    if not events.count().to_pyarrow().as_py():
        raise JourneyError(f"no record had entered the funnel by {as_of}: take a later as-of date or load more history")
    each = records(tables, events).cache()
    spells = stays(events, each, funnel).cache()
    counts = spell_counts(spells, as_of)
    truncated = truncated_stages(counts, as_of)
    spells = with_time_at_risk(spells, truncated, zombie_limits(counts, funnel), as_of)
    return Journeys(tables, funnel, as_of, events, each, spells, truncated)
