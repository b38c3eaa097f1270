"""Open deals on past days: what was on file then, and what came of them, counted by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS, journeys_of

from revmodel.features.deal_pushes import close_date_pushes
from revmodel.features.deal_snapshots import SNAPSHOT_DAYS, DealSnapshotBuilder

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 6, 30)  # snapshots on 2 June, 5 May, 7 April, …


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(f"2026-{text} 10:00")


def company() -> dict[str, pd.DataFrame]:
    deals = pd.DataFrame(
        {"deal_id": ["won", "open"], "created_at": [at("04-01"), at("05-20")], "type": ["renewal", None]}
    )
    history = pd.DataFrame(
        [
            ("won", at("04-01"), 100.0, "2026-05-01", "pipeline", 0.2),
            ("won", at("04-20"), None, "2026-05-31", None, None),
            ("won", at("05-05"), 120.0, "2026-06-10", "commit", 0.7),  # on the day of a snapshot: known by its end
            ("won", at("05-20"), 90.0, "2026-05-20", None, 1.0),
            ("open", at("05-20"), 50.0, "2026-06-15", "pipeline", 0.2),
            ("open", at("06-20"), 60.0, "2026-07-15", "best_case", 0.5),
        ],
        columns=["deal_id", "recorded_at", "amount", "close_date", "forecast_category", "probability"],
    )
    moves = pd.DataFrame(
        {"record_id": ["won"], "record_type": "deal", "to_stage": ["won"], "changed_at": [at("05-20")]}
    )
    return {"deals": deals, "deal_history": history, "stage_changes": moves}


@pytest.fixture(scope="module")
def snapshots() -> pd.DataFrame:
    return DealSnapshotBuilder().fit_transform(journeys_of(company(), AS_OF))


def test_a_deal_is_there_on_the_days_on_which_it_was_open(snapshots):
    days = snapshots[["deal_id", "ago"]].to_numpy().tolist()
    assert days == [["won", 3 * SNAPSHOT_DAYS], ["won", 2 * SNAPSHOT_DAYS], ["open", SNAPSHOT_DAYS], ["open", 0]]


def test_each_snapshot_knows_what_was_on_file_by_its_day(snapshots):
    april, may, june, now = snapshots.to_dict("records")
    assert (april["amount"], april["pushes"], april["days_to_close_date"]) == (100.0, 0, 24.0)
    assert (may["amount"], may["pushes"], may["days_pushed"], may["amount_changes"]) == (120.0, 2, 40, 1)
    assert (may["forecast_category"], may["probability"], may["category_changes"]) == ("commit", 0.7, 1)
    assert may["amount_ratio"] == pytest.approx(1.2)
    assert (june["amount"], june["pushes"], june["forecast_category"]) == (50.0, 0, "pipeline")
    assert (now["amount"], now["pushes"], now["days_to_close_date"]) == (60.0, 1, 15.0)
    assert (april["type_on_file"], now["age_days"], now["age_weeks"]) == ("renewal", 41, 5)


def test_outcomes_are_those_until_the_next_snapshot(snapshots):
    april, may, june, now = snapshots.to_dict("records")
    assert (april["outcome"], april["exposure_weeks"]) == ("open", 4.0)
    assert (may["outcome"], may["exposure_weeks"]) == ("advance", pytest.approx(14.5 / 7))
    assert (june["outcome"], now["outcome"], now["exposure_weeks"]) == ("open", "open", 0.0)
    assert (april["won_amount"], april["won_in_days"], may["won_in_days"]) == (90.0, 43.0, 15.0)
    assert np.isnan(june["won_amount"])


def test_what_is_recorded_after_the_as_of_date_changes_nothing(snapshots):
    later = company()
    later["deal_history"].loc[len(later["deal_history"])] = ["open", at("07-01"), 9.0, "2027-01-01", "omitted", 0.0]
    later["stage_changes"].loc[1] = ["open", "deal", "lost", at("07-02")]
    pd.testing.assert_frame_equal(DealSnapshotBuilder().fit_transform(journeys_of(later, AS_OF)), snapshots)


def test_pushes_and_delays_by_stage(snapshots):
    row = close_date_pushes(snapshots).iloc[0]
    assert row["snapshots"] == 3
    assert row["pushed"] == 1.0  # April to May and June to now; what follows the win is not looked at
    assert row["days_pushed_p50"] == 35.0  # 40 and 30
    assert (row["won"], row["won_in_time"]) == (2, 0.5)  # 19 days late of the first date, 21 days early of the last


def test_without_history_there_are_snapshots_but_nothing_on_file():
    bare = {name: frame for name, frame in company().items() if name != "deal_history"}
    built = DealSnapshotBuilder().fit_transform(journeys_of(bare, AS_OF))
    assert len(built) == 4
    assert built[["amount", "days_to_close_date"]].isna().all(axis=None)
    assert close_date_pushes(built).empty
