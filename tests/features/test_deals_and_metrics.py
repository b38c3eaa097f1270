"""Open records, won deals and realised metrics of a company of six deals, every number known."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from company_by_hand import FUNNEL, QUIET_IBIS, journeys_of

from revmodel.config import FunnelConfig
from revmodel.features.limits import sentences
from revmodel.features.open_records import OpenRecordBuilder
from revmodel.features.realised import RealisedBuilder
from revmodel.features.won_deals import WonDealBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 3, 31)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(f"2026-{text} 10:00")


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    leads = pd.DataFrame({"lead_id": ["L1", "L2"], "created_at": [at("01-05"), at("03-25")], "channel": "search"})
    deals = pd.DataFrame(
        [
            ("won", at("01-20"), "L1", "ann", "expansion"),
            ("won, amount unknown", at("01-21"), None, "ann", None),
            ("reopened", at("01-22"), None, "bob", None),
            ("lost", at("01-23"), None, "bob", None),
            ("open", at("02-02"), None, "eve", None),
            ("won later", at("02-03"), None, "eve", None),
        ],
        columns=["deal_id", "created_at", "lead_id", "owner", "type"],
    )
    moves = pd.DataFrame(
        [
            ("won", "won", at("02-20")),
            ("won, amount unknown", "won", at("02-21")),
            ("reopened", "won", at("02-10")),
            ("reopened", "opportunity", at("03-24")),
            ("lost", "lost", at("02-22")),
            ("won later", "won", at("04-01")),
        ],
        columns=["record_id", "to_stage", "changed_at"],
    )
    history = pd.DataFrame(
        [
            ("won", at("01-20"), 100.0, "2026-02-28"),
            ("won", at("02-20"), 80.0, "2026-02-20"),
            ("reopened", at("01-22"), 50.0, None),
            ("lost", at("02-01"), 30.0, None),
            ("open", at("02-02"), None, "2026-04-30"),
            ("open", at("02-09"), 40.0, None),
            ("won later", at("02-03"), 20.0, None),
            ("won later", at("04-01"), 999.0, None),
        ],
        columns=["deal_id", "recorded_at", "amount", "close_date"],
    )
    return {"leads": leads, "deals": deals, "stage_changes": moves, "deal_history": history}


@pytest.fixture(scope="module")
def journeys(frames):
    return journeys_of(frames, AS_OF)


def test_open_records_carry_age_amount_and_close_date(journeys):
    frame = OpenRecordBuilder().fit_transform(journeys).frame.set_index("record_id")
    assert list(frame.index) == ["L2", "open", "won later", "reopened"]  # by stage, then entry
    assert frame["record_type"].tolist() == ["lead", "deal", "deal", "deal"]
    assert frame["age_weeks"].tolist() == [0, 8, 8, 1]  # entered on the last 7 days: 0; on the 7 before: 1
    assert frame["attempt"].tolist() == [1, 1, 1, 2]
    assert frame["amount"].tolist() == pytest.approx([float("nan"), 40.0, 20.0, 50.0], nan_ok=True)
    assert frame.loc["open", "close_date"] == pd.Timestamp("2026-04-30")
    assert frame.loc["reopened", "created_at"] == at("01-22")
    assert not frame["zombie"].any()


def test_won_deals_have_their_last_and_first_amount(journeys):
    frame = WonDealBuilder().fit_transform(journeys).frame
    assert frame["deal_id"].tolist() == ["won", "won, amount unknown"]
    assert frame["type"].tolist() == ["expansion", "new"]
    assert frame["channel"].tolist() == ["search", "unknown"]
    assert frame["cycle_days"].tolist() == [31, 31]
    assert frame[["amount", "first_amount"]].iloc[0].tolist() == [80.0, 100.0]
    assert frame[["amount", "first_amount"]].iloc[1].isna().all()


def totals(realised: pd.DataFrame) -> dict[str, float]:
    return realised.groupby("metric")["value"].sum().to_dict()


def test_realised_metrics_in_money(journeys):
    realised = RealisedBuilder().fit_transform(journeys)
    mean_first = (100 + 50 + 30 + 40 + 20) / 5  # what the deal without any amount is taken to be worth
    assert totals(realised) == pytest.approx(
        {"leads": 2.0, "pipeline_created": 240 + mean_first, "wins": 2.0, "bookings": 80.0}
    )
    made = realised[realised["metric"] == "pipeline_created"].set_index("date")["value"]
    assert made.loc[pd.Timestamp("2026-01-20")] == 100.0
    won = realised[realised["metric"] == "wins"]
    assert won["date"].tolist() == [pd.Timestamp("2026-02-20"), pd.Timestamp("2026-02-21")]


def test_without_dated_amounts_money_is_counted(frames):
    undated = {name: frame for name, frame in frames.items() if name != "deal_history"}
    undated["deals"] = undated["deals"].assign(amount=10.0)
    counted = journeys_of(undated, AS_OF)
    assert totals(RealisedBuilder().fit_transform(counted)) == {
        "leads": 2.0, "pipeline_created": 6.0, "wins": 2.0, "bookings": 2.0,
    }  # fmt: skip
    assert any("No amount is dated" in sentence for sentence in sentences(counted))


def test_a_funnel_without_deals_has_wins_but_neither_pipeline_nor_bookings():
    moves = pd.DataFrame(
        [("a", "lead", at("01-05")), ("a", "won", at("01-09")), ("b", "lead", at("01-07"))],
        columns=["record_id", "to_stage", "changed_at"],
    )
    journeys = journeys_of({"stage_changes": moves}, AS_OF, FunnelConfig(stages=["lead"]))
    assert totals(RealisedBuilder().fit_transform(journeys)) == {"leads": 2.0, "wins": 1.0}
    assert WonDealBuilder().fit_transform(journeys).frame["deal_id"].tolist() == ["a"]


def test_a_win_straight_from_a_lead_stage_is_pipeline_on_that_day():
    moves = pd.DataFrame(
        [("a", "lead", at("01-05")), ("a", "won", at("01-09"))], columns=["record_id", "to_stage", "changed_at"]
    )
    realised = RealisedBuilder().fit_transform(journeys_of({"stage_changes": moves}, AS_OF, FUNNEL))
    assert realised[["metric", "date", "value"]].to_numpy().tolist() == [
        ["bookings", pd.Timestamp("2026-01-09"), 1.0],
        ["leads", pd.Timestamp("2026-01-05"), 1.0],
        ["pipeline_created", pd.Timestamp("2026-01-09"), 1.0],
        ["wins", pd.Timestamp("2026-01-09"), 1.0],
    ]
