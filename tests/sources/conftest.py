"""A small company whose exports a test can spoil in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from revmodel.config import Config, FunnelConfig, load_config
from revmodel.sources.checks import run_checks
from revmodel.sources.tables import Tables, tables_from_frames

WriteConfig = Callable[..., Config]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """ibis 12 uses a DuckDB method and a pandas option that are on their way out; revmodel cannot change that."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:fetch_arrow_table"))
        item.add_marker(pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"))


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    """Sixty leads, one a day from 2026-01-01; every second is won, every fourth lost, each after twenty days."""
    ids = [f"L{number:02d}" for number in range(60)]
    created = pd.date_range("2026-01-01 09:00", periods=60, freq="D")
    entries = pd.DataFrame({"record_id": ids, "to_stage": "lead", "changed_at": created})
    ends = entries.iloc[[number for number in range(60) if number % 4 != 3]]
    ends = ends.assign(to_stage=["won" if int(name[1:]) % 2 == 0 else "lost" for name in ends.record_id])
    ends = ends.assign(changed_at=ends.changed_at + pd.Timedelta(days=20))
    changes = pd.concat([entries, ends], ignore_index=True).assign(record_type="lead")
    leads = pd.DataFrame({"lead_id": ids, "created_at": created, "channel": ["events", "content"] * 30})
    weeks = pd.date_range("2026-01-05", periods=8, freq="7D")
    spend = pd.DataFrame({"date": list(weeks) * 2, "channel": ["events"] * 8 + ["content"] * 8, "spend": 100.0})
    return {"leads": leads, "stage_changes": changes, "spend": spend}


@pytest.fixture
def config() -> Config:
    """The configuration that fits ``frames``."""
    return Config(
        company="Small", as_of="2026-03-31", tables={}, funnel=FunnelConfig(stages=["lead"], zombie_weeks=None)
    )  # type: ignore[arg-type]


@pytest.fixture
def checked(config: Config) -> Callable[[dict[str, pd.DataFrame]], Tables]:
    """Frames → tables after the checks."""
    return lambda frames: run_checks(tables_from_frames(frames), config)


@pytest.fixture
def write_config(tmp_path: Path) -> WriteConfig:
    """Write texts or frames to files, and a config whose tables read them."""

    def write(files: dict[str, str | pd.DataFrame], tables: dict[str, Any], **settings: Any) -> Config:
        for name, content in files.items():
            if isinstance(content, str):
                (tmp_path / name).write_text(content, encoding="utf-8")
            elif name.endswith(".parquet"):
                content.to_parquet(tmp_path / name)
            else:
                content.to_csv(tmp_path / name, index=False)
        raw = {"company": "Test", "funnel": {"stages": ["lead"]}, "tables": tables} | settings
        (tmp_path / "company.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        return load_config(tmp_path / "company.yaml")

    return write
