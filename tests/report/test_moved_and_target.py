"""What moved, the gap to target and the record of past runs, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_manifest, fake_tables

from revmodel.forecast.waterfall import STEPS
from revmodel.report.forecast_words import forecast_words, moved_sentences, summary
from revmodel.report.moved_words import STEP_WORDS, change_words, moved_line, moved_sentence
from revmodel.report.page import render_page
from revmodel.report.reading import Run
from revmodel.report.sections.moved import moved_section
from revmodel.report.sections.past import past_section, past_sentence, past_words
from revmodel.report.sections.target import needed_sentence, target_section
from revmodel.report.tables import RunFolder

CHANGES = {"lost": -400_000.0, "created": 250_000.0, "amount": 30_000.0, "plan": -5_000.0}


def moved_table(before: float = 3_600_000.0) -> pd.DataFrame:
    rows, level = [("before", before, 0.0, before)], before
    for step in STEPS:
        change = CHANGES.get(step, 0.0)
        rows.append((step, change, level, level + change))
        level += change
    rows.append(("after", level, 0.0, level))
    frame = pd.DataFrame(rows, columns=["step", "change", "start", "end"])
    since = {"since_run": "forecast-2026-11-01", "since_as_of": pd.Timestamp("2026-11-01")}
    return frame.assign(metric="bookings", period="2026Q4", **since)


def moved_deals() -> pd.DataFrame:
    rows = [
        ("lost", "D-9", 300_000.0, 0.0, -300_000.0, "lost on 2026-11-05"),
        ("created", "D-7", 0.0, 250_000.0, 250_000.0, "created"),
    ]
    frame = pd.DataFrame(rows, columns=["step", "deal_id", "before", "after", "change", "what"])
    return frame.assign(metric="bookings", period="2026Q4")


def record_table() -> pd.DataFrame:
    """Three quarters that are over, told by two runs each, and one under way."""
    rows = []
    for period, start, low, actual in (
        ("2026Q1", "2026-01-01", 3.0, 3.4), ("2026Q2", "2026-04-01", 3.0, 4.6), ("2026Q3", "2026-07-01", 3.0, 3.2),
        ("2026Q4", "2026-10-01", 3.0, 1.5),
    ):  # fmt: skip
        first = pd.Timestamp(start)
        last = first + pd.DateOffset(months=3, days=-1)
        for as_of in (first - pd.Timedelta(days=1), first + pd.Timedelta(days=20)):
            ended = period != "2026Q4"
            inside = float(low <= actual <= 4.0) if ended else np.nan
            rows.append((f"forecast-{as_of:%Y-%m-%d}", as_of, "bookings", period, first, last, low * 1e6, 3.5e6, 4e6,
                         np.nan, actual * 1e6, ended, inside))  # fmt: skip
    columns = ["run", "as_of", "metric", "period", "period_start", "period_end", "p10", "p50", "p90", "target",
               "actual", "ended", "inside_80"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def a_run(*drop: str, **more: pd.DataFrame) -> Run:
    tables = {name: table for name, table in fake_tables().items() if name not in drop}
    return Run(RunFolder(Path("run"), fake_manifest(), tables | more))


@pytest.fixture(scope="module")
def run() -> Run:
    return a_run(what_moved=moved_table(), moved_deals=moved_deals(), record=record_table())


def test_every_step_has_words() -> None:
    assert set(STEP_WORDS) == set(STEPS)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(120_000, "EUR", "+€120k"), (-0.26, None, "−0.3"), (-12.4, None, "−12"), (0.01, None, "±0"), (-0.3, "EUR", "±0")],
)
def test_changes_have_their_sign(value: float, unit: str | None, words: str) -> None:
    assert change_words(value, unit) == words


def test_line_names_the_largest_steps_and_leaves_out_what_hardly_moved(run: Run) -> None:
    line = moved_line(run, "bookings", "2026Q4")
    assert line == "−€125k: lost −€400k, created since +€250k, amounts +€30k"
    assert moved_line(run, "wins", "2026Q4") == ""
    assert moved_sentence(run, "bookings", "2026Q4").startswith(
        "On average the forecast of bookings in Q4 2026 moved by −€125k: lost −€400k"
    )


def test_section_shows_the_waterfall_and_names_deals(run: Run) -> None:
    section = moved_section(run)
    assert "since the run forecast-2026-11-01 as of 1 November 2026 (14 days before)" in section.sentences[0]
    assert len(section.charts) == 1
    assert section.grids[0].rows[0] == ("D-9", "lost on 2026-11-05", "lost", "−€300k")
    drawing = str(section.charts[0].drawings[0])
    assert "The last run" in drawing
    assert "Amounts" in drawing
    assert "Spend plan" not in drawing  # 0.1 % of the forecast: too small to see
    assert any("Spend plan" in grid.columns for grid in section.folded)


def test_first_run_has_an_empty_state_that_says_so() -> None:
    section = moved_section(a_run())
    assert "This is the first forecast that can be found here" in section.missing
    assert section.charts == ()


def test_gap_says_what_has_yet_to_come_in_and_what_brings_it(run: Run) -> None:
    row = next(run.quarters("bookings").itertuples(index=False))
    said = needed_sentence(run, row)
    assert "have yet to come in: open deals and leads bring" in said
    assert "short of it" in said
    section = target_section(run)
    assert {"Yet to come in", "Gap", "Chance"} <= set(section.grids[0].columns)
    assert len(section.sentences) == 2


def test_target_that_is_reached_needs_nothing_more(run: Run) -> None:
    row = next(run.quarters("bookings").itertuples(index=False))
    assert needed_sentence(run, row._replace(actual=row.target + 1)) == "It is reached already."


def test_record_counts_each_quarter_once(run: Run) -> None:
    assert past_sentence(run) == (
        "Of 3 past quarter forecasts of bookings, 2 held: the outcome lay inside the 8-in-10 range."
    )
    assert past_words(run)[0] == "2 of 3"
    section = past_section(run)
    assert any("Q4 2026 is under way" in sentence and "€1.5m are in" in sentence for sentence in section.sentences)
    assert len(section.folded[0].rows) == 8


def test_without_past_runs_the_backtest_stands_in_and_without_both_it_is_said() -> None:
    assert "made again for 11 past dates" in past_sentence(a_run())
    assert "so this forecast has no record" in past_sentence(a_run("backtest"))
    assert "No earlier run" in past_section(a_run("backtest")).missing


def test_first_screen_holds_the_record(run: Run) -> None:
    page = render_page(run.folder)
    first_screen = page[: page.index("<section")]
    assert "Of 3 past quarter forecasts of bookings, 2 held" in first_screen
    assert "2 of 3" in first_screen


def test_terminal_table_and_summary_hold_the_same(run: Run) -> None:
    title, names, rows = forecast_words(run)
    assert title == "Forecast as of 2026-11-15; moved since 2026-11-01"
    assert names == ["quarter", "", "in", "p10", "p50", "p90", "target", "chance", "gap", "moved"]
    assert {len(row) for row in rows} == {len(names)}
    assert [row[0] for row in rows] == ["Q4 2026"] * 4 + ["Q1 2027"] * 4
    assert rows[0][-1] == "-€125k"
    assert moved_sentences(run) == [
        "Q4 2026 bookings on average −€125k: lost −€400k, created since +€250k, amounts +€30k"
    ]
    first = summary(run)[0]
    assert list(first) == [
        *("metric", "quarter", "start", "end", "actual", "mean", "p10", "p50", "p90"),
        *("target", "p_hit_target", "gap", "moved"),
    ]  # fmt: skip
    assert first["gap"] == pytest.approx(first["p50"] - first["target"])
    assert first["moved"]["steps"]["lost"] == -400_000
    assert next(one for one in summary(run) if one["metric"] == "leads")["target"] is None


def test_table_without_targets_or_last_run_has_no_such_columns() -> None:
    tables = fake_tables()
    tables["forecast"] = tables["forecast"].assign(target=np.nan, p_hit_target=np.nan)
    _, names, _ = forecast_words(Run(RunFolder(Path("run"), fake_manifest(), tables)))
    assert names == ["quarter", "", "in", "p10", "p50", "p90"]
