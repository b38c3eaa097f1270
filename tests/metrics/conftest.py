"""The company counted by hand, its tables of KPIs counted once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from metrics_company import config_of, frames, journeys_of

from revmodel.metrics.scorecard import metrics_tables

Tables = dict[str, pd.DataFrame]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """ibis 12 uses a DuckDB method and a pandas option that are on their way out; revmodel cannot change that."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:fetch_arrow_table"))
        item.add_marker(pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"))


@pytest.fixture(scope="session")
def tables() -> Tables:
    """All tables of the metrics run, by quarter."""
    return metrics_tables(journeys_of(frames()), config_of(goals={"win_rate": 0.4}))[0]


@pytest.fixture(scope="session")
def cell(tables: Tables) -> Callable[..., pd.Series]:
    """``cell("leads", "2026Q2")``: the row of a KPI, in total or at a level of a dimension."""

    def find(kpi: str, period: str, dimension: str = "all", level: str = "all") -> pd.Series:
        rows = tables["metrics"]
        named = (rows["kpi"] == kpi) & (rows["period"] == period)
        found = rows[named & (rows["dimension"] == dimension) & (rows["level"] == level)]
        assert len(found) == 1, f"{len(found)} rows of {kpi} in {period} at {level}"
        return found.iloc[0]

    return find
