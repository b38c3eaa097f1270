"""The command line itself: help at once, JSON for machines, silence when asked, exit status from a real process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_input import good_tables, write_company

HEAVY = ("pymc", "pytensor", "jax", "mlflow", "sklearn", "ibis", "duckdb", "pandas", "numpy", "xarray", "scoringrules")


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    code = "from revmodel.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_help_answers_within_a_second() -> None:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        shown = process("--help")
        seconds.append(time.perf_counter() - start)
    assert shown.returncode == 0
    for command in ("demo", "check", "forecast", "monitor", "contribution", "allocate", "backtest", "report", "runs"):
        assert command in shown.stdout
    assert min(seconds) < 1.0


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; import revmodel.cli; print(*sorted(set(m.split('.')[0] for m in sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    assert not set(HEAVY) & set(loaded)


def test_errors_reach_the_shell_as_one_message_and_status_two(tmp_path: Path) -> None:
    tables = good_tables()
    tables["leads"] = tables["leads"].drop(columns="lead_id")
    ended = process("check", str(write_company(tmp_path, tables)), "--quiet")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("revmodel: ")
    assert "lead_id" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_usage_errors_are_status_two() -> None:
    for arguments in (("forecast",), ("nonsense",), ("check", "a", "--nonsense")):
        ended = process(*arguments)
        assert ended.returncode == 2
        assert "Usage: " in ended.stderr


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_company(tmp_path, good_tables())


def test_check_in_json_holds_tables_findings_and_what_is_allowed(revmodel: Callable[..., Any], config: Path) -> None:
    outcome = revmodel("check", config, "--json")
    result = json.loads(outcome.out)
    assert (outcome.status, outcome.err) == (0, "")
    assert {row["table"]: row["rows"] for row in result["tables"]}["leads"] == 200
    assert {"what", "possible", "why"} == set(result["allows"][0])


def test_check_in_words_shows_the_same(revmodel: Callable[..., Any], config: Path) -> None:
    outcome = revmodel("check", config)
    assert outcome.status == 0
    assert "Spoilt: tables" in outcome.out
    assert "What this data allows" in outcome.out
    assert "reading and checking the tables" in outcome.err or outcome.err == ""


def test_check_in_quiet_prints_nothing(revmodel: Callable[..., Any], config: Path) -> None:
    outcome = revmodel("check", config, "--quiet")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")


def test_runs_of_a_fresh_company_are_none(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from revmodel.cli import main

    monkeypatch.setattr("sys.argv", ["revmodel", "runs", str(config), "--json"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"runs": []}
    assert not (config.parent / "mlflow.db").exists()
