"""``revmodel init``: a config that is read, checked and edited by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from revmodel.config import load_config

LEADS = "Id,CreatedDate,LeadSource,Email,Phone\n" + "".join(
    f"00Q{n},2026-01-{n:02d}T10:00:00Z,Web,p{n}@acme.com,555\n" for n in range(1, 21)
)
OPPORTUNITIES = "Id,CreatedDate,StageName,Amount,CloseDate,IsDeleted\n" + "".join(
    f"006{n},2026-02-{n:02d}T10:00:00Z,Prospecting,100,2026-06-30,false\n" for n in range(1, 11)
)
HISTORY = "Id,OpportunityId,CreatedDate,StageName,Amount,CloseDate\n" + "".join(
    f"008{n},006{n},2026-02-{n:02d}T10:00:00Z,{stage},100,2026-06-30\n"
    for n, stage in enumerate(["Prospecting"] * 7 + ["Pilot", "Closed Won", "Closed Lost"], start=1)
)


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    for name, text in (("Lead", LEADS), ("Opportunity", OPPORTUNITIES), ("OpportunityHistory", HISTORY)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "CampaignMember.csv").write_text("Id,LeadId,HasResponded,CreatedDate\n", encoding="utf-8")
    return folder


def test_config_written_from_exports_passes_check_and_says_where_to_look(
    revmodel: Callable[..., Any], exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REVMODEL_SALT", raising=False)
    out = exports.parent / "project"
    made = revmodel("init", "--preset", "salesforce", "--data", exports, "--out", out)
    assert made.status == 0
    assert "stage_changes: OpportunityHistory.csv (10 rows)" in made.out
    assert "not mapped: stages of OpportunityHistory.csv: 'Pilot' (1)" in made.out
    assert "no touches" in made.out
    checked = revmodel("check", out / "revmodel.yaml", "--json")
    assert checked.status == 0
    rows = {row["table"]: row["rows"] for row in json.loads(checked.out)["tables"]}
    assert rows == {"leads": 20, "stage_changes": 9, "deals": 10, "deal_history": 10}
    assert "values-not-named" in checked.out
    text = (out / "revmodel.yaml").read_text(encoding="utf-8")
    assert "# Stage values in the file: 'Prospecting' (7)" in text
    assert "NOT MAPPED, so not counted: 'Pilot' (1)" in text
    assert "add to columns: email: Email" in text
    assert yaml.safe_load(text)["tables"]["leads"][0]["path"] == "../exports/Lead.csv"


def test_config_that_is_there_is_replaced_with_force_only_and_email_is_mapped_with_a_salt_only(
    revmodel: Callable[..., Any], exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVMODEL_SALT", "0123456789abcdef")
    config = exports / "revmodel.yaml"
    config.write_text("mine", encoding="utf-8")
    refused = revmodel("init", "--preset", "salesforce", "--data", exports, "--out", exports)
    assert (refused.status, config.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.err
    assert revmodel("init", "--preset", "salesforce", "--data", exports, "--out", exports, "--force").status == 0
    assert load_config(config).tables["leads"][0].columns["email"] == "Email"


@pytest.mark.parametrize("preset", ["salesforce", "hubspot", "marketo-measure", "dreamdata", "ad-spend"])
def test_without_data_the_expected_files_are_named(revmodel: Callable[..., Any], tmp_path: Path, preset: str) -> None:
    made = revmodel("init", "--preset", preset, "--out", tmp_path)
    assert made.status == 0
    assert "no --data was given" in made.out
    config = load_config(tmp_path / "revmodel.yaml")
    assert all(str(source.path).startswith("data/") for sources in config.tables.values() for source in sources)
    assert "Traceback" not in revmodel("check", tmp_path / "revmodel.yaml").err


def test_unknown_preset_names_the_known_ones(revmodel: Callable[..., Any], tmp_path: Path) -> None:
    wrong = revmodel("init", "--preset", "salesfroce", "--out", tmp_path)
    assert wrong.status == 2
    assert "did you mean 'salesforce'?" in wrong.err
    for name in ("salesforce", "hubspot", "marketo-measure", "dreamdata", "ad-spend"):
        assert name in wrong.err
        assert name in revmodel("init", "--preset", "list").out


def test_folder_with_nothing_to_read_is_an_error_that_says_what_is_read(
    revmodel: Callable[..., Any], tmp_path: Path
) -> None:
    assert "is no folder" in revmodel("init", "--preset", "hubspot", "--data", tmp_path / "nowhere").err
    assert "holds no file" in revmodel("init", "--preset", "hubspot", "--data", tmp_path).err
    (tmp_path / "weather.csv").write_text("day,rain\n2026-01-01,3\n", encoding="utf-8")
    wrong = revmodel("init", "--preset", "hubspot", "--data", tmp_path, "--out", tmp_path / "out")
    assert wrong.status == 2
    assert "weather.csv" in wrong.err
    assert not (tmp_path / "out").exists()
