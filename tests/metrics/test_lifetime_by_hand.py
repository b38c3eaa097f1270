"""Lifetime value by segment, by hand: what the KPI says of a quarter, over four of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest
from metrics_company import frames, journeys_of

from revmodel.errors import ModelError
from revmodel.metrics.lifetime import lifetime_value, lifetimes

MONTH = 365.25 / 12


def subscriptions(rows: list[tuple[str, str, str | None, float, float | None]]) -> pd.DataFrame:
    columns = ["account_id", "started_at", "ended_at", "mrr", "gross_margin"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(customer_id=[f"S{i}" for i in range(len(table))])


def of(rows: list[tuple[str, str, str | None, float, float | None]], **options: float) -> pd.DataFrame:
    accounts = pd.DataFrame({"account_id": ["A1", "A2", "A3"], "segment": ["smb", "large", "idle"]})
    tables = frames() | {"subscriptions": subscriptions(rows), "accounts": accounts}
    return lifetimes(journeys_of(tables), **options)  # type: ignore[arg-type]


# Two whole quarters before the as-of date: the first is 90 days long, the second 91.
KNOWN = [
    ("A1", "2025-12-01", None, 100.0, 0.8), ("A1", "2025-12-01", "2026-02-10", 60.0, 0.5),
    ("A1", "2025-12-01", "2026-05-10", 40.0, 0.5), ("A1", "2025-12-01", None, 300.0, 0.4),
    ("A2", "2025-12-01", None, 5000.0, 0.6), ("A2", "2025-12-01", "2026-04-20", 3000.0, 0.6),
]  # fmt: skip


def test_it_is_margin_over_losses_of_the_segment_in_the_quarters_on_record() -> None:
    """smb: two of four lost, in 4 × 90 + 3 × 91 customer-days; 80 and 120 a month are left of two customers."""
    table = of(KNOWN)
    months = (4 * 90 + 3 * 91) / MONTH
    assert table.loc["smb", "lost"] == 2
    assert table.loc["smb", "ltv"] == pytest.approx(100.0 / (2 / months))
    assert table.loc["large", "ltv"] == pytest.approx(3000.0 / (1 / (2 * (90 + 91) / MONTH)))
    assert not table.loc[["smb", "large"], "borrowed"].any()


def test_a_segment_that_lost_nobody_has_what_all_have() -> None:
    table = of([*KNOWN, ("A3", "2025-12-01", None, 900.0, 0.9)])
    assert bool(table.loc["idle", "borrowed"])
    assert table.loc["idle", "ltv"] == pytest.approx(table.loc["all", "ltv"])


def test_margin_may_be_given_where_none_is_on_record_and_only_there() -> None:
    blank = [(*row[:4], None) for row in KNOWN]
    assert of(blank, margin=0.5).loc["smb", "margin_per_month"] == pytest.approx(0.5 * 400 / 2)
    with pytest.raises(
        ModelError, match=r"map gross_margin .* or give one for all customers in allocation\.value\.mar"
    ):
        of(blank)
    with pytest.raises(
        ModelError, match=r"subscriptions hold a gross_margin, and allocation\.value\.margin gives another"
    ):
        of(KNOWN, margin=0.5)


def test_without_losses_or_customers_it_is_refused() -> None:
    with pytest.raises(ModelError, match="needs ended_at in the table subscriptions, which holds no value of it"):
        of([row for row in KNOWN if row[2] is None])
    early = frames() | {"subscriptions": subscriptions([("A1", "2026-06-20", "2026-06-28", 10.0, 0.5)])}
    with pytest.raises(ModelError, match="needs a whole quarter of subscriptions before 2026-"):
        lifetimes(journeys_of(early, dt.date(2026, 6, 29)))
    with pytest.raises(ModelError, match="there when a quarter of 2026Q2 to 2026Q2 began none was lost"):
        of([("A1", "2026-06-20", "2026-06-28", 10.0, 0.5)])
    without = {name: table for name, table in frames().items() if name != "subscriptions"}
    with pytest.raises(ModelError, match="needs a table subscriptions with customer_id, started_at, ended_at and mrr"):
        lifetimes(journeys_of(without))


def test_a_discount_takes_off_later_months() -> None:
    by_month = sum(50.0 * 0.97**month * 0.9 ** (month / 12) for month in range(5000))
    assert lifetime_value(50.0, 0.03, 0.1) == pytest.approx(by_month)
    assert of(KNOWN, discount_per_year=0.2).loc["smb", "ltv"] < of(KNOWN).loc["smb", "ltv"]


def test_it_is_the_kpi_where_one_quarter_is_on_record(cell: Callable[..., pd.Series]) -> None:
    """The company of the KPI tests: nobody was there before January, so that only the second quarter counts."""
    assert lifetimes(journeys_of(frames())).loc["all", "ltv"] == pytest.approx(cell("ltv", "2026Q2")["value"])
