"""Files hold what the company holds; dirt is where the log says; the embedded demo is what its command writes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revmodel.config import load_config
from revmodel.errors import SourceError
from revmodel.synthetic import Company, make_company, write_company
from revmodel.synthetic.__main__ import main
from revmodel.synthetic.dirt import FAULTS, add_dirt

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
AS_OF = dt.date(2026, 9, 30)


@pytest.fixture(scope="module")
def dirty() -> Company:
    return make_company(seed=11, size="small", dirt=True)


def test_clean_company_has_no_dirt(small: Company) -> None:
    assert small.dirt_log.empty
    assert small.tables["leads"]["lead_id"].is_unique


def test_dirt_is_logged_fault_by_fault(dirty: Company) -> None:
    log = dirty.dirt_log.set_index("fault")
    assert set(log.index) == set(FAULTS)
    assert log["rows"].gt(0).all()
    assert log["where"].str.len().gt(0).all()


def test_dirt_leaves_the_truth_and_the_plan_alone(small: Company, dirty: Company) -> None:
    assert dirty.plan.equals(small.plan)
    assert dirty.truth.future.equals(small.truth.future)


def spoilt_by(small: Company, fault: str) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables with one fault, and where the log says it is (all of it where there are few rows)."""
    tables, log = add_dirt(small.tables, AS_OF, np.random.default_rng(5), [fault])
    return tables, log["where"][0].split(", ")


@pytest.mark.parametrize(
    ("fault", "table", "key"),
    [
        ("negative_amounts", "deals", "deal_id"),
        ("near_spellings", "leads", "lead_id"),
        ("deals_before_leads", "deals", "deal_id"),
        ("closed_without_history", "deals", "deal_id"),
        ("default_dates", "accounts", "account_id"),
    ],
)
def test_log_names_the_rows_that_were_spoilt(small: Company, fault: str, table: str, key: str) -> None:
    tables, where = spoilt_by(small, fault)
    before, after = small.tables[table].set_index(key), tables[table].set_index(key)
    same = after.eq(before) | (after.isna() & before.isna())
    assert list(after.index[~same.all(axis=1)][:20]) == where


def test_faults_that_add_rows_leave_the_others_alone(small: Company) -> None:
    for fault, table in (("bulk_import", "leads"), ("repeated_activities", "touches"), ("created_closed", "deals")):
        tables, _ = spoilt_by(small, fault)
        before = small.tables[table]
        pd.testing.assert_frame_equal(tables[table].head(len(before)), before, check_dtype=False)
        assert len(tables[table]) > len(before)


def test_first_faults_are_in_the_tables(small: Company) -> None:
    spoilt, dirt_log = add_dirt(small.tables, AS_OF, np.random.default_rng(5), list(FAULTS)[:9])
    tables, log = spoilt, dirt_log.set_index("fault")["rows"]
    leads, changes, deals, spend = (tables[name] for name in ("leads", "stage_changes", "deals", "spend"))
    assert leads["lead_id"].duplicated().sum() == log["duplicate_lead_ids"]
    assert leads["channel"].isna().sum() > 0
    assert leads["channel"].isin(["Paid Search", "paid-search", "PAID_SEARCH"]).any()
    assert changes["to_stage"].isin(["Discovery Call", "nurture"]).sum() == log["unmapped_stages"]
    assert (changes["record_id"] != changes["record_id"].str.strip()).sum() == log["ids_with_spaces"]
    assert (spend["spend"] < 0).sum() == log["negative_spend"]
    assert (tables["touches"]["occurred_at"] > "2026-10-01").sum() == log["dates_in_the_future"]
    assert (~deals["lead_id"].isin(leads["lead_id"])).sum() == log["orphan_deals"]
    wins = changes[changes["to_stage"] == "won"].assign(deal_id=changes["record_id"].str.strip())
    both = wins.merge(deals, on="deal_id")
    assert (both["changed_at"] < both["created_at"]).sum() == log["closed_before_created"]


def test_files_give_back_the_tables(small: Company, tmp_path: Path) -> None:
    write_company(small, tmp_path / "company")
    for name, table in small.tables.items():
        read = pd.read_parquet(tmp_path / "company" / f"{name}.parquet")
        assert list(read.columns) == list(table.columns)
        assert len(read) == len(table)
    assert (tmp_path / "company" / "truth" / "summary.json").exists()
    plan = pd.read_csv(tmp_path / "company" / "plan.csv")
    assert list(plan.columns) == ["date", "channel", "spend"]
    assert not list(tmp_path.glob(".company*"))


def test_a_folder_written_before_is_replaced_and_another_is_left_alone(
    small: Company, dirty: Company, tmp_path: Path
) -> None:
    write_company(dirty, tmp_path / "company")
    write_company(small, tmp_path / "company")
    assert not (tmp_path / "company" / "dirt_log.csv").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(SourceError, match="holds other files"):
        write_company(small, tmp_path / "mine")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"


def test_command_says_what_is_wrong_and_returns_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "a"), "--size", "small", "--years", "0.2"]) == 2
    assert "years" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_embedded_demo_is_what_its_command_writes(demo: Company, tmp_path: Path) -> None:
    write_company(demo, tmp_path / "demo")
    wanted = {path.relative_to(DEMO) for path in DEMO.rglob("*") if path.is_file()}
    written = {path.relative_to(tmp_path / "demo") for path in (tmp_path / "demo").rglob("*") if path.is_file()}
    assert wanted == written
    for name in sorted(path for path in wanted if path.suffix == ".parquet"):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "demo" / name), pd.read_parquet(DEMO / name))


def test_embedded_demo_is_small_and_its_config_finds_it() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*")) < 5_000_000
    config = load_config(ROOT / "configs" / "demo.yaml")
    assert "simulated" in config.company
    assert all(config.resolve(source.path or "").exists() for sources in config.tables.values() for source in sources)
