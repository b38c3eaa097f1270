"""How long things take: hours from a start to an event or to the last that is known, counted in the engine."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.dims import ADVANCE, LOST
from revmodel.features.fiscal import Grain, period_of
from revmodel.journeys.events import DEAL, LEAD, LOST_STAGE, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN
from revmodel.metrics.survival import quantiles_of

__all__ = ["HOURS_PER_DAY", "clock_counts", "clock_quantiles", "clocks", "end_of", "hours_between"]

HOURS_PER_DAY = 24
_KEYS = ["clock", "start", "level"]
_CAUSES = ("advance", "lost", "recycled", "open")


def clocks(journeys: Journeys, each: ir.Table, stays: ir.Table, made: ir.Table) -> ir.Table:
    """clock, date, hours, outcome ("advance", "lost", "recycled", "open"), channel, segment, campaign.

    "stage:<stage>": each stay, dated by its entry. One still open is followed to the end of the as-of date, a zombie to
    where it became one; one that began before exits of its stage were recorded says nothing of time and is left out.
    "cycle": from opportunity to win, dated by the win. "win:opportunity": from opportunity to its end, dated by its
    making. "win:lead": from a lead's entry to its own end or its deal's. each, stays, made: see facts.
    """
    now = ibis.literal(end_of(journeys.as_of), type="timestamp(6)")
    stays = stays.filter(stays.entry_delay_weeks == 0)
    hours = hours_between(stays.entered_at, stays.left_at.fill_null(now))
    limit = stays.zombie_after_weeks * (7 * HOURS_PER_DAY)
    hours = ibis.ifelse(stays.left_at.isnull() & limit.notnull(), ibis.least(hours, limit), hours)  # noqa: PD003, PD004
    won = made.filter(made.last_stage == WON_STAGE)
    parts = [
        _clock(stays, ibis.literal("stage:") + stays.stage, stays.entered_at, hours, stays.outcome),
        _clock(won, "cycle", won.last_at, hours_between(won.made_at, won.last_at), ibis.literal(ADVANCE)),
        _to_the_end(made, "win:opportunity", made.made_at, made.last_stage, made.last_at, now),
    ]
    if journeys.funnel.lead_stages:
        parts.append(_leads_to_the_end(journeys, each, now))
    return ibis.union(*parts)


def _clock(rows: ir.Table, clock: str | ir.Value, moment: ir.Value, hours: ir.Value, outcome: ir.Value) -> ir.Table:
    named = ibis.literal(clock) if isinstance(clock, str) else clock
    return rows.select("channel", "segment", "campaign", clock=named, date=moment.date(), hours=hours, outcome=outcome)


def _to_the_end(
    rows: ir.Table, clock: str, began: ir.Value, last_stage: ir.Value, last_at: ir.Value, now: ir.Value
) -> ir.Table:
    """From ``began`` to a win ("advance") or a loss; what has neither is followed to now."""
    ended = last_stage.isin([WON_STAGE, LOST_STAGE])
    lost = ibis.ifelse(last_stage == LOST_STAGE, LOST, OPEN)
    outcome = ibis.ifelse(last_stage == WON_STAGE, ADVANCE, lost)
    return _clock(rows, clock, began, hours_between(began, ibis.ifelse(ended, last_at, now)), outcome)


def _leads_to_the_end(journeys: Journeys, each: ir.Table, now: ir.Value) -> ir.Table:
    """Leads, each with its own end or, where it became a deal, that deal's."""
    leads = each.filter(each.first_stage.isin(list(journeys.funnel.lead_stages)) & ~each.grown_from_lead)
    events = journeys.events
    given = events.filter(events.handed_to.notnull()).select(of_lead="record_id", deal="handed_to").distinct()  # noqa: PD004
    ends = journeys.records.select(deal="record_id", kind="record_type", deal_stage="last_stage", deal_at="last_at")
    given = given.inner_join(ends.filter(ends.kind == DEAL), "deal").drop("kind")
    rows = leads.left_join(given, [leads.record_id == given.of_lead, leads.record_type == LEAD])
    stage = ibis.coalesce(rows.deal_stage, rows.last_stage)
    return _to_the_end(rows, "win:lead", rows.first_at, stage, ibis.coalesce(rows.deal_at, rows.last_at), now)


def clock_counts(rows: ir.Table, level: ir.Value, grain: Grain, fiscal_year_start_month: int) -> pd.DataFrame:
    """clock, start, level, time (days), and how many ended by advance, lost, recycled, or are open."""
    unit = "W" if grain == "week" else "M"
    keyed = rows.select("clock", "hours", "outcome", start=rows.date.truncate(unit).cast("date"), level=level)
    counted = keyed.group_by(*_KEYS, "hours", "outcome").aggregate(n=keyed.count())
    frame: pd.DataFrame = counted.to_pyarrow().to_pandas()
    frame["start"] = pd.to_datetime(frame["start"])
    if grain in ("quarter", "year") and len(frame):
        frame["start"] = period_of(frame["start"], grain, fiscal_year_start_month)
    wide = {name: frame["n"].where(frame["outcome"] == name, 0) for name in _CAUSES}
    counts = frame[[*_KEYS]].assign(time=frame["hours"].astype(float) / HOURS_PER_DAY, **wide)
    return counts.groupby([*_KEYS, "time"], as_index=False).sum()


def clock_quantiles(counts: pd.DataFrame, share: float) -> pd.DataFrame:
    """clock, start, level, value, low, high (days), n, exits: the time by which ``share`` had left, whichever way."""
    if counts.empty:
        return pd.DataFrame(columns=[*_KEYS, "value", "low", "high", "n", "exits"], dtype=float)
    exited = counts["advance"] + counts["lost"] + counts["recycled"]
    return quantiles_of(counts.assign(exited=exited), _KEYS, share)


def hours_between(first: ir.Value, last: ir.Value) -> ir.Value:
    """Whole hours from one time to another, at least 0."""
    return ibis.greatest((last.epoch_seconds() - first.epoch_seconds()) // 3600, 0).cast("int64")


def end_of(day: dt.date) -> dt.datetime:
    """The midnight that ends a day."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
