"""Updating day by day equals building from scratch, and reads only the open state and the new rows."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pandas as pd
import pytest
from company_by_hand import FUNNEL, QUIET_IBIS, START, journeys_of, leads_of, moves_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from revmodel.errors import SourceError
from revmodel.features.incremental import create_store, daily_totals, spell_totals, update
from revmodel.sources.tables import tables_from_frames

pytestmark = QUIET_IBIS


def company(seed: int, leads: int = 60) -> dict[str, pd.DataFrame]:
    """Leads, deals grown from some, moves and touches recorded late, spend of days to come."""
    rng = np.random.default_rng(seed)
    moves = moves_of(leads=leads, seed=seed)
    people = leads_of(moves, seed).assign(account_id=lambda t: "A" + (t.index % 7).astype(str))
    grown = people.iloc[::3]
    created = grown["created_at"] + pd.to_timedelta(rng.integers(1, 60, len(grown)), unit="D")
    deals = pd.DataFrame(
        {"deal_id": "D" + grown["lead_id"], "created_at": created, "lead_id": grown["lead_id"],
         "recorded_at": created + pd.to_timedelta(rng.integers(0, 25, len(grown)), unit="D")}
    )  # fmt: skip
    ends = created + pd.to_timedelta(rng.integers(0, 90, len(grown)), unit="D")
    won = pd.DataFrame({"record_id": deals["deal_id"], "to_stage": "won", "changed_at": ends, "recorded_at": ends})
    days = pd.date_range(START, periods=60, freq="4D")
    spend = pd.DataFrame(
        {"date": days, "channel": rng.choice(["search", "social"], 60), "spend": rng.random(60).round(2) * 1e3,
         "region": rng.choice(["emea", None], 60), "recorded_at": days + pd.to_timedelta(rng.integers(-9, 20, 60), "D")}
    )  # fmt: skip
    touched = START + pd.to_timedelta(rng.integers(0, 226 * 24, 90), unit="h")
    touches = pd.DataFrame(
        {"occurred_at": touched, "channel": "search", "kind": rng.choice(["click", "email"], 90), "anonymous_id": "x",
         "recorded_at": touched + pd.to_timedelta(rng.integers(0, 9, 90), unit="D")}
    )  # fmt: skip
    accounts = pd.DataFrame({"account_id": [f"A{n}" for n in range(7)], "segment": "smb"})
    return {"stage_changes": pd.concat([moves, won.iloc[::2]]), "leads": people, "deals": deals, "spend": spend,
            "touches": touches, "accounts": accounts}  # fmt: skip


def recorded(frame: pd.DataFrame) -> pd.Series:
    event = next(frame[name] for name in ("changed_at", "created_at", "date", "occurred_at") if name in frame)
    return frame.get("recorded_at", event).dt.normalize()


def new_between(frames: dict[str, pd.DataFrame], since: dt.date | None, through: dt.date) -> dict[str, pd.DataFrame]:
    """Only what was recorded in these days."""
    after = pd.Timestamp.min if since is None else pd.Timestamp(since)
    return {
        name: frame if name == "accounts" else frame[recorded(frame).between(after, through, inclusive="right")]
        for name, frame in frames.items()
    }


def updated(folder, frames, days, settle_days):
    store = create_store(folder, FUNNEL, settle_days)
    reports = []
    for since, through in zip([None, *days], days, strict=False):
        new = tables_from_frames(new_between(frames, since, pd.Timestamp(through)))
        reports.append(update(store, new, through))
    return store, reports


def counted_in_journeys(frames, as_of) -> pd.DataFrame:
    """The slow way: all spells of all records, in pandas."""
    spells = journeys_of(frames, as_of).spells.to_pyarrow().to_pandas()
    spells["to_stage"] = spells["to_stage"].fillna("unknown")
    days = {f"{end}_on": spells[f"{end}_at"].dt.normalize().astype("datetime64[s]") for end in ("entered", "left")}
    keys = ["stage", "channel", "segment", "outcome", "to_stage", "entered_on", "left_on"]
    return spells.assign(**days).groupby(keys, dropna=False, sort=True).size().rename("n").reset_index()


def without_arrival(totals: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in totals.columns if name not in ("arrival", "n")]
    return totals.groupby(keys, dropna=False, sort=True, as_index=False)["n"].sum()


def day(number: int) -> dt.date:
    return START.date() + dt.timedelta(days=number)


def assert_equals_scratch(store, frames, as_of: dt.date) -> None:
    """All that the store holds, against the journeys of all rows and sums over all rows."""
    totals = without_arrival(spell_totals(store))
    pd.testing.assert_frame_equal(totals, counted_in_journeys(frames, as_of), check_dtype=False)
    spend = frames["spend"].fillna({"region": "unknown"})
    known = spend[(recorded(spend) <= pd.Timestamp(as_of)) & (spend["date"] <= pd.Timestamp(as_of))]
    slow = known.groupby(["date", "channel", "region"])["spend"].agg(["size", "sum"])
    kept = daily_totals(store, "spend").groupby(["day", "channel", "region"])[["rows", "spend"]].sum()
    assert kept["rows"].tolist() == slow["size"].tolist()
    assert kept["spend"].tolist() == slow["sum"].round(6).tolist()
    touches = frames["touches"]
    assert daily_totals(store, "touches")["rows"].sum() == (recorded(touches) <= pd.Timestamp(as_of)).sum()


UPDATE_DAYS = st.sets(st.integers(40, 199), min_size=1, max_size=2)


@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10_000), settle_days=st.sampled_from([0, 3, 28]), days=UPDATE_DAYS)
def test_updating_again_and_again_equals_building_from_scratch(tmp_path_factory, seed, settle_days, days):
    frames = company(seed)
    store, reports = updated(tmp_path_factory.mktemp("s"), frames, [*map(day, sorted(days)), day(200)], settle_days)
    assert_equals_scratch(store, frames, day(200))
    assert sum(report.unapplied for report in reports) == 0


def test_an_update_reads_the_state_and_the_new_rows_and_nothing_older(tmp_path):
    frames = company(5)
    folder, aside = tmp_path / "store", tmp_path / "aside"
    store, _ = updated(folder, frames, [day(120)], settle_days=28)
    for kind in ("daily", "spells", "archive"):
        shutil.move(folder / kind, aside / kind)
    report = update(store, tables_from_frames(new_between(frames, day(120), pd.Timestamp(day(121)))), day(121))
    assert (report.woken, report.unapplied) == (0, 0)
    with pytest.raises(SourceError, match="is gone or was changed since"):
        spell_totals(store)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    assert_equals_scratch(store, frames, day(121))


@pytest.fixture
def closed_long_ago(tmp_path):
    """A store in which a lead was lost and settled, and a change of it that comes much later."""
    moves = pd.DataFrame(
        {"record_id": ["a", "a", "b"], "to_stage": ["lead", "lost", "lead"],
         "changed_at": pd.to_datetime(["2026-01-02", "2026-01-05", "2026-01-06"])}
    )  # fmt: skip
    store = create_store(tmp_path / "s", FUNNEL, settle_days=7)
    update(store, tables_from_frames({"stage_changes": moves}), dt.date(2026, 3, 1))
    late = pd.DataFrame(
        {"record_id": ["a"], "to_stage": ["mql"], "changed_at": pd.to_datetime(["2026-01-03"]),
         "recorded_at": pd.to_datetime(["2026-03-02"])}
    )  # fmt: skip
    return store, late


def outcomes(store) -> list[list[object]]:
    return spell_totals(store)[["stage", "outcome", "n"]].to_numpy().tolist()


def test_a_late_row_wakes_a_settled_record(closed_long_ago):
    store, late = closed_long_ago
    assert outcomes(store) == [["lead", "lost", 1], ["lead", "open", 1]]
    assert update(store, tables_from_frames({"stage_changes": late}), dt.date(2026, 3, 2)).woken == 1
    assert outcomes(store) == [["lead", "advance", 1], ["lead", "open", 1], ["mql", "lost", 1]]


def test_a_late_row_whose_archive_is_gone_is_told_and_changes_nothing(closed_long_ago):
    store, late = closed_long_ago
    before = spell_totals(store)
    shutil.rmtree(store.folder / "archive")
    assert update(store, tables_from_frames({"stage_changes": late}), dt.date(2026, 3, 2)).unapplied == 1
    assert store.manifest().unapplied == 1
    pd.testing.assert_frame_equal(spell_totals(store), before)


def test_what_a_store_cannot_take_is_refused(closed_long_ago):
    store, late = closed_long_ago
    with pytest.raises(SourceError, match="is complete through 2026-03-01"):
        update(store, tables_from_frames({"stage_changes": late}), dt.date(2026, 3, 1))
    merges = pd.DataFrame({"from_id": ["a"], "into_id": ["b"], "merged_at": ["2026-03-02"]})
    with pytest.raises(SourceError, match="there are merges"):
        update(store, tables_from_frames({"merges": merges}), dt.date(2026, 3, 2))
    with pytest.raises(SourceError, match="there is a store at"):
        create_store(store.folder, FUNNEL)


def test_accounts_that_came_before_any_record_are_kept(tmp_path):
    store = create_store(tmp_path / "s", FUNNEL)
    accounts = pd.DataFrame({"account_id": ["A"], "segment": ["enterprise"]})
    update(store, tables_from_frames({"accounts": accounts}), dt.date(2026, 3, 1))
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": [pd.Timestamp("2026-03-02")], "account_id": ["A"]})
    update(store, tables_from_frames({"leads": leads}), dt.date(2026, 3, 2))
    assert spell_totals(store)["segment"].tolist() == ["enterprise"]
