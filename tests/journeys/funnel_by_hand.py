"""A small funnel and tables of a few rows, for tests that know every answer."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from revmodel.config import FunnelConfig
from revmodel.sources.tables import Tables, tables_from_frames

# ibis 12 uses a DuckDB method and a pandas option that are on their way out; revmodel cannot change that.
QUIET_IBIS = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]

FUNNEL = FunnelConfig(
    stages=["lead", "mql", "opportunity", "proposal"], first_deal_stage="opportunity", lost=["lost", "disqualified"]
)
AS_OF = dt.date(2026, 6, 30)


def day(number: int, hour: int = 9) -> pd.Timestamp:
    """The ``number``-th day of 2026, counted from 0."""
    return pd.Timestamp(2026, 1, 1, hour) + pd.Timedelta(days=number)


def changes(*rows: tuple[str, str, str, pd.Timestamp]) -> pd.DataFrame:
    """Stage changes from (record_type, record_id, to_stage, changed_at)."""
    frame = pd.DataFrame(rows, columns=["record_type", "record_id", "to_stage", "changed_at"])
    return frame.assign(recorded_at=frame["changed_at"])


def tables_of(**frames: pd.DataFrame) -> Tables:
    """Tables from frames by name."""
    return tables_from_frames(frames)


def rows_of(table, *columns: str) -> list[tuple]:
    """Rows of an ibis table as plain tuples, sorted."""
    rows = table.select(*columns).to_pyarrow().to_pylist()
    return sorted((tuple(row[name] for name in columns) for row in rows), key=lambda row: [str(value) for value in row])
