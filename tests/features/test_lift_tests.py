"""Lift tests that can inform the response are told from those that cannot, and these say why."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from revmodel.features.lift_tests import MOST_TESTS, lift_tests

WEEKS = pd.date_range(end="2026-09-30", periods=60, freq="7D")
SPEND = pd.DataFrame({"ads": 100.0, "fairs": np.where(np.arange(60) % 2, 80.0, 0.0), "tv": 0.0}, index=WEEKS)
GOOD: dict[str, Any] = {
    "name": "ads in spring", "channel": "ads", "start": dt.date(2026, 3, 2), "end": dt.date(2026, 3, 29),
    "spend_change": 150.0, "lift": 12.0, "lift_se": 3.0, "metric": "leads",
}  # fmt: skip


def told(*rows: dict[str, Any]) -> tuple[pd.DataFrame | None, list[str]]:
    journeys = SimpleNamespace(tables={"experiments": ibis.memtable(pd.DataFrame(rows))})
    return lift_tests(journeys, SPEND)  # type: ignore[arg-type]


def test_a_test_that_can_be_used_is_handed_on_without_a_word() -> None:
    tests, sentences = told(GOOD, GOOD | {"name": "cut", "spend_change": -500.0, "lift": -9.0})
    assert tests is not None
    assert sorted(tests["name"]) == ["ads in spring", "cut"]
    assert tests.loc[tests["name"] == "cut", "lift"].item() == -9.0
    assert sentences == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "opportunities"}, r"its lift is in 'opportunities', arrivals are counted in leads: give"),
        ({"channel": "ad"}, r"channel 'ad' spends nothing in the history; channels with spend are ads, fairs: give it"),
        ({"channel": "tv"}, r"channel 'tv' spends nothing in the history"),
        ({"region": "emea"}, r"it was in 'emea', and spend is modelled over all regions together: leave region out"),
        ({"lift_se": 0.0}, r"lift_se 0: a change other than 0 and an error above 0 are wanted"),
        ({"spend_change": 0.0}, r"it has spend_change 0, "),
        ({"start": dt.date(2024, 1, 1)}, r"it ran from 2024-01-01 to 2026-03-29, the history begins on 2025-08-"),
        ({"spend_change": 900.0}, r"it says that 900 was added, the spend table shows [45]00 in its weeks: give"),
    ],
)
def test_a_test_that_cannot_be_used_says_what_came_and_what_to_do(change: dict[str, Any], said: str) -> None:
    tests, sentences = told(GOOD | {"region": None}, GOOD | {"name": "other", "region": None} | change)
    assert tests is not None
    assert tests["name"].tolist() == ["ads in spring"]
    assert len(sentences) == 1
    assert sentences[0].startswith("The lift test 'other' does not inform the response to spend: ")
    assert pd.Series(sentences).str.contains(said).all(), sentences


def test_of_many_tests_of_a_channel_the_latest_are_taken_and_the_others_named() -> None:
    many = [
        GOOD | {"name": f"test {i}", "end": dt.date(2026, 3, 15) + dt.timedelta(days=i)} for i in range(MOST_TESTS + 2)
    ]
    tests, sentences = told(*many)
    assert tests is not None
    assert tests["name"].tolist() == [f"test {i}" for i in range(2, MOST_TESTS + 2)]
    assert [sentence.split("'")[1] for sentence in sentences] == ["test 0", "test 1"]


def test_without_a_table_there_is_nothing_to_say() -> None:
    assert lift_tests(SimpleNamespace(tables={}), SPEND) == (None, [])  # type: ignore[arg-type]


def test_before_the_first_test_has_ended_there_is_none() -> None:
    journeys = SimpleNamespace(tables={"experiments": ibis.memtable(pd.DataFrame([GOOD])).limit(0)})
    tests, sentences = lift_tests(journeys, SPEND)  # type: ignore[arg-type]
    assert tests is not None
    assert tests["channel"].tolist() == []
    assert sentences == []


def test_a_test_that_is_there_twice_counts_once_and_that_is_said() -> None:
    tests, sentences = told(GOOD, GOOD, GOOD | {"metric": "opportunities"})
    assert tests is not None
    assert tests["name"].tolist() == ["ads in spring"]
    assert len(sentences) == 2
    assert any("more than once" in sentence for sentence in sentences)
