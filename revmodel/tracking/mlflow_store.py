"""Runs in an MLflow store: parameters, tags, metrics, input digests and the run's whole folder, logged one by one.

MLflow is imported inside functions (it takes seconds). Its telemetry is off and its log shows warnings only, unless
MLFLOW_DISABLE_TELEMETRY and MLFLOW_LOGGING_LEVEL say otherwise. A fresh sqlite store costs another few seconds, spent
in MLflow's own migrations: ``prepare_store`` may do that beside other work.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

import pandas as pd

from revmodel.config import TrackingConfig
from revmodel.errors import SourceError

__all__ = [
    "client_of",
    "experiment_id",
    "finished",
    "list_runs",
    "log_run",
    "named_metrics",
    "prepare_store",
    "run_tags",
    "store_uri",
]

_SQLITE = "sqlite:///"
_PARAM_LENGTH = 6000  # what MLflow keeps of a parameter; the whole config is in the manifest
_DIGEST_LENGTH = 36
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")  # MLflow refuses a metric with any of these in its name
_BATCH = 100  # parameters and tags that MLflow takes in one call
_FIRST_COLUMNS = ("run_id", "run", "as_of", "health", "engine", "git_sha", "status", "started_at")


def store_uri(tracking: TrackingConfig, root: Path) -> str:
    """Where runs are kept: MLFLOW_TRACKING_URI where it is set, else the config's, its sqlite path taken from ``root``.

    >>> import pytest; patch = pytest.MonkeyPatch(); patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    >>> store_uri(TrackingConfig(), Path("/data/acme"))
    'sqlite:////data/acme/mlflow.db'
    >>> patch.undo()
    """
    named = os.environ.get("MLFLOW_TRACKING_URI")
    if named:
        return named
    path = _sqlite_path(tracking.uri)
    return tracking.uri if path is None else f"{_SQLITE}{root / path}"


def prepare_store(tracking: TrackingConfig, root: Path) -> None:
    """Import MLflow and create the store and its experiment where they are not there yet; safe to call in a thread."""
    client, uri = client_of(tracking, root)
    experiment_id(client, uri, tracking.experiment)


def log_run(
    run_folder: Path, manifest: Mapping[str, Any], metrics: Mapping[str, float], tracking: TrackingConfig, root: Path
) -> str:
    """Log a finished run and return its MLflow run id; a run that fails to log is marked FAILED and the error raised.

    manifest : as in the run's folder. metrics : name → number. The folder's files become artifacts, in its layout.
    Raises SourceError: the folder is not there. Whether to track at all (tracking.enabled) is for the caller to ask.
    """
    if not run_folder.is_dir():
        raise SourceError(f"{run_folder} is not a folder: log a run after it is written")
    client, uri = client_of(tracking, root)
    experiment = experiment_id(client, uri, tracking.experiment)
    run_id = str(client.create_run(experiment, run_name=str(manifest["run"])).info.run_id)
    with finished(client, run_id):
        _log(client, run_id, manifest, metrics)
        client.log_artifacts(run_id, str(run_folder))
    return run_id


@contextlib.contextmanager
def finished(client: Any, run_id: str) -> Iterator[None]:
    """A run is over when its logging is: FINISHED, or FAILED where an error came (which is raised)."""
    logged = False
    try:
        yield
        logged = True
    finally:
        client.set_terminated(run_id, "FINISHED" if logged else "FAILED")


def list_runs(tracking: TrackingConfig, root: Path) -> pd.DataFrame:
    """Runs of the experiment, newest first: run_id, run, as_of, health, engine, git_sha, status, started_at, metrics.

    Each metric has a column of its name. Without a store or an experiment the frame is empty; none is created.
    """
    empty = pd.DataFrame(columns=list(_FIRST_COLUMNS))
    uri = store_uri(tracking, root)
    path = _sqlite_path(uri)
    if path is not None and not path.exists():
        return empty
    client = _client(uri)
    experiment = client.get_experiment_by_name(tracking.experiment)
    rows = [] if experiment is None else [_row(run) for run in _all_runs(client, experiment.experiment_id)]
    return pd.DataFrame(rows) if rows else empty


def _sqlite_path(uri: str) -> Path | None:
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def client_of(tracking: TrackingConfig, root: Path) -> tuple[Any, str]:
    """MLflow's client of a company's store, and the store's address."""
    uri = store_uri(tracking, root)
    return _client(uri), uri


