"""Runs under a run: each scenario of a comparison with its settings, its numbers and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from revmodel.config import TrackingConfig
from revmodel.tracking.mlflow_store import client_of, experiment_id, finished, named_metrics, run_tags

__all__ = ["NestedRun", "log_nested"]


@dataclass(frozen=True)
class NestedRun:
    """One run under another. params : name → text. metrics : name → number. files : path in its artifacts → text."""

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def log_nested(
    parent: str, manifest: Mapping[str, Any], runs: Sequence[NestedRun], tracking: TrackingConfig, root: Path
) -> list[str]:
    """Log each run under ``parent``, an MLflow run id, with the parent's own tags; returns their run ids.

    A run that fails to log is marked FAILED and the error raised.
    """
    if not runs:
        return []
    from mlflow.entities import Param, RunTag

    client, uri = client_of(tracking, root)
    experiment = experiment_id(client, uri, tracking.experiment)
    tags = {**run_tags(manifest), "mlflow.parentRunId": parent}
    now, ids = pd.Timestamp.now("UTC").value // 1_000_000, []
    for one in runs:
        run_id = str(client.create_run(experiment, run_name=one.name, tags=tags).info.run_id)
        with finished(client, run_id):
            params = [Param(name, value) for name, value in one.params.items()]
            marks = [RunTag("scenario", one.name)]
            client.log_batch(run_id, params=params, metrics=named_metrics(one.metrics, now), tags=marks)
            for path, text in one.files.items():
                client.log_text(run_id, text, path)
        ids.append(run_id)
    return ids
