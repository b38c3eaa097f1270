"""Presets over small exports in each vendor's shape, with its traps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from revmodel.config import Config, load_config
from revmodel.sources.load import read_tables
from revmodel.sources.presets import PRESETS
from revmodel.sources.presets.dates import date_formats
from revmodel.sources.presets.exports import find_exports
from revmodel.sources.presets.project import Project, project_of
from revmodel.sources.presets.write import config_text
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

Read = Callable[[str, Mapping[str, Any]], tuple[Project, Config, Tables]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """(preset, file → columns) → what the written config reads."""

    def run(preset: str, files: Mapping[str, Any]) -> tuple[Project, Config, Tables]:
        for name, content in files.items():
            if isinstance(content, str):
                (tmp_path / name).write_text(content, encoding="utf-8")
            elif name.endswith(".parquet"):
                pd.DataFrame(content).to_parquet(tmp_path / name)
            else:
                pd.DataFrame(content).to_csv(tmp_path / name, index=False)
        known = PRESETS[preset]
        project = project_of(known, *find_exports(tmp_path, known.objects, known.any_file))
        (tmp_path / "revmodel.yaml").write_text(config_text(project, "."), encoding="utf-8")
        config = load_config(tmp_path / "revmodel.yaml")
        return project, config, read_tables(config)

    return run


def rows(tables: Tables, name: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = tables[name].select(*columns).to_pandas().astype(object)
    return sorted(frame.where(frame.notna(), None).itertuples(index=False, name=None), key=str)


def test_every_preset_names_canonical_tables_and_columns_only() -> None:
    for preset in PRESETS.values():
        for feed in preset.feeds:
            columns = set(TABLES[feed.table].columns) | {"email"}
            assert set(feed.columns) | set(feed.constants) | set(feed.values) <= columns, (preset.name, feed.object)
            assert feed.object in {*preset.objects, preset.any_file}


def test_hubspot_exports_of_the_crm_with_labels(read: Read) -> None:
    contacts = {
        "Record ID": [1, 2, 3],
        "Create Date": ["2026-01-01 10:00", "2026-01-02 10:00", "2026-01-03 10:00"],
        "Original Source": ["Paid Search", "Organic Search", ""],
        "Became a Lead Date": ["2026-01-01 10:00", "2026-01-02 10:00", ""],
        "Became a Marketing Qualified Lead Date": ["2026-01-20 09:00", "", ""],
        "First Name": ["Rose", "Sean", "Jack"],
    }
    _, config, tables = read("hubspot", {"hubspot-crm-exports-all-contacts.csv": contacts})
    assert rows(tables, "stage_changes", "record_id", "to_stage") == [("1", "lead"), ("1", "mql"), ("2", "lead")]
    assert rows(tables, "leads", "lead_id", "channel")[0] == ("1", "Paid Search")
    assert config.funnel.stages == ["lead", "mql"]


def test_hubspot_own_pipeline_takes_meaning_and_order_from_its_stages(read: Read) -> None:
    stages = {"stage_id": ["901", "902", "903", "904"], "label": ["Pilot", "Legal", "Signed", "Gone"]}
    stages |= {"display_order": [0, 1, 2, 3], "closed_won": ["false", "false", "true", "false"]}
    stages |= {"is_closed": ["false", "false", "true", "true"]}
    history = {"deal_id": [1, 1, 1, 2, 2], "name": ["dealstage", "dealstage", "amount", "dealstage", "dealstage"]}
    history |= {"value": ["901", "903", "500", "902", "904"], "timestamp": ["2026-01-01 6:05:00"] * 5}
    deals = {"deal_id": [1, 2], "property_createdate": ["2026-01-01", "2026-01-01"]}
    files = {"deal_pipeline_stage.csv": stages, "deal_property_history.csv": history, "deal.csv": deals}
    _, config, tables = read("hubspot", files)
    assert rows(tables, "stage_changes", "record_id", "to_stage") == [
        ("1", "pilot"),
        ("1", "won"),
        ("2", "legal"),
        ("2", "lost"),
    ]
    assert config.funnel.stages == ["pilot", "legal"]
    assert rows(tables, "deal_history", "deal_id", "amount") == [("1", 500.0)]


def test_what_an_export_says_of_a_stage_goes_before_the_stage_s_name(read: Read) -> None:
    """A company may keep the vendor's id of a stage and give it another place: here 'closedwon' is a proposal."""
    stages = {"stage_id": ["contractsent", "closedwon", "99"], "label": ["Contract", "Proposal sent", "Signed"]}
    stages |= {"display_order": [1, 0, 2], "closed_won": [False, False, True], "is_closed": [False, False, True]}
    deals = {"deal_id": [1, 2], "property_createdate": ["2026-01-01", "2026-01-02"]}
    deals |= {f"property_hs_v2_date_entered_{name}": ["2026-01-03"] * 2 for name in ("contractsent", "closedwon", "99")}
    _, config, tables = read("hubspot", {"deal_pipeline_stage.csv": stages, "deal.csv": deals})
    assert config.funnel.stages == ["closedwon", "contract"]
    assert {row[0] for row in rows(tables, "stage_changes", "to_stage")} == {"closedwon", "contract", "won"}


