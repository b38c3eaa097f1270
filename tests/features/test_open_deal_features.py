"""What is known of open deals at the as-of date, every number counted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS, journeys_of

from revmodel.features.open_deals import OpenDealFeatureBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 3, 31)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(f"2026-{text} 10:00")


def company() -> dict[str, pd.DataFrame]:
    deals = pd.DataFrame(
        {"deal_id": ["moved", "quiet", "closed"], "created_at": [at("01-31"), at("03-25"), at("01-01")],
         "account_id": ["A", None, "A"], "lead_id": [None, "L3", None], "owner": "set at creation"}
    )  # fmt: skip
    history = pd.DataFrame(
        [
            ("moved", at("02-01"), 100.0, "2026-03-15", "pipeline"),
            ("moved", at("02-10"), 100.0, "2026-04-15", "pipeline"),
            ("moved", at("02-20"), 150.0, None, "commit"),
            ("moved", at("03-01"), 200.0, "2026-04-10", None),
            ("moved", at("03-30"), None, "2026-04-20", "pipeline"),
            ("moved", at("04-01"), 999.0, "2026-12-31", "omitted"),  # recorded later
        ],
        columns=["deal_id", "recorded_at", "amount", "close_date", "forecast_category"],
    )
    leads = pd.DataFrame({"lead_id": ["L1", "L2", "L3"], "created_at": at("01-01"), "account_id": ["A", "A", "B"]})
    touches = pd.DataFrame(
        [
            ("L1", None, at("02-15"), "email"),
            ("L1", None, at("03-10"), "Click"),
            ("L2", "A", at("03-28"), "webinar"),
            (None, "A", at("03-29"), "visit"),
            (None, "Z", at("03-29"), "visit"),
            ("L1", None, at("04-01"), "email"),
        ],
        columns=["lead_id", "account_id", "occurred_at", "kind"],
    ).assign(channel="search")
    closes = pd.DataFrame({"record_id": ["closed"], "to_stage": ["won"], "changed_at": [at("03-01")]})
    return {"deals": deals, "deal_history": history, "leads": leads, "touches": touches, "stage_changes": closes}


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return OpenDealFeatureBuilder().fit_transform(journeys_of(company(), AS_OF))


def test_only_open_deals_are_there_with_the_columns_that_are_named(features):
    assert features["deal_id"].tolist() == ["moved", "quiet"]
    assert list(features.columns) == list(OpenDealFeatureBuilder().get_feature_names_out())


def test_moves_of_date_and_amount_are_those_on_file_by_the_date(features):
    moved = features.set_index("deal_id").loc["moved"]
    assert moved[["pushes", "pulls", "days_pushed", "amount_changes"]].tolist() == [2, 1, 41, 2]
    assert moved["amount_log_ratio"] == pytest.approx(np.log(2.0))
    assert moved[["amount", "forecast_category", "category_changes"]].tolist() == [200.0, "pipeline", 2]
    assert moved["close_date"] == pd.Timestamp("2026-04-20")
    assert moved["days_to_close_date"] == 20
    assert moved[["age_days", "days_in_stage", "weeks_in_stage", "attempt"]].tolist() == [59, 59, 8, 1]


def test_touches_are_those_of_the_account_and_its_people(features):
    moved = features.set_index("deal_id").loc["moved"]
    assert moved[["last_touch_days", "touches", "people", "touches_4w", "people_4w"]].tolist() == [2, 4, 2, 3, 2]
    assert moved[["email_4w", "click_4w", "visit_4w", "other_4w"]].tolist() == [0, 1, 1, 1]


def test_a_deal_of_which_nothing_is_on_record_has_zeros_and_blanks(features):
    quiet = features.set_index("deal_id").loc["quiet"]
    assert quiet[["pushes", "amount_changes", "touches", "people", "click_4w"]].tolist() == [0, 0, 0, 0, 0]
    assert quiet[["last_touch_days", "amount_log_ratio", "amount"]].isna().all()


def test_what_is_recorded_later_changes_nothing(features):
    known = {
        name: frame[frame[moment] < pd.Timestamp("2026-04-01")]
        for name, frame in company().items()
        for moment in [next(m for m in ("recorded_at", "occurred_at", "changed_at", "created_at") if m in frame)]
    }
    pd.testing.assert_frame_equal(OpenDealFeatureBuilder().fit_transform(journeys_of(known, AS_OF)), features)


def test_without_history_and_touches_the_columns_stay():
    built = OpenDealFeatureBuilder().fit_transform(journeys_of({"deals": company()["deals"]}, AS_OF))
    assert list(built.columns) == list(OpenDealFeatureBuilder().get_feature_names_out())
    assert (built["touches"] == 0).all()
