"""One clock for all sources: moments are kept as naive times of the company's time zone.

Days decide what a quarter holds: a deal signed on 30 September at 17:30 in San Francisco is 1 October in UTC. So days
begin and end where the company does (Config.timezone, UTC by default), everywhere: as-of dates, weeks and quarters.
The price: in the hour that a clock repeats in autumn, events may be up to an hour out of order.

A time with an offset is exact. A time without one is a time of its source's zone (SourceConfig.timezone, else UTC); one
that the clock skips in spring is read by the offset before the jump, one that it repeats by the offset after it.
Midnight to the microsecond is how files write a day without a time: it stays that day whatever the zones.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

__all__ = ["UTC", "Zones", "has_offset", "names_offset", "on_company_clock"]

UTC = "UTC"
_OFFSET = r"[0-9]:[0-9]{2}.*(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?|[A-Za-z]+/[A-Za-z_]+)$"

# timezone(zone, moment) of DuckDB and Postgres: a naive time of the zone made a moment, and a moment made naive there.
_moment_at = ibis.udf.scalar.builtin(
    lambda _zone, _naive: None, name="timezone", signature=(("string", "timestamp(6)"), "timestamp('UTC')")
)
_naive_at = ibis.udf.scalar.builtin(
    lambda _zone, _moment: None, name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp(6)")
)


@dataclass(frozen=True)
class Zones:
    """source: of times without an offset. company: in which all times are kept. IANA names ("Europe/Berlin")."""

    source: str = UTC
    company: str = UTC


def has_offset(text: ir.StringColumn) -> ir.BooleanColumn:
    """Texts that say their offset or zone after the time: "2026-09-30T17:30:00-07:00", "… 17:30Z"."""
    return text.re_search(_OFFSET)


def names_offset(format: str) -> bool:
    """Whether a strptime format reads an offset or the name of a zone."""
    return "%z" in format or "%Z" in format


def on_company_clock(naive: ir.Column, exact: ir.BooleanColumn | bool, zones: Zones) -> ir.Column:
    """Times of the source as times of the company. exact: whether they came with an offset, and so are in UTC."""
    if zones.source == zones.company == UTC:
        return naive
    from_utc, from_source = (_moved(naive, zone, zones.company) for zone in (UTC, zones.source))
    if isinstance(exact, bool):
        moved = from_utc if exact else from_source
    else:
        moved = ibis.ifelse(exact, from_utc, from_source)
    return ibis.ifelse(naive == naive.truncate("D"), naive, moved)


def _moved(naive: ir.Column, zone: str, to: str) -> ir.Column:
    return naive if zone == to else _naive_at(to, _moment_at(zone, naive))
