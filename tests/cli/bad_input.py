"""A small company's exports as CSV, which a test can spoil in one place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

DAYS = 200


def good_tables() -> dict[str, pd.DataFrame]:
    """Two hundred leads, one a day from 2026-01-01; every second becomes a deal after ten days, every fourth is won."""
    ids = [f"L{n:03d}" for n in range(DAYS)]
    created = pd.date_range("2026-01-01", periods=DAYS, freq="D")
    leads = pd.DataFrame({"lead_id": ids, "created_at": created, "channel": ["events", "search"] * (DAYS // 2)})
    moves = [pd.DataFrame({"record_id": ids, "to_stage": "lead", "changed_at": created})]
    for step, stage, days in ((2, "deal", 10), (4, "won", 40), (5, "lost", 50)):
        some = moves[0].iloc[::step]
        moves.append(some.assign(to_stage=stage, changed_at=some["changed_at"] + pd.Timedelta(days=days)))
    changes = pd.concat(moves, ignore_index=True)
    changes = changes[~((changes["to_stage"] == "lost") & changes["record_id"].isin(moves[2]["record_id"]))]
    weeks = pd.date_range("2026-01-05", periods=28, freq="7D")
    spend = pd.DataFrame({"date": [*weeks, *weeks], "channel": ["events"] * 28 + ["search"] * 28, "spend": 100.0})
    return {"leads": leads, "stage_changes": changes.reset_index(drop=True), "spend": spend}


def write_company(folder: Path, tables: Mapping[str, pd.DataFrame], **settings: Any) -> Path:
    """Write the tables as CSV with a config that reads them; return the config's path."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    raw = {
        "company": "Spoilt",
        "currency": "EUR",
        "as_of": "2026-07-31",
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
        "funnel": {"stages": ["lead", "deal"]},
        "forecast": {"quarters": 1, "draws": 100, "engine": "laplace"},
        "tracking": {"enabled": False},
    } | settings
    path = folder / "company.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path
