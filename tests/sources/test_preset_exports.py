"""Two presets over real exports, end to end: the config that init writes reads them, as far as they go."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from revmodel.config import Config, load_config
from revmodel.features.build import build_features
from revmodel.sources.load import load_tables
from revmodel.sources.tables import Tables
from revmodel.workflows.init import Started, start_project


@pytest.fixture(scope="module")
def crm_exports(shared_data: Path) -> Path:
    folder = shared_data / "crm_exports"
    if not folder.is_dir():
        pytest.skip(f"no CRM exports at {folder}")
    return folder


@pytest.fixture(scope="module")
def salesforce(crm_exports: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Started, Config, Tables]:
    started = start_project("salesforce", crm_exports / "salesforce", tmp_path_factory.mktemp("salesforce"))
    config = load_config(started.config)
    return started, config, load_tables(config)


@pytest.fixture(scope="module")
def hubspot(crm_exports: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Started, Config, Tables]:
    started = start_project("hubspot", crm_exports / "hubspot", tmp_path_factory.mktemp("hubspot"))
    config = load_config(started.config)
    return started, config, load_tables(config)


def count(tables: Tables, name: str) -> int:
    return int(tables[name].count().execute())


def test_salesforce_exports_become_tables_without_a_stop(salesforce: tuple[Started, Config, Tables]) -> None:
    _, config, tables = salesforce
    assert {name: count(tables, name) for name in ("deals", "stage_changes", "deal_history", "deletions")} == {
        "deals": 46,
        "stage_changes": 58,
        "deal_history": 58,
        "deletions": 10,
    }
    assert config.as_of == dt.date(2026, 3, 7)
    assert not [finding for finding in tables.findings if finding.severity == "stop"]


def test_salesforce_dates_with_two_digit_years_and_twelve_hours_are_read(
    salesforce: tuple[Started, Config, Tables],
) -> None:
    changed_at = salesforce[2]["stage_changes"].changed_at.execute()
    assert changed_at.max() == dt.datetime(2026, 3, 7, 21, 0)
    assert changed_at.notna().all()


def test_salesforce_lead_of_a_deal_is_looked_up(salesforce: tuple[Started, Config, Tables]) -> None:
    deals = salesforce[2]["deals"].to_pandas().set_index("deal_id")
    assert deals.loc["006bm00000LKgOnAAL", "lead_id"] == "00Qbm00000Orxk5EAB"
    assert deals.lead_id.notna().sum() == 5


def test_salesforce_stages_that_no_list_knows_take_their_meaning_from_the_flags(
    salesforce: tuple[Started, Config, Tables],
) -> None:
    """The connector's file has stage names made unreadable, but says which of them are closed and won."""
    _, config, tables = salesforce
    stages = tables["stage_changes"].to_stage.value_counts().execute().set_index("to_stage").iloc[:, 0]
    assert (stages["won"], stages["lost"]) == (19 + 5, 8 + 4)
    assert config.funnel.stages[:2] == ["prospecting", "qualification"]
    assert set(stages.index) <= {*config.funnel.stages, "won", "lost"}


def test_salesforce_export_without_a_creation_date_is_left_out_with_the_cost(
    salesforce: tuple[Started, Config, Tables],
) -> None:
    told = "\n".join(salesforce[0].sentences())
    assert "leads: devorg_Lead.csv has no column CreatedDate" in told
    assert "no leads: no forecast of leads" in told


def test_salesforce_features_are_built(salesforce: tuple[Started, Config, Tables]) -> None:
    _, config, tables = salesforce
    features = build_features(tables, config, dt.date(2026, 3, 7))
    assert len(features.open_records.frame) + len(features.won_deals.frame) > 20
    assert features.won_deals.frame["amount"].max() == 915000
    assert features.cells.stages == tuple(config.funnel.stages)


def test_salesforce_people_are_in_no_table_and_no_finding(salesforce: tuple[Started, Config, Tables]) -> None:
    _, config, tables = salesforce
    told = "".join(tables[name].to_pandas().astype(str).to_csv() for name in tables.names) + str(tables.findings)
    told += Path(config.root / "revmodel.yaml").read_text(encoding="utf-8")
    for person in ("Bertha", "Boxer", "Gonzalez", "bertha@fcof.net", "rose@edge.com", "(850) 644-4200"):
        assert person not in told


def test_hubspot_exports_become_tables_as_far_as_they_go(hubspot: tuple[Started, Config, Tables]) -> None:
    _, config, tables = hubspot
    assert {name: count(tables, name) for name in ("accounts", "leads", "deals", "merges")} == {
        "accounts": 24,
        "leads": 22,
        "deals": 44,
        "merges": 17,
    }
    assert config.funnel.first_deal_stage == "appointment"
    assert not [finding for finding in tables.findings if finding.severity == "stop"]


def test_hubspot_merged_ids_in_one_field_are_a_row_each(hubspot: tuple[Started, Config, Tables]) -> None:
    merges = hubspot[2]["merges"].to_pandas()
    assert sorted(merges.from_id[merges.record_type == "lead"]) == ["46897301", "76226001", "76340251"]


def test_hubspot_names_made_unreadable_are_said_not_guessed(hubspot: tuple[Started, Config, Tables]) -> None:
    told = "\n".join(hubspot[0].sentences())
    assert (
        "contact_property_history_data.csv has no row for it (it has 100 rows, none with name lifecyclestage)" in told
    )
    assert "deal_stage_data.csv: none of its stages is a standard one" in told
    assert "no stage_changes: no conversion rates" in told
