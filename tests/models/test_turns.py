"""Processes that start together compile once, one after the other."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from revmodel.models import turns
from revmodel.models.turns import one_at_a_time

pytestmark = pytest.mark.skipif(turns.fcntl is None, reason="no file locks of this kind here: each process compiles")

HOLD = """
import sys, time
from pathlib import Path
from revmodel.models.turns import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
    Path(sys.argv[2]).write_text("done")
"""


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    lock, done = tmp_path / "lock", tmp_path / "done"
    command = [sys.executable, "-c", HOLD, str(lock), str(done)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert not done.exists()
        other.stdin.write("go\n")
        other.stdin.flush()
        with one_at_a_time(lock):
            assert done.read_text() == "done"


def test_who_fails_lets_the_next_one_in(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), one_at_a_time(lock):
        _ = 1 / 0
    start = time.monotonic()
    with one_at_a_time(lock):
        assert time.monotonic() - start < 5