def _client(uri: str) -> Any:
    """MLflow's client of one store; its settings are read when it is first imported."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    from mlflow import MlflowClient

    path = _sqlite_path(uri)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=uri)


def experiment_id(client: Any, uri: str, name: str) -> str:
    """The experiment, made where it is new; its artifacts lie beside a local store, elsewhere the server decides."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    path = _sqlite_path(uri)
    beside = None if path is None else (path.resolve().parent / "mlartifacts").as_uri()
    try:
        return str(client.create_experiment(name, artifact_location=beside))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return str(client.get_experiment_by_name(name).experiment_id)  # another run made it in between


def _log(client: Any, run_id: str, manifest: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    from mlflow.entities import Param, RunTag

    now = pd.Timestamp.now("UTC").value // 1_000_000
    numbers = named_metrics(metrics, now)
    params = [Param(name, value[:_PARAM_LENGTH]) for name, value in _flat(manifest["config"])]
    tags = [RunTag(name, value) for name, value in run_tags(manifest).items()]
    for batch in batched(params, _BATCH):
        client.log_batch(run_id, params=list(batch))
    for batch in batched(numbers, _BATCH):
        client.log_batch(run_id, metrics=list(batch))
    client.log_batch(run_id, tags=tags)
    client.log_inputs(run_id, datasets=_datasets(manifest["inputs"]))


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Config as name → text, two levels deep; what lies deeper is JSON, for its keys are the company's own words."""
    for key, value in config.items():
        if isinstance(value, Mapping) and not above:
            yield from _flat(value, f"{key}.")
        else:
            yield f"{above}{key}", value if isinstance(value, str) else json.dumps(value, default=str)


def named_metrics(metrics: Mapping[str, float], now: int) -> list[Any]:
    """Numbers as MLflow's metrics, with names that it takes. now : milliseconds since 1970."""
    from mlflow.entities import Metric

    return [Metric(_NOT_IN_NAMES.sub("", name), float(value), now, 0) for name, value in metrics.items()]


def run_tags(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What one looks a run up by; a failed gate is a tag, so that nothing picks the run by accident."""
    tags = {
        "health": "passed" if manifest["health"]["passed"] else "failed",
        "health_sentence": manifest["health"]["sentence"],
        "as_of": manifest["as_of"],
        "company": manifest["company"],
        "engine": manifest["engine"],
        "seed": manifest["seed"],
        "version": manifest["version"],
        "git_sha": manifest["git_sha"],
        "command": manifest["command"],
        "mlflow.source.git.commit": manifest["git_sha"],
        "mlflow.source.name": "revmodel",
    }
    return {name: str(value) for name, value in tags.items() if value is not None}


def _datasets(inputs: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The input tables with their digests, as MLflow's datasets; no row leaves the machine."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return [
        DatasetInput(
            Dataset(
                name=str(item["table"]),
                digest=str(item["digest"])[:_DIGEST_LENGTH],
                source_type="revmodel",
                source=json.dumps({"table": item["table"]}),
                profile=json.dumps({"num_rows": item["rows"]}),
            ),
            [InputTag("mlflow.data.context", "forecast")],
        )
        for item in inputs
    ]


def _all_runs(client: Any, experiment: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs(
            [experiment], order_by=["attributes.start_time DESC"], max_results=500, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _row(run: Any) -> dict[str, object]:
    tags = run.data.tags
    named = {name: tags.get(name, "") for name in ("as_of", "health", "engine", "git_sha")}
    started = pd.Timestamp(run.info.start_time, unit="ms")
    head = {"run_id": run.info.run_id, "run": run.info.run_name, **named, "status": run.info.status}
    return {**head, "started_at": started, **run.data.metrics}
