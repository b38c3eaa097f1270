"""Tables of a database: read into DuckDB, or left where they are, they say the same; nothing lasting is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis.backends.postgres
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engines_by_hand import AS_OF, CONFIG, small_frames
from postgres_server import READER, address_of_reader

from revmodel.config import Config, DatabaseConfig
from revmodel.errors import ConfigError, SourceError
from revmodel.sources.databases import close, connect_to
from revmodel.sources.load import load_tables, read_tables
from revmodel.sources.tables import Tables

EXPORTS = ("leads", "stage_changes", "deals", "deal_history", "spend", "accounts")


@pytest.fixture(scope="module")
def exports() -> dict[str, pa.Table]:
    """Tables as careless exports have them, every value as text."""
    frames = small_frames(dirt=True)
    texts = {name: frames[name].astype("string").astype(object) for name in EXPORTS}
    return {
        name: pa.Table.from_pandas(frame.where(frame.notna(), None), preserve_index=False).cast(
            pa.schema([(column, pa.string()) for column in frame.columns])
        )
        for name, frame in texts.items()
    }


@pytest.fixture(scope="module")
def warehouse(postgres_url: str, exports: dict[str, pa.Table]) -> Iterator[str]:
    """A schema "crm" that holds the exports, and a user who may read it: the variable with the address."""
    owner = connect_to("server", DatabaseConfig(kind="postgres", url_env="URL"), {"URL": postgres_url})
    with owner.con.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA crm; GRANT USAGE ON SCHEMA crm TO {READER}")
    for name, rows in exports.items():
        ibis.backends.postgres.Backend.create_table(owner, f"crm_{name}", rows, database="crm")
    with owner.con.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA crm TO {READER}")
    os.environ["TEST_WAREHOUSE_URL"] = address_of_reader(postgres_url)
    yield "TEST_WAREHOUSE_URL"
    del os.environ["TEST_WAREHOUSE_URL"]
    with owner.con.cursor() as cursor:
        cursor.execute("DROP SCHEMA crm CASCADE")
    close(owner)


def config_of(variable: str, engine: str, **schema: str) -> Config:
    database = DatabaseConfig(kind="postgres", url_env=variable, **(schema or {"schema": "crm"}))
    tables = {name: [{"database": "warehouse", "table": f"crm_{name}"}] for name in EXPORTS}
    parts = CONFIG.model_dump(include={"company", "funnel", "rates"})
    return Config(**parts, tables=tables, databases={"warehouse": database}, engine=engine, as_of=AS_OF)


def rows_of(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    """Every table's rows, in an order of their own."""
    return {name: sorted(tables[name].to_pyarrow().to_pylist(), key=repr) for name in tables}


def test_what_is_read_and_found_is_the_same_in_both_engines(warehouse: str) -> None:
    read, left = (load_tables(config_of(warehouse, engine)) for engine in ("duckdb", "warehouse"))
    assert (read.connection.name, left.connection.name) == ("duckdb", "postgres")
    assert rows_of(left) == rows_of(read)
    assert left.findings == read.findings
    assert len(read.findings) > 10
    assert _tables_that_last(left.connection) == {("crm", f"crm_{name}") for name in EXPORTS}
    close(left.connection)


def _tables_that_last(connection: Any) -> set[tuple[str, str]]:
    query = (
        "select schemaname, tablename from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema') and schemaname not like 'pg_temp%'"
    )
    with connection.con.cursor() as cursor:
        return set(cursor.execute(query).fetchall())


