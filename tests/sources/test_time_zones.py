"""Times of every source on one clock: the company's."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from revmodel.config import Config, FunnelConfig, SourceConfig, load_config
from revmodel.errors import ConfigError
from revmodel.sources.load import read_tables

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]


def read(tmp_path, times, company="UTC", source="UTC", dates=None):
    """What created_at of the leads becomes."""
    frame = pd.DataFrame({"lead_id": [str(n) for n in range(len(times))], "created_at": times})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    return _read(tmp_path, "leads.csv", company, source, dates)


def _read(tmp_path, path, company, source, dates=None):
    leads = SourceConfig(path=path, timezone=source, dates={"created_at": dates} if dates else {})
    funnel = FunnelConfig(stages=["lead"])
    config = Config(company="x", timezone=company, tables={"leads": [leads]}, funnel=funnel, root=tmp_path)
    table = read_tables(config)["leads"]
    rows = table.select("lead_id", "created_at").to_pyarrow().to_pylist()
    return [str(row["created_at"]) for row in sorted(rows, key=lambda row: row["lead_id"])]


def test_local_times_become_utc_with_the_hour_of_the_season(tmp_path):
    times = ["2026-01-15 10:00", "2026-07-15 10:00"]
    assert read(tmp_path, times, source="Europe/Berlin") == ["2026-01-15 09:00:00", "2026-07-15 08:00:00"]


def test_an_offset_in_the_text_wins_over_the_zone_of_the_source(tmp_path):
    times = ["2026-01-15T10:00:00+02:00", "2026-01-15T10:00:00Z", "2026-01-15 10:00:00-05", "2026-01-15 10:00:00"]
    assert read(tmp_path, times, source="Europe/Berlin") == [
        "2026-01-15 08:00:00", "2026-01-15 10:00:00", "2026-01-15 15:00:00", "2026-01-15 09:00:00"
    ]  # fmt: skip


def test_a_time_that_the_clock_skips_or_repeats_has_one_reading(tmp_path):
    times = ["2026-03-29 02:30", "2026-10-25 02:30"]
    assert read(tmp_path, times, source="Europe/Berlin") == ["2026-03-29 01:30:00", "2026-10-25 01:30:00"]


def test_a_deal_of_the_last_afternoon_is_of_the_quarter_of_the_company(tmp_path):
    signed = ["2026-10-01T00:30:00Z"]
    assert read(tmp_path, signed) == ["2026-10-01 00:30:00"]
    assert read(tmp_path, signed, company="America/Los_Angeles") == ["2026-09-30 17:30:00"]


def test_sources_of_two_zones_meet_on_one_clock(tmp_path):
    berlin = read(tmp_path, ["2026-06-01 18:00"], company="America/New_York", source="Europe/Berlin")
    tokyo = read(tmp_path, ["2026-06-02 01:00"], company="America/New_York", source="Asia/Tokyo")
    assert berlin == tokyo == ["2026-06-01 12:00:00"]


def test_a_day_without_a_time_stays_that_day(tmp_path):
    days = ["2026-09-30", "2026-09-30 00:00:00"]
    for source in ("UTC", "Europe/Berlin"):
        assert read(tmp_path, days, company="America/Los_Angeles", source=source) == ["2026-09-30 00:00:00"] * 2


@pytest.mark.parametrize(
    ("text", "format", "wanted"),
    [
        ("09/30/2026 17:30", "%m/%d/%Y %H:%M", "2026-09-30 15:30:00"),
        ("09/30/2026 17:30 -0700", "%m/%d/%Y %H:%M %z", "2026-10-01 00:30:00"),
        ("1790814600000", "epoch_ms", "2026-10-01 00:30:00"),
    ],
)
def test_a_format_without_an_offset_is_local_and_one_with_it_is_exact(tmp_path, text, format, wanted):
    assert read(tmp_path, [text], source="Europe/Berlin", dates=format) == [wanted]


def test_times_of_a_parquet_file_are_exact_where_they_have_a_zone(tmp_path):
    moment = dt.datetime(2026, 6, 1, 12, 0)
    for kind, wanted in (
        (pa.timestamp("us"), "2026-06-01 10:00:00"),
        (pa.timestamp("us", "UTC"), "2026-06-01 12:00:00"),
    ):
        table = pa.table({"lead_id": ["0"], "created_at": pa.array([moment], kind)})
        pq.write_table(table, tmp_path / "leads.parquet")
        assert _read(tmp_path, "leads.parquet", "UTC", "Europe/Berlin") == [wanted]


def test_a_zone_that_does_not_exist_is_refused_with_the_nearest(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("company: x\ntimezone: Europe/Berln\ntables: {}\nfunnel: {stages: [lead]}\n")
    with pytest.raises(ConfigError, match="did you mean 'Europe/Berlin'"):
        load_config(path)
