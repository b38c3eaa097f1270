"""What the solver of integer programmes writes past its switches does not reach standard output."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from revmodel.decide import integer


def test_what_the_solver_writes_is_kept_from_standard_output_and_what_follows_is_not(capfd, monkeypatch):
    monkeypatch.setattr(integer.optimize, "milp", lambda cost: os.write(1, b"from the solver\n") and sum(cost))
    print("before")
    assert integer.milp([1, 2]) == 3
    print("after", flush=True)
    assert capfd.readouterr().out == "before\nafter\n"


def test_standard_output_is_back_where_the_solver_fails(capfd, monkeypatch):
    def fails(cost):
        raise ValueError(f"no such programme: {cost}")

    monkeypatch.setattr(integer.optimize, "milp", fails)
    with pytest.raises(ValueError, match="no such programme"):
        integer.milp([1])
    print("after", flush=True)
    assert capfd.readouterr().out == "after\n"


def test_a_programme_without_standard_output_is_solved():
    script = (
        "import os, sys; os.close(1); from revmodel.decide.integer import milp; sys.exit(int(milp([1.0]).x[0] != 0))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
