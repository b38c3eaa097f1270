"""Spellings of one name are found whatever the alphabet; names that differ on purpose are left alone."""

from __future__ import annotations

import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.sources.checks.names import names_written_twice
from revmodel.sources.checks.spelling import is_near, name_key, near_pairs, variants, yaml_text
from revmodel.sources.tables import tables_from_frames


@pytest.mark.parametrize(
    "spelling", ["Paid Search", "PAID\u00a0SEARCH", "paid–search", "paid\u200b_search", "ｐaid search"]
)
def test_case_spaces_dashes_and_widths_do_not_make_a_name(spelling: str) -> None:
    assert name_key(spelling) == name_key("paid_search")


def test_accents_do_not_make_a_name() -> None:
    assert name_key("Zürich") == name_key("zurich")


@pytest.mark.parametrize(
    ("one", "other"),
    [("webinars", "webnars"), ("webinars", "wbeinars"), ("webinars", "webinarss"), ("events", "evemts")],
)
def test_one_slip_in_a_long_word_is_near(one: str, other: str) -> None:
    assert is_near(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("emea", "amea"),
        ("fair 2024", "fair 2025"),
        ("q1", "q2"),
        ("acme_de", "acme_dk"),
        ("north", "south"),
        ("a b", "a"),
    ],
)
def test_names_that_differ_on_purpose_are_not_near(one: str, other: str) -> None:
    assert not is_near(one, other)


def test_rarer_spelling_has_to_be_rare() -> None:
    assert near_pairs({"content": 500, "contnet": 3}) == [("content", "contnet")]
    assert near_pairs({"content": 500, "context": 400}) == []
    assert near_pairs({"partner": 30, "partners": 50}) == [("partners", "partner")]


def test_near_names_are_found_among_thousands() -> None:
    letters = "abcdefghij"
    names = {
        f"campaign {a}{b}{c}{d}xyz {n}": 50 for n, (a, b, c, d) in enumerate(zip(*[letters * 200] * 4, strict=True))
    }
    assert len(near_pairs(names | {"campaign aaaaxyz 0": 900, "campagin aaaaxyz 0": 2})) == 1


def test_variants_begin_with_the_usual_one() -> None:
    assert variants({"EMEA": 4, "emea": 90, "apac": 9}) == [["emea", "EMEA"]]


def test_remedy_is_a_line_of_the_config() -> None:
    assert yaml_text("Paid Search") == "Paid Search"
    assert yaml_text("paid: search") == "'paid: search'"
    assert yaml_text("No") == "'No'"


def told(leads: pd.DataFrame, config: Config) -> dict[str, str]:
    tables = tables_from_frames({"leads": leads})
    return {
        finding.code: f"{finding.what} {finding.remedy} {finding.examples}"
        for finding in names_written_twice(tables, config)
    }


def test_regions_in_two_spellings_are_a_note_with_the_line(frames: dict[str, pd.DataFrame], config: Config) -> None:
    leads = frames["leads"].assign(region=["emea"] * 50 + ["EMEA"] * 9 + ["apac"])
    assert "values: {region: {EMEA: emea}} in leads" in told(leads, config)["name-variants"]


def test_names_of_people_are_never_shown(frames: dict[str, pd.DataFrame], config: Config) -> None:
    leads = frames["leads"].assign(owner=["Anna Schmidt"] * 40 + ["anna schmidt"] * 19 + ["Anna Schmitt"])
    said = told(leads, config)
    assert "1 owner has several spellings" in said["name-variants"]
    assert "near-spellings" not in said
    assert "chmi" not in said["name-variants"]
