"""The one place that cuts: what was on record by the end of a day, and nothing that came later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from revmodel.errors import JourneyError
from revmodel.journeys.corrections import corrected
from revmodel.sources.dialect import latest_values
from revmodel.sources.schema import TABLES, TableSchema
from revmodel.sources.tables import Tables
from revmodel.sources.versions import has_versions, last_of_each

__all__ = ["as_of"]


def as_of(tables: Tables, date: dt.date) -> Tables:
    """The tables as they stood at the end of ``date``, a day of the company's time zone (see Config.timezone).

    A row is kept when it was recorded by then (its recorded time, else its event time) and when its event is not
    dated later: spend and indicators at their date, experiments once they ended, annotations once they started,
    targets always, accounts without a creation date always. Of several versions of one id the latest that was
    recorded by then counts, so a correction holds from when it was made. What a kept row only learned later is taken
    back: the end of a subscription, the lead of a touch when that lead did not exist yet.

    Merges made by then join records, deletions made by then remove them (see journeys/corrections.py).

    Deals: stage, amount, close date, forecast category and owner come from stage_changes and deal_history as recorded
    by ``date``, null where these say nothing. The fields of the deals table itself are today's: nothing tells since
    when they hold, so an amount that no history dates is not used. Only where no history has said an owner yet, of
    any deal, is the owner taken as set at creation, like fields without history (type, channel, segment, the owner
    and account of a lead).

    Rows recorded after ``date`` change nothing. Tables that were cut are returned as they are for the same day or a
    later one. Raises JourneyError: they are asked for as of an earlier day.
    """
    if tables.cut_on is not None:
        return _cut_before(tables, tables.cut_on, date)
    cut = {name: _known(tables, TABLES[name], date) for name in tables.names}
    if "annotations" in cut:
        cut["annotations"] = cut["annotations"].filter(_by(cut["annotations"].start, date))
    if "subscriptions" in cut:
        cut["subscriptions"] = _without_later_end(cut["subscriptions"], date)
    of_the_day = corrected(tables.replace(**cut))
    cut = dict(of_the_day.by_name)
    if "touches" in cut and "leads" in cut:
        cut["touches"] = _without_later_lead(cut["touches"], cut["leads"])
    if "deals" in cut:
        cut["deals"] = _with_fields_of_the_day(cut)
    return replace(of_the_day, by_name=cut, versioned=frozenset(), cut_on=date)


def _cut_before(tables: Tables, cut_on: dt.date, date: dt.date) -> Tables:
    if date < cut_on:
        raise JourneyError(
            f"these tables were cut as of {cut_on} and are asked for as of {date}: merges, deletions and corrections "
            "made between the two cannot be undone in them; cut the tables as they were read"
        )
    return tables


def _known(tables: Tables, schema: TableSchema, date: dt.date) -> ir.Table:
    """Rows whose event and recording both lie on or before the day, of each id the version that counted then."""
    table = tables[schema.name]
    if schema.recorded is not None:
        table = table.filter(table[schema.recorded].isnull() | _by(table[schema.recorded], date))
    if has_versions(tables, schema.name):
        table = last_of_each(table, schema)
    if schema.event is not None and schema.event != schema.recorded:
        table = table.filter(table[schema.event].isnull() | _by(table[schema.event], date))
    return table


def _by(moment: ir.Column, date: dt.date) -> ir.BooleanColumn:
    next_midnight = dt.datetime.combine(date + dt.timedelta(days=1), dt.time())
    return moment.cast("timestamp(6)") < ibis.literal(next_midnight, type="timestamp(6)")


def _without_later_end(subscriptions: ir.Table, date: dt.date) -> ir.Table:
    ended_at = subscriptions.ended_at
    return subscriptions.mutate(ended_at=ibis.ifelse(_by(ended_at, date), ended_at, ibis.null().cast(ended_at.type())))


def _without_later_lead(touches: ir.Table, leads: ir.Table) -> ir.Table:
    """A touch is stitched to its lead when the lead is made; before that only the anonymous id is known."""
    known = leads.select(known_lead=leads.lead_id).distinct()
    joined = touches.left_join(known, touches.lead_id == known.known_lead)
    return joined.mutate(lead_id=joined.known_lead).select(*touches.columns)


def _with_fields_of_the_day(cut: dict[str, ir.Table]) -> ir.Table:
    deals = cut["deals"]
    latest = deals.select("deal_id").distinct()
    if "deal_history" in cut:
        latest = _joined(latest, _latest_history(cut["deal_history"]))
    if "stage_changes" in cut:
        latest = _joined(latest, _latest_stage(cut["stage_changes"]))
    stages = [latest[name] for name in ("stage_changed_to", "stage_in_history") if name in latest.columns]
    fields = {
        "amount": _or_null(latest, "amount_in_history", "float64"),
        "close_date": _or_null(latest, "close_date_in_history", "date"),
        "forecast_category": _or_null(latest, "forecast_category_in_history", "string"),
        "stage": ibis.coalesce(*stages) if stages else ibis.null().cast("string"),
    }
    if "deal_history" in cut and cut["deal_history"].owner.count().to_pyarrow().as_py():
        fields["owner"] = latest.owner_in_history
    of_the_day = latest.select(of_deal="deal_id", **{f"known_{name}": field for name, field in fields.items()})
    joined = deals.left_join(of_the_day, deals.deal_id == of_the_day.of_deal)
    return joined.mutate(**{name: joined[f"known_{name}"] for name in fields}).select(*deals.columns)


def _joined(left: ir.Table, right: ir.Table) -> ir.Table:
    return left.left_join(right, "deal_id").drop("deal_id_right")


def _or_null(table: ir.Table, name: str, kind: str) -> ir.Column:
    return table[name] if name in table.columns else ibis.null().cast(kind)


def _latest_history(history: ir.Table) -> ir.Table:
    """For each field its latest value on record; rows of one moment are ordered by their values."""
    names = ("close_date", "amount", "stage", "forecast_category", "owner")
    order = ["recorded_at", *names]
    fields = {f"{name}_in_history": name for name in names}
    return latest_values(history, "deal_id", order, fields)


def _latest_stage(changes: ir.Table) -> ir.Table:
    of_deals = changes.filter(changes.record_type.isnull() | (changes.record_type.lower() == "deal"))
    order = ["changed_at", "recorded_at", "to_stage"]
    return latest_values(of_deals.rename(deal_id="record_id"), "deal_id", order, {"stage_changed_to": "to_stage"})
