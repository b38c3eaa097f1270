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

__all__ = ["manifest_of", "run_manifest", "run_name"]


def run_manifest(
    config: Config, data: DataCheck, as_of: dt.date, command: str, run: str, created: dt.datetime, *, engine: str,
    health: Mapping[str, Any], timings_s: Mapping[str, float], cannot: Sequence[str], quarters: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """All keys that a manifest of a company's run must have."""
    return manifest_of(
        config, config.company, input_digests(config, data), as_of, command, run, created, engine=engine,
        health=health, timings_s=timings_s, cannot=cannot, quarters=quarters,
        fiscal_year_start_month=config.forecast.fiscal_year_start_month,
    )  # fmt: skip


def manifest_of(
    config: Any, company: str, inputs: Sequence[Mapping[str, Any]], as_of: dt.date, command: str, run: str,
    created: dt.datetime, *, engine: str, health: Mapping[str, Any], timings_s: Mapping[str, float],
    cannot: Sequence[str] = (), quarters: Sequence[str] = (), fiscal_year_start_month: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """All keys that any manifest must have. config: a frozen config with currency, seed and root."""
    return {
        "run": run,
        "company": company,
        "currency": config.currency,
        "created_at": created.isoformat(),
        "as_of": as_of.isoformat(),
        "command": command,
        "version": metadata.version("revmodel"),
        "git_sha": _git_sha(config.root),
        "seed": config.seed,
        "engine": engine,
        "inputs": list(inputs),
        "config": config.model_dump(mode="json"),
        "health": dict(health),
        "timings_s": dict(timings_s),
        "cannot": list(cannot),
        "quarters": list(quarters),
        "fiscal_year_start_month": fiscal_year_start_month,
    }


def run_name(command: str, as_of: dt.date, created: dt.datetime) -> str:
    """The name of a run that was given none."""
    return f"{command}-{as_of}-{created:%Y%m%d-%H%M%S}"


def _git_sha(root: Path) -> str:
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
