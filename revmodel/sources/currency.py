"""Amounts in several currencies → the company's currency, through the rates of the config."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.errors import CurrencyError
from revmodel.sources.findings import Finding
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["to_one_currency"]

_AMOUNTS = {"deals": "amount", "spend": "spend"}  # tables with a currency column, and the amount it is about


def to_one_currency(tables: Tables, config: Config) -> Tables:
    """Every amount in ``config.currency``; a row without a currency is taken to be in it already.

    deal_history has no currency of its own: its amounts are in the currency of their deal.
    Raises CurrencyError: there are several currencies and not a rate for each.
    """
    counts = {name: _rows_by_currency(tables[name]) for name in _AMOUNTS if name in tables}
    counts = {name: by_currency for name, by_currency in counts.items() if any(by_currency)}
    rates = {code.strip().upper(): rate for code, rate in config.rates.items()} | {config.currency.upper(): 1.0}
    seen = {code for by_currency in counts.values() for code in by_currency if code}
    if not seen - {config.currency.upper()}:
        return tables
    if seen <= set(rates):
        return _converted(tables, config, counts, rates)
    if len(seen) == 1 and not any("" in by_currency for by_currency in counts.values()):
        return tables.with_findings(_other_currency(seen.pop(), config, counts))
    raise CurrencyError(_without_rates(seen - set(rates), counts, config))


def _code(table: ir.Table) -> ir.StringColumn:
    return table.currency.upper().fill_null("")


def _rows_by_currency(table: ir.Table) -> dict[str, int]:
    """Currency code → rows; '' where it is not given."""
    counts = table.group_by(code=_code(table)).aggregate(n=lambda rows: rows.count()).execute()
    return {str(code): int(n) for code, n in zip(counts["code"], counts["n"], strict=True)}


def _converted(
    tables: Tables, config: Config, counts: Mapping[str, Mapping[str, int]], rates: Mapping[str, float]
) -> Tables:
    if "deal_history" in tables and "deals" in counts:
        tables = tables.materialise("deal_history", _history_converted(tables, rates))
    for name in counts:
        table, amount = tables[name], _AMOUNTS[name]
        rate = _code(table).cases(*rates.items(), else_=1.0)
        converted = table.mutate(**{amount: table[amount] * rate}, currency=ibis.literal(config.currency))
        tables = tables.materialise(name, converted).with_findings(_note(name, counts[name], rates, config))
    return tables


def _history_converted(tables: Tables, rates: Mapping[str, float]) -> ir.Table:
    deals, history = tables["deals"], tables["deal_history"]
    rate = deals.group_by("deal_id").aggregate(rate=_code(deals).cases(*rates.items(), else_=1.0).max())
    joined = history.left_join(rate, "deal_id")
    return joined.mutate(amount=joined.amount * joined.rate.fill_null(1.0)).select(*history.columns)


def _note(table: str, rows: Mapping[str, int], rates: Mapping[str, float], config: Config) -> Finding:
    own = config.currency.upper()
    others = {code: n for code, n in rows.items() if code not in ("", own)}
    missing = rows.get("", 0)
    return Finding(
        code="currencies-converted",
        severity="note",
        table=table,
        what=f"{plural(sum(others.values()), 'row was', 'rows were')} not in {own}"
        + (f"; {plural(missing, 'row names', 'rows name')} no currency" if missing else ""),
        count=sum(others.values()),
        examples=tuple(f"{code}: {plural(n, 'row')} at {rates[code]:g}" for code, n in sorted(others.items())),
        done=f"Amounts were multiplied by the rates of the config, one rate for all dates; no currency means {own}",
        remedy="Keep the rates up to date under rates.",
    )


def _other_currency(code: str, config: Config, counts: Mapping[str, Mapping[str, int]]) -> Finding:
    return Finding(
        code="other-currency",
        severity="warn",
        table=next(iter(counts)),
        what=f"Every row is in {code}, but the config says that the company counts in {config.currency}",
        count=sum(sum(rows.values()) for rows in counts.values()),
        examples=(code,),
        done=f"Amounts were left as they are: what is labelled {config.currency} is {code}",
        remedy=f"Set currency: {code}, or give a rate: rates: {{{code}: …}}",
    )


def _without_rates(missing: set[str], counts: Mapping[str, Mapping[str, int]], config: Config) -> str:
    came = "; ".join(
        f"{name}: " + ", ".join(f"{code or 'none'} in {plural(n, 'row')}" for code, n in sorted(rows.items()))
        for name, rows in counts.items()
    )
    lines = ", ".join(f"{code}: …" for code in sorted(missing))
    return (
        f"amounts are in several currencies ({came}) and there is no rate for {', '.join(sorted(missing))}. "
        f"Add to the config how many {config.currency} one unit is worth: rates: {{{lines}}}"
    )
