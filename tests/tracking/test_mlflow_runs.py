"""What a run is made of can be found again in MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from revmodel.config import TrackingConfig
from revmodel.errors import SourceError
from revmodel.tracking.mlflow_store import list_runs, log_run, prepare_store, store_uri

# MLflow's own use of SQLAlchemy 2.1; nothing of ours.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")

MANIFEST: dict[str, Any] = {
    "run": "2026-11-15-forecast",
    "company": "Northwind Robotics",
    "as_of": "2026-11-15",
    "command": "revmodel forecast configs/quarterly.yaml",
    "version": "0.1.0",
    "git_sha": "6cd3c9c4d0b51a",
    "seed": 1,
    "engine": "nuts",
    "health": {"passed": True, "sentence": "All checks passed."},
    "inputs": [{"table": "leads", "rows": 24_310, "digest": "9f2b6c01aa7e44d0"}],
    "config": {
        "seed": 1,
        "funnel": {"stages": ["lead", "deal"], "zombie_weeks": None},
        "tables": {"leads": [{"path": "leads.csv", "values": {"channel": {"Paid Search (Google)": "paid_search"}}}]},
        "rates": {f"C{i}": float(i) for i in range(120)},
    },
}
TRACKING = TrackingConfig(experiment="acme")
METRICS = {"crps.bookings": 12.5, "covered_80": 0.8, "backtest.ours (alone).wins.crps": 2.0}  # MLflow refuses brackets


@pytest.fixture(autouse=True)
def _no_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, made once: a fresh one takes seconds."""
    return tmp_path_factory.mktemp("company")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    (folder / "draws").mkdir()
    for name in ("index.html", "manifest.json", "forecast.csv", "draws/arrivals.nc"):
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def logged(root: Path, run_folder: Path, **changes: Any) -> Any:
    from mlflow import MlflowClient

    run_id = log_run(run_folder, MANIFEST | changes, METRICS, TRACKING, root)
    client = MlflowClient(store_uri(TRACKING, root))
    return client, client.get_run(run_id)


def test_run_is_found_with_its_config_metrics_tags_and_inputs(root: Path, run_folder: Path) -> None:
    _, run = logged(root, run_folder)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"crps.bookings": 12.5, "covered_80": 0.8, "backtest.ours alone.wins.crps": 2.0}
    assert run.data.tags["health"] == "passed"
    assert run.data.tags["as_of"] == "2026-11-15"
    assert run.data.tags["mlflow.source.git.commit"] == "6cd3c9c4d0b51a"
    params = run.data.params
    assert params["funnel.stages"] == '["lead", "deal"]'
    assert params["rates.C119"] == "119.0"
    assert json.loads(params["tables.leads"])[0]["values"]["channel"] == {"Paid Search (Google)": "paid_search"}
    (given,) = run.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("leads", "9f2b6c01aa7e44d0")
    assert json.loads(given.dataset.profile) == {"num_rows": 24_310}


def test_page_tables_and_draws_lie_beside_the_store(root: Path, run_folder: Path) -> None:
    client, run = logged(root, run_folder)
    top = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert top == {"index.html", "manifest.json", "forecast.csv", "draws"}
    assert [item.path for item in client.list_artifacts(run.info.run_id, "draws")] == ["draws/arrivals.nc"]
    assert (root / "mlflow.db").is_file()
    assert (root / "mlartifacts" / run.info.run_id / "artifacts" / "index.html").is_file()


def test_failed_gate_is_a_tag_and_shows_in_the_list(root: Path, run_folder: Path) -> None:
    failed = {"passed": False, "sentence": "The chains do not agree."}
    _, run = logged(root, run_folder, health=failed, run="bad", git_sha=None)
    listed = list_runs(TRACKING, root)
    row = listed[listed["run_id"] == run.info.run_id].iloc[0]
    assert (row["run"], row["health"], row["git_sha"]) == ("bad", "failed", "")
    assert row["crps.bookings"] == 12.5
    assert listed["started_at"].is_monotonic_decreasing


def test_run_that_cannot_be_logged_is_marked_failed(root: Path, run_folder: Path) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="Invalid"):
        log_run(run_folder, MANIFEST | {"run": "broken"}, {"../elsewhere": 1.0}, TRACKING, root)
    listed = list_runs(TRACKING, root).set_index("run")
    assert listed.loc["broken", "status"] == "FAILED"


def test_store_named_in_the_environment_wins(
    root: Path, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_store(TRACKING, root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    run_id = log_run(run_folder, MANIFEST, {}, TRACKING, tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert run_id in set(list_runs(TRACKING, root)["run_id"])


def test_sqlite_path_is_taken_from_the_config_unless_absolute(tmp_path: Path) -> None:
    assert store_uri(TRACKING, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    absolute = TrackingConfig(uri="sqlite:////srv/mlflow.db")
    assert store_uri(absolute, tmp_path) == "sqlite:////srv/mlflow.db"
    server = TrackingConfig(uri="https://mlflow.example.com")
    assert store_uri(server, tmp_path) == "https://mlflow.example.com"


def test_listing_without_a_store_is_empty_and_creates_none(tmp_path: Path) -> None:
    listed = list_runs(TRACKING, tmp_path)
    assert listed.empty
    assert {"run_id", "as_of", "health"} <= set(listed.columns)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_written_yet_is_refused_before_a_run_is_made(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="after it is written"):
        log_run(tmp_path / "none", MANIFEST, {}, TRACKING, tmp_path)
    assert list(tmp_path.iterdir()) == []
