"""Spark behind ibis: a session set up so that it computes what other engines do, and tables that live in it.

Nothing is written to the catalogue: a stored table is a checkpoint held by the executors, under a temporary view.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.pyspark import Backend
from ibis.formats.pyarrow import PyArrowData
from ibis.util import gen_name
from pyspark.sql import DataFrame, SparkSession

__all__ = ["Spark", "connect"]

_FEW_ROWS_PARTITIONS = "8"  # of a shuffle on one machine; 200, Spark's own, is for a cluster
_SESSION = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # a timestamp without a zone has none
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": _FEW_ROWS_PARTITIONS,
    "spark.pyspark.python": sys.executable,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


class Spark(Backend):  # type: ignore[misc]  # ibis is untyped
    """A session in which every table that is made is temporary, computed once and cut off from how it was made."""

    def create_table(self, name: str, /, obj: Any = None, *, temp: bool | None = None, **options: Any) -> ir.Table:
        """See ibis; a temporary table is a checkpoint, so that later plans do not hold the earlier ones."""
        if not temp:
            return super().create_table(name, obj, **options)
        frame = self._frame_of(obj).localCheckpoint(eager=True)
        frame.createTempView(name)
        self._cached_dataframes[name] = frame
        return self.table(name)

    def read_parquet(self, paths: Sequence[str], /, **options: Any) -> ir.Table:
        """The files as one view; ibis hands Spark a list of paths as if it were one path."""
        name = gen_name("parquet")
        self._session.read.parquet(*paths, **options).createTempView(name)
        return self.table(name)

    def drop_table(self, name: str, /, **options: Any) -> None:
        """See ibis; a temporary table gives its memory back."""
        if name not in self._cached_dataframes:
            super().drop_table(name, **options)
        else:
            self._drop_cached_table(name)

    def to_pyarrow(self, expr: ir.Expr, /, *, params: Any = None, limit: Any = None, **options: Any) -> Any:
        """See ibis; straight from Spark, without pandas between."""
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        rows = self._session.sql(self.compile(table, params=params, limit=limit, **options)).toArrow()
        return expr.__pyarrow_result__(PyArrowData.convert_table(rows, table.schema()))

    def execute(self, expr: ir.Expr, /, **options: Any) -> Any:
        """See ibis; by way of arrow, because Spark 4.0 calls what pandas 3 is about to drop."""
        table = expr.as_table()
        return expr.__pandas_result__(self.to_pyarrow(table, **options).to_pandas())

    def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
        return self.create_table(name, expr, temp=True)

    def _drop_cached_table(self, name: str) -> None:
        self._session.catalog.dropTempView(name)
        self._cached_dataframes.pop(name).unpersist()

    def _frame_of(self, rows: Any) -> DataFrame:
        if isinstance(rows, ir.Table):
            self._run_pre_execute_hooks(rows)
            return self._session.sql(self.compile(rows))
        if not isinstance(rows, pa.Table):
            rows = pa.Table.from_pandas(rows, preserve_index=False)
        return self._session.createDataFrame(rows)

    def _register_in_memory_table(self, op: Any) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)


def connect(url: str) -> Spark:
    """A session at ``url``: local[*], spark://host:7077, yarn, or sc://host:15002 for Spark Connect.

    A session that runs already in this process is used as it is.
    """
    if url.startswith("sc://"):
        session = SparkSession.builder.remote(url).getOrCreate()
    else:
        builder = SparkSession.builder.appName("revmodel").master(url)
        for name, value in (_LOCAL if url.startswith("local") else {}).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    for name, value in _SESSION.items():
        session.conf.set(name, value)
    Spark.register_options()
    spark: Spark = Spark().connect(session)
    return spark
