"""A digest is of the files that are read, wherever a pattern finds them; every run stitches by the config's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.workflows import metrics
from revmodel.workflows.company import check_data
from revmodel.workflows.digest import input_digests


def a_config(root: Path, **options: Any) -> Config:
    for month in ("2026-01", "2026-02"):
        folder = root / "exports" / month
        folder.mkdir(parents=True)
        created = [f"{month}-0{day}" for day in range(1, 6)]
        leads = pd.DataFrame({"lead_id": [f"{month}-{day}" for day in range(5)], "created_at": created})
        leads.to_csv(folder / "leads.csv", index=False)
    tables = {"leads": [{"path": "exports/**/leads.csv"}]}
    return Config(
        company="A", as_of="2026-03-01", tables=tables, funnel={"stages": ["lead"]}, tracking={"enabled": False},
        root=root, **options,
    )  # type: ignore[arg-type]  # fmt: skip


def test_the_digest_changes_with_a_file_that_a_pattern_finds_folders_below(tmp_path: Path) -> None:
    config = a_config(tmp_path)
    data = check_data(config)
    (before,) = input_digests(config, data)
    file = tmp_path / "exports" / "2026-02" / "leads.csv"
    file.write_text(file.read_text().replace("2026-02-05", "2026-02-06"))
    (after,) = input_digests(config, data)
    assert before["rows"] == after["rows"] == 10
    assert before["digest"] != after["digest"]


def test_metrics_stitch_by_the_keys_that_the_config_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def reconstruct(*arguments: object) -> None:
        seen.append(arguments[3])
        raise KeyboardInterrupt

    monkeypatch.setattr(metrics, "reconstruct_journeys", reconstruct)
    config = a_config(tmp_path, identity={"keys": ["lead_id"]})
    with pytest.raises(KeyboardInterrupt):
        metrics.company_metrics(config)
    assert seen == [config.identity]
