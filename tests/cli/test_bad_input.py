"""Bad input through the command line: each fault is an error (exit status 2) or a finding, in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bad_input import good_tables, write_company

Call = Callable[..., Any]
Frames = dict[str, pd.DataFrame]


@pytest.fixture
def tables() -> Frames:
    return good_tables()


@pytest.fixture
def findings_of(revmodel: Call, tmp_path: Path) -> Callable[..., tuple[int, dict[str, dict[str, Any]]]]:
    """Exit status of ``revmodel check --json`` and its findings by code, the gravest of each."""

    def check(tables: Frames, **settings: Any) -> tuple[int, dict[str, dict[str, Any]]]:
        outcome = revmodel("check", write_company(tmp_path, tables, **settings), "--json")
        assert outcome.err == ""
        findings = json.loads(outcome.out)["findings"]
        return outcome.status, {finding["code"]: finding for finding in reversed(findings)}

    return check


def refused(revmodel: Call, config: Path, *words: str) -> None:
    """Both commands end with status 2 and one message on standard error that holds ``words``; nothing is written."""
    for command in ("check", "forecast"):
        outcome = revmodel(command, config, "--quiet")
        assert outcome.status == 2
        assert outcome.out == ""
        assert outcome.err.startswith("revmodel: ")
        assert "Traceback" not in outcome.err
        for word in words:
            assert word in outcome.err
    assert not (config.parent / "reports").exists()


def test_good_company_has_nothing_that_changes_numbers(findings_of: Callable[..., Any], tables: Frames) -> None:
    status, findings = findings_of(tables)
    assert status == 0
    assert not {"stop"} & {finding["severity"] for finding in findings.values()}


def test_missing_column_is_an_error_that_names_it_and_what_came(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    tables["leads"] = tables["leads"].rename(columns={"created_at": "creation"})
    config = write_company(tmp_path, tables)
    refused(revmodel, config, "leads.csv", "created_at", "creation", "columns:")


def test_empty_table_is_an_error(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    tables["stage_changes"] = tables["stage_changes"].head(0)
    refused(revmodel, write_company(tmp_path, tables), "stage_changes", "no", "row")


def test_empty_file_is_an_error(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    config = write_company(tmp_path, tables)
    (tmp_path / "leads.csv").write_text("", encoding="utf-8")
    refused(revmodel, config, "leads.csv is empty", "export it again")


def test_missing_file_is_an_error_that_says_where_it_was_looked_for(
    revmodel: Call, tmp_path: Path, tables: Frames
) -> None:
    config = write_company(tmp_path, tables)
    (tmp_path / "spend.csv").unlink()
    refused(revmodel, config, "spend: no file 'spend.csv'", str(tmp_path), "mend 'path'")


def test_one_row_stops_and_says_how_much_is_wanted(
    revmodel: Call, findings_of: Callable[..., Any], tmp_path: Path, tables: Frames
) -> None:
    one = {name: table.head(1) for name, table in tables.items()}
    status, findings = findings_of(one)
    assert status == 2
    assert any(f["severity"] == "stop" and "one usable row" in f["what"] for f in findings.values())
    outcome = revmodel("forecast", write_company(tmp_path, one), "--quiet")
    assert outcome.status == 2
    assert "leads has one usable row: no model can be fitted to it. Export the whole history" in outcome.err
    assert not (tmp_path / "reports").exists()


def test_unmapped_stage_stops_and_says_how_to_map_it(
    revmodel: Call, findings_of: Callable[..., Any], tmp_path: Path, tables: Frames
) -> None:
    changes = tables["stage_changes"]
    changes.loc[changes["to_stage"] == "won", "to_stage"] = "Closed - Won"
    status, findings = findings_of(tables)
    stops = [finding for finding in findings.values() if finding["severity"] == "stop"]
    assert status == 2
    assert len(stops) == 1
    assert stops[0]["count"] == 50
    assert "Closed - Won" in stops[0]["what"]
    assert "values: {to_stage: {" in stops[0]["remedy"]
    outcome = revmodel("forecast", write_company(tmp_path, tables), "--quiet")
    assert outcome.status == 2
    assert "Closed - Won" in outcome.err
    assert "Map them under tables.stage_changes" in outcome.err


def test_duplicate_ids_are_a_finding_and_counted(findings_of: Callable[..., Any], tables: Frames) -> None:
    tables["leads"] = pd.concat([tables["leads"], tables["leads"].head(3)], ignore_index=True)
    status, findings = findings_of(tables)
    assert status == 0
    finding = findings["duplicate-ids"]
    assert (finding["table"], finding["count"]) == ("leads", 3)
    assert "L000" in finding["examples"]
    assert finding["done"]


def test_close_before_creation_is_a_finding_and_counted(findings_of: Callable[..., Any], tables: Frames) -> None:
    changes = tables["stage_changes"]
    first = changes.index[changes["to_stage"] == "won"][:2]
    changes.loc[first, "changed_at"] = pd.Timestamp("2025-12-01")
    status, findings = findings_of(tables)
    assert status == 0
    finding = findings["close-before-creation"]
    assert finding["count"] == 2
    assert finding["done"]
    assert finding["remedy"]


def test_negative_spend_is_a_finding_and_counted(findings_of: Callable[..., Any], tables: Frames) -> None:
    tables["spend"].loc[[3, 4], "spend"] = -50.0
    status, findings = findings_of(tables)
    assert status == 0
    assert findings["negative-spend"]["count"] == 2
    assert findings["negative-spend"]["done"]


def test_dates_after_the_as_of_date_are_a_finding(findings_of: Callable[..., Any], tables: Frames) -> None:
    status, findings = findings_of(tables, as_of="2026-06-30")
    assert status == 0
    after = [finding for code, finding in findings.items() if "after" in code or "future" in code]
    assert after
    assert all(finding["count"] > 0 and "2026-06-30" in finding["what"] for finding in after)


def test_several_currencies_without_rates_are_an_error_that_names_them(
    revmodel: Call, tmp_path: Path, tables: Frames
) -> None:
    tables["spend"] = tables["spend"].assign(currency=["EUR", "USD"] * 28)
    refused(revmodel, write_company(tmp_path, tables), "EUR in 28 rows", "no rate for USD", "rates: {USD: …}")


def test_several_currencies_with_rates_are_converted_and_told(findings_of: Callable[..., Any], tables: Frames) -> None:
    tables["spend"] = tables["spend"].assign(currency=["EUR", "USD"] * 28)
    status, findings = findings_of(tables, rates={"USD": 0.9})
    assert status == 0
    assert findings["currencies-converted"]["count"] == 28


def test_unreadable_dates_are_a_finding_that_suggests_their_format(
    findings_of: Callable[..., Any], tables: Frames
) -> None:
    tables["leads"] = tables["leads"].assign(created_at=tables["leads"]["created_at"].dt.strftime("%d.%m.%Y"))
    tables["leads"].loc[0, "created_at"] = "2026-01-01"
    _, findings = findings_of(tables)
    finding = findings["unreadable-values"]
    assert finding["count"] == 199
    assert "%d.%m.%Y" in finding["remedy"]


def test_unknown_key_of_the_config_names_the_nearest(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    config = write_company(tmp_path, tables, forcast={"quarters": 1})
    refused(revmodel, config, "forcast: unknown key; did you mean 'forecast'?")


def test_unknown_table_names_the_nearest(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    tables["stage_change"] = tables.pop("stage_changes")
    refused(revmodel, write_company(tmp_path, tables), "'stage_change'", "did you mean 'stage_changes'?")


def test_config_that_is_not_there_says_so(revmodel: Call, tmp_path: Path) -> None:
    outcome = revmodel("check", tmp_path / "none.yaml")
    assert outcome.status == 2
    assert "no config at" in outcome.err


def test_as_of_that_is_no_date_shows_how_to_write_one(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    config = write_company(tmp_path, tables)
    for command in ("forecast", "contribution", "allocate", "backtest"):
        outcome = revmodel(command, config, "--as-of", "nonsense")
        assert outcome.status == 2
        assert outcome.err.strip().endswith(
            "--as-of 'nonsense' is not a date: write it as 2026-09-30, or today or yesterday"
        )


def test_as_of_before_the_first_record_is_an_error(revmodel: Call, tmp_path: Path, tables: Frames) -> None:
    outcome = revmodel("forecast", write_company(tmp_path, tables), "--as-of", "2020-01-01", "--quiet")
    assert outcome.status == 2
    assert "2020-01-01" in outcome.err


@pytest.mark.parametrize(
    ("options", "word"),
    [(("--engine", "magic"), "magic"), (("--quarters", "99"), "quarters"), (("--plan", "none.csv"), "no plan at")],
)
def test_options_are_checked_like_the_config(
    revmodel: Call, tmp_path: Path, tables: Frames, options: tuple[str, str], word: str
) -> None:
    outcome = revmodel("forecast", write_company(tmp_path, tables), *options, "--quiet")
    assert outcome.status == 2
    assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_folder_without_a_run_is_refused_by_report(revmodel: Call, tmp_path: Path) -> None:
    outcome = revmodel("report", tmp_path)
    assert outcome.status == 2
    assert "name the folder of a run" in outcome.err
