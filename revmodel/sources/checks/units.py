"""Amounts in another unit: cents for euros, thousands for units. A slip is a factor of 100 or 1,000, nearly exactly.

A group of amounts (a month, an owner, a week of a channel's spend) is in another unit where its level lies two or
three powers of ten from that of the rest, and nothing lies between.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.config import Config
from revmodel.sources.checks.activity import Activity
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.usable import examples_of
from revmodel.sources.wording import plural, some_of

__all__ = ["slipped_weeks", "unit_slips"]

_POWERS = (2, 3)  # of ten: cents, thousands
_NEAR = 0.35  # powers of ten by which the levels of two honest groups may differ
_ENOUGH_DEALS = 8  # in a group, and outside of it
_FEWEST_WEEKS = 2
_EMPTY_BETWEEN = 1.0  # powers of ten between the two levels in which no week lies
_LEAST_JUMPS = 3
_EXACT = 1e-6


def unit_slips(tables: Tables, config: Config, activity: Activity) -> list[Finding]:  # noqa: ARG001
    """Deals of a month or an owner, weeks of a channel's spend, and changes of an amount that are off by a unit."""
    findings = []
    if "deals" in tables:
        findings += _slipped_groups(tables["deals"])
    if "deal_history" in tables:
        findings += _jumps(tables["deal_history"])
    return findings + _slipped_spend(activity)


def _slipped_groups(deals: ir.Table) -> list[Finding]:
    """Months and owners whose median amount is a unit off the median of the same segment."""
    sized = deals.filter(deals.amount > 0)
    sized = sized.select(
        size=sized.amount.log10(),
        segment=sized.segment.fill_null(""),
        month=sized.created_at.truncate("M").cast("string"),
        owner=sized.owner.fill_null(""),
    )
    usual = sized.group_by("segment").aggregate(usual=sized["size"].median())
    joined = sized.inner_join(usual, "segment")
    against = joined.select("month", "owner", off=joined["size"] - joined.usual)
    parts = [
        against.group_by(kind=ibis.literal(kind), group=against[kind]).aggregate(
            off=against.off.median(), n=against.count()
        )
        for kind in ("month", "owner")
    ]
    groups: pd.DataFrame = ibis.union(*parts).to_pyarrow().to_pandas().sort_values(["kind", "group"])
    findings = []
    for kind in ("month", "owner"):
        of_kind = groups[(groups["kind"] == kind) & (groups["group"] != "")]
        power = _power(of_kind["off"].to_numpy(float))
        slipped = of_kind[(power != 0) & (of_kind["n"] >= _ENOUGH_DEALS)]
        if len(slipped) and of_kind["n"].sum() - slipped["n"].sum() >= _ENOUGH_DEALS:
            findings.append(_group_finding(kind, slipped, int(_power(slipped["off"].to_numpy(float))[0])))
    return findings


def _power(off: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The power of ten by which levels are off: ±2, ±3, or 0 where they are not."""
    rounded = np.round(off).astype(np.int64)
    return np.where(np.isin(np.abs(rounded), _POWERS) & (np.abs(off - rounded) <= _NEAR), rounded, 0)


def _times(power: int) -> str:
    return f"about {10 ** abs(power):,} times {'larger' if power > 0 else 'smaller'}"


def _group_finding(kind: str, slipped: pd.DataFrame, power: int) -> Finding:
    deals = int(slipped["n"].sum())
    months = [str(group)[:7] for group in slipped["group"]] if kind == "month" else []
    where = some_of(months) if months else plural(len(slipped), "owner")
    return finding_of(
        "unit-slip",
        "deals",
        f"amounts of {plural(deals, 'deal')} ({'created in ' if months else 'of '}{where}) are {_times(power)} than "
        "others of their segment: another unit, it seems",
        count=deals,
        examples=months,
        done="Nothing: the amounts count as they are",
        remedy="Correct the unit in the source, in the history of amounts as well (cents and thousands are the usual "
        "slips).",
    )


def _jumps(history: ir.Table) -> list[Finding]:
    """Amounts on file that changed by a factor of exactly 100 or 1,000, up or down."""
    sized = history.filter(history.amount > 0)
    order = ibis.window(group_by="deal_id", order_by="recorded_at")
    steps = sized.select("deal_id", size=sized.amount.log10(), before=sized.amount.log10().lag().over(order))
    step = (steps["size"] - steps.before).abs()
    is_jump = ibis.or_(*((step - power).abs() < _EXACT for power in _POWERS))
    jumps = steps.filter(is_jump)
    n = int(jumps.count().to_pyarrow().as_py())
    if n < _LEAST_JUMPS:
        return []
    return [
        finding_of(
            "amount-jumps",
            "deal_history",
            f"{plural(n, 'amount')} on file changed by a factor of exactly 100 or 1,000: a unit that was corrected, "
            "it seems",
            count=n,
            examples=examples_of(jumps.deal_id),
            done="Nothing: each amount counts from the day on which it was recorded",
            remedy="Correct the earlier amounts as well, if past pipeline matters.",
        )
    ]


def _slipped_spend(activity: Activity) -> list[Finding]:
    """Channels with weeks of spend in another unit than their other weeks."""
    weeks_of: dict[str, list[int]] = {}
    powers: dict[str, int] = {}
    for channel, values in activity.weekly("spend", "money").items():
        weeks, power = slipped_weeks(values)
        if weeks:
            weeks_of[channel], powers[channel] = weeks, power
    if not weeks_of:
        return []
    count = sum(map(len, weeks_of.values()))
    power = next(iter(powers.values()))
    listed = some_of(
        f"{channel} ({plural(len(weeks), 'week')} from {activity.day(weeks[0]):%Y-%m-%d})"
        for channel, weeks in weeks_of.items()
    )
    return [
        finding_of(
            "spend-unit-slip",
            "spend",
            f"spend of some weeks is {_times(power)} than in all others, with nothing between: {listed}",
            count=count,
            examples=weeks_of,
            done="Nothing: the weeks count as they are",
            remedy="Bring these weeks to the unit of the others (thousands and cents are the usual slips).",
        )
    ]


def slipped_weeks(values: npt.NDArray[np.float64]) -> tuple[list[int], int]:
    """Weeks of a channel's spend in another unit than most, and by which power of ten; none and 0 where all are alike.

    values : (week,), currency. The two groups are told apart by the widest gap between sizes, which has to be a
    factor of ten at least; their medians have to lie near a factor of 100 or 1,000 apart.
    """
    spent = np.flatnonzero(values > 0)
    if spent.size < 4 * _FEWEST_WEEKS:
        return [], 0
    size = np.log10(values[spent])
    ordered = np.sort(size)
    gaps = np.diff(ordered)
    widest = int(np.argmax(gaps))
    if gaps[widest] < _EMPTY_BETWEEN:
        return [], 0
    low, high = spent[size <= ordered[widest]], spent[size > ordered[widest]]
    few, many = (low, high) if low.size < high.size else (high, low)
    power = int(_power(np.array([np.log10(np.median(values[few]) / np.median(values[many]))]))[0])
    if few.size < _FEWEST_WEEKS or power == 0:
        return [], 0
    return few.tolist(), power
