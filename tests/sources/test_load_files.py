"""Files of every supported kind become canonical tables; a file that cannot is named with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.errors import ConfigError, EmptyTableError, MissingColumnError, SourceError
from revmodel.sources.files import input_files
from revmodel.sources.load import load_tables, read_tables

WriteConfig = Callable[..., Config]

LEADS = "Id;Created;Source\n 001 ;05/01/2026 14:30;Paid Search\n002;31/01/2026 09:00;paid-search\n003;;Webinar\n"
MAPPED = {
    "path": "leads.csv",
    "delimiter": ";",
    "columns": {"lead_id": "Id", "created_at": "Created", "channel": "Source"},
    "dates": {"created_at": "%d/%m/%Y %H:%M"},
    "values": {"channel": {"PAID SEARCH": "paid_search"}},
}


def leads_of(config: Config) -> pd.DataFrame:
    return read_tables(config)["leads"].order_by("lead_id").execute()


def test_csv_is_mapped_typed_and_aliased(write_config: WriteConfig) -> None:
    config = write_config({"leads.csv": LEADS}, {"leads": MAPPED})
    leads = leads_of(config)
    assert leads["lead_id"].tolist() == ["001", "002"]  # text: no leading zero is lost
    assert leads["created_at"].tolist() == [pd.Timestamp("2026-01-05 14:30"), pd.Timestamp("2026-01-31 09:00")]
    assert leads["channel"].tolist() == ["paid_search", "paid_search"]


def test_row_without_a_required_value_is_told_unless_it_is_no_event(write_config: WriteConfig) -> None:
    told = read_tables(write_config({"leads.csv": LEADS}, {"leads": MAPPED})).findings
    assert [(finding.code, finding.count, finding.examples) for finding in told] == [("unusable-rows", 1, ("003",))]
    silent = MAPPED | {"drop_missing": ["created_at"]}
    assert read_tables(write_config({"leads.csv": LEADS}, {"leads": silent})).findings == ()


def test_date_in_another_format_is_told_with_the_format_that_fits(write_config: WriteConfig) -> None:
    undeclared = {key: value for key, value in MAPPED.items() if key != "dates"}
    tables = read_tables(write_config({"leads.csv": LEADS}, {"leads": undeclared}))
    unreadable = next(finding for finding in tables.findings if finding.code == "unreadable-values")
    assert unreadable.examples == ("05/01/2026 14:30", "31/01/2026 09:00")
    assert "dates: {created_at: '%d/%m/%Y %H:%M'}" in unreadable.remedy
    assert tables["leads"].count().execute() == 0


def test_exact_alias_wins_over_the_loose_one(write_config: WriteConfig) -> None:
    values = {"channel": {"Paid Search": "brand", "paid-search": "generic", "webinar": ""}}
    text = LEADS.replace("003;;", "003;01/02/2026 09:00;")
    leads = leads_of(write_config({"leads.csv": text}, {"leads": MAPPED | {"values": values}}))
    assert leads["channel"].fillna("missing").tolist() == ["brand", "generic", "missing"]


def test_keep_constants_and_unions_build_one_table(write_config: WriteConfig) -> None:
    text = "id,made,ended,status\na,2026-01-05,2026-02-05,Won\nb,2026-01-06,2026-02-06,Lost\nc,2026-01-07,,Open\n"
    entries = {
        "path": "crm.csv",
        "columns": {"record_id": "id", "changed_at": "made"},
        "constants": {"to_stage": "lead", "record_type": "lead"},
    }
    ends = {
        "path": "crm.csv",
        "columns": {"record_id": "id", "changed_at": "ended", "to_stage": "status"},
        "keep": {"status": ["Won", "Lost"]},
        "values": {"to_stage": {"Won": "won", "Lost": "lost"}},
    }
    table = read_tables(write_config({"crm.csv": text}, {"stage_changes": [entries, ends]}))["stage_changes"]
    rows = table.order_by("record_id", "changed_at").execute()
    assert (rows["record_id"] + ":" + rows["to_stage"]).tolist() == ["a:lead", "a:won", "b:lead", "b:lost", "c:lead"]
    assert rows["record_type"].isna().sum() == 2


def test_column_mapped_to_nothing_is_not_taken(write_config: WriteConfig) -> None:
    text = "deal_id,created_at,amount\na,2026-01-05,100\n"
    source = {"path": "deals.csv", "columns": {"amount": ""}}
    table = read_tables(write_config({"deals.csv": text}, {"deals": source}))["deals"]
    assert table.amount.to_pyarrow().to_pylist() == [None]


def test_parquet_glob_and_duckdb_are_read(write_config: WriteConfig, tmp_path: Path) -> None:
    january = pd.DataFrame({"lead_id": [1], "created_at": [pd.Timestamp("2026-01-05")]})
    february = pd.DataFrame({"lead_id": [2], "created_at": [pd.Timestamp("2026-02-05")], "channel": ["events"]})
    with duckdb.connect(tmp_path / "crm.duckdb") as connection:
        connection.execute("create table prospects as select 3 as lead_id, date '2026-03-05' as created_at")
    sources = [{"path": "leads_*.parquet"}, {"path": "crm.duckdb", "table": "prospects"}]
    config = write_config({"leads_1.parquet": january, "leads_2.parquet": february}, {"leads": sources})
    leads = leads_of(config)
    assert leads["lead_id"].tolist() == ["1", "2", "3"]
    assert leads["channel"].dropna().tolist() == ["events"]
    assert [path.name for path in input_files(config)] == ["leads_1.parquet", "leads_2.parquet", "crm.duckdb"]


def test_missing_file_says_where_it_was_looked_for(write_config: WriteConfig, tmp_path: Path) -> None:
    for path, said in (("none.csv", str(tmp_path / "none.csv")), ("none_*.csv", "no file matches")):
        with pytest.raises(SourceError) as caught:
            load_tables(write_config({}, {"leads": {"path": path}}))
        assert said in str(caught.value)


def test_missing_table_of_a_duckdb_file_names_those_there_are(write_config: WriteConfig, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "crm.duckdb") as connection:
        connection.execute("create table prospects as select 1 as lead_id")
    with pytest.raises(SourceError, match="no table 'leads'; it has prospects"):
        load_tables(write_config({}, {"leads": {"path": "crm.duckdb", "table": "leads"}}))


def test_missing_column_names_file_columns_nearest_and_the_line_to_add(write_config: WriteConfig) -> None:
    config = write_config({"leads.csv": "lead_id,creation_date\na,2026-01-05\n"}, {"leads": {"path": "leads.csv"}})
    with pytest.raises(MissingColumnError) as caught:
        load_tables(config)
    for said in ("leads.csv", "'created_at'", "lead_id, creation_date", "columns: {created_at: creation_date}"):
        assert said in str(caught.value)


def test_column_that_the_config_names_but_the_file_lacks_is_told(write_config: WriteConfig) -> None:
    source = {"path": "leads.csv", "columns": {"channel": "Sorce"}}
    config = write_config({"leads.csv": "lead_id,created_at,Source\na,2026-01-05,x\n"}, {"leads": source})
    with pytest.raises(MissingColumnError, match=r"no column 'Sorce'.*\n.*\n.*nearest is 'Source'"):
        load_tables(config)


def test_setting_about_a_column_that_is_not_there_is_an_error(write_config: WriteConfig) -> None:
    source = {"path": "leads.csv", "drop_missing": ["channel"]}
    config = write_config({"leads.csv": "lead_id,created_at,Source\na,2026-01-05,x\n"}, {"leads": source})
    with pytest.raises(MissingColumnError, match="no column 'channel'"):
        load_tables(config)


def test_header_with_blanks_and_a_byte_order_mark_is_read(write_config: WriteConfig) -> None:
    text = "\ufefflead_id, created_at \r\na,2026-01-05\r\nb,2026-01-06\r\n"
    leads = leads_of(write_config({"leads.csv": text}, {"leads": {"path": "leads.csv"}}))
    assert leads["lead_id"].tolist() == ["a", "b"]


def test_wrong_delimiter_is_recognised(write_config: WriteConfig) -> None:
    config = write_config({"leads.csv": LEADS}, {"leads": MAPPED | {"delimiter": ","}})
    with pytest.raises(MissingColumnError, match="set 'delimiter'"):
        load_tables(config)


def test_name_that_is_not_canonical_is_an_error_of_the_config(write_config: WriteConfig) -> None:
    config = write_config({"leads.csv": LEADS}, {"leads": MAPPED | {"values": {"chanel": {"a": "b"}}}})
    with pytest.raises(ConfigError, match=r"tables.leads.values: 'chanel'.*did you mean 'channel'"):
        load_tables(config)
    with pytest.raises(ConfigError, match="did you mean 'leads'"):
        load_tables(write_config({"leads.csv": LEADS}, {"lead": MAPPED}))


@pytest.mark.parametrize("content", ["", "record_id,to_stage,changed_at\n", "record_id,to_stage,changed_at\n,,\n"])
def test_stage_changes_without_a_usable_row_are_an_error_that_names_the_file(
    write_config: WriteConfig, content: str
) -> None:
    config = write_config({"changes.csv": content}, {"stage_changes": {"path": "changes.csv"}})
    with pytest.raises(EmptyTableError, match=r"changes\.csv"):
        load_tables(config)


def test_company_with_nothing_to_forecast_from_is_an_error(write_config: WriteConfig) -> None:
    text = "date,channel,spend\n2026-01-05,events,1\n"
    with pytest.raises(SourceError, match=r"add tables\.stage_changes"):
        load_tables(write_config({"spend.csv": text}, {"spend": {"path": "spend.csv"}}))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads.parquet", b"not parquet at all"),
        ("leads.csv", "lead_id,created_at\nZoë,2026-01-05\n".encode("latin-1")),
        ("leads.csv", b"lead_id,created_at\na,2026-01-05\nb,2026-01-05,x,y\nc,2026-01-05\n"),
    ],
    ids=["broken", "not utf-8", "ragged"],
)
def test_file_that_cannot_be_read_is_a_source_error(
    write_config: WriteConfig, tmp_path: Path, name: str, content: bytes
) -> None:
    config = write_config({}, {"leads": {"path": name}})
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read"):
        load_tables(config)
