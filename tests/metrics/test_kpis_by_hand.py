"""Each KPI of a company that can be counted on fingers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Cell = Callable[..., pd.Series]

# KPI → value in the first and in the second quarter of 2026; None: not known, and the note says why
BY_HAND = {
    "leads": (4, 4),
    "mql": (3, 3),  # L1 L2 L3; L5 L6 L8: L5's second time does not count
    "sal": (2, 1),
    "sql": (2, 1),
    "opportunities": (2, 2),  # D1 D2; D3 D4
    "pipeline_created": (6000, 7000),  # amounts first on file
    "wins": (1, 1),
    "bookings": (1200, 3000),
    "win_rate": (1.0, 0.5),  # D1; D3 won, D2 lost
    "average_deal_size": (1200, 3000),
    "sales_cycle_median": (40, 40),  # 1 Feb to 13 Mar; 10 May to 19 Jun
    "lead_to_win": (70, 79),  # L1: 2 Jan to 13 Mar; L5: 1 Apr to 19 Jun
    "open_opportunity": (1, 0),
    "open_proposal": (0, 1),
    "open_pipeline": (5000, 2000),  # D2; D4 at its second amount
    "sourced_pipeline": (6000, 7000),
    "influenced_pipeline": (1000, 0),  # D1 alone: D3's touch came after it was made, D2's was an impression
    "influenced_revenue": (1200, 3000),  # D3's touch came before the win
    "conversion_lead_to_mql": (0.75, 0.75),
    "conversion_mql_to_sal": (2 / 3, 1 / 3),
    "sal_per_sql": (1.0, 1.0),
    "loss_rate_mql": (1 / 3, 0.0),  # L2 lost of L1 L2 L3; of L5's two stays none
    "loss_rate_lead": (1 / 4, 0.0),  # L4 of L1 to L4; of L5 L6 L8 none
    "backward_rate_sal": (0.0, 0.5),  # L5 went back once and on once
    "drop_off_sal": (0.0, 0.5),
    "spend": (900, 900),
    "cost_per_lead": (225, 225),
    "cost_per_mql": (300, 300),
    "cost_per_opportunity": (450, 450),
    "cost_per_deal": (900, 900),
    "cac": (900, 900),
    "romi_simple": (1 / 3, 7 / 3),
    "romi_attributed": (1 / 3, 7 / 3),
    "click_through_rate": (0.025, 0.04),
    "cost_per_click": (3.0, 3.75),
    "touches": (4, 1),
    "customers": (3, 3),
    "mrr": (300, 350),
    "customer_churn": (None, 1 / 3),  # nobody was there before January
    "revenue_churn": (None, 50 / 300),
    "customer_retention": (None, 2 / 3),
    # D2 (5000) was due in Q2 when it began, with 2500 to book; D4 is due in Q3, with 8000 to book
    "pipeline_coverage": (None, 2.0),
    "pipeline_coverage_next": (2.0, 0.25),
    # 2 made × all won × 1200 ÷ 40 days; 2 × half × 3000 ÷ 40
    "pipeline_velocity": (60.0, 75.0),
    "decided_in_time": (1 / 3, 0.0),  # within two days: L3 by a day; L1 took exactly two; L5 took five and ten
    "followed_up_in_time": (1 / 3, 0.0),  # sales called L1 twelve hours after
}


@pytest.mark.parametrize("kpi", BY_HAND)
def test_kpi_is_what_one_counts_by_hand(cell: Cell, kpi: str) -> None:
    for period, wanted in zip(("2026Q1", "2026Q2"), BY_HAND[kpi], strict=True):
        row = cell(kpi, period)
        if wanted is None:
            assert np.isnan(row["value"])
            assert row["note"]
        else:
            assert row["value"] == pytest.approx(wanted), period


def test_lifetime_value_is_margin_over_monthly_churn(cell: Cell) -> None:
    """Margin 100·0.8 + 150·0.6 + 100·0.5 of three customers; one of three lost in 91 days."""
    churn_per_month = (1 / 3) / (91 / (365.25 / 12))
    assert cell("ltv", "2026Q2")["value"] == pytest.approx((220 / 3) / churn_per_month)
    assert cell("ltv_to_cac", "2026Q2")["value"] == pytest.approx((220 / 3) / churn_per_month / 900)


def test_numerator_over_denominator_is_the_value(cell: Cell) -> None:
    row = cell("cost_per_lead", "2026Q2")
    assert (row["numerator"], row["denominator"]) == (900, 4)
    row = cell("win_rate", "2026Q2")
    assert (row["numerator"], row["denominator"]) == (1, 2)
    assert row["low"] < row["value"] < row["high"]
    assert "few: 1 of 2" in row["note"]


def test_targets_goals_and_earlier_periods_stand_beside_the_value(cell: Cell) -> None:
    row = cell("leads", "2026Q2")
    assert (row["target"], row["previous"], row["vs_target"]) == (5, 4, pytest.approx(-0.2))
    assert cell("leads", "2026Q2", "channel", "search")["target"] == 2
    assert cell("win_rate", "2026Q1")["target"] == 0.4
    assert cell("bookings", "2026Q2")["change"] == pytest.approx(3000 / 1200 - 1)
    assert np.isnan(cell("bookings", "2026Q1")["target"])


def test_values_by_dimension(cell: Cell) -> None:
    assert cell("leads", "2026Q2", "channel", "search")["value"] == 2
    assert cell("cost_per_lead", "2026Q1", "channel", "events")["value"] == 300
    assert cell("bookings", "2026Q2", "segment", "smb")["value"] == 3000
    assert cell("leads", "2026Q1", "campaign", "brand")["value"] == 2
    assert cell("leads", "2026Q1", "campaign", "unknown")["value"] == 1
    assert cell("touches", "2026Q1", "content", "/fair")["value"] == 1
    assert cell("influenced_pipeline", "2026Q1", "content", "/home")["value"] == 1000


def test_a_channel_without_spend_has_no_price(cell: Cell) -> None:
    row = cell("cost_per_lead", "2026Q2", "channel", "organic")
    assert np.isnan(row["value"])
    assert "no spend" in row["note"]


def test_weeks_start_on_monday(tables: dict[str, pd.DataFrame]) -> None:
    weeks = tables["metrics"][tables["metrics"]["grain"] == "week"]
    assert (weeks["period_start"].dt.day_of_week == 0).all()
    first = weeks[(weeks["kpi"] == "leads") & (weeks["period"] == "2026-W02")]
    assert first["value"].tolist() == [1]
