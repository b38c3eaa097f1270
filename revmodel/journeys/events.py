"""One ordered log of what happened to each record, with the entries that nobody wrote down."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from revmodel.config import FunnelConfig
from revmodel.errors import JourneyError
from revmodel.sources.dialect import first_rows
from revmodel.sources.tables import Tables

__all__ = ["DEAL", "LEAD", "LOST_STAGE", "WON_STAGE", "event_log"]

LEAD, DEAL = "lead", "deal"
WON_STAGE, LOST_STAGE = "won", "lost"

_RECORD = ["record_type", "record_id"]
_EVENT = [*_RECORD, "stage", "rank", "at"]


def event_log(tables: Tables, funnel: FunnelConfig) -> ir.Table:
    """Every entry of every record into a stage or an end, in order.

    tables: cut as of a date, ids unique. Returns record_type ("lead", "deal"), record_id, stage (an open stage, "won"
    or "lost"), rank (the stage's place in the funnel; ends come last), at (event time), handed_to (the deal that a
    lead became, on the lead's last event; else null), seq (from 1, rising along the record, with gaps).

    Events of one moment go in the order of the funnel; repeats of the same stage are one event. Entries that must
    have been are added: a lead or deal enters its first stage when it was created, if nothing is recorded for it, or
    if what is recorded first is an end or a later stage at a later time. A deal with a lead_id ends its lead's
    journey at the deal's own entry; what the lead's record says after that is not used. ``record_type`` other than
    lead or deal counts as not given: then the tables decide, and an id in neither is a lead where the funnel has lead
    stages. Where the funnel has none, leads are not part of it.

    Raises JourneyError: there is nothing to build a journey from, or a stage that the funnel does not name.
    """
    starts = _starts(tables, funnel)
    parts = [_changes(tables, funnel).cache()] if "stage_changes" in tables else []
    if starts is not None:
        parts.append(_implied(starts, parts[0] if parts else None, funnel))
    if not parts:
        raise JourneyError(
            f"the tables are {', '.join(tables.names) or 'none'}: journeys want stage_changes, "
            "or leads or deals with a created_at; add one of them under tables"
        )
    events = ibis.union(*parts) if len(parts) > 1 else parts[0]
    events = events.mutate(handed_to=ibis.null().cast("string"))
    if "deals" in tables and funnel.lead_stages and funnel.deal_stages:
        events = _hand_over(events.cache(), tables["deals"], len(funnel.lead_stages))
    return _in_order(events)


def _ranks(funnel: FunnelConfig) -> dict[str, int]:
    """Place of each stage in the order of events of one moment: ends after all open stages."""
    open_stages = {stage: place for place, stage in enumerate(funnel.stages)}
    return open_stages | {LOST_STAGE: len(open_stages), WON_STAGE: len(open_stages) + 1}


def _starts(tables: Tables, funnel: FunnelConfig) -> ir.Table | None:
    """record_type, record_id, created_at, first_stage of what the tables of records hold; None where they hold none."""
    parts = []
    for name, record_type, stages in (("leads", LEAD, funnel.lead_stages), ("deals", DEAL, funnel.deal_stages)):
        if name in tables and stages:
            table = tables[name]
            parts.append(
                table.select(
                    record_type=ibis.literal(record_type),
                    record_id=table[f"{record_type}_id"],
                    created_at=table.created_at,
                    first_stage=ibis.literal(stages[0]),
                    first_rank=ibis.literal(funnel.stages.index(stages[0])).cast("int64"),
                )
            )
    if not parts:
        return None
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _changes(tables: Tables, funnel: FunnelConfig) -> ir.Table:
    """The recorded changes as events, before they are put in order."""
    changes = tables["stage_changes"]
    _refuse_unknown_stages(changes, funnel)
    stage = _is_among(changes.to_stage, funnel.won).ifelse(
        WON_STAGE, _is_among(changes.to_stage, funnel.lost).ifelse(LOST_STAGE, changes.to_stage)
    )
    changes = changes.mutate(stage=stage)
    typed = _with_record_type(changes, tables, funnel)
    rank = typed.stage.cases(*_ranks(funnel).items(), else_=ibis.null().cast("int64"))
    return typed.mutate(rank=rank.cast("int64"), at=typed.changed_at).select(*_EVENT)


def _is_among(column: ir.Column, values: Sequence[str]) -> ir.BooleanValue:
    return column.isin(list(values)) if values else ibis.literal(False)


def _refuse_unknown_stages(changes: ir.Table, funnel: FunnelConfig) -> None:
    known = [*funnel.stages, *funnel.won, *funnel.lost]
    unknown = changes.filter(~changes.to_stage.isin(known)).group_by("to_stage").aggregate(n=lambda t: t.count())
    rows = unknown.order_by("to_stage").limit(10).to_pyarrow().to_pylist()
    if rows:
        listed = ", ".join(f"{row['to_stage']!r} ({row['n']} changes)" for row in rows)
        raise JourneyError(
            f"stage_changes go to {listed}, which the funnel does not name (it names {', '.join(known)}): "
            "map them under tables.stage_changes: values: {to_stage: …}, or name them under funnel"
        )


def _with_record_type(changes: ir.Table, tables: Tables, funnel: FunnelConfig) -> ir.Table:
    """The type as given, else by the table that holds the id, else lead where the funnel has lead stages."""
    given = changes.record_type.lower()
    record_type = ibis.ifelse(given.isin([LEAD, DEAL]), given, ibis.null().cast("string"))
    changes = changes.mutate(record_type=record_type)
    if not changes.filter(changes.record_type.isnull()).limit(1).count().to_pyarrow().as_py():
        return changes  # all say it, and nothing has to be looked up
    fallback = LEAD if funnel.lead_stages else DEAL
    known = [
        tables[name].select(known_id=f"{kind}_id", known_type=ibis.literal(kind)).distinct()
        for name, kind in (("deals", DEAL), ("leads", LEAD))
        if name in tables
    ]
    if not known:
        return changes.mutate(record_type=changes.record_type.fill_null(fallback))
    ids = ibis.union(*known) if len(known) > 1 else known[0]
    ids = ids.group_by("known_id").aggregate(known_type=ids.known_type.min())  # an id of both kinds is the deal's
    joined = changes.left_join(ids, changes.record_id == ids.known_id)
    return joined.mutate(record_type=ibis.coalesce(joined.record_type, joined.known_type, ibis.literal(fallback)))


def _implied(starts: ir.Table, changes: ir.Table | None, funnel: FunnelConfig) -> ir.Table:
    """Entries into the first stage at creation that must have been but are not recorded."""
    if changes is None:
        entries = starts.mutate(at=starts.created_at)
    else:
        first = _first_events(changes).select(*_RECORD, recorded_at="at", recorded_rank="rank")
        joined = starts.left_join(first, _RECORD)
        nothing = joined.recorded_at.isnull()
        only_the_end = joined.recorded_rank >= len(funnel.stages)
        begins_late = (joined.recorded_rank > joined.first_rank) & (joined.created_at < joined.recorded_at)
        missing = joined.filter(nothing | only_the_end | begins_late)
        entries = missing.mutate(at=ibis.least(missing.created_at, missing.recorded_at.fill_null(missing.created_at)))
    return entries.mutate(stage=entries.first_stage, rank=entries.first_rank).select(*_EVENT)


def _hand_over(events: ir.Table, deals: ir.Table, lead_stages: int) -> ir.Table:
    """Let each lead's journey end in its first deal, at that deal's first entry."""
    handovers = _handovers(events, deals)
    of_lead = handovers.select(lead="record_id", left_at="at")
    joined = events.left_join(of_lead, [events.record_type == LEAD, events.record_id == of_lead.lead])
    later = (joined["at"] > joined.left_at) | ((joined["rank"] >= lead_stages) & joined.left_at.notnull())
    kept = joined.filter(~later.fill_null(False)).select(*events.columns)
    return ibis.union(kept, handovers)


def _handovers(events: ir.Table, deals: ir.Table) -> ir.Table:
    """One event a lead that became a deal: the stage and the time of the first of its deals."""
    first = _first_events(events)
    of_deals, of_leads = (
        first.filter(first.record_type == kind).select(**{kind: "record_id"}, stage="stage", rank="rank", at="at")
        for kind in (DEAL, LEAD)
    )
    with_lead = deals.filter(deals.lead_id.notnull()).select("deal_id", "lead_id")
    pairs = with_lead.inner_join(of_deals, with_lead.deal_id == of_deals.deal)
    began = of_leads.select(lead="lead", began_at="at")
    pairs = pairs.inner_join(began, [pairs.lead_id == began.lead, began.began_at <= pairs["at"]])
    by_lead = first_rows(pairs, ["lead_id"], [pairs["at"], pairs.deal_id])
    named = by_lead.mutate(record_type=ibis.literal(LEAD), record_id="lead_id", handed_to="deal_id")
    return named.select(*events.columns)


def _first_events(events: ir.Table) -> ir.Table:
    """The first event of each record: record_type, record_id, stage, rank, at."""
    return first_rows(events.select(*_EVENT), _RECORD, [events["at"], events["rank"]])


def _in_order(events: ir.Table) -> ir.Table:
    """Ordered, numbered, repeats left out: one sort tells both."""
    window = ibis.window(group_by=_RECORD, order_by=["at", "rank"])
    seen = events.mutate(before=events.stage.lag().over(window), seq=ibis.row_number().over(window) + 1)
    return seen.filter(seen.before.isnull() | (seen.before != seen.stage)).drop("before")
