"""The allocation's tables say what the plan is worth, what binds and where curves are guessed."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from revmodel.decide.allocate import allocate
from revmodel.decide.landing import landing_by_quarter, leads_at
from revmodel.decide.surface import ResponseSurface
from revmodel.decide.tables import allocation_summary, allocation_table
from revmodel.decide.value import value_of_leads
from revmodel.errors import ModelError


@pytest.fixture
def surface() -> ResponseSurface:
    """Search is worth 3 or 5 a unit (two draws), events 1, brand 2; all are linear."""
    grid = np.linspace(0, 200, 5) * np.ones((3, 1))
    slope = np.array([[3.0, 1.0, 2.0], [5.0, 1.0, 2.0]])
    return ResponseSurface(
        ("search", "events", "brand"), grid, slope[:, :, None] * grid, np.array([100.0, 100.0, 50.0])
    )


@pytest.fixture
def allocation(surface):
    return allocate(surface, 250.0, np.array([50, 50, 0.0]), np.array([130, 200, 200.0]), fixed={"brand": 50.0})


def test_the_table_says_what_binds(surface, allocation):
    table = allocation_table(surface, allocation, scenario="base", period="13 weeks").set_index("channel")
    assert table["proposed"].to_dict() == pytest.approx({"search": 130, "events": 70, "brand": 50})
    assert table["binding"].to_dict() == {"search": "upper", "events": "", "brand": "fixed"}
    assert table["change"].sum() == pytest.approx(0)


def test_the_table_says_what_spend_causes_and_what_the_move_adds(surface, allocation):
    search = (
        allocation_table(surface, allocation, scenario="base", period="13 weeks").set_index("channel").loc["search"]
    )
    assert search["incremental_mean"] == pytest.approx(4 * 130)
    assert search["change_mean"] == pytest.approx(4 * 30)
    assert search["p10"] == pytest.approx((3 + 0.1 * 2) * 130)
    assert search["marginal_current"] == pytest.approx(4)


def test_spend_beyond_what_was_ever_seen_is_flagged(surface, allocation):
    seen = {"search": 120.0, "events": 300.0}
    table = allocation_table(surface, allocation, scenario="base", period="13 weeks", seen_max=seen).set_index(
        "channel"
    )
    assert table["extrapolates"].to_dict() == {"search": True, "events": False, "brand": False}
    assert table.loc["search", "note"].startswith("130 is more than was ever spent in such a window (120)")


def test_the_summary_weighs_the_plan_against_current_spend(surface, allocation):
    summary = allocation_summary(
        surface, allocation, scenario="base", period="13 weeks", value_name="bookings", lands_by_quarter={"2026Q4": 1.5}
    ).iloc[0]
    assert summary["difference_mean"] == pytest.approx(4 * 30 - 30)
    assert summary["difference_p10"] == pytest.approx(60 + 0.1 * 60)
    assert summary["objective_proposed_mean"] - summary["objective_current_mean"] == pytest.approx(90)
    assert summary["p_better"] == 1.0
    assert json.loads(summary["lands_by_quarter"]) == {"2026Q4": 1.5}
    assert summary["sentence"].startswith("The budget is 250 in total over 13 weeks.")


def test_leads_become_money_by_what_a_lead_of_their_group_is_worth():
    leads = np.zeros((1, 2, 2, 3))
    leads[0, 0, 0], leads[0, 0, 1], leads[0, 1, 1] = [0, 1, 2], [0, 2, 3], [0, 5, 9]
    value = value_of_leads(leads, np.array([[10.0, 100.0]]))
    assert value[0].tolist() == [[0, 210, 320], [0, 500, 900]]
    with pytest.raises(ModelError, match="same draws and groups"):
        value_of_leads(leads, np.ones((1, 3)))


def test_value_lands_after_the_funnels_lag_and_adds_up():
    # Ten leads over 13 weeks from 1 October, each worth 7 thirteen weeks after it came in: all of it the next quarter
    # but for 31 December, the first day on which any can land.
    within = np.where(np.arange(20) >= 13, 7.0, 0.0)[None, None, :] * np.ones((3, 1, 1))
    landed = landing_by_quarter(np.full((3, 1), 10.0), within, 13, dt.date(2026, 9, 30))
    assert sum(landed.values()) == pytest.approx(70)
    assert list(landed) == ["2026Q4", "2027Q1"]
    assert landed["2026Q4"] == pytest.approx(70 / 13 / 7)
    with pytest.raises(ModelError, match="at least one week"):
        landing_by_quarter(np.ones((3, 1)), within, 0, dt.date(2026, 9, 30))


def test_leads_of_a_plan_lie_on_the_grids_lines(surface):
    leads = np.ones((2, 3, 4, 1)) * surface.spend[None, :, None, :] / 50
    found = leads_at(surface, leads, np.array([130.0, 70.0, 50.0]))
    assert found == pytest.approx(np.full((2, 4), 5.0))
