"""What really happens after the as-of date: by week, and to every deal that is open on record."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.synthetic.ledger import deal_ids
from revmodel.synthetic.profile import CLOSED, FIRST_DEAL_STAGE, LEAD_CHANNELS, SEGMENTS, WON, Bools, Floats, Ints
from revmodel.synthetic.timeline import FUTURE_WEEKS
from revmodel.synthetic.world import World

__all__ = ["future_by_week", "open_deal_outcomes"]

_SHAPE = (FUTURE_WEEKS, len(LEAD_CHANNELS), len(SEGMENTS))


def future_by_week(world: World) -> pd.DataFrame:
    """Counts and money of the 52 weeks after the as-of date, by recorded channel and segment.

    Week 0 is the seven days after the as-of date. A win that happened earlier but was noted only after it counts in
    week 0: nobody could know it at the as-of date.
    """
    leads, ledger, amounts = world.leads, world.ledger, world.amounts
    entered = (ledger.deal >= 0) & (ledger.origin < 0)
    new_deals, opened = ledger.deal[entered], ledger.day[entered]
    won = (ledger.target == WON) & (ledger.recorded >= world.timeline.cut)
    won_deals, won_at = ledger.deal[won], np.maximum(ledger.day[won], world.timeline.cut)
    of_new, of_won = ledger.deal_lead[new_deals], ledger.deal_lead[won_deals]
    ones = np.ones(len(leads))
    columns = {
        "leads": _sum(world, leads.created, np.arange(len(leads)), ones),
        "opportunities": _sum(world, opened, of_new, np.ones(len(of_new))),
        "pipeline_created": _sum(world, opened, of_new, amounts.first[new_deals]),
        "wins": _sum(world, won_at, of_won, np.ones(len(of_won))),
        "bookings": _sum(world, won_at, of_won, amounts.final[won_deals]),
    }
    week, channel, segment = (axis.reshape(-1) for axis in np.indices(_SHAPE))
    first_day = pd.Timestamp(world.timeline.as_of) + pd.Timedelta(days=1)
    starts = first_day + pd.to_timedelta(week * 7, unit="D")
    table = pd.DataFrame(
        {
            "week": week,
            "week_start": starts.date,
            "week_end": (starts + pd.Timedelta(days=6)).date,
            "channel": np.array(LEAD_CHANNELS)[channel],
            "segment": np.array(SEGMENTS)[segment],
        }
    )
    for name, values in columns.items():
        table[name] = values if name in ("pipeline_created", "bookings") else values.astype(int)
    return table


def _sum(world: World, at: Floats, lead: Ints, value: Floats) -> Floats:
    """Values of events summed by (week, channel, segment), flattened."""
    week = np.floor((at - world.timeline.cut) / 7).astype(np.int64)
    inside: Bools = (week >= 0) & (week < FUTURE_WEEKS)
    total = np.zeros(_SHAPE)
    chosen = lead[inside]
    where = (week[inside], world.leads.recorded[chosen], world.leads.traits.segment[chosen])
    np.add.at(total, where, value[inside])
    return total.reshape(-1)


def open_deal_outcomes(world: World) -> pd.DataFrame:
    """The end of every deal that is open on record at the as-of date; "never" for those nobody touches again."""
    ledger, amounts, cut = world.ledger, world.amounts, world.timeline.cut
    entered = (ledger.deal >= 0) & (ledger.origin < 0) & (ledger.target == FIRST_DEAL_STAGE)
    ended = (ledger.deal >= 0) & (ledger.target >= WON) & (ledger.recorded < cut)
    known = ledger.deal[entered & (ledger.day < cut)]
    deals = np.setdiff1d(known, ledger.deal[ended])
    end = amounts.end[deals]
    won = end == WON
    return pd.DataFrame(
        {
            "deal_id": deal_ids(deals),
            "outcome": pd.Series(end).map(CLOSED).fillna("never").to_numpy(),
            "closed_at": world.timeline.stamp(amounts.closed[deals]),
            "amount": np.where(won, amounts.final[deals], 0.0),
        }
    )
