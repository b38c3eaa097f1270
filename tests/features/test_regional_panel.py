"""The panel by region adds up to the national one, whatever is missing."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS, journeys_of

from revmodel.features.realised import RealisedBuilder
from revmodel.features.regional_panel import RegionalPanelBuilder
from revmodel.features.weekly_panel import WeeklyPanelBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 1, 28)


@pytest.fixture(scope="module")
def journeys():
    leads = pd.DataFrame(
        {"lead_id": list("abcd"),
         "created_at": pd.to_datetime(["2026-01-07", "2026-01-08", "2026-01-28", "2026-01-22"]),
         "channel": ["search", "search", "events", None], "segment": ["smb", "smb", "smb", None],
         "region": ["emea", None, None, None], "account_id": [None, "A", None, "Z"]}
    )  # fmt: skip
    deals = pd.DataFrame(
        {"deal_id": ["of b", "alone"], "created_at": pd.to_datetime(["2026-01-15", "2026-01-16"]),
         "lead_id": ["b", None], "channel": [None, "partner"], "region": [None, "apac"]}
    )  # fmt: skip
    spend = pd.DataFrame(
        [(date, "search", region, 7.0, 70.0) for date in pd.date_range("2026-01-05", periods=5, freq="7D")
         for region in ("emea", "apac")] + [(pd.Timestamp("2026-01-12"), "search", None, 14.0, None)],
        columns=["date", "channel", "region", "spend", "clicks"],
    )  # fmt: skip
    accounts = pd.DataFrame({"account_id": ["A"], "region": ["amer"], "segment": ["smb"]})
    return journeys_of({"leads": leads, "deals": deals, "spend": spend, "accounts": accounts}, AS_OF)


@pytest.fixture(scope="module")
def panel(journeys):
    return RegionalPanelBuilder().fit_transform(journeys)


def test_totals_are_those_of_the_national_panel(journeys, panel):
    national = WeeklyPanelBuilder().fit_transform(journeys)
    by_channel = panel.wide("spend").T.groupby("channel").sum().T
    assert by_channel["search"].tolist() == pytest.approx(national.spend["search"].tolist())
    assert panel.frame.groupby("week")["leads"].sum().tolist() == national.arrivals["lead"].sum(axis=1).tolist()
    made = RealisedBuilder().fit_transform(journeys).query("metric == 'pipeline_created'")
    assert panel.frame["opportunities"].sum() == made["value"].sum() == 2


def test_regions_come_from_the_record_its_lead_or_its_account_and_the_unknown_stays(panel):
    assert panel.frame.groupby("region")["leads"].sum().to_dict() == {"amer": 1, "apac": 0, "emea": 1, "unknown": 2}
    assert panel.frame.groupby("region")["opportunities"].sum().to_dict() == {
        "amer": 1,
        "apac": 1,
        "emea": 0,
        "unknown": 0,
    }
    assert panel.frame.groupby("region")["spend"].sum()["unknown"] == 14.0
    assert panel.frame.groupby("region")["clicks"].sum()["emea"] == pytest.approx(240.0)


def test_every_week_has_every_group(panel):
    assert len(panel.frame) == panel.frame["week"].nunique() * len(
        panel.frame.drop_duplicates(["channel", "region", "segment"])
    )
    assert not panel.frame.isna().any().any()
    assert list(panel.frame.columns) == list(RegionalPanelBuilder().get_feature_names_out())


def test_without_spend_the_counts_stay():
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [pd.Timestamp("2026-01-20")]})
    frame = RegionalPanelBuilder().fit_transform(journeys_of({"leads": leads}, AS_OF)).frame
    assert frame["leads"].tolist() == [1, 0]
    assert (frame["spend"] == 0).all()