def test_hubspot_dates_entered_per_stage_are_found_by_their_pattern(read: Read) -> None:
    deals = {"deal_id": [1, 2], "property_createdate": ["2026-01-01", "2026-01-02"]}
    deals |= {"property_hs_v2_date_entered_appointmentscheduled": ["2026-01-01", "2026-01-02"]}
    deals |= {"property_hs_v2_date_entered_closedwon": ["2026-02-01", ""]}
    _, _, tables = read("hubspot", {"deal.csv": deals})
    assert [row[1] for row in rows(tables, "stage_changes", "record_id", "to_stage")] == [
        "appointment",
        "won",
        "appointment",
    ]


def test_marketo_measure_counts_costs_of_one_level_and_moves_once(read: Read) -> None:
    costs = {"COST_DATE": ["2026-01-05"] * 3, "COST_IN_MICRO": [5_000_000, 5_000_000, 2_500_000]}
    costs |= {"CHANNEL_NAME": ["Paid Search"] * 3, "CAMPAIGN_NAME": ["a", "", "b"], "IS_DELETED": ["false"] * 3}
    costs |= {"CAMPAIGN_IS_AGGREGATABLE_COST": ["true", "false", "true"], "ISO_CURRENCY_CODE": ["USD"] * 3}
    moves = {
        "OPPORTUNITY_ID": ["o1", "o1", "o1", "o2"],
        "STAGE": ["Qualification", "Qualification", "Closed Won", "FT"],
    }
    moves |= {"TRANSITION_DATE": ["2026-01-01", "2026-01-01", "2026-02-01", "2026-01-01"]}
    moves |= {"IS_PENDING": ["false", "false", "false", "true"], "TOUCHPOINT_ID": ["t1", "t2", "t3", "t4"]}
    touches = {"ID": ["1", "2"], "USER_TOUCHPOINT_ID": ["u1", "u1"], "TOUCHPOINT_DATE": ["2026-01-01"] * 2}
    touches |= {"CHANNEL": ["Paid Search"] * 2, "LEAD_ID": ["", "l1"], "CONTACT_ID": ["c1", ""]}
    files = {"BIZ_COSTS.csv": costs, "BIZ_OPP_STAGE_TRANSITIONS.csv": moves, "BIZ_TOUCHPOINTS.csv": touches}
    project, _, tables = read("marketo-measure", files)
    assert rows(tables, "spend", "channel", "spend") == [("Paid Search", 2.5), ("Paid Search", 5.0)]
    assert rows(tables, "stage_changes", "record_id", "to_stage") == [("o1", "qualification"), ("o1", "won")]
    assert rows(tables, "touches", "touch_id", "lead_id") == [("u1", "l1")]
    assert "deal_history" not in tables
    assert "deals" in project.missing


def test_dreamdata_counts_each_activity_once_with_the_main_company(read: Read) -> None:
    events = {"dd_event_activity_id": ["e1", "e1", "e2", None], "dd_is_primary_event": [False, True, True, True]}
    events |= {"timestamp": pd.to_datetime(["2026-01-05"] * 4), "dd_company_id": ["B", "C", "A", "A"]}
    events |= {"dd_tracking_type": ["activity"] * 3 + ["exposure"], "event_name": ["page view"] * 4}
    events |= {"session": [{"channel": "organic", "campaign": "x"}] * 4, "dd_visitor_id": ["v"] * 4}
    stages = {"stage_name": ["MQL", "Opportunity", "NewBiz", "Lost", "Onboarding"]}
    stages |= {"dd_object_id": ["m1", "d1", "d1", "d2", "d1"], "dd_company_id": ["C", "C", "C", "A", "C"]}
    stages |= {"timestamp": pd.date_range("2026-01-06", periods=5, freq="30D"), "value": [0.0, 900.0, 1000.0, 0.0, 0.0]}
    project, _, tables = read("dreamdata", {"events.parquet": events, "stages.parquet": stages})
    assert rows(tables, "touches", "touch_id", "account_id", "channel") == [
        ("e1", "C", "organic"),
        ("e2", "A", "organic"),
    ]
    assert rows(tables, "stage_changes", "record_id", "record_type", "to_stage") == [
        ("C", "lead", "mql"),
        ("d1", "deal", "opportunity"),
        ("d1", "deal", "won"),
        ("d2", "deal", "lost"),
    ]
    assert rows(tables, "deals", "deal_id", "lead_id") == [("d1", "C"), ("d2", "A")]
    assert rows(tables, "deal_history", "deal_id", "amount") == [("d1", 1000.0), ("d1", 900.0), ("d2", 0.0)]
    assert {"Onboarding"} == {value for item in project.sources if item.stages for value in item.stages.unnamed}


