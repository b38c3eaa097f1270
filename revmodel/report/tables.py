"""A run's folder: manifest.json, tidy tables as CSV and Parquet, and the page; written aside, then renamed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from revmodel.aside import folder_aside
from revmodel.errors import SourceError

__all__ = ["DRAWS", "MANIFEST", "MANIFEST_KEYS", "PAGE", "WEEKLY", "RunFolder", "read_run", "write_run", "write_tables"]

MANIFEST, PAGE = "manifest.json", "index.html"
DRAWS, WEEKLY = "draws", "weekly.nc"  # a folder of posteriors, and beside them the draws of each week's totals
MANIFEST_KEYS = (
    *("run", "company", "currency", "created_at", "as_of", "command", "version", "git_sha", "seed", "engine"),
    *("inputs", "config", "health", "timings_s", "cannot", "quarters", "fiscal_year_start_month"),
)

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class RunFolder:
    """A run as it lies on disk. tables: name → tidy frame, see "Outputs" in the design."""

    path: Path
    manifest: dict[str, Any]
    tables: dict[str, pd.DataFrame]


def write_tables(tables: Tables, folder: Path) -> None:
    """Write each table as ``<name>.csv`` and ``<name>.parquet``; the Parquet file keeps the types.

    Only the rows are written: what a frame carries in ``attrs`` may be anything, and stays behind.
    """
    for name, frame in tables.items():
        table = frame.copy(deep=False)
        table.attrs = {}
        table.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
        table.to_parquet(folder / f"{name}.parquet", index=False)


def write_run(
    folder: Path,
    manifest: Mapping[str, Any],
    tables: Tables,
    finish: Callable[[RunFolder], object] | None = None,
) -> Path:
    """Write a run and return its folder; a run of the same name is replaced only once the new one is complete.

    finish : called with the unfinished folder before it takes its place: the page and the draws are written there
    Raises SourceError: the manifest lacks a key, or ``folder`` holds something that is not a run.
    """
    missing = [key for key in MANIFEST_KEYS if key not in manifest]
    if missing:
        raise SourceError(f"the manifest of {folder.name} lacks {', '.join(missing)}: a run says all of its origin")
    with folder_aside(folder, MANIFEST, "a run") as aside:
        text = json.dumps(_plain(manifest), indent=2, ensure_ascii=False, allow_nan=False, default=str)
        (aside / MANIFEST).write_text(text + "\n", encoding="utf-8")
        write_tables(tables, aside)
        if finish is not None:
            finish(read_run(aside))
    return folder


def read_run(folder: Path) -> RunFolder:
    """Read a run's manifest and tables back.

    Raises SourceError: there is no run in this folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SourceError(f"{folder} holds no {MANIFEST}: name the folder of a run, such as reports/<run>")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return RunFolder(folder, manifest, {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))})


def _plain(value: Any) -> Any:
    """JSON has no NaN: an unknown number is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
