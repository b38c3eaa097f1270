"""Every fault of the simulated dirt is found; simulated companies without faults raise no alarm.

How often over many companies: experiments/how_often_do_checks_err.py.
"""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.sources.checks import run_checks
from revmodel.sources.findings import Finding
from revmodel.sources.tables import tables_from_frames
from revmodel.synthetic import make_company

TRUE_OF_ALL = {"zombies", "past-close-dates"}  # the simulated companies have records that nobody closes
WANTED = {
    *("duplicate-ids", "unmapped-stages", "name-variants", "missing-channel", "close-before-creation"),
    *("negative-spend", "after-as-of", "orphan-lead-id", "near-spellings", "tracking-break", "bulk-import"),
    *("test-records", "default-dates", "repeated-activities", "shifted-clock", "merge-cycles", "unit-slip"),
    *("amount-jumps", "placeholder-amounts", "negative-amounts", "repeated-deals", "created-closed"),
    *("closed-without-history", "backdated-closes", "batch-changes", "deals-without-leads", "deal-before-lead"),
    *("owners-left", "leaking-value", "ends-before-start", "spend-unit-slip", "spend-vanished"),
    *("spend-counted-twice", "repeated-spend", "clicks-above-impressions", "missing-currency"),
}


@pytest.fixture(scope="module")
def company_config() -> Config:
    funnel = {
        "stages": ["lead", "mql", "sal", "sql", "opportunity", "proposal", "negotiation"],
        "first_deal_stage": "opportunity",
        "lost": ["lost", "disqualified"],
    }
    as_of = dt.date(2026, 9, 30)
    return Config(company="Simulated", currency="EUR", as_of=as_of, tables={}, funnel=funnel)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def of_dirt(company_config: Config) -> dict[str, Finding]:
    """What is found in a company with every fault, by code."""
    spoilt = make_company(seed=11, size="small", dirt=True).tables
    return {finding.code: finding for finding in run_checks(tables_from_frames(spoilt), company_config).findings}


def test_every_fault_is_found(of_dirt: dict[str, Finding]) -> None:
    assert set(of_dirt) >= WANTED


def test_every_finding_says_all_that_a_reader_needs(of_dirt: dict[str, Finding]) -> None:
    for code, finding in of_dirt.items():
        assert finding.consequence, code
        assert finding.remedy.rstrip(")").endswith("."), code
        assert finding.done, code
        assert not finding.what.endswith("."), code
        assert not re.search(r"(?<![\d,.])1 (rows|weeks|records|deals|leads|channels|days)\b", finding.what), code
        assert len(finding.examples) <= 5, code


@pytest.mark.parametrize("seed", [31, 32])
def test_clean_company_raises_no_alarm(seed: int, company_config: Config) -> None:
    clean = make_company(seed=seed, size="small").tables
    codes = {finding.code for finding in run_checks(tables_from_frames(clean), company_config).findings}
    assert codes <= TRUE_OF_ALL


def test_table_that_ends_early_and_one_with_a_hole_are_told(company_config: Config) -> None:
    frames = dict(make_company(seed=33, size="small").tables)
    spend, changes = frames["spend"], frames["stage_changes"]
    frames["spend"] = spend[pd.to_datetime(spend["date"]) < "2026-08-25"]
    hole = (changes["changed_at"] > "2025-08-01") & (changes["changed_at"] < "2025-09-15")
    frames["stage_changes"] = changes[~hole]
    findings = {f.code: f for f in run_checks(tables_from_frames(frames), company_config).findings}
    assert "the last 5 weeks up to 2026-09-30" in findings["stale-table"].what
    assert "from 2025-07-31 to 2025-09-" in findings["history-gap"].what
    assert "spend-vanished" not in findings  # told once, as the table's end
