"""The simulated company is plausible, repeatable, and shows only what was recorded by its as-of date."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from revmodel.errors import ConfigError
from revmodel.synthetic import Company, make_company
from revmodel.synthetic.profile import CHANNELS, DEAL_STAGES, LEAD_STAGES, STAGES

AS_OF = dt.date(2026, 9, 30)
END_OF_AS_OF = pd.Timestamp("2026-10-01")


def same(one: Company, other: Company) -> bool:
    return all(one.tables[name].equals(other.tables[name]) for name in one.tables)


def test_same_seed_gives_the_same_company(small: Company) -> None:
    again = make_company(seed=11, size="small")
    assert same(small, again)
    assert small.plan.equals(again.plan)
    assert small.truth.future.equals(again.truth.future)
    assert small.truth.contribution.equals(again.truth.contribution)


def test_other_seed_gives_another_company(small: Company) -> None:
    assert not small.tables["leads"].equals(make_company(seed=12, size="small").tables["leads"])


def test_demo_has_the_promised_size_and_takes_seconds(demo: Company, seconds: dict[str, float]) -> None:
    assert seconds["demo"] < 8  # CPU seconds; under 3 where nothing else runs
    assert 12_000 <= len(demo.tables["leads"]) <= 17_000
    assert 60_000 <= len(demo.tables["touches"]) <= 90_000
    assert len(demo.tables["deals"]) >= 1_500
    wins = (demo.tables["stage_changes"]["to_stage"] == "won").sum()
    assert wins / 157 >= 6


def test_small_has_a_fifth_of_the_leads(small: Company, demo: Company, seconds: dict[str, float]) -> None:
    assert seconds["small"] < 3  # CPU seconds; under 1 where nothing else runs
    share = len(small.tables["leads"]) / len(demo.tables["leads"])
    assert share == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("accounts", "created_at"),
        ("leads", "created_at"),
        ("touches", "occurred_at"),
        ("stage_changes", "recorded_at"),
        ("stage_changes", "changed_at"),
        ("deals", "created_at"),
        ("deal_history", "recorded_at"),
        ("subscriptions", "started_at"),
        ("subscriptions", "ended_at"),
    ],
)
def test_nothing_is_recorded_after_the_as_of_date(demo: Company, table: str, column: str) -> None:
    stamps = demo.tables[table][column].dropna()
    assert stamps.max() < END_OF_AS_OF
    assert stamps.min() >= pd.Timestamp("2023-09-25")


@pytest.mark.parametrize(("table", "column"), [("spend", "date"), ("indicators", "date"), ("experiments", "end")])
def test_no_dated_row_lies_after_the_as_of_date(demo: Company, table: str, column: str) -> None:
    assert demo.tables[table][column].max() <= AS_OF


def test_stage_changes_are_noted_at_or_after_they_happen_and_some_late(demo: Company) -> None:
    changes = demo.tables["stage_changes"]
    delay = changes["recorded_at"] - changes["changed_at"]
    assert delay.min() >= pd.Timedelta(0)
    assert 0.08 < (delay > pd.Timedelta(0)).mean() < 0.25
    assert (delay > pd.Timedelta(days=5)).sum() > 100


def test_every_record_begins_with_its_entry_and_ends_at_most_once(demo: Company) -> None:
    changes = demo.tables["stage_changes"].sort_values(["record_id", "changed_at"])
    first = changes.drop_duplicates("record_id").set_index("record_id")
    assert set(first.loc[first["record_type"] == "lead", "to_stage"]) == {"lead"}
    assert set(first.loc[first["record_type"] == "deal", "to_stage"]) == {"opportunity"}
    assert first["from_stage"].isna().all()
    created = pd.concat([demo.tables["leads"].set_index("lead_id"), demo.tables["deals"].set_index("deal_id")])
    assert (first["changed_at"] == created["created_at"].loc[first.index]).all()
    ends = changes[changes["to_stage"].isin(["won", "lost", "disqualified"])]
    assert ends["record_id"].is_unique
    assert set(ends.loc[ends["record_type"] == "lead", "to_stage"]) == {"disqualified"}
    assert set(ends.loc[ends["record_type"] == "deal", "to_stage"]) == {"won", "lost"}
    lost = changes["to_stage"].isin(["lost", "disqualified"])
    assert (changes["reason"].notna() == lost).all()


def test_paths_join_up_with_skips_and_moves_back(demo: Company) -> None:
    changes = demo.tables["stage_changes"].sort_values(["record_id", "changed_at"])
    before = changes.groupby("record_id")["to_stage"].shift()
    continued = changes["from_stage"].notna()
    late = changes.groupby("record_id")["recorded_at"].diff() < pd.Timedelta(0)
    assert not late.any(), "entries are noted in the order of events"
    assert (changes.loc[continued, "from_stage"] == before[continued]).all()
    order = {name: place for place, name in enumerate(STAGES)}
    step = changes["to_stage"].map(order) - changes["from_stage"].map(order)
    assert (step < 0).sum() > 100
    assert (step > 1).sum() > 100
    of_leads = changes["record_type"] == "lead"
    assert set(changes.loc[of_leads, "to_stage"]) == {*LEAD_STAGES, "disqualified"}
    assert set(changes.loc[~of_leads, "to_stage"]) == {*DEAL_STAGES, "won", "lost"}


def test_deal_starts_when_its_lead_leaves_sql(demo: Company) -> None:
    deals, changes = demo.tables["deals"], demo.tables["stage_changes"]
    last = changes[changes["record_type"] == "lead"].sort_values("changed_at").groupby("record_id").last()
    of_lead = last.loc[deals["lead_id"]]
    assert set(of_lead["to_stage"]) == {"sql"}
    assert (of_lead["changed_at"].to_numpy() <= deals["created_at"].to_numpy()).all()


def test_some_records_are_forgotten(demo: Company) -> None:
    assert (demo.truth.open_deals["outcome"] == "never").sum() > 50


def test_wins_bunch_before_the_end_of_the_quarter(demo: Company) -> None:
    changes = demo.tables["stage_changes"]
    won_at = pd.DatetimeIndex(changes.loc[changes["to_stage"] == "won", "changed_at"])
    days_left = (won_at.to_period("Q").end_time - won_at).days
    assert (days_left < 14).mean() > 1.4 * 14 / 91


def test_weekly_wins_share_shocks(demo: Company) -> None:
    changes = demo.tables["stage_changes"]
    won_at = changes.loc[changes["to_stage"] == "won", "changed_at"]
    weekly = won_at[won_at > "2024-07-01"].dt.to_period("W").value_counts()
    assert weekly.var() / weekly.mean() > 1.3


def test_break_lowers_conversion_and_lengthens_cycles_only_after_it(demo: Company) -> None:
    broken = make_company(seed=7, break_=True)
    assert broken.tables["leads"].equals(demo.tables["leads"])
    share = {name: c.truth.conversion.groupby("quarter")[["leads", "won"]].sum() for name, c in
             (("broken", broken), ("whole", demo))}  # fmt: skip
    ratio = (share["broken"]["won"] / share["broken"]["leads"]) / (share["whole"]["won"] / share["whole"]["leads"])
    assert ratio[["2026Q2", "2026Q3"]].max() < 0.8
    assert ratio["2024Q1":"2024Q4"].mean() == pytest.approx(1, abs=0.15)


def test_history_of_a_deal_tells_its_amount_and_close_date(demo: Company) -> None:
    history, deals = demo.tables["deal_history"], demo.tables["deals"]
    first = history.drop_duplicates("deal_id").set_index("deal_id")
    assert set(first.index) == set(deals["deal_id"])
    assert (first["recorded_at"] == deals.set_index("deal_id")["created_at"].loc[first.index]).all()
    won = history[history["stage"] == "won"].set_index("deal_id")
    assert not history.duplicated(["deal_id", "recorded_at"]).any()
    slippage = np.log(won["amount"] / first["amount"].loc[won.index]).mean()
    assert slippage == pytest.approx(-0.10, abs=0.03)
    assert (history.groupby("deal_id")["close_date"].agg(lambda dates: dates.nunique()) > 1).mean() > 0.3
    assert history["amount"].gt(0).all()
    assert set(history["forecast_category"]) == {"pipeline", "best_case", "commit", "closed", "omitted"}
    current = history.groupby("deal_id").last()
    assert (current["stage"].loc[deals["deal_id"]].to_numpy() == deals["stage"].to_numpy()).all()


def test_touches_are_stitched_only_from_the_form_on(demo: Company) -> None:
    touches, leads = demo.tables["touches"], demo.tables["leads"].set_index("lead_id")
    stitched = touches[touches["lead_id"].notna()]
    created = leads["created_at"].loc[stitched["lead_id"]].to_numpy()
    assert (stitched["occurred_at"].to_numpy() >= created).all()
    forms = touches[touches["kind"] == "form"]
    assert forms["anonymous_id"].notna().all()
    assert forms["lead_id"].is_unique
    assert touches[touches["lead_id"].isna()]["anonymous_id"].notna().all()
    owner = forms.set_index("anonymous_id")["lead_id"]
    early = touches[touches["lead_id"].isna()]
    of_leads = early["anonymous_id"].isin(owner.index)
    assert 0.5 < of_leads.mean() < 0.95
    assert touches["touch_id"].is_unique


def test_spend_is_weekly_with_dark_weeks_and_lumpy_events(demo: Company) -> None:
    spend = demo.tables["spend"]
    assert set(pd.DatetimeIndex(spend["date"]).day_of_week) == {0}
    weekly = spend.pivot_table("spend", "date", "channel")
    assert set(weekly.columns) == set(CHANNELS)
    assert len(weekly) * len(CHANNELS) == len(spend)
    assert (weekly["events"] == 0).mean() > 0.3
    dates = pd.DatetimeIndex(weekly.index)
    year_end = (dates.month == 12) & (dates.day > 20)
    assert (weekly.loc[year_end, "paid_social"] == 0).all()


def test_plan_covers_the_52_weeks_after_the_as_of_date(demo: Company) -> None:
    plan = demo.plan
    assert plan["date"].min() == dt.date(2026, 10, 5)
    assert plan["date"].nunique() == 52
    assert set(plan["channel"]) == set(CHANNELS)


def test_targets_reach_two_quarters_ahead(demo: Company) -> None:
    targets = demo.tables["targets"]
    assert {"2026Q4", "2027Q1"} <= set(targets["period"])
    assert "2027Q2" not in set(targets["period"])
    assert set(targets["metric"]) == {"leads", "pipeline_created", "wins", "bookings"}
    assert targets["value"].gt(0).all()


def test_earlier_as_of_dates_and_short_histories_work() -> None:
    company = make_company(seed=3, size="small", as_of=dt.date(2025, 2, 2), years=1.0)
    assert company.tables["leads"]["created_at"].max() < pd.Timestamp("2025-02-03")
    assert company.tables["spend"]["date"].max() == dt.date(2025, 1, 27)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="size 'huge' came"):
        make_company(seed=1, size="huge")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="years"):
        make_company(seed=1, years=0.1)
