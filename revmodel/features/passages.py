"""Passages: from one point of a journey to another, over hand-overs from lead to deal and over stages skipped."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from revmodel.dims import ADVANCE, LOST
from revmodel.errors import JourneyError
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.events import DEAL, LEAD, LOST_STAGE, WON_STAGE
from revmodel.journeys.reconstruct import Journeys
from revmodel.journeys.spells import OPEN

__all__ = ["WON", "journey_events", "passages"]

WON = WON_STAGE
_JOURNEY = ["journey_type", "journey_id"]


def passages(journeys: Journeys, start: str | None = None, goal: str = WON) -> ir.Table:
    """One row a journey that came to ``start``: when it then reached ``goal``, or was lost, or neither yet.

    start: an open stage, entered for the first time; None: the first event in the funnel. goal: a later open stage or
    "won"; a stage is also reached by skipping it. The first of goal and loss after the start ends a passage; what a
    lost record does when it comes back is not counted. A deal grown from a lead goes on with the lead's journey.

    Returns record_type, record_id (of the journey's first record), stage (the start, "entry" for None), channel,
    segment, entered_at, left_at (null while open), outcome ("advance": goal reached, "lost", "open"),
    entry_delay_weeks (weeks before exits from any stage on the way were recorded) and zombie_after_weeks (age at which
    a stage's limit was passed, null where it was not): the columns that spells have.
    Raises JourneyError: a stage that the funnel does not name, or a goal that is not after the start.
    """
    places = _checked_places(journeys, start, goal)
    events = journey_events(journeys).cache()
    entries = events.filter(events.stage.isin(journeys.funnel.stages))
    begun = entries if start is None else entries.filter(entries.stage == start)
    began = begun.group_by(_JOURNEY).aggregate(entered_at=begun["at"].min(), began_place=begun.place.min())
    onward = events.inner_join(began, _JOURNEY)
    is_after = onward.place > onward.began_place
    is_lost = onward.stage == LOST_STAGE
    is_goal = onward.stage == WON if goal == WON else (onward["rank"] >= places[goal]) & ~is_lost
    joined = onward.group_by([*_JOURNEY, "entered_at"]).aggregate(
        reached_at=onward["at"].min(where=is_after & is_goal), lost_at=onward["at"].min(where=is_after & is_lost)
    )
    first = joined.reached_at.notnull() & (joined.lost_at.isnull() | (joined.reached_at <= joined.lost_at))  # noqa: PD003, PD004 (ibis, not pandas)
    ended = joined.mutate(
        left_at=ibis.ifelse(first, joined.reached_at, joined.lost_at),
        outcome=ibis.ifelse(first, ADVANCE, ibis.ifelse(joined.lost_at.isnull(), OPEN, LOST)),  # noqa: PD003 (ibis, not pandas)
        stage=ibis.literal(start or "entry"),
        entry_delay_weeks=_delay_weeks(journeys, joined.entered_at, places, start, goal),
    )
    return _with_limits(_with_groups(ended, journeys), journeys)


def journey_events(journeys: Journeys) -> ir.Table:
    """The event log with the journey that each event belongs to: that of the lead, where a deal grew from one.

    Adds journey_type, journey_id and place (order within the journey). Hand-over events are the deal's own first.
    """
    own = journeys.events.filter(journeys.events.handed_to.isnull())  # noqa: PD003 (ibis, not pandas)
    journey = _with_journey(own, journeys.events)
    window = ibis.window(group_by=_JOURNEY, order_by=["at", "of_deal", "seq"])
    placed = journey.mutate(place=ibis.row_number().over(window))
    return placed.select(*_JOURNEY, "record_type", "record_id", "stage", "rank", "at", "place")


def _with_journey(rows: ir.Table, events: ir.Table) -> ir.Table:
    """Rows of records with the journey of each, and of_deal: 1 for what a deal adds to its lead's journey."""
    handed = events.filter(events.handed_to.notnull())  # noqa: PD004 (ibis, not pandas)
    grown = handed.select(grown_id="handed_to", of_lead="record_id")
    keyed = rows.mutate(as_deal=ibis.ifelse(rows.record_type == DEAL, rows.record_id, ibis.null().cast("string")))
    joined = keyed.left_join(grown, keyed.as_deal == grown.grown_id)
    is_grown = joined.of_lead.notnull()  # noqa: PD004 (ibis, not pandas)
    return joined.mutate(
        journey_type=ibis.ifelse(is_grown, LEAD, joined.record_type),
        journey_id=joined.of_lead.fill_null(joined.record_id),
        of_deal=is_grown.ifelse(1, 0),
    )


def _checked_places(journeys: Journeys, start: str | None, goal: str) -> dict[str, int]:
    places = {stage: place for place, stage in enumerate(journeys.funnel.stages)}
    known = ", ".join(places)
    if start is not None and start not in places:
        raise JourneyError(f"passages start at {start!r}, which the funnel does not name: take one of {known}")
    if goal != WON and goal not in places:
        raise JourneyError(f"passages go to {goal!r}, which the funnel does not name: take one of {known} or {WON!r}")
    if goal != WON and places[goal] <= places.get(start or "", 0):
        raise JourneyError(f"passages go from {start or known.split(',')[0]!r} to {goal!r}: the goal has to come later")
    return places


def _delay_weeks(
    journeys: Journeys, entered_at: ir.Column, places: dict[str, int], start: str | None, goal: str
) -> ir.IntegerColumn:
    """Age weeks that begin before exits from all stages between start and goal were recorded."""
    last = places.get(goal, len(places))
    on_the_way = [stage for stage, place in places.items() if places.get(start or "", 0) <= place < last]
    truncated = journeys.truncated[journeys.truncated["stage"].isin(on_the_way)]
    if truncated.empty:
        return ibis.literal(0).cast("int64")
    recorded_ago = int((pd.Timestamp(journeys.as_of) - truncated["exits_recorded_from"].max()).days)
    unrecorded = days_before(journeys.as_of, entered_at) - recorded_ago
    return ibis.greatest((unrecorded + DAYS_PER_WEEK - 1) // DAYS_PER_WEEK, 0).cast("int64")


def _with_groups(ended: ir.Table, journeys: Journeys) -> ir.Table:
    of_record = journeys.records.select(
        journey_type="record_type", journey_id="record_id", channel="channel", segment="segment"
    )
    return ended.inner_join(of_record, _JOURNEY)


def _with_limits(ended: ir.Table, journeys: Journeys) -> ir.Table:
    """Adds zombie_after_weeks: the age of the journey when it first outstayed the limit of a stage."""
    spells = journeys.spells
    stayed = (
        days_before(journeys.as_of, spells.entered_at) - days_before(journeys.as_of, spells.left_at).fill_null(0)
    ) // DAYS_PER_WEEK
    outstayed = spells.filter((stayed >= spells.zombie_after_weeks).fill_null(False))
    limits = _with_journey(outstayed, journeys.events).select(
        *_JOURNEY, spell_at="entered_at", weeks="zombie_after_weeks"
    )
    joined = ended.left_join(limits, _JOURNEY)
    since = days_before(journeys.as_of, joined.entered_at) - days_before(journeys.as_of, joined.spell_at)
    aged = joined.mutate(limit_weeks=ibis.ifelse(since >= 0, since // DAYS_PER_WEEK + joined.weeks, None).cast("int64"))
    # fmt: off
    columns = ["stage", "channel", "segment", "entered_at", "left_at", "outcome", "entry_delay_weeks"]
    # fmt: on
    return aged.group_by(
        record_type="journey_type", record_id="journey_id", **{name: name for name in columns}
    ).aggregate(zombie_after_weeks=aged["limit_weeks"].min())
