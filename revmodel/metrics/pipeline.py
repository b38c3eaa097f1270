"""What was open on past days, with the amounts and close dates that were on file then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.features.fiscal import Grain, shifted
from revmodel.journeys.reconstruct import Journeys
from revmodel.metrics.totals import COLUMNS

__all__ = ["days_needed", "open_counts", "open_deals_on", "open_sums"]

_DAY = pd.Timedelta(days=1)
_RECORD = ["record_type", "record_id"]


def open_deals_on(journeys: Journeys, stays: ir.Table, days: Sequence[dt.date]) -> ir.Table:
    """Deals open at the end of each day: day, record_type, record_id, amount, close_date, channel, segment, campaign.

    stays: journeys.spells with campaigns. Amount and close date are the latest on file by that day, null where
    deal_history holds none. A deal that stayed in its stage longer than any that ever left (a zombie by then) is not
    counted.
    """
    ends = [dt.datetime.combine(day + dt.timedelta(days=1), dt.time()) for day in days]
    calendar = ibis.memtable(pd.DataFrame({"day": pd.to_datetime(list(days)), "day_end": pd.to_datetime(ends)}))
    calendar = calendar.select(day=calendar.day.date(), day_end=calendar.day_end.cast("timestamp(6)"))
    stays = stays.filter(stays.stage.isin(list(journeys.funnel.deal_stages)))
    pairs = stays.inner_join(
        calendar,
        [stays.entered_at < calendar.day_end, stays.left_at.isnull() | (stays.left_at >= calendar.day_end)],  # noqa: PD003
    )
    weeks = (pairs.day_end.epoch_seconds() - pairs.entered_at.epoch_seconds()) // (7 * 86_400)
    alive = pairs.filter(pairs.zombie_after_weeks.isnull() | (weeks < pairs.zombie_after_weeks))  # noqa: PD003
    alive = alive.select("day", "day_end", *_RECORD, "channel", "segment", "campaign")
    return _with_amounts(alive, journeys).cache()


def _with_amounts(pairs: ir.Table, journeys: Journeys) -> ir.Table:
    if "deal_history" not in journeys.tables:
        return pairs.mutate(amount=ibis.null().cast("float64"), close_date=ibis.null().cast("date"))
    history = journeys.tables["deal_history"].select("deal_id", "recorded_at", "amount", "close_date")
    seen = pairs.inner_join(history, [pairs.record_id == history.deal_id, history.recorded_at < pairs.day_end])
    order = [seen.recorded_at, seen.close_date, seen.amount]
    latest = seen.group_by(["day", *_RECORD]).aggregate(
        amount=seen.amount.last(order_by=order), close_date=seen.close_date.last(order_by=order)
    )
    joined = pairs.left_join(latest, ["day", *_RECORD])
    return joined.drop("day_right", "record_type_right", "record_id_right")


def open_counts(open_deals: ir.Table, level: ir.Value) -> pd.DataFrame:
    """day, level, close_date, n, total: open deals by the day they are due."""
    rows = open_deals.mutate(level=level)
    counted = rows.group_by("day", "level", "close_date").aggregate(
        n=rows.count(), total=rows.amount.sum().fill_null(0)
    )
    frame: pd.DataFrame = counted.to_pyarrow().to_pandas()
    days = {name: pd.to_datetime(frame[name]) for name in ("day", "close_date")}
    return frame.assign(**days).astype({"n": "float64", "total": "float64"})


def open_sums(counts: pd.DataFrame, periods: pd.DataFrame, grain: Grain, as_of: dt.date) -> pd.DataFrame:
    """Measures of each period, as the COLUMNS of totals. counts: see open_counts.

    open_pipeline: amounts open at the period's end, or today where it is not over (n: deals).
    due_next: of those, what is due in the period after.
    due: what is due in the period itself, as it stood when the period began, or today where it is not over.
    """
    today = pd.Timestamp(as_of)
    starts, ends = periods["start"], periods["end"]
    at_end = ends.where(periods["complete"], today)
    at_start = (starts - _DAY).where(periods["complete"], today)
    after = pd.Series([shifted(start, grain, 1) for start in starts])
    after_end = pd.Series([shifted(start, grain, 2) for start in starts]) - _DAY
    looks = (
        ("open_pipeline", at_end, None, None),
        ("due_next", at_end, after, after_end),
        ("due", at_start, starts, ends),
    )
    parts = []
    for measure, day, first, last in looks:
        window = pd.DataFrame({"day": day, "start": starts})
        if first is not None and last is not None:
            window = window.assign(first=first, last=last)
        rows = counts.merge(window.astype("datetime64[us]"), on="day")
        if first is not None:
            rows = rows[rows["close_date"].between(rows["first"], rows["last"])]
        sums = rows.groupby(["start", "level"], as_index=False)[["n", "total"]].sum()
        parts.append(sums.assign(measure=measure, squares=float("nan"))[list(COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def days_needed(periods: pd.DataFrame, as_of: dt.date) -> list[dt.date]:
    """The days on which open_sums looks: each period's end, the day before each begins, and today."""
    ends = [*periods["end"], *(periods["start"] - _DAY)]
    return sorted({min(day, pd.Timestamp(as_of)).date() for day in ends} | {as_of})
