"""Personal data stays outside: what nobody mapped is not read, e-mail is hashed, no message shows a person."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from revmodel.config import Config
from revmodel.console import Console
from revmodel.errors import ConfigError, RevmodelError, SourceError
from revmodel.report.page import write_page
from revmodel.report.tables import RunFolder
from revmodel.sources import files
from revmodel.sources.load import load_tables, read_tables
from revmodel.sources.masking import shown
from revmodel.sources.tables import Tables
from revmodel.workflows.company import check_data

WriteConfig = Callable[..., Config]
SALT = "0123456789abcdef"
PEOPLE = ("Rosalind", "Franklin", "rosalind@crick-lab.org", "+44 20 7946 0018", "Maurice", "m.wilkins@gmail.com")
CRM = """Id,Created,First Name,Last Name,Email,Phone,Channel,Owner
1,2026-01-05,Rosalind,Franklin,Rosalind@Crick-Lab.org ,+44 20 7946 0018,web,m.wilkins@gmail.com
2,2026-01-06,Maurice,Wilkins,m.wilkins@gmail.com,020 7946 0000,web,
2,2026-01-06,Maurice,Wilkins,m.wilkins@gmail.com,020 7946 0000,web,
3,Rosalind Franklin,Rosalind,Franklin,,,web,
4,+44 20 7946 0018,Rosalind,Franklin,rosalind@crick-lab.org,,web,
"""
LEADS = {"path": "crm.csv", "columns": {"lead_id": "Id", "created_at": "Created", "channel": "Channel"}}
CHANGES = "record_id,to_stage,changed_at\n1,lead,2026-01-05\n2,lead,2026-01-06\n"


@pytest.fixture
def with_email(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("REVMODEL_SALT", SALT)
    return LEADS | {"columns": LEADS["columns"] | {"email": "Email", "owner": "Owner"}}  # type: ignore[operator]


def everything_told(tables: Tables) -> str:
    """Every value of every table, and every word of every finding."""
    values = [tables[name].to_pandas().astype(str).to_csv() for name in tables.names]
    return "\n".join([*values, *(json.dumps(asdict(finding)) for finding in tables.findings)])


def test_no_person_is_in_tables_or_findings(write_config: WriteConfig, with_email: dict[str, Any]) -> None:
    files = {"crm.csv": CRM, "changes.csv": CHANGES}
    tables = load_tables(write_config(files, {"leads": with_email, "stage_changes": {"path": "changes.csv"}}))
    told = everything_told(tables)
    assert {"unreadable-values", "addresses-as-ids"} <= {item.code for item in tables.findings}
    assert not [person for person in PEOPLE if person.lower() in told.lower()]


def test_address_becomes_its_salted_hash_and_its_domain(write_config: WriteConfig, with_email: dict[str, Any]) -> None:
    leads = read_tables(write_config({"crm.csv": CRM}, {"leads": with_email}))["leads"].to_pandas().set_index("lead_id")
    expected = hashlib.sha256(f"{SALT}rosalind@crick-lab.org".encode()).hexdigest()
    assert leads.loc["1", "email_hash"] == expected
    assert leads.loc["1", "domain"] == "crick-lab.org"
    assert leads.loc["2", "domain"].isna().all()  # anybody gets an address there
    assert leads.loc["1", "owner"] == leads.loc["2", "email_hash"].iloc[0]  # an owner is a person, too


def test_free_mail_of_ones_own_country_can_be_added(write_config: WriteConfig, with_email: dict[str, Any]) -> None:
    config = write_config({"crm.csv": CRM}, {"leads": with_email}, privacy={"free_mail": ["Crick-Lab.org"]})
    assert read_tables(config)["leads"].domain.count().execute() == 0


@pytest.mark.parametrize("salt", ["", "short"])
def test_mapped_address_without_a_salt_is_an_error_that_helps(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, salt: str
) -> None:
    monkeypatch.setenv("REVMODEL_SALT", salt)
    source = LEADS | {"columns": LEADS["columns"] | {"email": "Email"}}  # type: ignore[operator]
    with pytest.raises(ConfigError, match=r"export REVMODEL_SALT=.*privacy: {salt: none}") as raised:
        read_tables(write_config({"crm.csv": CRM}, {"leads": source}))
    assert "short" not in str(raised.value)


def test_hashing_without_a_salt_must_be_said_and_is_told(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REVMODEL_SALT", raising=False)
    source = LEADS | {"columns": LEADS["columns"] | {"email": "Email"}}  # type: ignore[operator]
    tables = read_tables(write_config({"crm.csv": CRM}, {"leads": source}, privacy={"salt": "none"}))
    assert "hashes-without-salt" in {finding.code for finding in tables.findings}
    assert hashlib.sha256(b"m.wilkins@gmail.com").hexdigest() in set(tables["leads"].email_hash.execute().dropna())


def test_salt_in_a_config_is_refused_and_not_repeated(write_config: WriteConfig) -> None:
    with pytest.raises(ConfigError) as raised:
        write_config({}, {}, privacy={"salt": "my-secret-salt"})
    assert "my-secret-salt" not in str(raised.value)


def test_columns_that_are_not_mapped_are_not_loaded(write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    store = files.store
    monkeypatch.setattr(
        files, "store", lambda con, stem, rows, **kw: loaded.extend(rows.columns) or store(con, stem, rows, **kw)
    )
    read_tables(write_config({"crm.csv": CRM}, {"leads": LEADS}))
    assert sorted(loaded) == ["Channel", "Created", "Id"]


def test_address_mapped_as_an_id_is_hashed_alike_in_every_table(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVMODEL_SALT", SALT)
    files = {
        "l.csv": "lead_id,created_at\nann@acme.com,2026-01-01\n",
        "s.csv": CHANGES.replace("\n1,", "\nAnn@acme.com,"),
    }
    tables = read_tables(write_config(files, {"leads": {"path": "l.csv"}, "stage_changes": {"path": "s.csv"}}))
    assert set(tables["leads"].lead_id.execute()) <= set(tables["stage_changes"].record_id.execute())
    assert "@" not in everything_told(tables)


def test_web_address_loses_its_query(write_config: WriteConfig) -> None:
    text = "occurred_at,channel,lead_id,content\n2026-01-01,web,1,https://a.com/x?email=ann@acme.com#top\n"
    touches = read_tables(write_config({"t.csv": text}, {"touches": {"path": "t.csv"}}))["touches"]
    assert touches.content.execute()[0] == "https://a.com/x"


def test_file_that_cannot_be_read_is_told_without_its_rows(write_config: WriteConfig) -> None:
    broken = "Id,Created,Channel\n1,2026-01-01,web\n2,Rosalind,Franklin,rosalind@crick-lab.org\n" * 3
    with pytest.raises(RevmodelError) as raised:
        read_tables(write_config({"crm.csv": broken}, {"leads": LEADS}))
    assert isinstance(raised.value, SourceError)
    assert not [person for person in PEOPLE if person.lower() in str(raised.value).lower()]


def test_what_looks_like_a_date_or_number_is_shown_and_all_else_by_its_shape() -> None:
    dates = ("24/12/2025", "3. März 2026", "Feb 3, 2026 10:05 PM", "20251224", "2025-13-45T10:00:00Z")
    assert [shown(text, is_moment=True) for text in dates] == list(dates)
    numbers = ("1.234,50", "€1,200", "12k", "1 200 EUR", "-")
    assert [shown(text, is_moment=False) for text in numbers] == list(numbers)
    people = ("Rosalind Franklin", "+44 20 7946 0018", "(850) 644-4200", "rosalind@crick-lab.org", "221b Baker Street")
    for text in people:
        assert shown(text, is_moment=True) != text
        assert shown(text, is_moment=False) != text


def test_check_and_the_written_page_name_nobody(
    write_config: WriteConfig,
    with_email: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    repository_root: Path,
    tmp_path: Path,
) -> None:
    config = write_config({"crm.csv": CRM, "c.csv": CHANGES}, {"leads": with_email, "stage_changes": {"path": "c.csv"}})
    data = check_data(config)
    for as_json in (False, True):
        Console(json=as_json, quiet=False).check(config.company, data)
    monkeypatch.syspath_prepend(str(repository_root / "tests" / "report"))
    fake_run = importlib.import_module("fake_run")  # a run with everything but findings of its own
    tables = fake_run.fake_tables() | {"findings": data.findings, "allows": data.allows}
    page = write_page(RunFolder(tmp_path, fake_run.fake_manifest(), tables)).read_text(encoding="utf-8")
    for told in (capsys.readouterr().out, page):
        assert "value(s) of created_at" in told or "values of created_at" in told
        assert not [person for person in PEOPLE if person.lower() in told.lower()]
