"""Whatever comes in, a canonical table has every declared column in its declared type."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import ConfigError, MissingColumnError, SourceError
from revmodel.sources.canonical import IBIS_TYPES
from revmodel.sources.schema import TABLES, schema_of
from revmodel.sources.tables import Tables, tables_from_frames

SAMPLES = {"string": "x", "timestamp": "2026-01-05T10:00:00", "date": "2026-01-05", "float": "1.5", "int": "7"}


@pytest.fixture(scope="module")
def required_only() -> Tables:
    """Every canonical table with one row and only the columns that it must have, all as text."""
    frames = {}
    for name, schema in TABLES.items():
        needed = [*schema.required, *schema.any_of[:1]]
        frames[name] = pd.DataFrame({column: [SAMPLES[schema.columns[column]]] for column in needed})
    return tables_from_frames(frames)


def test_every_canonical_column_exists_in_its_type(required_only: Tables) -> None:
    tables = required_only
    assert set(tables.names) == set(TABLES)
    for name, schema in TABLES.items():
        types = {column: str(kind) for column, kind in tables[name].schema().items()}
        assert types == {column: IBIS_TYPES[kind] for column, kind in schema.columns.items()}
        assert tables[name].count().execute() == 1
    assert tables.findings == ()


def test_required_and_key_columns_are_declared_columns() -> None:
    for schema in TABLES.values():
        named = {*schema.required, *schema.keys, *schema.any_of, schema.event, schema.recorded} - {None}
        assert named <= set(schema.columns)


def test_ids_are_trimmed_strings_whatever_they_were() -> None:
    floats = pd.DataFrame({"lead_id": [1.0, 2.0], "created_at": ["2026-01-05"] * 2, "account_id": [np.nan, 30.0]})
    mixed = pd.DataFrame({"account_id": [" A1 ", 7, ""], "name": [None] * 3})
    tables = tables_from_frames({"leads": floats, "accounts": mixed})
    assert tables["leads"].lead_id.execute().tolist() == ["1", "2"]
    assert tables["leads"].account_id.execute().dropna().tolist() == ["30"]
    assert tables["accounts"].account_id.execute().tolist() == ["A1", "7"]
    assert [finding.code for finding in tables.findings] == ["unusable-rows"]


def test_timestamps_are_naive_utc() -> None:
    texts = ["2026-01-05T10:00:00+02:00", "2026-01-05T08:00:00Z", "2026-01-05 08:00", "2026-01-05"]
    zoned = pd.DataFrame({"deal_id": ["d"], "created_at": [pd.Timestamp("2026-07-01 10:00", tz="Europe/Berlin")]})
    leads = pd.DataFrame({"lead_id": list("abcd"), "created_at": texts})
    tables = tables_from_frames({"leads": leads, "deals": zoned})
    eight = dt.datetime(2026, 1, 5, 8)
    assert tables["leads"].created_at.to_pyarrow().to_pylist() == [eight, eight, eight, dt.datetime(2026, 1, 5)]
    assert tables["deals"].created_at.to_pyarrow().to_pylist() == [dt.datetime(2026, 7, 1, 8)]


def test_channel_that_is_missing_stays_null() -> None:
    leads = pd.DataFrame({"lead_id": ["a", "b"], "created_at": ["2026-01-05"] * 2, "channel": [None, " "]})
    assert tables_from_frames({"leads": leads})["leads"].channel.to_pyarrow().to_pylist() == [None, None]


def test_number_that_is_not_finite_is_missing_and_text_that_is_no_number_is_told() -> None:
    deals = pd.DataFrame(
        {"deal_id": list("abc"), "created_at": ["2026-01-05"] * 3, "amount": ["1200.5", "1,200", "inf"]}
    )
    tables = tables_from_frames({"deals": deals})
    assert tables["deals"].order_by("deal_id").amount.to_pyarrow().to_pylist() == [1200.5, None, None]
    (finding,) = tables.findings
    assert (finding.code, finding.count, finding.examples) == ("unreadable-values", 2, ("1,200", "inf"))


def test_number_where_a_date_should_be_is_told() -> None:
    subscriptions = pd.DataFrame({"customer_id": ["a"], "started_at": ["2026-01-05"], "ended_at": [1767571200000]})
    (finding,) = tables_from_frames({"subscriptions": subscriptions}).findings
    assert (finding.code, finding.examples) == ("unreadable-values", ("1767571200000",))


def test_frame_without_rows_keeps_its_columns() -> None:
    tables = tables_from_frames({"spend": pd.DataFrame({"date": [], "channel": [], "spend": []})})
    assert tables["spend"].count().execute() == 0
    assert tables["spend"].columns == tuple(TABLES["spend"].columns)


def test_panel_keeps_free_columns_and_reads_numbers() -> None:
    panel = pd.DataFrame({"date": ["2026-01-05", "2026-01-12"], "kpi": [1, 2], "tv": ["3", ""], "note": ["x", "y"]})
    table = tables_from_frames({"panel": panel})["panel"]
    assert table.columns == ("date", "kpi", "tv", "note")
    assert table.schema()["tv"].is_floating()
    assert table.schema()["note"].is_string()


def test_row_of_touches_needs_somebody() -> None:
    touches = pd.DataFrame(
        {"occurred_at": ["2026-01-05"] * 2, "channel": ["x"] * 2, "lead_id": ["a", None], "anonymous_id": [None] * 2}
    )
    tables = tables_from_frames({"touches": touches})
    assert tables["touches"].count().execute() == 1
    assert "lead_id or account_id or anonymous_id" in tables.findings[0].what


def test_missing_required_column_is_named_with_the_nearest() -> None:
    frame = pd.DataFrame({"lead_id": ["a"], "CreatedAt": ["2026-01-05"]})
    with pytest.raises(MissingColumnError, match=r"(?s)created_at.*CreatedAt"):
        tables_from_frames({"leads": frame})


def test_table_that_is_not_there_is_named(required_only: Tables) -> None:
    few = Tables({"leads": required_only["leads"]}, required_only.connection)
    assert "spend" not in few
    with pytest.raises(SourceError, match=r"no spend table.*there are: leads"):
        few["spend"]


def test_unknown_table_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'stage_changes'"):
        schema_of("stage_change")


def test_replace_leaves_the_original_as_it_was(required_only: Tables) -> None:
    changed = required_only.replace(leads=required_only["leads"].limit(0))
    assert changed["leads"].count().execute() == 0
    assert required_only["leads"].count().execute() == 1


def test_pickled_tables_carry_their_rows_and_findings() -> None:
    leads = pd.DataFrame({"lead_id": ["a", None], "created_at": ["2026-01-05"] * 2})
    tables = tables_from_frames({"leads": leads})
    revived = pickle.loads(pickle.dumps(tables))
    assert revived["leads"].to_pyarrow().equals(tables["leads"].to_pyarrow())
    assert revived.findings == tables.findings
