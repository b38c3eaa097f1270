"""A Postgres server and a local Spark, where they can be had; elsewhere the tests that need them say why not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from engines_by_hand import small_company
from postgres_server import READER, address_of_reader, binaries, running_server

from revmodel.config import DatabaseConfig
from revmodel.sources.databases import close, connect_to
from revmodel.sources.tables import Tables

# Few rows: compiling a plan would take longer than running it.
QUICK_SPARK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}


@pytest.fixture(scope="session")
def company() -> Tables:
    """The canonical tables of a small simulated company, in DuckDB."""
    return small_company()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a server's superuser."""
    pytest.importorskip("psycopg", reason="no driver for Postgres: pip install 'psycopg[binary]'")
    programs = binaries()
    if programs is None:
        pytest.skip("no Postgres server: neither initdb in PATH nor /usr/lib/postgresql (apt install postgresql)")
    with running_server(programs) as url:
        owner = connect_to("server", DatabaseConfig(kind="postgres", url_env="URL"), {"URL": url})
        with owner.con.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {READER} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        close(owner)
        yield url


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Any]:
    """A connection of somebody who may read, and write nothing that lasts."""
    address = {"URL": address_of_reader(postgres_url)}
    connection = connect_to("server", DatabaseConfig(kind="postgres", url_env="URL"), address)
    yield connection
    close(connection)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Spark on this machine."""
    pytest.importorskip("pyspark", reason="Spark is not installed: REVMODEL_EXTRAS=spark scripts/setup")
    if shutil.which("java") is None:
        pytest.skip("no Java for Spark: install a Java runtime, 17 or later")
    connection = connect_to("cluster", DatabaseConfig(kind="spark", url_env="URL"), {"URL": "local[2]"})
    session = connection._session
    session.sparkContext.setLogLevel("ERROR")
    for name, value in QUICK_SPARK.items():
        session.conf.set(name, value)
    yield connection
    session.stop()
