"""Every query of the features can be written for BigQuery and Snowflake; without an account it is not run there."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.backends.duckdb
import ibis.expr.types as ir
import pytest
import sqlglot
from engines_by_hand import AS_OF, CONFIG

from revmodel.features.build import build_features
from revmodel.sources.tables import Tables


@pytest.fixture(scope="module")
def queries(company: Tables) -> list[ir.Expr]:
    """What is asked of the engine, and what is stored in it, while features are built."""
    asked: list[ir.Expr] = []
    backend = ibis.backends.duckdb.Backend
    answer, make = backend.to_pyarrow, backend.create_table

    def answered(self: Any, expr: ir.Expr, /, **options: Any) -> Any:
        asked.append(expr)
        return answer(self, expr, **options)

    def made(self: Any, name: str, /, obj: Any = None, **options: Any) -> Any:
        asked.extend([obj] if isinstance(obj, ir.Table) else [])
        return make(self, name, obj, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "to_pyarrow", answered)
        patch.setattr(backend, "create_table", made)
        build_features(company, CONFIG, AS_OF)
    return asked


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake"])
def test_every_query_of_the_features_can_be_written(queries: list[ir.Expr], dialect: str) -> None:
    assert len(queries) > 20
    for query in queries:
        text = str(ibis.to_sql(query, dialect=dialect))
        assert sqlglot.parse_one(text, dialect=dialect)
        assert "UNNEST" not in text  # rows made from ranges would be pages of SQL that nobody here can run
