"""Spells: how each stay in a stage ended, and which part of it tells something."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from funnel_by_hand import AS_OF, FUNNEL, QUIET_IBIS, changes, day, rows_of, tables_of

from revmodel.config import FunnelConfig
from revmodel.journeys.risk import left_truncation
from revmodel.journeys.spells import spells

pytestmark = QUIET_IBIS

ONE_STAGE = FunnelConfig(stages=["open"])


def test_outcomes_of_a_journey_with_a_skip_a_return_and_a_loss():
    path = [("lead", 0), ("mql", 5), ("lead", 9), ("opportunity", 20), ("lost", 30)]
    moves = changes(*(("lead", "R", stage, day(n)) for stage, n in path), ("lead", "S", "lead", day(2)))
    every = spells(tables_of(stage_changes=moves), FUNNEL, AS_OF)
    assert rows_of(every, "record_id", "entered_at", "stage", "attempt", "to_stage", "outcome", "left_at") == [
        ("R", day(0), "lead", 1, "mql", "advance", day(5)),
        ("R", day(5), "mql", 1, "lead", "recycled", day(9)),
        ("R", day(9), "lead", 2, "opportunity", "advance", day(20)),
        ("R", day(20), "opportunity", 1, "lost", "lost", day(30)),
        ("S", day(2), "lead", 1, None, "open", None),
    ]


def test_a_win_advances_and_ends():
    moves = changes(("deal", "D", "proposal", day(1)), ("deal", "D", "won", day(4)))
    every = spells(tables_of(stage_changes=moves), FUNNEL, AS_OF)
    assert rows_of(every, "stage", "to_stage", "outcome") == [("proposal", "won", "advance")]


def test_channel_and_segment_are_inherited_from_lead_and_account():
    leads = pd.DataFrame(
        {"lead_id": ["L1", "L2"], "created_at": day(1), "channel": ["search", None], "account_id": ["A", None]}
    )
    deals = pd.DataFrame(
        {"deal_id": ["D1", "D2"], "created_at": day(5), "lead_id": ["L1", None], "channel": [None, "partner"],
         "segment": [None, "smb"]}
    )  # fmt: skip
    accounts = pd.DataFrame({"account_id": ["A"], "segment": ["enterprise"]})
    every = spells(tables_of(leads=leads, deals=deals, accounts=accounts), FUNNEL, AS_OF)
    assert rows_of(every, "record_id", "channel", "segment") == [
        ("D1", "search", "enterprise"),
        ("D2", "partner", "smb"),
        ("L1", "search", "enterprise"),
        ("L2", "unknown", "all"),
    ]


def exits_recorded_from(first_exit: int, entries_a_day: int = 4, wait: int = 10) -> pd.DataFrame:
    """Every fourth record leaves ``wait`` days after entry, if that is on or after the day ``first_exit``."""
    entries = [(n, k) for n in range(150) for k in range(entries_a_day)]
    rows = [("lead", f"{n}-{k}", "open", day(n)) for n, k in entries]
    rows += [("lead", f"{n}-{k}", "won", day(n + wait)) for n, k in entries if k == 0 and n + wait >= first_exit]
    return changes(*rows)


def test_records_that_entered_before_exits_were_recorded_are_at_risk_only_from_then_on():
    tables, end = tables_of(stage_changes=exits_recorded_from(100)), day(170).date()
    every = spells(tables, ONE_STAGE, end)
    found = left_truncation(every, end)
    assert found.to_dict("records") == [
        {
            "stage": "open",
            "first_entry": day(0).normalize(),
            "exits_recorded_from": day(100).normalize(),
            "records": 100 * 4,
        }
    ]
    delay = dict(rows_of(every.filter(every.record_id.endswith("-1")), "entered_at", "entry_delay_weeks"))
    assert delay[day(100)] == delay[day(120)] == 0
    assert delay[day(99)] == delay[day(93)] == 1  # the week in which recording began is not whole
    assert delay[day(92)] == 2


def test_late_first_exits_that_chance_explains_are_not_taken_for_truncation():
    slow = changes(*(("lead", str(n), "open", day(n)) for n in range(60)), ("lead", "3", "won", day(63)))
    every = spells(tables_of(stage_changes=slow), ONE_STAGE, AS_OF)
    assert left_truncation(every, AS_OF).empty
    assert rows_of(every.aggregate(most=every.entry_delay_weeks.max()), "most") == [(0,)]


def test_an_open_record_is_a_zombie_after_twice_the_longest_time_that_any_took():
    quick = [("lead", f"q{n}", "open", day(n % 40)) for n in range(50)]
    quick += [("lead", f"q{n}", "won", day(n % 40 + (100 if n == 0 else 20))) for n in range(50)]
    waiting = [("lead", "old", "open", day(0)), ("lead", "young", "open", day(4))]
    limit_weeks = 29  # ⌈2 × 100 / 7⌉
    end = day(limit_weeks * 7).date()
    every = spells(tables_of(stage_changes=changes(*quick, *waiting)), ONE_STAGE, end)
    still = every.filter(every.outcome == "open")
    assert rows_of(still, "record_id", "zombie", "zombie_after_weeks") == [
        ("old", True, limit_weeks),
        ("young", False, limit_weeks),
    ]


def test_the_limit_of_zombies_is_not_learned_from_few_exits_but_may_be_set():
    few = changes(("lead", "a", "open", day(0)), ("lead", "a", "won", day(1)), ("lead", "b", "open", day(0)))
    tables, much_later = tables_of(stage_changes=few), dt.date(2030, 1, 1)
    assert rows_of(spells(tables, ONE_STAGE, much_later), "zombie") == [(False,), (False,)]
    strict = ONE_STAGE.model_copy(update={"zombie_weeks": 10.0})
    assert rows_of(spells(tables, strict, much_later), "record_id", "zombie") == [("a", False), ("b", True)]
