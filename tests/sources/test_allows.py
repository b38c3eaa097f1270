"""What the data allows is said for each question, and what is missing is named with its columns."""

from __future__ import annotations

import pandas as pd

from revmodel.config import Config
from revmodel.sources.allows import allows
from revmodel.sources.tables import tables_from_frames


def test_small_company_allows_counts_but_not_money(frames: dict[str, pd.DataFrame], config: Config) -> None:
    table = allows(tables_from_frames(frames), config).set_index("what")
    assert list(table.columns) == ["possible", "why"]
    assert table.possible["Forecast of leads, opportunities and wins, in numbers"]
    assert not table.possible["Forecast of pipeline and bookings, in money"]
    assert "8 weeks of spend" in table.why["Budget allocation"]
    assert table.why["Lifetime value of a customer"].startswith("Add a table subscriptions (customer_id, started_at)")


def test_amounts_of_today_do_not_allow_a_forecast_of_money(frames: dict[str, pd.DataFrame]) -> None:
    config = Config(company="x", tables={}, funnel={"stages": ["lead"], "first_deal_stage": "lead"})  # type: ignore[arg-type]
    deals = pd.DataFrame({"deal_id": ["D1"], "created_at": ["2026-01-05"], "amount": [10.0]})
    question = "Forecast of pipeline and bookings, in money"
    table = allows(tables_from_frames(frames | {"deals": deals}), config).set_index("what")
    assert "deal_history (deal_id, recorded_at, amount)" in table.why[question]
    history = pd.DataFrame({"deal_id": ["D1"], "recorded_at": ["2026-01-05"], "amount": [10.0]})
    table = allows(tables_from_frames(frames | {"deals": deals, "deal_history": history}), config).set_index("what")
    assert table.possible[question]
