"""A small simulated company as files with a config, quick to fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from revmodel.config import Config, load_config
from revmodel.synthetic import make_company, write_company
from revmodel.workflows.fitted import FittedCompany

STAGES = ["lead", "mql", "opportunity"]  # the others are not looked at: fewer models to fit
ENDS = ["won", "lost", "disqualified"]
TABLES = ("accounts", "leads", "stage_changes", "deals", "deal_history", "spend", "targets")


def write_small_company(root: Path, seed: int = 3, tables: tuple[str, ...] = TABLES, tracked: bool = False) -> Path:
    """Write the company's tables under ``root`` and return the path of its config (Laplace engine, few draws)."""
    write_company(make_company(seed, size="small", years=1.5), root / "data")
    sources: dict[str, dict[str, object]] = {name: {"path": f"data/{name}.parquet"} for name in tables}
    sources["stage_changes"]["keep"] = {"to_stage": [*STAGES, *ENDS]}
    raw = {
        "company": "Small & Sons",
        "currency": "EUR",
        "as_of": "2026-09-30",
        "seed": seed,
        "tables": sources,
        "funnel": {"stages": STAGES, "first_deal_stage": "opportunity", "lost": ENDS[1:]},
        "forecast": {"quarters": 1, "draws": 150, "engine": "laplace", "calibrate": False},  # its own test calibrates
        "allocation": {"weeks": 13, "horizon_weeks": 26},
        "tracking": {"enabled": tracked, "experiment": "small"},
        "reports": "reports",
    }
    path = root / "small.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def small_config(root: Path, **options: object) -> Config:
    """``write_small_company``, loaded."""
    return load_config(write_small_company(root, **options))  # type: ignore[arg-type]


def untracked(fitted: FittedCompany, tmp_path: Path) -> FittedCompany:
    """The same fit with reports under ``tmp_path`` and no MLflow."""
    tracking = fitted.config.tracking.model_copy(update={"enabled": False})
    (tmp_path / "data").symlink_to(fitted.config.root / "data")  # a run on record has the digests of its files
    return replace(fitted, config=fitted.config.model_copy(update={"tracking": tracking, "root": tmp_path}))
