"""What to test next: which lift test would change the best plan most."""

from __future__ import annotations

from typing import Any

import numpy as np

from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, label, money, number, percent

__all__ = ["next_tests_section", "test_rows", "test_sentence"]


def test_sentence(run: Run) -> str:
    """The most valuable test, or that none would change the plan."""
    first = next(rows_of(run.folder.tables["next_tests"]))
    unit = run.currency if run.has_amounts else None
    if first.value <= 0:
        return "No such test would change the plan: whatever it found, the same split would be best."
    return (
        f"{label(first.channel)} is the channel to test: what {_design(first)} tells would make the best split bring "
        f"{number(first.value, unit)} more on average, {percent(first.told)} of what knowing its effect exactly would."
    )


def test_rows(run: Run) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows: channel, what changes, finding expected, its error, power, value, value of exact knowledge."""
    unit = run.currency if run.has_amounts else None
    rows: list[tuple[str, ...]] = [
        (
            label(row.channel), money(row.spend_change, run.currency), f"{count(row.lift_mean)} ± {count(row.lift_sd)}",
            f"± {count(row.error)}", percent(row.power), number(row.value, unit), number(row.value_if_exact, unit),
        )
        for row in rows_of(run.folder.tables["next_tests"])
    ]  # fmt: skip
    names = ["channel", "spend of the test", "leads expected", "error", "power", "worth", "if exact"]
    return names, rows


def next_tests_section(run: Run) -> Section | None:
    """None where the run holds no table ``next_tests``."""
    if run.table("next_tests") is None:
        return None
    names, rows = test_rows(run)
    grid = Grid(tuple(name.capitalize() for name in names), tuple(rows), right=tuple(range(1, len(names))))
    note = (
        "Worth: what the plan of the budget's window brings more on average, once it follows what the test finds. "
        "Power: the chance that the finding is told from nothing. The error supposes regions that are alike; a test "
        "costs what its change of spend brings or loses."
    )
    return Section("next_tests", "What to test next", (test_sentence(run),), grids=(grid,), note=note)


def _design(row: Any) -> str:
    change = "switching it off" if np.isclose(row.change, -1) else f"changing its spend by {percent(row.change)}"
    return f"{change} in {percent(row.regions)} of the regions for {count(row.weeks)} weeks"