def test_only_mapped_columns_are_read(warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    original = ibis.backends.postgres.Backend.to_pyarrow_batches

    def watched(self: Any, expr: Any, /, **options: Any) -> Any:
        asked.extend(expr.columns)
        return original(self, expr, **options)

    monkeypatch.setattr(ibis.backends.postgres.Backend, "to_pyarrow_batches", watched)
    config = config_of(warehouse, "duckdb")
    source = {"database": "warehouse", "table": "crm_leads", "columns": {"channel": "", "region": "campaign"}}
    read_tables(config.model_copy(update={"tables": Config(**_only(config, source)).tables}))
    assert "channel" not in asked
    assert {"lead_id", "created_at", "campaign"} <= set(asked)


def _only(config: Config, source: dict[str, Any]) -> dict[str, Any]:
    databases = {"warehouse": {"kind": "postgres", "url_env": config.databases["warehouse"].url_env, "schema": "crm"}}
    return {"company": "x", "funnel": config.funnel, "databases": databases, "tables": {"leads": [source]}}


def test_a_table_that_is_not_there_is_named_with_the_nearest(warehouse: str) -> None:
    source = {"database": "warehouse", "table": "crm_lead"}
    with pytest.raises(SourceError, match=r"'crm_lead' cannot be read.*nearest there are crm_leads"):
        read_tables(Config(**_only(config_of(warehouse, "duckdb"), source)))


def test_a_table_may_be_named_with_its_schema(warehouse: str) -> None:
    config = config_of(warehouse, "duckdb", schema="public")
    parts = _only(config, {"database": "warehouse", "table": "crm.crm_leads"})
    parts["databases"]["warehouse"]["schema"] = "public"
    assert read_tables(Config(**parts))["leads"].count().to_pyarrow().as_py() > 100


@pytest.mark.parametrize(
    ("kind", "source", "why"),
    [
        ("postgres", {"dates": {"created_at": "%d.%m.%Y"}}, r"dates of the format %d\.%m\.%Y cannot be read"),
        ("spark", {"timezone": "Europe/Berlin"}, "the zone Europe/Berlin cannot be read"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_before_it_is_asked(kind: str, source: dict[str, Any], why: str) -> None:
    config = Config(
        company="x",
        funnel=CONFIG.funnel,
        databases={"warehouse": {"kind": kind, "url_env": "NOT_SET_HERE"}},
        engine="warehouse",
        tables={"leads": [{"database": "warehouse", "table": "leads"} | source]},
    )
    with pytest.raises(ConfigError, match=why):
        read_tables(config)


def test_an_address_that_is_not_set_is_asked_for() -> None:
    database = DatabaseConfig(kind="snowflake", url_env="NOT_SET_HERE")
    with pytest.raises(ConfigError, match=r"NOT_SET_HERE is not set.*snowflake://user"):
        connect_to("warehouse", database, {})


def test_no_message_shows_a_password() -> None:
    pytest.importorskip("psycopg")
    address = "postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2"
    with pytest.raises(SourceError, match=r"databases.warehouse cannot be reached") as caught:
        connect_to("warehouse", DatabaseConfig(kind="postgres", url_env="URL"), {"URL": address})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    monkeypatch.delitem(__import__("sys").modules, "revmodel.sources.postgres", raising=False)
    with pytest.raises(SourceError, match=r"pip install 'revmodel\[postgres\]'"):
        connect_to("warehouse", DatabaseConfig(kind="postgres", url_env="URL"), {"URL": "postgresql://h/d"})


@pytest.mark.slow
def test_spark_reads_parquet_and_text_as_duckdb_does(
    spark: Any, exports: dict[str, pa.Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("leads", "spend"):
        half = exports[name].num_rows // 2
        pq.write_table(exports[name].slice(0, half), tmp_path / f"{name}_1.parquet")
        pq.write_table(exports[name].slice(half), tmp_path / f"{name}_2.parquet")
    tables = {name: [{"path": str(tmp_path / f"{name}_*.parquet")}] for name in ("leads", "spend")}
    parts = {**CONFIG.model_dump(include={"company", "funnel"}), "tables": tables}
    read = read_tables(Config(**parts))
    monkeypatch.setattr("revmodel.sources.load.engine_of", lambda _: spark)
    there = read_tables(Config(**parts, databases={"cluster": {"kind": "spark"}}, engine="cluster"))
    assert there.connection is spark
    assert rows_of(there) == rows_of(read)
    assert there.findings == read.findings
