"""The manifest of a run: what it takes to know where its numbers come from, and to get them again."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from revmodel.config import Config
from revmodel.workflows.company import DataCheck
from revmodel.workflows.digest import input_digests

__all__ = ["git_sha", "run_manifest", "run_name"]


def run_manifest(
    config: Config, data: DataCheck, as_of: dt.date, command: str, run: str, created: dt.datetime, *, engine: str,
    health: Mapping[str, Any], timings_s: Mapping[str, float], cannot: Sequence[str], quarters: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """All keys that a manifest must have."""
    return {
        "run": run,
        "company": config.company,
        "currency": config.currency,
        "created_at": created.isoformat(),
        "as_of": as_of.isoformat(),
        "command": command,
        "version": metadata.version("revmodel"),
        "git_sha": git_sha(config.root),
        "seed": config.seed,
        "engine": engine,
        "inputs": input_digests(config, data),
        "config": config.model_dump(mode="json"),
        "health": dict(health),
        "timings_s": dict(timings_s),
        "cannot": list(cannot),
        "quarters": list(quarters),
        "fiscal_year_start_month": config.forecast.fiscal_year_start_month,
    }


def run_name(command: str, as_of: dt.date, created: dt.datetime) -> str:
    """The name of a run that was given none."""
    return f"{command}-{as_of}-{created:%Y%m%d-%H%M%S}"


def git_sha(root: Path) -> str:
    """The commit of the config's folder, "-dirty" where it has changes; "none" outside a repository."""
    try:
        sha = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "-uno"], cwd=root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on this machine
        return "none"
    if sha.returncode != 0:
        return "none"
    return sha.stdout.strip() + ("-dirty" if changed.stdout.strip() else "")