def test_ad_spend_of_each_platform_becomes_one_table(read: Read) -> None:
    google = 'Campaign report\n"January 1, 2026 - January 2, 2026"\nDay,Campaign,Currency code,Cost,Impr.,Clicks\n'
    google += '2026-01-01,brand,USD,"1,234.50","10,000",12\n2026-01-02,brand,USD,0.50,5,0\n'
    linkedin = {"Start Date (in UTC)": ["1/13/2026"], "Campaign Name": ["abm"], "Total Spent": ["99.5"]}
    meta = {"Day": ["2026-01-01"], "Campaign name": ["m"], "Amount spent (USD)": [7], "Impressions": [70]}
    api = {"segments_date": ["2026-01-03"], "campaign_name": ["c"], "metrics_cost_micros": [2_500_000]}
    other = {"date": ["2026-01-01"], "channel": ["events"], "spend": [500], "region": ["EMEA"]}
    files = {"google_ads_ui.csv": google, "linkedin.csv": linkedin, "meta_ads.csv": meta, "google_ads_api.csv": api}
    _, _, tables = read("ad-spend", files | {"budget.csv": other})
    assert rows(tables, "spend", "channel", "spend", "campaign") == [
        ("events", 500.0, None),
        ("google ads", 0.5, "brand"),
        ("google ads", 1234.5, "brand"),
        ("google ads", 2.5, "c"),
        ("linkedin", 99.5, "abm"),
        ("meta", 7.0, "m"),
    ]


def test_salesforce_field_history_stands_in_for_the_history_of_opportunities(read: Read) -> None:
    history = {"OpportunityId": ["o1", "o1", "o1"], "CreatedDate": ["2026-01-01T10:00:00Z"] * 3}
    history |= {"Field": ["StageName", "Amount", "CloseDate"], "NewValue": ["Prospecting", "100", "2026-06-30"]}
    history |= {"OldValue": ["", "50", ""]}
    more = {"OpportunityId": ["o2"], "CreatedDate": ["2026-01-02T10:00:00Z"], "Field": ["StageName"]}
    frame = pd.concat([pd.DataFrame(history), pd.DataFrame(more | {"NewValue": ["Closed Won"]})])
    _, _, tables = read("salesforce", {"OpportunityFieldHistory.csv": frame})
    assert rows(tables, "stage_changes", "record_id", "to_stage") == [("o1", "prospecting"), ("o2", "won")]
    assert rows(tables, "deal_history", "amount", "close_date")[0][0] == 100.0


def test_header_only_export_is_left_out_with_a_sentence(read: Read) -> None:
    files = {"Lead.csv": "Id,CreatedDate\n1,2026-01-01\n2,2026-01-02\n", "Opportunity.csv": "Id,CreatedDate\n"}
    project, _, tables = read("salesforce", files)
    assert tables.names == ("leads",)
    assert "deals: Opportunity.csv has no row for it (its header is there and no row)" in project.left_out


def test_deleted_and_merged_records_go_to_their_tables(read: Read) -> None:
    leads = {"Id": ["1", "2", "3"], "CreatedDate": ["2026-01-01"] * 3, "IsDeleted": ["false", "true", "true"]}
    leads |= {"MasterRecordId": ["", "", "1"], "SystemModstamp": ["2026-02-01T08:00:00Z"] * 3}
    _, _, tables = read("salesforce", {"Lead.csv": leads})
    assert rows(tables, "leads", "lead_id") == [("1",), ("2",), ("3",)]
    assert rows(tables, "deletions", "record_id", "record_type") == [("2", "lead")]
    assert rows(tables, "merges", "from_id", "into_id") == [("3", "1")]


def test_dates_that_could_be_read_two_ways_are_said_to_be_a_guess() -> None:
    assert date_formats(["13/02/2026", "01/03/2026"]) == (["%d/%m/%Y"], False)
    assert date_formats(["01/02/2026", "03/04/2026"]) == (["%m/%d/%Y"], True)
    assert date_formats(["2026-01-01", "1/13/26"])[0] == ["iso", "%m/%d/%y"]
    assert date_formats([]) == ([], False)
