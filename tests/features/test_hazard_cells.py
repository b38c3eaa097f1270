"""Hazard cells are exact: the same counts as walking through every week of every spell."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter

import ibis
import numpy as np
import pandas as pd
import pytest
from company_by_hand import AS_OF, FUNNEL, QUIET_IBIS, START, journeys_of, leads_of, moves_of

from revmodel.config import FunnelConfig
from revmodel.features.hazard_cells import HazardCellBuilder
from revmodel.features.phase import quarter_phase, week_block
from revmodel.features.tables import AGE_EDGES_WEEKS
from revmodel.journeys.reconstruct import Journeys

pytestmark = QUIET_IBIS

KEYS = ["stage", "channel", "segment", "again", "age_bin", "week", "phase"]
ONE_STAGE = FunnelConfig(stages=["open"])
WEEK = dt.timedelta(weeks=1)


@pytest.fixture(scope="module")
def journeys() -> Journeys:
    moves = moves_of(leads=400, seed=1)
    return journeys_of({"stage_changes": moves, "leads": leads_of(moves, seed=2)})


def walked(spells: list[dict], as_of: dt.date, first_month: int, history_weeks: int | None) -> dict[tuple, Counter]:
    """The reference: one spell after the other, one week after the other."""
    cells: dict[tuple, Counter] = {}
    days = pd.date_range(START, pd.Timestamp(as_of))
    phase_on = dict(zip(days.date, quarter_phase(days, first_month), strict=True))
    for spell in spells:
        entered = spell["entered_at"].date()
        left = None if spell["left_at"] is None else spell["left_at"].date()
        week = 0
        while True:
            first_day, last_day = entered + week * WEEK, entered + (week + 1) * WEEK - dt.timedelta(days=1)
            if last_day > as_of or (left is not None and first_day > left):
                break
            if spell["zombie_after_weeks"] is not None and week >= spell["zombie_after_weeks"]:
                break
            ago = (as_of - last_day).days
            if week >= spell["entry_delay_weeks"] and (history_weeks is None or ago < 7 * history_weeks):
                age_bin = max(i for i, edge in enumerate(AGE_EDGES_WEEKS) if edge <= week)
                again, block = int(spell["attempt"] > 1), int(week_block(np.array([ago // 7]))[0])
                key = (spell["stage"], spell["channel"], spell["segment"], again, age_bin, block, phase_on[last_day])
                cell = cells.setdefault(key, Counter())
                cell["n"] += 1
                if left is not None and first_day <= left <= last_day:
                    cell[spell["outcome"]] += 1
            week += 1
    return cells


def as_counts(frame: pd.DataFrame) -> dict[tuple, dict[str, int]]:
    return {tuple(row[key] for key in KEYS): {name: row[name] for name in ("n", "advance", "lost", "recycled")}
            for row in frame.to_dict("records")}  # fmt: skip


def filled(cells: dict[tuple, Counter]) -> dict[tuple, dict[str, int]]:
    return {key: {name: cell[name] for name in ("n", "advance", "lost", "recycled")} for key, cell in cells.items()}


@pytest.mark.parametrize(("first_month", "history_weeks"), [(1, None), (2, 20)])
def test_cells_equal_a_walk_through_every_spell(journeys, first_month, history_weeks):
    spells = journeys.spells.to_pyarrow().to_pylist()
    for number, spell in enumerate(spells):  # truncation and zombies, which these moves do not have
        spell["entry_delay_weeks"] = number % 5 // 2
        spell["zombie_after_weeks"] = 12 if number % 7 == 0 else None
    bent = dataclasses.replace(journeys, spells=ibis.memtable(pd.DataFrame(spells), schema=journeys.spells.schema()))
    built = HazardCellBuilder(first_month, history_weeks).fit_transform(bent).frame
    assert as_counts(built) == filled(walked(spells, AS_OF, first_month, history_weeks))
    assert built["n"].sum() > 1000
    assert (built[["advance", "lost", "recycled"]].sum() > 0).all()


def test_an_unfinished_week_counts_for_nobody():
    rows = [("stays", "open", 0), ("leaves", "open", 0), ("leaves", "won", 6), ("too young", "open", 1)]
    rows.append(("too young", "won", 2))
    moves = pd.DataFrame(
        [(name, stage, START + pd.Timedelta(days=n)) for name, stage, n in rows],
        columns=["record_id", "to_stage", "changed_at"],
    )
    seventh_day = START.date() + dt.timedelta(days=6)
    cells = HazardCellBuilder().fit_transform(journeys_of({"stage_changes": moves}, seventh_day, ONE_STAGE))
    assert cells.frame[["age_bin", "week", "n", "advance"]].to_numpy().tolist() == [[0, 0, 2, 1]]
    a_day_earlier = journeys_of({"stage_changes": moves}, seventh_day - dt.timedelta(days=1), ONE_STAGE)
    assert HazardCellBuilder().fit_transform(a_day_earlier).frame.empty


def test_weekly_hazards_of_a_constant_rate_are_found_without_bias():
    """Half leave each week; entries every day up to the as-of date. Counting open weeks halfway would show."""
    rows = []
    for n in range(200):
        for k in range(16):
            rows.append((f"{n}-{k}", "open", START + pd.Timedelta(days=n)))
            weeks = (k.bit_length() - 1) if k else 3  # half of 16 leave in week 3, a quarter in week 2, …
            rows.append((f"{n}-{k}", "won", START + pd.Timedelta(days=n + 7 * (3 - weeks) + 3)))
    moves = pd.DataFrame(rows, columns=["record_id", "to_stage", "changed_at"])
    cells = HazardCellBuilder().fit_transform(
        journeys_of({"stage_changes": moves}, START.date() + dt.timedelta(days=199), ONE_STAGE)
    )
    latest = cells.frame[cells.frame["week"] < 4].groupby("age_bin")[["n", "advance"]].sum()
    share = latest["advance"] / latest["n"]
    assert share.loc[0] == pytest.approx(9 / 16)
    assert share.loc[1] == pytest.approx(4 / 7)
    assert share.loc[2] == pytest.approx(2 / 3)


def test_destinations_count_every_recorded_exit(journeys):
    cells = HazardCellBuilder().fit_transform(journeys)
    spells = journeys.spells.to_pyarrow().to_pandas()
    left = spells[spells["outcome"] != "open"].groupby(["stage", "outcome", "to_stage"]).size()
    counted = cells.destinations.set_index(["stage", "cause", "to_stage"])["count"]
    assert counted.sort_index().to_dict() == left.sort_index().to_dict()
    assert ("lead", "advance", "opportunity") in counted.index
    assert list(cells.destinations["stage"].unique()) == FUNNEL.stages


def test_exits_of_the_first_week_are_counted_by_day(journeys):
    cells = HazardCellBuilder().fit_transform(journeys)
    spells = journeys.spells.to_pyarrow().to_pandas().dropna(subset="left_at")
    days = (spells["left_at"].dt.normalize() - spells["entered_at"].dt.normalize()).dt.days
    counted = cells.first_week.set_index(["stage", "day"])["count"].to_dict()
    assert counted == spells[days < 7].assign(day=days).groupby(["stage", "day"]).size().to_dict()


def test_reasons_of_losses_are_counted_by_stage():
    moves = moves_of(leads=300, seed=4)
    said = np.where(moves["to_stage"] == "lost", np.where(np.arange(len(moves)) % 3, "no budget", None), "not a loss")
    cells = HazardCellBuilder().fit_transform(journeys_of({"stage_changes": moves.assign(reason=said)}))
    assert set(cells.reasons["reason"]) == {"no budget", "not said"}
    lost = cells.destinations[cells.destinations["cause"] == "lost"].groupby("stage")["count"].sum()
    assert cells.reasons.groupby("stage")["count"].sum().to_dict() == lost.to_dict()


def test_levels_are_learned_in_fit_and_names_are_those_of_the_frame(journeys):
    builder = HazardCellBuilder().fit(journeys)
    assert builder.groups_.levels("channel") == ("events", "search")
    assert builder.groups_.levels("segment") == ("enterprise", "smb")
    assert builder.groups_.told_apart() == ("channel", "segment")
    assert list(builder.get_feature_names_out()) == list(builder.transform(journeys).frame.columns)
    assert builder.get_params()["history_weeks"] is None
