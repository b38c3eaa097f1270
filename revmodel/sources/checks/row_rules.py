"""What can be wrong with a row by itself: each fault with its sentence, and with how many rows it is worth telling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["ROW_RULES", "RowFault"]

type Rows = ir.BooleanColumn
_OLDEST = dt.datetime(1995, 1, 1)  # no CRM is older: 1900-01-01 and 1970-01-01 are what systems write for "no date"
_LARGE_SHARE = 0.01  # of test records: beyond it they lower conversion visibly

_TEST_WORD = (
    r"^(test|testing|dummy|sample|fake|asdf+|qwerty|xx+|delete me|do not use)"
    r"[ _-]*(account|company|lead|record|deal|user|contact|customer|inc|gmbh|ltd)?[ _.-]*[0-9]*$"
)
# Names reserved for examples and tests (RFC 2606), and the best-known throw-away address.
_TEST_DOMAIN = r"(^|\.)(example\.(com|org|net)|test\.com|mailinator\.com|test|example|invalid|localhost)$"


@dataclass(frozen=True)
class RowFault:
    """One fault of one table.

    rows: where it is, of the rows ``among`` (all, if not given). what: the sentence, with {n} (a count and its noun),
    {k} (the count), {total} and {share}. least, least_share: fewer are not worth a finding; most_share: more are
    another fault. grave_share: the share from which it is a warning.
    """

    code: str
    table: str
    rows: Rows
    what: str
    done: str
    remedy: str
    among: Rows | None = None
    least: int = 1
    least_share: float = 0.0
    most_share: float = 1.0
    grave_share: float | None = None


def _default_dates(tables: Tables, config: Config) -> list[RowFault]:  # noqa: ARG001 (one signature)
    return [
        RowFault(
            "default-dates",
            name,
            tables[name][event] < (_OLDEST.date() if TABLES[name].columns[event] == "date" else _OLDEST),
            f"{{n}} of {name} dated ({event}) before {_OLDEST.year}: a system's way to write that there is no date",
            "Nothing: the dates count as they are",
            f"Make them empty in the export, or set them aside there: rows without {event} are not used.",
        )
        for name in tables.names
        if (event := TABLES[name].event) is not None and TABLES[name].columns[event] in ("timestamp", "date")
    ]


def _about_deals(tables: Tables, config: Config) -> list[RowFault]:
    if "deals" not in tables:
        return []
    deals = tables["deals"]
    faults = [
        RowFault(
            "negative-amounts",
            "deals",
            deals.amount < 0,
            "{n} with an amount below zero, of {total}",
            "Nothing: the amounts count as they are",
            "Book credits apart from deals, or leave such deals out of the export.",
        ),
        RowFault(
            "placeholder-amounts",
            "deals",
            deals.amount.isin([0.0, 1.0]),
            "{k} of {total} amounts are exactly 0 or 1: a place-holder, not a price",
            "Nothing: the amounts count as they are",
            "Map them to a missing amount: values: {amount: {'0': '', '1': ''}}; deals without an amount are taken at "
            "the mean of the others.",
            among=deals.amount.notnull(),
            least=3,
            least_share=0.005,
        ),
        _past_close_dates(deals, config),
    ]
    if "leads" in tables:
        is_new = deals.type.fill_null("new").lower() == "new"
        faults.append(
            RowFault(
                "deals-without-leads",
                "deals",
                deals.lead_id.isnull() & is_new,
                "{k} of {total} new-business deals ({share}) name no lead, though there is a leads table",
                "Kept: they are forecast, and count as coming from their own channel",
                "Fill deals.lead_id from the converted lead or the main contact of the deal.",
                among=is_new,
                least=5,
                least_share=0.2,
            )
        )
    return faults


def _past_close_dates(deals: ir.Table, config: Config) -> RowFault:
    is_open = deals.stage.isin(config.funnel.stages)
    today = config.as_of
    past = deals.close_date < today if today is not None else ibis.literal(False)
    return RowFault(
        "past-close-dates",
        "deals",
        is_open & past,
        f"{{k}} of {{total}} open deals ({{share}}) have a close date before {today}",
        "Nothing: when open deals close is forecast from their stage and age",
        "Ask owners to move the dates or to close the deals; the list of open deals of a forecast shows likely dates.",
        among=is_open,
    )


def _about_units(tables: Tables, config: Config) -> list[RowFault]:  # noqa: ARG001 (one signature)
    faults = []
    if "deal_history" in tables:
        faults.append(
            RowFault(
                "probability-in-percent",
                "deal_history",
                tables["deal_history"].probability > 1,
                "{n} of deal_history with a probability above 1: percent, it seems",
                "Nothing: no forecast uses it",
                "Divide by 100 in the export.",
            )
        )
    if "spend" in tables:
        spend = tables["spend"]
        faults.append(
            RowFault(
                "clicks-above-impressions",
                "spend",
                spend.clicks > spend.impressions,
                "{k} of {total} rows with both have more clicks than impressions",
                "Nothing: the numbers are kept as they are",
                "Check whether the columns are swapped under columns.",
                among=spend.clicks.notnull() & spend.impressions.notnull(),
                least=3,
                least_share=0.01,
            )
        )
    return faults


def _missing_currency(tables: Tables, config: Config) -> list[RowFault]:
    return [
        RowFault(
            "missing-currency",
            name,
            tables[name].currency.isnull() & tables[name][amount].notnull(),
            "{k} of {total} rows with an amount name no currency, though most do",
            f"They are taken to be in {config.currency}",
            "Fill the currency in the source.",
            among=tables[name][amount].notnull(),
            most_share=0.5,
        )
        for name, amount in (("deals", "amount"), ("spend", "spend"))
        if name in tables
    ]


def _intervals(tables: Tables, config: Config) -> list[RowFault]:  # noqa: ARG001 (one signature)
    ends = {
        "subscriptions": ("started_at", "ended_at"),
        "experiments": ("start", "end"),
        "annotations": ("start", "end"),
    }
    return [
        RowFault(
            "ends-before-start",
            name,
            tables[name][end] < tables[name][start],
            f"{{n}} of {name} with an end before the start ({end} before {start})",
            "Nothing: they are kept as they are",
            "Correct the dates, or swap the two columns under columns.",
        )
        for name, (start, end) in ends.items()
        if name in tables
    ]


def _test_records(tables: Tables, config: Config) -> list[RowFault]:  # noqa: ARG001 (one signature)
    names = {"accounts": ("name",), "leads": ("campaign",)}
    faults = []
    for table, columns in names.items():
        if table in tables:
            rows = tables[table]
            called_test = [rows[column].lower().re_search(_TEST_WORD) for column in columns]
            is_test = ibis.or_(*called_test, rows.domain.lower().re_search(_TEST_DOMAIN))
            faults.append(
                RowFault(
                    "test-records",
                    table,
                    is_test,
                    f"{{k}} of {{total}} {table} look like tests by name or domain (test, dummy, example.com …)",
                    "Kept: they count like any other",
                    f"Leave them out of the export of {table}, with their leads and deals.",
                    grave_share=_LARGE_SHARE,
                )
            )
    return faults


ROW_RULES: tuple[Callable[[Tables, Config], list[RowFault]], ...] = (
    _default_dates,
    _about_deals,
    _about_units,
    _missing_currency,
    _intervals,
    _test_records,
)
