"""What became of deals since a day: open, won or lost now, and where they stood on that day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import ibis
import pandas as pd
import pyarrow as pa

from revmodel.journeys.events import LOST_STAGE, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.dialect import first_rows

__all__ = ["deal_fates"]


def deal_fates(journeys: Journeys, ids: Iterable[str], since: dt.date) -> pd.DataFrame:
    """One row a deal of ``ids`` that is still on record, in order of id.

    Returns deal_id, state ("open", "won", "lost"), at (date of the latest event), stage, stage_then (where it stood at
    the end of ``since`` by what is known now; null where it had no event by then).
    """
    wanted = pa.table({"deal_id": pa.array(sorted(set(ids)), type=pa.string())})
    events = journeys.events.semi_join(ibis.memtable(wanted), [("record_id", "deal_id")])
    events = events.filter(events.handed_to.isnull())  # noqa: PD003 (ibis, not pandas)
    columns = events.select("record_id", "stage", "seq", at=events["at"])
    now = first_rows(columns, ["record_id"], [ibis.desc(columns.seq)])
    midnight = ibis.literal(dt.datetime.combine(since + dt.timedelta(days=1), dt.time()), type="timestamp(6)")
    by_then = columns.filter(columns["at"].cast("timestamp(6)") < midnight)
    then = first_rows(by_then, ["record_id"], [ibis.desc(by_then.seq)]).select(of="record_id", stage_then="stage")
    joined = now.left_join(then, now.record_id == then.of).order_by("record_id")
    named = joined.select(deal_id="record_id", at="at", stage="stage", stage_then="stage_then")
    frame: pd.DataFrame = named.to_pyarrow().to_pandas()
    state = frame["stage"].where(frame["stage"].isin([WON_STAGE, LOST_STAGE]), "open")
    return frame.assign(state=state, at=pd.to_datetime(frame["at"]).dt.normalize())
