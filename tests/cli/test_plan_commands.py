"""``target`` and ``scenarios`` from the shell: bad input ends with status 2 and one message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_input import good_tables, write_company

Call = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_company(tmp_path, good_tables())


def refused(outcome: Any, *words: str) -> None:
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("revmodel: ")
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err


def test_a_quarter_that_is_over_is_refused(revmodel: Call, config: Path) -> None:
    refused(revmodel("target", config, "--quarter", "2020Q1", "--wins", "3", "--quiet"), "2020Q1", "2026Q3")


def test_a_target_without_a_number_is_refused(revmodel: Call, config: Path) -> None:
    refused(revmodel("target", config, "--quarter", "2026Q3", "--quiet"), "--bookings or --wins")


def test_a_scenario_file_that_is_not_there_is_refused(revmodel: Call, config: Path, tmp_path: Path) -> None:
    refused(revmodel("scenarios", config, tmp_path / "none.yaml", "--quiet"), "none.yaml")


def test_a_scenario_with_negative_spend_is_refused(revmodel: Call, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\nmoves: [{channel: events, per_week: -5}]\n", encoding="utf-8")
    refused(revmodel("scenarios", config, path, "--quiet"), "moves.0.per_week", "-5")


def test_a_scenario_of_an_unknown_channel_is_refused(revmodel: Call, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\nmoves: [{channel: eventz, times: 2}]\n", encoding="utf-8")
    refused(revmodel("scenarios", config, path, "--quiet"), "eventz", "did you mean 'events'")
    assert not list((tmp_path / "reports").glob("[!.]*")) if (tmp_path / "reports").exists() else True


def test_too_many_quarters_are_refused(revmodel: Call, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("name: s\nmoves: [{channel: events, times: 2}]\n", encoding="utf-8")
    refused(revmodel("scenarios", config, path, "--quarters", "9", "--quiet"), "--quarters came as 9")
