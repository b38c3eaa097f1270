"""What led to each deal: the touches of everybody at the account, from the first anonymous visit to the close."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.dims import UNKNOWN
from revmodel.journeys.events import DEAL, LOST_STAGE, WON_STAGE
from revmodel.journeys.reconstruct import Journeys

__all__ = ["account_journeys", "paths"]

_OF_TOUCH = ("touch_id", "occurred_at", "channel", "campaign", "content", "kind", "lead_id", "anonymous_id", "cost")
# What tells two touches apart where the source gives them no id, beside who was touched.
_SIGNS = ("occurred_at", "channel", "campaign", "content", "kind")


def account_journeys(journeys: Journeys) -> ir.Table:
    """One row a deal and touch that came before its close, in order.

    A deal's touches are those of its account, whoever made them, and those of its own lead, from the account's first
    on; a touch at the moment of the close counts, a later one does not, but may for the account's next deal. A touch
    counts once for a deal, however often the export repeats it: touches of one touch_id are one, and without an id
    those of one person, moment, channel, campaign, content and kind.

    Returns account_id, deal_id, outcome ("won", "lost", "open"), closed_at (null while open), position (1 = first),
    touches (how many the deal has), days_to_close (whole days, null while open), weight, and of the touch: touch_id,
    occurred_at, channel, campaign, content, kind, lead_id, anonymous_id, cost.
    weight : 1 / number of deals that the touch is a part of. A touch before several deals is in the journey of each;
        sums over deals (of touches, of cost) count it once when they are weighted.
    Raises SourceError: there are no touches or no deals.
    """
    deals, touches = _deals(journeys), _touches(journeys)
    same = (("account_id", "account_id"), ("lead_account_id", "account_id"), ("lead_id", "lead_id"))
    ways = [touches.inner_join(deals, touches[name] == deals[f"deal_{of_deal}"]) for name, of_deal in same]
    columns = (*touches.columns, *deals.columns)
    every = ibis.union(*(way.select(*columns) for way in ways))
    before = every.filter((every.occurred_at <= every.closed_at).fill_null(True))
    once = _once(before)
    in_order = ibis.window(group_by="deal_id", order_by=["occurred_at", "touch_id", *_SIGNS[1:], "person"])
    days_to_close = once.closed_at.date().delta(once.occurred_at.date(), unit="day")
    told = once.mutate(
        account_id=once.deal_account_id,
        position=ibis.row_number().over(in_order) + 1,
        touches=once.count().over(ibis.window(group_by="deal_id")),
        days_to_close=days_to_close,
        weight=1.0 / once.count().over(ibis.window(group_by=_identity(once))),
    )
    numbers = ("position", "touches", "days_to_close", "weight")
    return told.select("account_id", "deal_id", "outcome", "closed_at", *numbers, *_OF_TOUCH)


def paths(account_journeys: ir.Table, level: str = "channel") -> pd.DataFrame:
    """Journeys of closed deals by the way that they took, as attribution.rules and attribution.markov take them.

    level: "channel", "campaign", "content" or "kind"; where a touch has none it is "unknown".
    Returns path (tuple of names, earliest first), conversions (deals won), not_converted (deals lost). Open deals are
    not decided yet, and people at accounts without a deal are not in it; deals without a touch have no path.
    """
    closed = account_journeys.filter(account_journeys.outcome.isin([WON_STAGE, LOST_STAGE]))
    steps = closed.select("deal_id", "outcome", "position", name=closed[level].fill_null(UNKNOWN))
    frame = steps.order_by("deal_id", "position").to_pyarrow().to_pandas()
    of_deal = frame.groupby("deal_id", sort=True).agg(path=("name", tuple), outcome=("outcome", "first"))
    won = of_deal["outcome"] == WON_STAGE
    counted = of_deal.assign(conversions=won.astype("int64"), not_converted=(~won).astype("int64"))
    counts: pd.DataFrame = counted.groupby("path", sort=True)[["conversions", "not_converted"]].sum().reset_index()
    return counts


def _deals(journeys: Journeys) -> ir.Table:
    """deal_id, outcome, closed_at, and the account and lead whose touches are the deal's."""
    records = journeys.records.filter(journeys.records.record_type == DEAL)
    ended = records.last_stage.isin([WON_STAGE, LOST_STAGE])
    closes = records.select(
        deal_id="record_id",
        outcome=ibis.ifelse(ended, records.last_stage, "open"),
        closed_at=ibis.ifelse(ended, records.last_at, ibis.null().cast("timestamp(6)")),
    )
    deals = journeys.tables["deals"].select(of_deal="deal_id", deal_account_id="account_id", deal_lead_id="lead_id")
    joined = closes.inner_join(deals, closes.deal_id == deals.of_deal)
    return joined.select("deal_id", "outcome", "closed_at", "deal_account_id", "deal_lead_id")


def _touches(journeys: Journeys) -> ir.Table:
    """Touches with their own account and that of their lead: a source may file one visit under another company."""
    touches = journeys.tables["touches"]
    person = ibis.coalesce(touches.anonymous_id, touches.email_hash, touches.lead_id, touches.account_id)
    known = touches.select(*_OF_TOUCH, "account_id", person=person)
    known = known.filter(~(known.account_id.isnull() & known.lead_id.isnull())).cache()  # noqa: PD003
    if "leads" not in journeys.tables:
        return known.mutate(lead_account_id=ibis.null().cast("string"))
    leads = journeys.tables["leads"].select(of_lead="lead_id", lead_account_id="account_id")
    return known.left_join(leads, known.lead_id == leads.of_lead).drop("of_lead")


def _identity(touches: ir.Table) -> list[ir.Value]:
    """Equal for repeats of one touch: its id, else what is known of it."""
    touch_id = touches.touch_id
    signs = [touches[name] for name in (*_SIGNS, "person")]
    return [touch_id, *(ibis.ifelse(touch_id.isnull(), sign, ibis.null().cast(sign.type())) for sign in signs)]  # noqa: PD003


def _once(rows: ir.Table) -> ir.Table:
    """Each touch once for a deal; of repeats the first by time and ids."""
    order = ["occurred_at", "lead_id", "account_id", "anonymous_id", "channel", "campaign", "content", "kind", "cost"]
    window = ibis.window(group_by=["deal_id", *_identity(rows)], order_by=order)
    ranked = rows.mutate(repeat=ibis.row_number().over(window))
    return ranked.filter(ranked.repeat == 0).drop("repeat")
