"""DuckDB, Postgres and Spark make the same features of the same data, row for row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engines_by_hand import AS_OF, CONFIG, assert_same, moved, parts_in, parts_of
from sklearn.base import clone

from revmodel.config import Config
from revmodel.features.build import build_features
from revmodel.features.durations import TimeInStageBuilder, TimeToCloseBuilder
from revmodel.features.hazard_cells import HazardCellBuilder
from revmodel.features.indicators import IndicatorBuilder
from revmodel.features.lead_features import LeadFeatureBuilder
from revmodel.features.open_deals import OpenDealFeatureBuilder
from revmodel.features.regional_panel import RegionalPanelBuilder
from revmodel.features.triangles import CohortTriangleBuilder
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.sources import files
from revmodel.sources.load import read_tables
from revmodel.sources.tables import Tables

BUILDERS = [
    CohortTriangleBuilder(),
    IndicatorBuilder(),
    LeadFeatureBuilder("opportunity"),
    OpenDealFeatureBuilder(),
    RegionalPanelBuilder(),
    TimeInStageBuilder(),
    TimeToCloseBuilder(),
]


@pytest.fixture(scope="module")
def by_duckdb(company: Tables) -> dict[str, Any]:
    return parts_of(build_features(company, CONFIG, AS_OF))


def test_the_company_has_something_of_everything(by_duckdb: dict[str, Any]) -> None:
    empty = [name for name, part in by_duckdb.items() if hasattr(part, "__len__") and not len(part)]
    assert set(empty) <= {"features.cells.deal_band_edges"}
    assert by_duckdb["features.open_records.frame"]["amount"].notna().any()


def test_postgres_makes_the_same_features(company: Tables, postgres: Any, by_duckdb: dict[str, Any]) -> None:
    assert_same(by_duckdb, parts_of(build_features(moved(company, postgres), CONFIG, AS_OF)))


@pytest.mark.slow
def test_spark_makes_the_same_features(company: Tables, spark: Any, by_duckdb: dict[str, Any]) -> None:
    assert_same(by_duckdb, parts_of(build_features(moved(company, spark), CONFIG, AS_OF)))


@pytest.mark.slow
def test_postgres_makes_the_same_of_every_other_builder(company: Tables, postgres: Any) -> None:
    ours, theirs = (
        reconstruct_journeys(tables, CONFIG.funnel, AS_OF) for tables in (company, moved(company, postgres))
    )
    for builder in BUILDERS:
        here, there = (clone(builder).fit_transform(journeys) for journeys in (ours, theirs))
        assert_same(parts_in("", here), parts_in("", there))


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_parquet_that_stays_in_its_files_makes_the_same_on_spark(
    company: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "IN_PLACE_ROWS", 1)
    names = ("leads", "stage_changes", "deals")
    for name in names:
        company[name].to_parquet(tmp_path / f"{name}.parquet")
    made = []
    for engine in ({}, {"engine": "cluster", "databases": {"cluster": {"kind": "spark"}}}):
        tables = {name: [{"path": f"{name}.parquet"}] for name in names}
        config = Config(company="small", tables=tables, funnel=CONFIG.funnel, root=tmp_path, **engine)
        journeys = reconstruct_journeys(read_tables(config), config.funnel, AS_OF)
        made.append(parts_in("cells", HazardCellBuilder().fit_transform(journeys)))
    assert_same(*made)
