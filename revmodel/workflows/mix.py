"""The media-mix run: panel read, model fitted, what it found told with its doubts, and put on record."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from revmodel.mix.cautions import caution_table
from revmodel.mix.doubt import doubt_table, residual_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import MixConfig
from revmodel.mix.panel import read_panel
from revmodel.mix.refute import refutation_table
from revmodel.mix.tables import WHOLE, mix_tables
from revmodel.report.page import write_page
from revmodel.report.tables import DRAWS, RunFolder, write_run
from revmodel.tracking.mlflow_store import log_run, prepare_store
from revmodel.workflows.manifest import manifest_of, run_name
from revmodel.workflows.mix_budget import mix_budget_tables
from revmodel.workflows.mix_tests import mix_tests
from revmodel.workflows.record import health_verdict

__all__ = ["run_mix"]

COMMAND = "mix"


def run_mix(
    config: MixConfig, *, refute: bool = False, name: str | None = None, progress: Callable[[str], None] | None = None
) -> RunFolder:
    """Fit, tell, write and log; returned as it lies on disk.

    refute : also fit what must not move the answers (mix/refute.py), seven fits more.
    The run's folder holds the fitted mix under draws/, for ``MediaMix.load``.
    """
    say, clock = progress or (lambda _: None), time.perf_counter()
    with ThreadPoolExecutor(max_workers=1) as beside:  # MLflow takes seconds to import
        store = beside.submit(prepare_store, config.tracking, config.root) if config.tracking.enabled else None
        say("reading the panel")
        frame = read_panel(config)
        say("fitting what each channel adds")
        mix = MediaMix(config).fit(frame)
        fitted = time.perf_counter()
        say("what it found, and how far it can be believed")
        tables = mix_tables(mix) | {"doubt": doubt_table(mix), "health": mix.health_}
        tables |= {"residuals": residual_table(mix), "cautions": caution_table(config, mix.panel_, mix.arrays_)}
        if config.allocation is not None:
            say("the budget after the panel")
            verdicts = dict(zip(tables["doubt"]["channel"], tables["doubt"]["verdict"], strict=True))
            tables |= mix_budget_tables(mix, config.allocation, verdicts)
            say("what to test next")
            tables |= mix_tests(mix, config.allocation)
        if refute:
            tables["refutation"] = refutation_table(config, frame, say)
        timings = {"fit": round(fitted - clock, 2), "tables": round(time.perf_counter() - fitted, 2)}
        if store is not None:
            store.result()
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    day = (mix.panel_.weeks[-1] + pd.Timedelta(days=6)).date()
    run = name or run_name(f"{COMMAND}-{config.name}", day, created)
    digest = hashlib.sha256(config.resolve(config.data).read_bytes()).hexdigest()
    inputs = [{"table": "panel", "rows": len(frame), "digest": digest}]
    manifest = manifest_of(
        config, config.name, inputs, day, COMMAND, run, created, engine=config.engine,
        health=health_verdict(mix.health_), timings_s=timings,
    )  # fmt: skip
    say("writing tables and page")

    def finish(unfinished: RunFolder) -> None:
        mix.save(unfinished.path / DRAWS)
        write_page(unfinished)

    folder = write_run(config.resolve(config.reports) / run, manifest, tables, finish)
    if config.tracking.enabled:
        log_run(folder, manifest, _metrics(tables), config.tracking, config.root)
    return RunFolder(folder, manifest, tables)


def _metrics(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Headline numbers for comparing runs: share and ROMI of each channel over the whole panel."""
    whole = tables["contribution"][tables["contribution"]["period"] == WHOLE]
    found = {
        f"{row['channel']}.{name}": float(row[name])
        for row in whole.to_dict("records")
        for name in ("share_mean", "romi_mean", "marginal_romi_mean")
        if name in row
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}
