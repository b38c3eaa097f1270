"""Spend that is there twice: rows of a total beside the rows that it sums, and rows that repeat."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["spend_counted_twice"]

_PARTS = ("campaign", "region", "segment")
_TOTAL = r"^(all|total|totals|sum|overall|grand total|all (campaigns|regions|segments|channels))$"
_TOLERANCE = 0.005  # of a total: cents are rounded
_ENOUGH_DAYS = 5
_MOSTLY = 0.8  # of days on which both are there
_LEAST_REPEATS, _LEAST_SHARE = 3, 0.005


def spend_counted_twice(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """Totals beside their parts (by campaign, region, segment, and over all channels), and equal rows."""
    if "spend" not in tables:
        return []
    spend = tables["spend"]
    return _totals_of_parts(spend) + _totals_of_channels(spend) + _repeated(spend)


def _totals_of_parts(spend: ir.Table) -> list[Finding]:
    """Days of a channel on which the rows without a campaign (region, segment) sum to those with one."""
    rows = spend.filter(spend.spend > 0)
    sums = {}
    for column in _PARTS:
        is_total = _is_total(rows[column])
        sums[f"{column}_total"] = rows.spend.sum(where=is_total)
        sums[f"{column}_parts"] = rows.spend.sum(where=~is_total)
    days = rows.group_by("channel", "date").aggregate(**sums)
    counts = {}
    for column in _PARTS:
        total, parts = days[f"{column}_total"].fill_null(0.0), days[f"{column}_parts"].fill_null(0.0)
        both = (total > 0) & (parts > 0)
        counts[f"{column}_both"] = both.ifelse(1, 0).sum()
        counts[f"{column}_equal"] = (both & ((total - parts).abs() <= _TOLERANCE * parts)).ifelse(1, 0).sum()
    counted = days.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return [
        _total_finding(column, equal, both)
        for column in _PARTS
        if _is_doubled(equal := int(counted[f"{column}_equal"] or 0), both := int(counted[f"{column}_both"] or 0))
    ]


def _totals_of_channels(spend: ir.Table) -> list[Finding]:
    """Days on which a channel that is called a total has what all others have together."""
    rows = spend.filter(spend.spend > 0)
    is_total = rows.channel.lower().re_search(_TOTAL)
    days = rows.group_by("date").aggregate(total=rows.spend.sum(where=is_total), parts=rows.spend.sum(where=~is_total))
    both = (days.total.fill_null(0.0) > 0) & (days.parts.fill_null(0.0) > 0)
    equal = both & ((days.total - days.parts).abs() <= _TOLERANCE * days.parts)
    counted = days.aggregate(both=both.ifelse(1, 0).sum(), equal=equal.ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
    n_equal, n_both = int(counted["equal"] or 0), int(counted["both"] or 0)
    return [_total_finding("channel", n_equal, n_both)] if _is_doubled(n_equal, n_both) else []


def _is_total(column: ir.Column) -> ir.BooleanColumn:
    return column.isnull() | column.fill_null("").lower().re_search(_TOTAL)


def _is_doubled(equal: int, both: int) -> bool:
    return equal >= _ENOUGH_DAYS and equal >= _MOSTLY * both


def _total_finding(column: str, equal: int, both: int) -> Finding:
    rows_of = "all channels" if column == "channel" else f"the same channel by {column}"
    unnamed = "a channel that is called a total" if column == "channel" else f"rows without a {column}"
    return finding_of(
        "spend-counted-twice",
        "spend",
        f"on {equal:,} of {plural(both, 'day')} {unnamed} hold exactly the sum of the rows of {rows_of}: totals beside "
        "their parts",
        count=equal,
        examples=(column,),
        done="Nothing: spend would count twice",
        remedy="Leave the totals out: drop_missing: "
        f"[{column}] under tables.spend, and values: {{{column}: {{Total: ''}}}} if they have a name.",
    )


def _repeated(spend: ir.Table) -> list[Finding]:
    """Rows that are equal in everything, of which there is more than one."""
    rows = spend.filter(spend.spend > 0)
    groups = rows.group_by(*spend.columns).aggregate(n=lambda group: group.count())
    surplus = ibis.ifelse(groups.n > 1, groups.n - 1, 0)
    counted = (
        groups.aggregate(rows=groups.n.sum(), surplus=surplus.sum(), money=(surplus * groups.spend).sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    n, total = int(counted["surplus"] or 0), int(counted["rows"] or 0)
    if n < max(_LEAST_REPEATS, _LEAST_SHARE * total):
        return []
    repeated = groups.filter(groups.n > 1)
    examples = repeated.order_by("date", "channel").limit(5).select("date", "channel").to_pyarrow().to_pylist()
    return [
        finding_of(
            "repeated-spend",
            "spend",
            f"{n:,} of {plural(total, 'row')} of spend repeat another row in everything, "
            f"{float(counted['money']):,.0f} together",
            count=n,
            examples=[f"{row['date']:%Y-%m-%d} {row['channel']}" for row in examples],
            done="Kept: they count",
            remedy="Check whether the export was joined to another table, or appended twice; a column that tells the "
            "rows apart (campaign) settles it.",
        )
    ]
