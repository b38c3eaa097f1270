"""Slips of units and of clocks are told from ups and downs that are true."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.sources.checks.clocks import shift_hours
from revmodel.sources.checks.repeats import repeats
from revmodel.sources.checks.rows import row_faults
from revmodel.sources.checks.totals import spend_counted_twice
from revmodel.sources.checks.units import slipped_weeks
from revmodel.sources.findings import Finding
from revmodel.sources.tables import tables_from_frames

Frames = dict[str, pd.DataFrame]


def by_code(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


@pytest.mark.parametrize(("factor", "power"), [(1e-3, -3), (1e-2, -2), (100, 2), (1000, 3)])
def test_weeks_in_another_unit_are_found(factor: float, power: int) -> None:
    values = np.random.default_rng(1).lognormal(8, 0.4, 100)
    values[40:46] *= factor
    assert slipped_weeks(values) == (list(range(40, 46)), power)


def test_steep_but_true_changes_are_no_slip() -> None:
    rng = np.random.default_rng(2)
    bursts = np.where(rng.random(100) < 0.2, 40.0, 1.0) * rng.lognormal(5, 0.5, 100)
    fading = np.logspace(5, 1, 100)
    assert slipped_weeks(bursts)[0] == []
    assert slipped_weeks(fading)[0] == []
    assert slipped_weeks(np.full(100, 7.0))[0] == []


def test_clock_that_is_hours_ahead_is_told_and_a_habit_is_not() -> None:
    office = np.zeros(24)
    office[8:18] = [40, 90, 110, 100, 60, 80, 100, 90, 60, 30]
    evening = office.copy()
    evening[18:23] = [60, 70, 60, 40, 20]
    assert shift_hours(np.roll(office, 9), office) == 9
    assert shift_hours(np.roll(office, -7), office) == -7
    assert shift_hours(evening, office) == 0
    assert shift_hours(np.roll(office, 2), office) == 0


def test_activity_repeated_for_every_company_is_told(config: Config) -> None:
    moments = pd.date_range("2026-01-01 08:00", periods=100, freq="97min")
    once = pd.DataFrame(
        {"occurred_at": moments, "channel": "events", "lead_id": "L00", "content": "/", "account_id": "A"}
    )
    tables = tables_from_frames({"touches": pd.concat([once, once.head(30).assign(account_id="B")])})
    assert by_code(repeats(tables, config))["repeated-activities"].count == 30
    assert repeats(tables_from_frames({"touches": once}), config) == []


def test_visits_of_one_day_without_hours_are_no_repeats(config: Config) -> None:
    days = pd.DataFrame({"occurred_at": pd.to_datetime(["2026-01-05"] * 60), "channel": "events", "lead_id": "L00"})
    days = days.assign(touch_id=[f"T{number}" for number in range(60)])
    assert repeats(tables_from_frames({"touches": days}), config) == []


def test_totals_beside_their_campaigns_stop_the_run(frames: Frames, config: Config) -> None:
    parts = [frames["spend"].assign(spend=share, campaign=name) for share, name in ((30.0, "a"), (70.0, "b"))]
    finding = by_code(spend_counted_twice(tables_from_frames({"spend": pd.concat([frames["spend"], *parts])}), config))
    assert finding["spend-counted-twice"].severity == "stop"
    assert "drop_missing: [campaign]" in finding["spend-counted-twice"].remedy


def test_channel_called_total_is_told_and_equal_budgets_are_not(frames: Frames, config: Config) -> None:
    spend = frames["spend"]
    total = spend[spend["channel"] == "events"].assign(channel="Total", spend=200.0)
    told = by_code(spend_counted_twice(tables_from_frames({"spend": pd.concat([spend, total])}), config))
    assert told["spend-counted-twice"].examples == ("channel",)
    assert spend_counted_twice(tables_from_frames({"spend": spend}), config) == []


def test_remedy_for_totals_leaves_them_out(frames: Frames, config: Config) -> None:
    """What is left after the line that the remedy suggests has no total beside its parts."""
    parts = [frames["spend"].assign(spend=share, campaign=name) for share, name in ((30.0, "a"), (70.0, "b"))]
    every = pd.concat([frames["spend"], *parts])
    kept = every[every["campaign"].notna()]
    assert spend_counted_twice(tables_from_frames({"spend": kept}), config) == []


def test_test_equipment_is_no_test_account(config: Config) -> None:
    names = ["Test Equipment Inc", "Contest Labs", "Testa AG", "Test Account 3", "dummy", "TEST"]
    accounts = pd.DataFrame({"account_id": list("abcdef"), "name": names, "created_at": "2026-01-05"})
    finding = by_code(row_faults(tables_from_frames({"accounts": accounts}), config))["test-records"]
    assert finding.examples == ("d", "e", "f")
    assert "Account" not in finding.what


def test_deal_without_amount_is_no_placeholder(config: Config) -> None:
    deals = pd.DataFrame({"deal_id": list("abcdef"), "created_at": "2026-01-05", "amount": [None, 1, 0, 1, -5, 900.0]})
    told = by_code(row_faults(tables_from_frames({"deals": deals}), config))
    assert told["placeholder-amounts"].what.startswith("3 of 5 amounts are exactly 0 or 1")
    assert told["negative-amounts"].examples == ("e",)


def test_close_date_is_past_only_for_open_deals(config: Config) -> None:
    rows = {"deal_id": list("abc"), "created_at": "2026-01-05", "stage": ["lead", "won", "lead"]}
    deals = pd.DataFrame(rows | {"close_date": [dt.date(2026, 3, 1), dt.date(2026, 3, 1), dt.date(2026, 9, 1)]})
    finding = by_code(row_faults(tables_from_frames({"deals": deals}), config))["past-close-dates"]
    assert (finding.count, finding.examples) == (1, ("a",))
    assert finding.what == "1 of 2 open deals (50%) have a close date before 2026-03-31"
