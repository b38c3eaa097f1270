"""A run on record: its folder with manifest, tables, page and draws, and its entry in MLflow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from revmodel.forecast.totals import total_rows
from revmodel.report.page import write_page
from revmodel.report.tables import DRAWS, WEEKLY, RunFolder, write_run
from revmodel.tracking.mlflow_store import log_run
from revmodel.tracking.nested_runs import NestedRun, log_nested
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.manifest import run_manifest, run_name

__all__ = ["health_verdict", "record_run"]


def record_run(
    fitted: FittedCompany, tables: dict[str, pd.DataFrame], command: str, name: str | None, weekly: xr.Dataset, *,
    more: Mapping[str, Any] | None = None, metrics: Mapping[str, float] | None = None,
    files: Mapping[str, str] | None = None, nested: Sequence[NestedRun] = (),
) -> RunFolder:  # fmt: skip
    """Write the run's folder and page, log it, and return it as it lies on disk.

    weekly : draws of each week's totals, see forecast.weekly.weekly_totals. more : further keys of the manifest.
    metrics : further headline numbers. files : path in the folder → text. nested : runs logged under this one.
    """
    config = fitted.config
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    run = name or run_name(command, fitted.as_of, created)
    everything = {
        **tables,
        "findings": fitted.data.findings,
        "allows": fitted.data.allows,
        "health": fitted.model.health_,
    }
    manifest = _manifest(fitted, tables, command, run, created) | dict(more or {})

    def finish(unfinished: RunFolder) -> None:
        for path, text in (files or {}).items():
            (unfinished.path / path).parent.mkdir(parents=True, exist_ok=True)
            (unfinished.path / path).write_text(text, encoding="utf-8")
        _write_draws(fitted, unfinished.path / DRAWS)
        weekly.to_netcdf(unfinished.path / DRAWS / WEEKLY, engine="h5netcdf", encoding=_packed(weekly))
        write_page(unfinished)

    folder = write_run(config.resolve(config.reports) / run, manifest, everything, finish)
    if config.tracking.enabled:
        numbers = _metrics(tables) | dict(metrics or {})
        run_id = log_run(folder, manifest, numbers, config.tracking, config.root)
        log_nested(run_id, manifest, nested, config.tracking, config.root)
    return RunFolder(folder, manifest, everything)


def health_verdict(health: pd.DataFrame) -> dict[str, Any]:
    """passed, and one sentence."""
    failed = health[~health["passed"]]
    if failed.empty and len(health) == 1:
        return {"passed": True, "sentence": f"The health check of the model passed: {health['sentence'].iloc[0]}"}
    if failed.empty:
        return {"passed": True, "sentence": f"All {len(health)} health checks of the models passed."}
    parts = ", ".join(sorted(set(failed["part"])))
    return {"passed": False, "sentence": f"{len(failed)} of {len(health)} health checks failed ({parts})."}


def _manifest(
    fitted: FittedCompany, tables: dict[str, pd.DataFrame], command: str, run: str, created: dt.datetime
) -> dict[str, Any]:
    forecast = tables.get("forecast")
    quarters = (
        [] if forecast is None else forecast.loc[forecast["grain"] == "quarter", "period"].drop_duplicates().tolist()
    )
    return run_manifest(
        fitted.config, fitted.data, fitted.as_of, command, run, created,
        engine=fitted.config.forecast.engine, health=health_verdict(fitted.model.health_),
        timings_s={**fitted.timings_s, **fitted.model.timings_s_}, cannot=fitted.cannot(), quarters=quarters,
    )  # fmt: skip


def _write_draws(fitted: FittedCompany, folder: Path) -> None:
    """One netCDF a fitted model: draws of its parameters, chains one after the other."""
    folder.mkdir()
    model = fitted.model
    posteriors = {f"stage_{name}": stage.posterior for name, stage in model.hazards_.stages_.items()}
    posteriors["arrivals"] = model.response_.posterior_
    if model.sizes_.posterior_ is not None:
        posteriors["deal_size"] = model.sizes_.posterior_
    for name, posterior in posteriors.items():
        data = xr.Dataset({"theta": (("chain", "draw", "parameter"), posterior.by_chain().astype(np.float32))})
        data.to_netcdf(folder / f"{name}.nc", engine="h5netcdf", encoding=_packed(data))


def _packed(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    return {str(name): {"zlib": True, "complevel": 1} for name in data.data_vars}


def _metrics(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Headline numbers for comparing runs: quarter totals, the plan's gain, scores of the backtest."""
    out: dict[str, float] = {}
    if "forecast" in tables:
        for row in total_rows(tables["forecast"]).itertuples():
            for name in ("mean", "p10", "p90"):
                out[f"{row.metric}.{row.period}.{name}"] = float(getattr(row, name))
    if "allocation_summary" in tables:
        summary = tables["allocation_summary"].iloc[0]
        out |= {f"allocation.{name}": float(summary[name]) for name in ("difference_mean", "p_better", "certified_gap")}
    if "backtest" in tables and len(tables["backtest"]):
        for (model, metric), rows in tables["backtest"].groupby(["model", "metric"]):
            out[f"backtest.{model}.{metric}.crps"] = float(rows["crps"].mean())
            out[f"backtest.{model}.{metric}.covered_80"] = float(rows["covered_80"].mean())
    return {name: value for name, value in out.items() if np.isfinite(value)}
