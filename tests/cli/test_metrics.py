"""``revmodel metrics`` as from a shell: words, JSON, silence, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bad_input import good_tables, write_company

Call = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_company(tmp_path, good_tables(), funnel={"stages": ["lead", "deal"], "first_deal_stage": "deal"})


def test_scorecard_in_words_with_tables_and_page(revmodel: Call, config: Path) -> None:
    outcome = revmodel("metrics", config, "--period", "month", "--by", "segment")
    assert outcome.status == 0
    assert "Scorecard" in outcome.out
    assert "2026-07" in outcome.out
    assert "No MQLs: no stage is called mql" in outcome.out
    folder = next((config.parent / "reports").glob("metrics-2026-07-31-*"))
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "Service levels" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    parquet, csv = pd.read_parquet(folder / "metrics.parquet"), pd.read_csv(folder / "metrics.csv")
    pd.testing.assert_frame_equal(parquet[["kpi", "value"]], csv[["kpi", "value"]], check_dtype=False)


def test_json_holds_every_table(revmodel: Call, config: Path) -> None:
    outcome = revmodel("metrics", config, "--json", "--as-of", "2026-06-30")
    result = json.loads(outcome.out)
    assert result["manifest"]["as_of"] == "2026-06-30"
    assert result["manifest"]["command"] == "metrics"
    assert {"metrics", "kpis", "cohorts", "findings"} <= set(result["tables"])
    leads = [row for row in result["tables"]["metrics"] if row["kpi"] == "leads" and row["period"] == "2026Q2"]
    assert sorted({row["dimension"] for row in leads}) == ["all", "channel"]


def test_options_are_checked_and_quiet_is_silent(revmodel: Call, config: Path) -> None:
    outcome = revmodel("metrics", config, "--period", "decade")
    assert outcome.status == 2
    assert "week, month, quarter, year" in outcome.err
    outcome = revmodel("metrics", config, "--by", "colour")
    assert "channel, campaign, segment, content" in outcome.err
    outcome = revmodel("metrics", config, "--quiet")
    assert (outcome.status, outcome.out) == (0, "")
