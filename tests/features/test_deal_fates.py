"""What became of deals: their state now, and where they stood on an earlier day."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from revmodel.config import FunnelConfig
from revmodel.features.deal_fates import deal_fates
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.sources.tables import tables_from_frames

FUNNEL = FunnelConfig(stages=["lead", "opportunity", "proposal"], first_deal_stage="opportunity")
CHANGES = [
    ("open", "opportunity", "2026-09-01"), ("open", "proposal", "2026-10-20"),
    ("won", "opportunity", "2026-08-01"), ("won", "won", "2026-10-25"),
    ("lost", "opportunity", "2026-08-01"), ("lost", "lost", "2026-09-10"),
    ("again", "opportunity", "2026-08-01"), ("again", "lost", "2026-09-01"), ("again", "proposal", "2026-10-10"),
    ("new", "opportunity", "2026-10-15"),
    ("other", "opportunity", "2026-10-15"),
]  # fmt: skip


@pytest.fixture(scope="module")
def fates() -> pd.DataFrame:
    changes = pd.DataFrame(CHANGES, columns=["record_id", "to_stage", "changed_at"]).assign(record_type="deal")
    deals = changes.groupby("record_id", as_index=False)["changed_at"].min()
    deals = deals.rename(columns={"record_id": "deal_id", "changed_at": "created_at"})
    tables = tables_from_frames({"stage_changes": changes, "deals": deals})
    journeys = reconstruct_journeys(tables, FUNNEL, dt.date(2026, 10, 31))
    asked = ["open", "won", "lost", "again", "new", "deleted", "open"]
    return deal_fates(journeys, asked, dt.date(2026, 9, 30)).set_index("deal_id")


def test_only_deals_asked_for_that_are_on_record_are_told_once(fates: pd.DataFrame) -> None:
    assert fates.index.tolist() == ["again", "lost", "new", "open", "won"]


def test_state_is_that_of_the_latest_event(fates: pd.DataFrame) -> None:
    assert fates["state"].to_dict() == {"again": "open", "lost": "lost", "new": "open", "open": "open", "won": "won"}
    assert fates.loc["won", "at"] == pd.Timestamp("2026-10-25")


def test_stage_then_is_where_it_stood_at_the_end_of_that_day(fates: pd.DataFrame) -> None:
    assert fates["stage_then"].fillna("none").to_dict() == {
        "again": "lost", "lost": "lost", "new": "none", "open": "opportunity", "won": "opportunity"
    }  # fmt: skip
