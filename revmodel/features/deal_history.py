"""What the CRM had on file about a deal on given days: its amount, close date and category, and how they had moved."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.journeys.days import days_before
from revmodel.journeys.reconstruct import Journeys

__all__ = ["HISTORY", "on_file"]

HISTORY = {
    "amount": "float64", "close_date": "date", "pushes": "int64", "pulls": "int64", "days_pushed": "int64",
    "amount_changes": "int64", "amount_ratio": "float64", "forecast_category": "string",
    "category_changes": "int64", "probability": "float64",
}  # fmt: skip
_KEY = ["deal_id", "ago"]


def on_file(journeys: Journeys, days: ir.Table) -> ir.Table:
    """The state of each deal's history at the end of a day. days: deal_id, ago (days before the as-of date), unique.

    Returns deal_id, ago and the columns of HISTORY, each as recorded by that day: amount and close_date on file;
    pushes and pulls (times that the close date moved later, earlier), days_pushed (sum of moves later);
    amount_changes, amount_ratio (amount over the first positive one); forecast_category, category_changes;
    probability. Null where nothing was on file.
    """
    if "deal_history" not in journeys.tables:
        return days.select(*_KEY, **{name: ibis.null().cast(kind) for name, kind in HISTORY.items()})
    history = journeys.tables["deal_history"].semi_join(days, "deal_id")
    history = history.mutate(recorded_ago=days_before(journeys.as_of, history.recorded_at).cast("int64")).cache()
    together = days.select(*_KEY)
    for steps in (_dates(history), _amounts(history), _categories(history), _valid(_steps(history, "probability"))):
        found = _at(days, steps)
        together = together.left_join(found, _KEY).drop("deal_id_right", "ago_right")
    return together.select(*_KEY, *HISTORY)


def _steps(history: ir.Table, name: str) -> ir.Table:
    """Values of one field that were on file, one after the other: deal_id, recorded_ago, the field, before, place."""
    filled = history.filter(history[name].notnull())
    window = ibis.window(group_by="deal_id", order_by=[filled.recorded_at, filled[name]])
    before = filled[name].lag().over(window)
    return filled.select("deal_id", "recorded_ago", name, before=before, place=ibis.row_number().over(window))


def _so_far(steps: ir.Table) -> ibis.expr.builders.WindowBuilder:
    return ibis.window(group_by="deal_id", order_by=steps.place, preceding=None, following=0)


def _dates(history: ir.Table) -> ir.Table:
    steps = _steps(history, "close_date")
    steps = steps.mutate(days=steps.close_date.delta(steps.before, unit="day").fill_null(0).cast("int64"))
    later, so_far = steps.days > 0, _so_far(steps)
    return _valid(
        steps.mutate(
            pushes=later.ifelse(1, 0).sum().over(so_far),
            pulls=(steps.days < 0).ifelse(1, 0).sum().over(so_far),
            days_pushed=later.ifelse(steps.days, 0).sum().over(so_far),
        ).drop("days")
    )


def _amounts(history: ir.Table) -> ir.Table:
    """The first positive amount is the one of the earliest place among positive ones."""
    steps = _steps(history, "amount")
    positive = (steps.amount > 0).ifelse(steps.place, ibis.null().cast("int64"))
    steps = steps.mutate(first_place=positive.min().over(ibis.window(group_by="deal_id")))
    is_first = (steps.place == steps.first_place).ifelse(steps.amount, ibis.null().cast("float64"))
    steps = steps.mutate(first_amount=is_first.max().over(_so_far(steps)))
    changed = (steps.amount != steps.before).fill_null(False).ifelse(1, 0)
    ratio = ibis.ifelse(steps.amount > 0, steps.amount, ibis.null().cast("float64")) / steps.first_amount
    counted = steps.mutate(amount_changes=changed.sum().over(_so_far(steps)), amount_ratio=ratio)
    return _valid(counted.drop("first_place", "first_amount"))


def _categories(history: ir.Table) -> ir.Table:
    steps = _steps(history, "forecast_category")
    changed = (steps.forecast_category != steps.before).fill_null(False).ifelse(1, 0)
    return _valid(steps.mutate(category_changes=changed.sum().over(_so_far(steps))))


def _valid(steps: ir.Table) -> ir.Table:
    """With until_ago: when the next value was recorded; null for the one that stands."""
    window = ibis.window(group_by="deal_id", order_by=steps.place)
    return steps.mutate(until_ago=steps.recorded_ago.lead().over(window)).drop("before", "place")


def _at(days: ir.Table, steps: ir.Table) -> ir.Table:
    """The step that stood at the end of each day."""
    wanted = days.select(of_deal="deal_id", ago="ago")
    stood = [
        steps.deal_id == wanted.of_deal,
        steps.recorded_ago >= wanted.ago,
        (steps.until_ago < wanted.ago) | steps.until_ago.isnull(),
    ]
    return steps.inner_join(wanted, stood).drop("of_deal", "recorded_ago", "until_ago")
