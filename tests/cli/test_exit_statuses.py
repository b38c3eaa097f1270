"""What a scheduler sees: a status of its own for every way to end, and never half a run."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_input import good_tables, write_company

from revmodel.config import load_config
from revmodel.errors import ConfigError
from revmodel.options import company_day

SLOW_RUN = """
import time
from pathlib import Path
from revmodel import cli
from revmodel.report.tables import MANIFEST_KEYS, write_run

def slow(*_):
    print("writing", flush=True)
    time.sleep(60)

def command():
    write_run(Path({folder!r}), dict.fromkeys(MANIFEST_KEYS, ""), {{}}, slow)

cli.app.command("slow")(command)
cli.main()
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_company(tmp_path, good_tables())


def test_fault_of_the_program_is_not_taken_for_a_failed_health_gate(
    revmodel: Callable[..., Any], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("revmodel.workflows.company.check_data", broken)
    outcome = revmodel("check", config)
    assert outcome.status == 70
    assert "ZeroDivisionError" in outcome.err
    assert "this is a fault of the program" in outcome.err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_run_that_is_stopped_while_it_writes_leaves_nothing(tmp_path: Path, number: int, status: int) -> None:
    folder = tmp_path / "reports" / "run"
    program = SLOW_RUN.format(folder=str(folder))
    with subprocess.Popen(
        [sys.executable, "-c", program, "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "writing\n"
        assert len(list(folder.parent.iterdir())) == 1  # what is being written aside
        time.sleep(0.1)
        running.send_signal(number)
        assert running.wait(30) == status
    assert list(folder.parent.iterdir()) == []


def test_today_and_yesterday_are_days_of_the_company(config: Path) -> None:
    loaded = load_config(config).model_copy(update={"timezone": "Pacific/Kiritimati"})  # 14 hours before UTC
    there = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=14)).date()
    assert company_day("today", loaded) == there
    assert company_day("yesterday", loaded) == there - dt.timedelta(days=1)
    assert company_day(None, loaded) is None
    with pytest.raises(ConfigError, match="or today or yesterday"):
        company_day("tomorrow", loaded)


def test_unknown_format_and_run_are_bad_input(revmodel: Callable[..., Any], config: Path) -> None:
    wrong = revmodel("monitor", config, "--as-of", "2026-06-30", "--format", "xml")
    assert (wrong.status, "give one of text, markdown, json" in wrong.err) == (2, True)
    missing = revmodel("monitor", config, "--as-of", "2026-06-30", "--since", "nonsense")
    assert (missing.status, "is no run in reports" in missing.err) == (2, True)
