"""What a customer of each segment brings over its life, from subscriptions: the KPI's formula over the latest year.

Lifetime value is the gross margin that a customer brings a month ÷ the share of customers lost a month, as the KPI
``ltv`` has it quarter by quarter. A segment loses few customers in a quarter, so losses and customers of the latest
four whole ones are added up. Margin and losses are assumed to stay as they are, and a customer's whole life counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.dims import ALL
from revmodel.errors import ModelError
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.facts import customer_facts
from revmodel.metrics.kpi import filled_columns
from revmodel.metrics.periods import periods_between
from revmodel.metrics.recipes import Lost, at_end
from revmodel.metrics.totals import Cells, cells_of, folded, sums_by

__all__ = ["lifetime_value", "lifetimes"]

QUARTERS = 4
_CAME, _LEFT = "mrr_came", "mrr_left"


def lifetime_value(margin_per_month: float, churn_per_month: float, discount_per_year: float = 0.0) -> float:
    """Σ over months t of margin · (1 − churn)^t · kept^t, what comes a year later being worth so much less.

    Without a discount this is margin ÷ churn:

    >>> round(lifetime_value(100.0, 0.02), 6), round(lifetime_value(100.0, 0.02, 0.1), 1)
    (5000.0, 3500.6)
    """
    kept = float((1 - discount_per_year) ** (1 / 12))
    return margin_per_month / (1 - (1 - churn_per_month) * kept)


def lifetimes(
    journeys: Journeys, fiscal_year_start_month: int = 1, margin: float | None = None, discount_per_year: float = 0.0
) -> pd.DataFrame:
    """One row a segment, and one for "all" customers; segment is the index.

    margin : share of recurring revenue that is kept, where subscriptions hold no gross_margin
    Columns: customers (at the end of the latest whole quarter), lost and months (customers lost, and customers × months
    in which they could be, of the latest four), margin_per_month (a customer), churn_per_month, ltv, borrowed: whether
    a segment, for it has no customer or lost none in that time, has the margin and the losses of all.
    Raises ModelError: there is nothing to compute it from, with what is missing.
    """
    cells, has_margin = _cells(journeys, fiscal_year_start_month, margin)
    lost = Lost(_CAME, _LEFT).answer(cells)
    latest = slice(-QUARTERS, None)
    gone = lost.numerator[:, latest].sum(1)
    months = (np.maximum(lost.denominator, 0.0) * cells.months)[:, latest].sum(1)
    customers = at_end(cells, _CAME, (_LEFT,))[:, -1]
    brings = (
        at_end(cells, "margin_came", ("margin_left",), values=True)[:, -1]
        if has_margin
        else (margin or 0.0) * at_end(cells, _CAME, (_LEFT,), values=True)[:, -1]
    )
    table = pd.DataFrame(
        {"customers": customers, "lost": gone, "months": months, "brings": brings}, index=list(cells.levels)
    )
    everyone = table.sum()
    table.loc[ALL] = everyone
    _check(everyone, cells)
    alone = (table["lost"] > 0) & (table["months"] > 0) & (table["customers"] > 0)
    for name, of, per in (("margin_per_month", "brings", "customers"), ("churn_per_month", "lost", "months")):
        table[name] = np.where(alone, table[of] / table[per].where(alone, 1.0), everyone[of] / everyone[per])
    table["ltv"] = [
        lifetime_value(*each, discount_per_year)
        for each in zip(table["margin_per_month"], table["churn_per_month"], strict=True)
    ]
    return table.drop(columns="brings").assign(borrowed=~alone).rename_axis("segment")


def _cells(journeys: Journeys, month: int, margin: float | None) -> tuple[Cells, bool]:
    """Customers by segment and whole quarter, and whether their gross margin is on record."""
    tables = journeys.tables
    if "subscriptions" not in tables:
        raise ModelError(
            "lifetime value needs a table subscriptions with customer_id, started_at, ended_at and mrr: add it, or "
            "count bookings (allocation.value.of)"
        )
    filled, begins = filled_columns(tables)
    missing = [name for name in ("mrr", "ended_at") if f"subscriptions.{name}" not in filled]
    if missing:
        raise ModelError(
            f"lifetime value needs {' and '.join(missing)} in the table subscriptions, which holds no value of it: map "
            "the column, or count bookings (allocation.value.of)"
        )
    has_margin = "subscriptions.gross_margin" in filled
    if has_margin == (margin is not None):
        raise ModelError(
            "subscriptions hold a gross_margin, and allocation.value.margin gives another: leave the latter out"
            if has_margin
            else "lifetime value needs a margin: map gross_margin of the table subscriptions, or give one for all "
            "customers in allocation.value.margin"
        )
    facts = customer_facts(tables)
    facts = facts.select("measure", "date", "value", level=facts.segment)
    periods = periods_between(begins["subscriptions"].date(), journeys.as_of, "quarter", month)
    periods = periods[periods["complete"]].reset_index(drop=True)
    if periods.empty:
        raise ModelError(
            f"lifetime value needs a whole quarter of subscriptions before {journeys.as_of}: the first began on "
            f"{begins['subscriptions'].date()}; count bookings until then (allocation.value.of)"
        )
    sums = folded(sums_by([facts], "month"), "quarter", month)
    return cells_of(sums[sums["start"] <= periods["start"].iloc[-1]], "quarter", periods), has_margin


def _check(everyone: pd.Series, cells: Cells) -> None:
    first, last = cells.periods["period"].iloc[-QUARTERS:].iloc[[0, -1]]
    if not everyone["lost"] > 0 or not everyone["months"] > 0 or not everyone["customers"] > 0:
        raise ModelError(
            f"of the customers who were there when a quarter of {first} to {last} began none was lost, so the "
            "formula of lifetime value has no end: give more history, or count bookings (allocation.value.of)"
        )
