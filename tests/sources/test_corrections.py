"""Rows of one id that were recorded at different times: all are kept until a date says which one counts."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from revmodel.config import Config, FunnelConfig
from revmodel.journeys.as_of import as_of
from revmodel.sources.checks.counts import count_tables
from revmodel.sources.checks.duplicates import drop_duplicates
from revmodel.sources.tables import Tables, tables_from_frames
from revmodel.sources.versions import latest_versions

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]


def leads(*rows: tuple[str, str, int | None]) -> pd.DataFrame:
    """From (lead_id, channel, day of January on which it was recorded)."""
    frame = pd.DataFrame(rows, columns=["lead_id", "channel", "day"])
    recorded = [pd.NaT if pd.isna(day) else pd.Timestamp(2026, 1, int(day), 12) for day in frame["day"]]
    return frame.drop(columns="day").assign(created_at=pd.Timestamp(2026, 1, 1), recorded_at=recorded)


def deduplicated(frame: pd.DataFrame) -> Tables:
    tables = tables_from_frames({"leads": frame})
    config = Config(company="x", tables={}, funnel=FunnelConfig(stages=["lead"]))
    return drop_duplicates(tables, count_tables(tables, config))


def channels(tables: Tables) -> list[tuple[str, str]]:
    rows = tables["leads"].select("lead_id", "channel").to_pyarrow().to_pylist()
    return sorted((row["lead_id"], row["channel"]) for row in rows)


def test_a_correction_stays_beside_what_it_corrects_and_the_cut_takes_the_one_of_the_day():
    tables = deduplicated(leads(("L1", "search", 2), ("L1", "events", 20), ("L2", "social", 3)))
    assert [finding.code for finding in tables.findings] == ["corrected-rows"]
    assert tables.versioned == {"leads"}
    assert channels(as_of(tables, dt.date(2026, 1, 19))) == [("L1", "search"), ("L2", "social")]
    assert channels(as_of(tables, dt.date(2026, 1, 20))) == [("L1", "events"), ("L2", "social")]
    assert channels(latest_versions(tables)) == [("L1", "events"), ("L2", "social")]


def test_copies_of_one_version_are_dropped_and_the_versions_are_not():
    tables = deduplicated(leads(("L1", "search", 2), ("L1", "search", 2), ("L1", "events", 20)))
    assert {finding.code: finding.count for finding in tables.findings} == {"corrected-rows": 1, "duplicate-ids": 1}
    assert channels(tables) == [("L1", "events"), ("L1", "search")]


def test_rows_that_do_not_say_when_they_were_recorded_are_no_versions():
    tables = deduplicated(leads(("L1", "search", None), ("L1", "events", None)))
    assert [finding.code for finding in tables.findings] == ["duplicate-ids"]
    assert tables.versioned == frozenset()
    assert len(channels(tables)) == 1
