"""What to test next: which lift test would change the best plan most."""

from __future__ import annotations

from typing import Any

import numpy as np

from revmodel.planning.lift_value import FROM_THE_PAST
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, label, money, number, percent

__all__ = ["next_tests_section", "test_rows", "test_sentence"]

TOO_LITTLE = 0.1  # of the value of exact knowledge: such a test is not worth what it disturbs


def test_sentence(run: AnyRun) -> str:
    """The most valuable test, or that none would change the plan."""
    first = next(rows_of(run.folder.tables["next_tests"]))
    unit = run.budget_unit
    test = _design(first, run.currency)
    if first.value <= 0:
        return "No such test would change the plan: whatever it found, the same split would be best."
    if first.told < TOO_LITTLE:
        return (
            f"No test that was tried tells enough to change the plan: {label(first.channel)} {test} is worth "
            f"{number(first.value, unit)} on average, {percent(first.told)} of what knowing its effect exactly would."
        )
    return (
        f"{label(first.channel)} is the channel to test: {test}. What that finds would make the best split bring "
        f"{number(first.value, unit)} more on average, {percent(first.told)} of what knowing its effect exactly would."
    )


def test_rows(run: AnyRun) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows: channel, design, what changes, finding expected, its error, power, value, value if exact."""
    unit = run.budget_unit
    rows: list[tuple[str, ...]] = [
        (
            label(row.channel), _design(row, run.currency), money(row.spend_change, run.currency),
            f"{count(row.lift_mean)} ± {count(row.lift_sd)}".replace("-", "−"),
            f"± {count(row.error)}", percent(row.power), number(row.value, unit), number(row.value_if_exact, unit),
        )
        for row in rows_of(run.folder.tables["next_tests"])
    ]  # fmt: skip
    names = ["channel", "test", "spend of the test", f"{_units(run)} expected", "error", "power", "worth", "if exact"]
    return names, rows


def next_tests_section(run: AnyRun) -> Section | None:
    """None where the run holds no table ``next_tests``."""
    if run.table("next_tests") is None:
        return None
    names, rows = test_rows(run)
    grid = Grid(tuple(name.capitalize() for name in names), tuple(rows), right=tuple(range(2, len(names))))
    note = (
        "Worth: what the plan of the budget's window brings more on average, once it follows what the test finds. "
        "Of the designs tried it is the one that moves the least money of those that tell nine tenths of what the best "
        "would. Power: the chance that the finding is told from nothing. A test costs what its change of spend brings "
        f"or loses. {_error_in_words(run)}"
    )
    return Section("next_tests", "What to test next", (test_sentence(run),), grids=(grid,), note=note)


def _error_in_words(run: AnyRun) -> str:
    """What the error of a test rests on."""
    if (run.folder.tables["next_tests"]["error_from"] == FROM_THE_PAST).all():
        return (
            "Error: how far regions strayed from their usual share in past stretches as long as the test; what moves "
            "all regions at once blurs no test."
        )
    return (
        "Error: as if nothing moved all regions at once, since regions are not told apart here or their past is short; "
        "where something does, a test against regions like those tested tells more than is said."
    )


def _units(run: AnyRun) -> str:
    """What a test counts: leads, or a mix's KPI."""
    return str(run.manifest["config"].get("kpi", "leads"))


def _design(row: Any, currency: str) -> str:
    where = f"in {percent(row.regions)} of regions for {count(row.weeks)} weeks"
    if getattr(row, "weekly_now", 1.0) == 0:  # never spent on; runs of an earlier version do not say
        return f"on at {money(row.spend_change / row.weeks, currency)} a week {where}"
    more = "more" if row.change > 0 else "less"
    change = "off" if np.isclose(row.change, -1) else f"{percent(abs(row.change))} {more}"
    return f"{change} {where}"
