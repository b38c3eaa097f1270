"""Scenario files: what they say is done to the plan, and what makes no sense is refused in one message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from revmodel.errors import ConfigError
from revmodel.planning.moves import PlanWindow, check_days, spend_of
from revmodel.planning.scenario import CURRENT, Scenario, read_scenarios

CHANNELS = ("events", "content", "paid_social")
WEEKS = pd.date_range("2026-10-07", periods=30, freq="7D")
PLAN = np.tile(np.array([[700.0], [350.0], [140.0]]), 30)


def window() -> PlanWindow:
    quarters = {
        "2026Q4": (pd.Timestamp("2026-10-01"), pd.Timestamp("2026-12-31")),
        "2027Q1": (pd.Timestamp("2027-01-01"), pd.Timestamp("2027-03-31")),
    }
    return PlanWindow(WEEKS, pd.Timestamp("2026-10-01"), pd.Timestamp("2027-03-31"), quarters)


def scenario(*moves: dict[str, Any], **more: Any) -> Scenario:
    return Scenario(name="test", moves=list(moves), **more)


def spent(*moves: dict[str, Any]) -> np.ndarray:
    return spend_of(scenario(*moves), PLAN, CHANNELS, window())


def write(folder: Path, name: str = "Less", **raw: Any) -> Path:
    path = folder / f"{name.lower()}.yaml"
    path.write_text(yaml.safe_dump({"name": name, "moves": [{"channel": "all", "times": 0.9}]} | raw), encoding="utf-8")
    return path


def test_a_tenth_less_everywhere_ends_with_the_window() -> None:
    found = spent({"channel": "all", "times": 0.9})
    assert found[:, :26] == pytest.approx(0.9 * PLAN[:, :26])
    assert found[:, 26:] == pytest.approx(PLAN[:, 26:])


def test_moving_money_keeps_the_total_of_every_week() -> None:
    found = spent({"channel": "events", "to": "content", "share": 0.5})
    assert found.sum(axis=0) == pytest.approx(PLAN.sum(axis=0))
    assert found[0, 0] == pytest.approx(350.0)
    assert found[1, 0] == pytest.approx(700.0)


def test_doubling_in_a_quarter_counts_days_of_weeks_that_straddle_its_ends() -> None:
    found = spent({"channel": "paid_social", "times": 2, "quarter": "2027Q1"}) - PLAN
    assert found[2].sum() == pytest.approx(140.0 / 7 * 90)  # a quarter of 90 days
    assert found[2, 13] == pytest.approx(140.0 / 7 * 6)  # the week to 6 January has one day before it
    assert found[:2] == pytest.approx(0.0)


def test_a_level_and_a_ceiling_are_by_the_week() -> None:
    assert spent({"channel": "content", "per_week": 50})[1, :26] == pytest.approx(50.0)
    held = spent({"channel": ["events", "content"], "at_most_per_week": 400})
    assert held[0, :26] == pytest.approx(400.0)
    assert held[1] == pytest.approx(PLAN[1])


def test_moves_of_one_channel_at_other_times_go_together() -> None:
    found = spent(
        {"channel": "events", "times": 0, "quarter": "2026Q4"},
        {"channel": "events", "times": 2, "quarter": "2027Q1"},
    )
    assert found[0].sum() == pytest.approx(PLAN[0].sum() - 100 * 92 + 100 * 90)


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([{"channel": "paid_sociall", "times": 2}], "did you mean 'paid_social'"),
        ([{"channel": "events", "to": "radio", "share": 1}], "'radio', which has no spend here"),
        ([{"channel": "all", "to": "content", "share": 0.5}], "from content to itself"),
        ([{"channel": ["events", "events"], "times": 1}], "names a channel twice"),
        ([{"channel": "all", "times": 0.9}, {"channel": "events", "times": 2}], "moves 1 and 2.*both change events"),
        (
            [{"channel": "events", "to": "content", "share": 0.5}, {"channel": "content", "times": 2}],
            "both change content between 2026-10-01 and 2027-03-31",
        ),
        (
            [{"channel": "events", "times": 2, "quarter": "2027Q2"}],
            "2027Q2, but the comparison runs from 2026-10-01 to",
        ),
        (
            [{"channel": "events", "times": 2, "start": "2026-09-01"}],
            "from 2026-09-01 to 2027-03-31, but the comparison",
        ),
        ([{"channel": "events", "times": 2, "end": "2027-04-01"}], "compare more quarters"),
    ],
)
def test_moves_that_make_no_sense_are_refused(moves: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        spent(*moves)


def test_days_outside_are_known_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match="move 1 of scenario 'test'"):
        check_days(scenario({"channel": "whatever", "times": 2, "quarter": "2028Q1"}), window())


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"moves": [{"channel": "events", "times": -0.1}]}, r"moves\.0\.times: .*greater than or equal to 0"),
        ({"moves": [{"channel": "events", "per_week": -5}]}, r"moves\.0\.per_week: .*greater than or equal to 0"),
        ({"moves": [{"channel": "events"}]}, "a move says one of times, per_week, at_most_per_week, to; came none"),
        ({"moves": [{"channel": "events", "times": 1, "per_week": 1}]}, "came times and per_week"),
        ({"moves": [{"channel": "events", "to": "content"}]}, "'to' and 'share' go together"),
        ({"moves": [{"channel": "events", "to": "content", "share": 1.5}]}, "less than or equal to 1"),
        ({"moves": [{"channel": "events", "times": 1, "quarter": "Q2"}]}, r"moves\.0\.quarter"),
        ({"moves": [{"channel": "events", "tmies": 1}]}, "unknown key; did you mean 'times'"),
        ({"moves": []}, "moves: "),
        ({"mvoes": 1}, "unknown key; did you mean 'moves'"),
        (
            {"moves": [{"channel": "a", "times": 1, "start": "2027-02-01", "end": "2027-01-01"}]},
            "is later than the end",
        ),
        ({"moves": [{"channel": [], "times": 1}]}, "names no channel"),
    ],
)
def test_files_that_make_no_sense_are_refused(tmp_path: Path, raw: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_scenarios([write(tmp_path, **raw)])


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(write(tmp_path).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"named 'Less', as is .*less\.yaml"):
        read_scenarios([tmp_path / "less.yaml", other])


def test_nobody_is_called_like_the_current_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the plan that all are compared with"):
        read_scenarios([write(tmp_path, name=CURRENT)])


def test_no_file_is_no_comparison() -> None:
    with pytest.raises(ConfigError, match="no scenario came"):
        read_scenarios([])


def test_text_is_kept_as_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, name="Cut 10 %")
    (found,) = read_scenarios([path])
    assert found.text == path.read_text(encoding="utf-8")
    assert found.file_name == "cut_10.yaml"


def test_examples_are_scenarios_that_the_demo_can_compare(repository_root: Path) -> None:
    paths = sorted((repository_root / "configs" / "scenarios").glob("*.yaml"))
    assert len(paths) == 4
    found = read_scenarios(paths)
    known = set(pd.read_csv(repository_root / "data" / "demo" / "plan.csv")["channel"]) | {"all"}
    for one in found:
        assert {name for move in one.moves for name in move.channels} <= known
