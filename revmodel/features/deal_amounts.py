"""What a deal is worth, as its history told by the as-of date."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.sources.tables import Tables

__all__ = ["deal_amounts", "with_deal_columns"]


def deal_amounts(tables: Tables) -> ir.Table | None:
    """deal_id, amount (the latest on file), first_amount (the first ever on file), type, owner, close_date.

    tables: cut as of a date. Amounts in company currency, null where no amount was on file. None without deals.
    """
    if "deals" not in tables:
        return None
    deals = tables["deals"].select("deal_id", "amount", "type", "owner", "close_date")
    if "deal_history" not in tables:
        return deals.mutate(first_amount=deals.amount)
    history = tables["deal_history"]
    order = [history.recorded_at, history.amount]
    first = history.group_by(of_deal="deal_id").aggregate(first_amount=history.amount.first(order_by=order))
    joined = deals.left_join(first, deals.deal_id == first.of_deal).drop("of_deal")
    return joined.mutate(first_amount=joined.first_amount.cast("float64"))


def with_deal_columns(table: ir.Table, amounts: ir.Table | None) -> ir.Table:
    """``table`` (with record_type, record_id) and the columns of deal_amounts, null for what is not a deal."""
    kinds = {"amount": "float64", "first_amount": "float64", "type": "string", "owner": "string", "close_date": "date"}
    if amounts is None:
        return table.mutate(**{name: ibis.null().cast(kind) for name, kind in kinds.items()})
    is_deal = [table.record_type == "deal", table.record_id == amounts.deal_id]
    return table.left_join(amounts, is_deal).drop("deal_id")
