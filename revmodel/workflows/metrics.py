"""The KPI run: journeys as of a date, counted, compared and put on record. No model is fitted."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from revmodel.config import Config
from revmodel.dims import ALL
from revmodel.features.fiscal import Grain
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.metrics.scorecard import metrics_tables
from revmodel.report.page import write_page
from revmodel.report.tables import RunFolder, write_run
from revmodel.tracking.mlflow_store import log_run, prepare_store
from revmodel.workflows.company import as_of_date, read_company
from revmodel.workflows.manifest import run_manifest, run_name

__all__ = ["company_metrics"]

_HEALTH = {"passed": True, "sentence": "No model was fitted: these numbers are counts of what is on record."}


def company_metrics(
    config: Config, *, as_of: dt.date | None = None, grain: Grain = "quarter", by: str = "channel",
    name: str | None = None, progress: Callable[[str], None] | None = None,
) -> RunFolder:  # fmt: skip
    """Every KPI by period, channel, segment, campaign and content; written, logged, and returned as it lies on disk.

    grain : of the scorecard and of everything told by dimension. by : the dimension that is shown first.
    """
    say = progress or (lambda _: None)
    day, clock, timings = as_of_date(config, as_of), time.perf_counter(), {}
    with ThreadPoolExecutor(max_workers=1) as beside:  # MLflow takes seconds to import: do it beside the counting
        store = beside.submit(prepare_store, config.tracking, config.root) if config.tracking.enabled else None
        say("reading and checking the tables")
        data = read_company(config)
        timings["read"] = round(time.perf_counter() - clock, 2)
        say("journeys")
        journeys = reconstruct_journeys(data.tables, config.funnel, day, config.identity)
        timings["journeys"] = round(time.perf_counter() - clock - timings["read"], 2)
        say("counting the KPIs")
        tables, cannot = metrics_tables(journeys, config, grain)
        timings["metrics"] = round(time.perf_counter() - clock - sum(timings.values()), 2)
        if store is not None:
            store.result()
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    run = name or run_name("metrics", day, created)
    manifest = run_manifest(
        config, data, day, "metrics", run, created, engine="none", health=_HEALTH, timings_s=timings,
        cannot=cannot, quarters=[],
    ) | {"metrics": {"grain": grain, "by": by}}  # fmt: skip
    say("writing tables and page")
    everything = {**tables, "findings": data.findings, "allows": data.allows}
    folder = write_run(config.resolve(config.reports) / run, manifest, everything, write_page)
    if config.tracking.enabled:
        log_run(folder, manifest, _numbers(tables, grain), config.tracking, config.root)
    return RunFolder(folder, manifest, everything)


def _numbers(tables: dict[str, pd.DataFrame], grain: str) -> dict[str, Any]:
    """The total of every KPI in the latest period, for comparing runs."""
    rows = tables["metrics"]
    rows = rows[(rows["grain"] == grain) & (rows["dimension"] == ALL)]
    latest = rows[rows["period_start"] == rows["period_start"].max()]
    return {
        f"kpi.{kpi}": float(value)
        for kpi, value in zip(latest["kpi"], latest["value"], strict=True)
        if np.isfinite(value)
    }
