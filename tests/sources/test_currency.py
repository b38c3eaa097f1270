"""Amounts end in one currency, or the run ends with the codes that lack a rate."""

from __future__ import annotations

import pandas as pd
import pytest

from revmodel.config import Config
from revmodel.errors import CurrencyError
from revmodel.sources.currency import to_one_currency
from revmodel.sources.tables import Tables, tables_from_frames


def company(rates: dict[str, float], currency: str = "EUR") -> Config:
    return Config(company="x", currency=currency, rates=rates, tables={}, funnel={"stages": ["lead"]})  # type: ignore[arg-type]


def tables_in(currencies: list[str | None]) -> Tables:
    ids = [f"D{number}" for number in range(len(currencies))]
    deals = pd.DataFrame({"deal_id": ids, "created_at": "2026-01-05", "amount": 100.0, "currency": currencies})
    history = pd.DataFrame({"deal_id": [*ids, "gone"], "recorded_at": "2026-01-06", "amount": 50.0})
    return tables_from_frames({"deals": deals, "deal_history": history})


def test_amounts_and_their_history_are_converted_at_the_rate() -> None:
    tables = to_one_currency(tables_in(["EUR", "usd ", None]), company({"USD": 0.9}))
    assert tables["deals"].order_by("deal_id").amount.execute().tolist() == [100, 90, 100]
    assert tables["deal_history"].order_by("deal_id").amount.execute().tolist() == [50, 45, 50, 50]
    assert set(tables["deals"].currency.execute()) == {"EUR"}
    (finding,) = tables.findings
    assert (finding.code, finding.count, finding.examples) == ("currencies-converted", 1, ("USD: 1 row at 0.9",))


def test_several_currencies_without_rates_are_an_error_that_names_them() -> None:
    with pytest.raises(CurrencyError, match=r"no rate for GBP, USD.*rates: \{GBP: …, USD: …\}"):
        to_one_currency(tables_in(["EUR", "USD", "GBP"]), company({}))
    with pytest.raises(CurrencyError, match="no rate for GBP"):
        to_one_currency(tables_in(["USD", "GBP"]), company({"USD": 0.9}))


def test_foreign_currency_beside_rows_without_one_is_mixed() -> None:
    with pytest.raises(CurrencyError, match=r"none in 1 row, USD in 1 row\b"):
        to_one_currency(tables_in(["USD", None]), company({}))


def test_one_other_currency_is_left_and_told() -> None:
    tables = to_one_currency(tables_in(["USD", "USD"]), company({}))
    assert tables["deals"].amount.sum().execute() == 200
    assert tables.findings[0].code == "other-currency"
    assert "currency: USD" in tables.findings[0].remedy


def test_own_currency_or_none_needs_nothing() -> None:
    assert to_one_currency(tables_in(["EUR", None]), company({})).findings == ()
    assert to_one_currency(tables_in([None, None]), company({})).findings == ()
