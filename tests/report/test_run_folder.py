"""A run's folder is complete or it is not there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fake_run import fake_manifest, fake_tables

from revmodel.errors import SourceError
from revmodel.report.tables import RunFolder, read_run, write_run


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    tables = fake_tables()
    run = read_run(write_run(tmp_path / "run", fake_manifest(), tables))
    assert set(run.tables) == set(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(run.tables[name], table, check_dtype=False)
        assert len(pd.read_csv(tmp_path / "run" / f"{name}.csv")) == len(table)
    assert run.manifest["company"] == "Northwind Robotics"


def test_what_a_frame_carries_beside_its_rows_stays_behind(tmp_path: Path) -> None:
    table = fake_tables()["backtest"]
    table.attrs["not_available"] = [{"origin": pd.Timestamp("2026-01-01")}]
    assert read_run(write_run(tmp_path / "run", fake_manifest(), {"backtest": table})).tables["backtest"].attrs == {}
    assert table.attrs["not_available"]


def test_unknown_number_in_the_manifest_is_null_not_nan(tmp_path: Path) -> None:
    write_run(tmp_path / "run", fake_manifest(timings_s={"fit": float("nan")}), {})
    assert "NaN" not in (tmp_path / "run" / "manifest.json").read_text(encoding="utf-8")
    assert read_run(tmp_path / "run").manifest["timings_s"] == {"fit": None}


def test_run_that_fails_half_way_leaves_the_old_one_and_no_litter(tmp_path: Path) -> None:
    write_run(tmp_path / "run", fake_manifest(seed=1), {})

    def fail(run: RunFolder) -> None:
        raise SourceError(f"no page for {run.path.name}: the disk is full")

    with pytest.raises(SourceError, match="disk is full"):
        write_run(tmp_path / "run", fake_manifest(seed=2), {}, finish=fail)
    assert read_run(tmp_path / "run").manifest["seed"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_run_of_the_same_name_is_replaced_whole(tmp_path: Path) -> None:
    write_run(tmp_path / "run", fake_manifest(seed=1), {"health": fake_tables()["health"]})
    write_run(tmp_path / "run", fake_manifest(seed=2), {"findings": fake_tables()["findings"]})
    run = read_run(tmp_path / "run")
    assert run.manifest["seed"] == 2
    assert set(run.tables) == {"findings"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_folder_that_is_no_run_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(SourceError, match="is not a run"):
        write_run(tmp_path / "notes", fake_manifest(), {})
    assert (tmp_path / "notes" / "diary.txt").exists()


def test_manifest_that_hides_its_origin_is_refused(tmp_path: Path) -> None:
    manifest = fake_manifest()
    del manifest["seed"]
    with pytest.raises(SourceError, match="lacks seed"):
        write_run(tmp_path / "run", manifest, {})


def test_folder_without_a_run_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="reports/<run>"):
        read_run(tmp_path)
