"""Faults that a row shows by itself: all of a table are counted by one query, examples fetched where there are any."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, Severity, finding_of
from revmodel.sources.schema import RECORD_TABLES, TABLES
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural

__all__ = ["row_faults"]

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
class _Fault:
    """One fault of one table.

    rows: where it is, of the rows ``among`` (all, if not given). what: the sentence, with {n} (a count and its noun),
    {k} (the count), {total} and {share}. least, least_share: fewer are not worth a finding; most_share:
    more are another fault. grave_share: the share from which it is a warning.
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


def row_faults(tables: Tables, config: Config) -> list[Finding]:
    """Every fault that rows show by themselves, counted by one query a table."""
    faults = [fault for source in _SOURCES for fault in source(tables, config)]
    findings = []
    for name in tables.names:
        of_table = [fault for fault in faults if fault.table == name]
        if of_table:
            findings += _of_table(tables[name], name, of_table)
    return findings


def _of_table(table: ir.Table, name: str, faults: list[_Fault]) -> list[Finding]:
    sums = {f"n{i}": _sum(fault.rows) for i, fault in enumerate(faults)}
    sums |= {f"of{i}": _sum(fault.among) for i, fault in enumerate(faults) if fault.among is not None}
    counted = table.aggregate(rows=table.count(), **sums).to_pyarrow().to_pylist()[0]
    findings = []
    for i, fault in enumerate(faults):
        n, total = int(counted[f"n{i}"] or 0), int(counted.get(f"of{i}", counted["rows"]) or 0)
        if max(fault.least, fault.least_share * total) <= n <= fault.most_share * total:
            key = TABLES[name].keys[0] if TABLES[name].keys else TABLES[name].required[0]
            findings.append(_finding(fault, n, total, examples_of(table.filter(fault.rows)[key])))
    return findings


def _sum(rows: Rows) -> ir.IntegerScalar:
    return rows.fill_null(False).ifelse(1, 0).sum()


def _finding(fault: _Fault, n: int, total: int, examples: tuple[str, ...]) -> Finding:
    severity: Severity | None = None
    if fault.grave_share is not None:
        severity = "warn" if n > fault.grave_share * total else "note"
    noun = fault.table.removesuffix("s") if fault.table in (*RECORD_TABLES, "accounts") else "row"
    what = fault.what.format(n=plural(n, noun), k=f"{n:,}", total=f"{total:,}", share=f"{n / max(total, 1):.0%}")
    return finding_of(
        fault.code,
        fault.table,
        what,
        count=n,
        done=fault.done,
        remedy=fault.remedy,
        examples=examples,
        severity=severity,
    )


def _default_dates(tables: Tables, config: Config) -> list[_Fault]:  # noqa: ARG001 (one signature)
    return [
        _Fault(
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


def _about_deals(tables: Tables, config: Config) -> list[_Fault]:
    if "deals" not in tables:
        return []
    deals = tables["deals"]
    faults = [
        _Fault(
            "negative-amounts",
            "deals",
            deals.amount < 0,
            "{k} of {total} deals have an amount below zero",
            "Nothing: the amounts count as they are",
            "Book credits apart from deals, or leave such deals out of the export.",
        ),
        _Fault(
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
            _Fault(
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


def _past_close_dates(deals: ir.Table, config: Config) -> _Fault:
    is_open = deals.stage.isin(config.funnel.stages)
    today = config.as_of
    past = deals.close_date < today if today is not None else ibis.literal(False)
    return _Fault(
        "past-close-dates",
        "deals",
        is_open & past,
        f"{{k}} of {{total}} open deals ({{share}}) have a close date before {today}",
        "Nothing: when open deals close is forecast from their stage and age",
        "Ask owners to move the dates or to close the deals; the list of open deals of a forecast shows likely dates.",
        among=is_open,
    )


def _about_units(tables: Tables, config: Config) -> list[_Fault]:  # noqa: ARG001 (one signature)
    faults = []
    if "deal_history" in tables:
        faults.append(
            _Fault(
                "probability-in-percent",
                "deal_history",
                tables["deal_history"].probability > 1,
                "{n} of deal_history have a probability above 1: percent, it seems",
                "Nothing: no forecast uses it",
                "Divide by 100 in the export.",
            )
        )
    if "spend" in tables:
        spend = tables["spend"]
        faults.append(
            _Fault(
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


def _missing_currency(tables: Tables, config: Config) -> list[_Fault]:
    return [
        _Fault(
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


def _intervals(tables: Tables, config: Config) -> list[_Fault]:  # noqa: ARG001 (one signature)
    ends = {
        "subscriptions": ("started_at", "ended_at"),
        "experiments": ("start", "end"),
        "annotations": ("start", "end"),
    }
    return [
        _Fault(
            "ends-before-start",
            name,
            tables[name][end] < tables[name][start],
            f"{{n}} of {name} end before they start ({end} before {start})",
            "Nothing: they are kept as they are",
            "Correct the dates, or swap the two columns under columns.",
        )
        for name, (start, end) in ends.items()
        if name in tables
    ]


def _test_records(tables: Tables, config: Config) -> list[_Fault]:  # noqa: ARG001 (one signature)
    names = {"accounts": ("name",), "leads": ("campaign",)}
    faults = []
    for table, columns in names.items():
        if table in tables:
            rows = tables[table]
            called_test = [rows[column].lower().re_search(_TEST_WORD) for column in columns]
            is_test = ibis.or_(*called_test, rows.domain.lower().re_search(_TEST_DOMAIN))
            faults.append(
                _Fault(
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


_SOURCES: tuple[Callable[[Tables, Config], list[_Fault]], ...] = (
    _default_dates,
    _about_deals,
    _about_units,
    _missing_currency,
    _intervals,
    _test_records,
)
