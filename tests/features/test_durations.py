"""Survival tables and triangles equal a walk through every record, day by day."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from company_by_hand import AS_OF, QUIET_IBIS, START, journeys_of, leads_of, moves_of

from revmodel.errors import JourneyError
from revmodel.features.durations import TimeInStageBuilder, TimeToCloseBuilder
from revmodel.features.passages import passages
from revmodel.features.triangles import AHEAD, COMPLETE, CohortTriangleBuilder

pytestmark = QUIET_IBIS

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def journeys():
    moves = moves_of(leads=150, seed=4)
    leads = leads_of(moves, seed=5)
    grown = leads.iloc[::5]
    deals = pd.DataFrame(
        {"deal_id": "D" + grown["lead_id"], "lead_id": grown["lead_id"],
         "created_at": grown["created_at"] + pd.Timedelta(days=9)}
    )  # fmt: skip
    won = pd.DataFrame(
        {"record_id": deals["deal_id"], "to_stage": "won", "changed_at": deals["created_at"] + pd.Timedelta(days=30)}
    )
    return journeys_of({"stage_changes": pd.concat([moves, won.iloc[::2]]), "leads": leads, "deals": deals})


def walked_curve(stays: list[tuple]) -> dict[int, tuple[int, dict[str, int], Fraction]]:
    """age → (at risk, exits by cause, survival), one day of one stay after the other."""
    curve, survival, age = {}, Fraction(1), 0
    while True:
        there = [
            stay
            for stay in stays
            if stay[0] + age * DAY <= min(AS_OF, stay[1] or AS_OF) and (stay[3] is None or age < 7 * stay[3])
        ]
        if not there:
            return curve
        leaving = [stay[2] for stay in there if stay[1] == stay[0] + age * DAY]
        survival *= 1 - Fraction(len(leaving), len(there))
        curve[age] = (len(there), {cause: leaving.count(cause) for cause in ("advance", "lost", "recycled")}, survival)
        age += 1


def stays_of(table, stage, channel):
    rows = table.filter((table.stage == stage) & (table.channel == channel)).to_pyarrow().to_pylist()
    return [
        (row["entered_at"].date(), row["left_at"] and row["left_at"].date(), row["outcome"], row["zombie_after_weeks"])
        for row in rows
    ]


def assert_curve_is(curve: pd.DataFrame, walked, causes) -> None:
    assert curve["age"].tolist() == list(walked)
    assert curve["at_risk"].tolist() == [there for there, _, _ in walked.values()]
    for cause in causes:
        assert curve[cause].tolist() == [leaving[cause] for _, leaving, _ in walked.values()]
    assert curve["survival"].to_numpy() == pytest.approx([float(survival) for *_, survival in walked.values()])
    incidences = sum(curve[f"incidence_{cause}"] for cause in causes)
    assert (curve["survival"] + incidences).to_numpy() == pytest.approx(1.0)


def test_time_in_stage_equals_a_walk_through_every_day(journeys):
    built = TimeInStageBuilder(by=["channel"]).fit_transform(journeys)
    curve = built.curve[(built.curve["stage"] == "mql") & (built.curve["channel"] == "search")]
    walked = walked_curve(stays_of(journeys.spells, "mql", "search"))
    assert_curve_is(curve, walked, ("advance", "lost", "recycled"))
    summary = built.summary.set_index(["stage", "channel"]).loc[("mql", "search")]
    assert summary["p50"] == min(age for age, (_, _, survival) in walked.items() if survival <= Fraction(1, 2))
    assert list(built.summary.columns) == list(TimeInStageBuilder(by=["channel"]).get_feature_names_out())


def test_restricted_mean_is_the_area_below_the_curve(journeys):
    built = TimeInStageBuilder(horizon_days=40).fit_transform(journeys)
    walked = walked_curve([stay for name in ("search", "events") for stay in stays_of(journeys.spells, "lead", name)])
    wanted = sum(float(survival) for age, (*_, survival) in walked.items() if age < 40)
    assert built.summary.set_index("stage").loc["lead", "restricted_mean_days"] == pytest.approx(wanted)


def test_time_to_close_follows_leads_into_their_deals(journeys):
    built = TimeToCloseBuilder(by=["channel"]).fit_transform(journeys)
    lead_ids = set(journeys.tables["leads"].lead_id.to_pyarrow().to_pylist())
    rows = passages(journeys).to_pyarrow().to_pandas()
    assert set(rows["record_id"]) == lead_ids  # every deal grew from a lead: none is a journey of its own
    assert len(rows) == len(lead_ids)
    ends = walked_ends(journeys)
    assert dict(zip(rows["record_id"], rows["outcome"], strict=True)) == {name: how for name, (_, how) in ends.items()}
    won = rows[rows["outcome"] == "advance"]
    assert [ends[name][0] for name in won["record_id"]] == won["left_at"].tolist()
    walked = walked_curve(stays_of(passages(journeys), "entry", "events"))
    curve = built.curve[built.curve["channel"] == "events"]
    assert_curve_is(curve, walked, ("advance", "lost"))


def walked_ends(journeys) -> dict[str, tuple[pd.Timestamp | None, str]]:
    """Lead → when and how its journey first ended, event by event."""
    events = journeys.events.to_pyarrow().to_pandas().sort_values(["at", "seq"], kind="stable")
    lead_of = dict(events.loc[events["handed_to"].notna(), ["handed_to", "record_id"]].itertuples(index=False))
    ends = {}
    for event in events[events["handed_to"].isna()].itertuples():
        name = lead_of.get(event.record_id, event.record_id) if event.record_type == "deal" else event.record_id
        ends.setdefault(name, (None, "open"))
        if ends[name][1] == "open" and event.stage in ("won", "lost"):
            ends[name] = (event.at, "advance" if event.stage == "won" else "lost")
    return ends


def is_known(row: dict, week: int) -> bool:
    """Whether this week of age, or the one in which the record left before it, is wholly past."""
    entered = row["entered_at"].date()
    if row["left_at"] is not None:
        week = min(week, (row["left_at"].date() - entered).days // 7)
    return entered + (7 * week + 6) * DAY <= AS_OF


@pytest.mark.parametrize("cohort", ["week", "month"])
def test_every_member_of_a_cohort_is_in_one_place_at_each_age(journeys, cohort):
    frame = CohortTriangleBuilder(cohort=cohort).fit_transform(journeys).frame
    parts = frame["at_risk"] + frame["exited"] + frame["censored"] + frame["delayed"]
    assert (parts == frame["size"]).all()
    assert frame.groupby("cohort")["size"].first().sum() == 150


def test_triangle_cells_equal_a_walk_and_are_blank_where_they_lie_ahead(journeys):
    triangle = CohortTriangleBuilder("lead", "mql", cohort="week").fit_transform(journeys)
    rows = passages(journeys, "lead", "mql").to_pyarrow().to_pylist()
    wide = triangle.wide()
    for cohort in (START + pd.Timedelta(days=n) for n in (5, 12, 110)):
        cohort = next(day for day in wide.index if day <= cohort < day + pd.Timedelta(days=7))
        members = [row for row in rows if cohort.date() <= row["entered_at"].date() < cohort.date() + 7 * DAY]
        for age in (0, 1, 5, 20):
            counted = sum(
                row["outcome"] == "advance" and (row["left_at"].date() - row["entered_at"].date()).days // 7 == age
                for row in members
            )
            over = all(is_known(row, age) for row in members)
            assert (wide.loc[cohort, age] == counted) if over else np.isnan(wide.loc[cohort, age])
    latest = triangle.frame[triangle.frame["cohort"] == triangle.frame["cohort"].max()]
    assert latest["status"].iloc[-1] == AHEAD
    assert (triangle.frame[triangle.frame["cohort"] == triangle.frame["cohort"].min()]["status"] == COMPLETE).any()


def test_exits_before_recording_began_are_not_counted_as_waiting():
    """Olist's shape: no win is recorded in the first months; those records enter the risk set when recording begins."""
    rows = []
    for n in range(120):
        entered = START + pd.Timedelta(days=n)
        rows += [(f"{n}-{k}", "lead", entered) for k in range(3)]
        if n + 10 >= 60:
            rows.append((f"{n}-0", "won", entered + pd.Timedelta(days=10)))
    moves = pd.DataFrame(rows, columns=["record_id", "to_stage", "changed_at"])
    journeys = journeys_of({"stage_changes": moves}, START.date() + dt.timedelta(days=140))
    assert journeys.truncated["stage"].tolist() == ["lead"]
    frame = CohortTriangleBuilder(cohort="month").fit_transform(journeys).frame
    january = frame[frame["cohort"] == START]
    assert january["status"].iloc[0] == "unrecorded"
    assert (january["delayed"] + january["at_risk"] + january["censored"] + january["exited"] == 93).all()
    april = frame[frame["cohort"] == pd.Timestamp("2026-04-01")]
    assert april["share"].iloc[1] == pytest.approx(1 / 3)


def test_what_cannot_be_asked_is_said(journeys):
    with pytest.raises(JourneyError, match="'mql' to 'lead': the goal has to come later"):
        CohortTriangleBuilder("mql", "lead").fit_transform(journeys)
    with pytest.raises(JourneyError, match="take a list of channel, segment"):
        TimeInStageBuilder(by=["region"]).fit(journeys)
