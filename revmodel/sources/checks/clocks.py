"""Clocks: dates without a time of day, and a source whose hours are shifted against all others."""

from __future__ import annotations

import numpy as np

from revmodel.config import Config
from revmodel.sources.checks.activity import AT_MIDNIGHT, Activity, Floats
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import and_list, plural

__all__ = ["clock_faults"]

_WITH_TIMES = ("leads", "touches", "deals", "stage_changes")
_MOSTLY = 0.9  # of rows at midnight sharp: the table has dates, not times
_ENOUGH = 200  # events of a source, and of the others, from which its hours are known
_LEAST_SHIFT_HOURS = 4
_MUCH_CLOSER = 0.5  # of the distance between hours that a shift must take away
_FAR = 0.5  # total variation distance of hours that no mix of habits explains


def clock_faults(tables: Tables, config: Config, activity: Activity) -> list[Finding]:  # noqa: ARG001
    """Tables whose events all happen at midnight, and channels whose touches or leads are hours apart from the rest."""
    findings = _dateless(activity)
    for table in ("leads", "touches"):
        findings += _shifted(activity, table)
    return findings


def _dateless(activity: Activity) -> list[Finding]:
    at_midnight = {}
    for table in _WITH_TIMES:
        rows = activity.counts[activity.counts["table"] == table]
        midnight = int(rows.loc[rows["hour"] == AT_MIDNIGHT, "n"].sum())
        if midnight >= max(_ENOUGH, _MOSTLY * rows["n"].sum()):
            at_midnight[table] = midnight
    if not at_midnight:
        return []
    count = sum(at_midnight.values())
    return [
        finding_of(
            "dates-without-times",
            ", ".join(at_midnight),
            f"{plural(count, 'row')} of {and_list(at_midnight)}, nearly all they have, are at 00:00: dates without a "
            "time of day",
            count=count,
            done="Nothing: weeks are counted by days; of events of one day, the funnel's order is kept",
            remedy="If the source has the time, export it; otherwise nothing is needed.",
        )
    ]


def _shifted(activity: Activity, table: str) -> list[Finding]:
    rows = activity.counts[(activity.counts["table"] == table) & (activity.counts["hour"] != AT_MIDNIGHT)]
    hours = {
        str(channel): np.bincount(part["hour"], weights=part["n"], minlength=24)
        for channel, part in rows.groupby("channel", sort=True)
        if channel
    }
    findings = []
    for channel, own in hours.items():
        others = np.sum([other for name, other in hours.items() if name != channel], axis=0)
        if own.sum() < _ENOUGH or np.sum(others) < _ENOUGH:
            continue
        shift = shift_hours(own, others)
        if shift:
            findings.append(_shift_finding(table, channel, int(own.sum()), shift))
    return findings


def shift_hours(own: Floats, others: Floats) -> int:
    """Hours (−11 to 12) by which one clock seems to be ahead of the others; 0 where it seems right.

    own, others : (24,), events by hour of day. Said only where the hours are far apart and a shift explains most of it.
    """
    own, others = own / own.sum(), others / others.sum()
    distances = np.array([np.abs(np.roll(own, -hours) - others).sum() / 2 for hours in range(24)])
    best = int(np.argmin(distances))
    signed = best if best <= 12 else best - 24
    explained = distances[best] <= _MUCH_CLOSER * distances[0]
    return signed if distances[0] >= _FAR and explained and abs(signed) >= _LEAST_SHIFT_HOURS else 0


def _shift_finding(table: str, channel: str, rows: int, shift: int) -> Finding:
    return finding_of(
        "shifted-clock",
        table,
        f"{table} of {channel!r} come about {plural(abs(shift), 'hour')} {'later' if shift > 0 else 'earlier'} in the "
        f"day than those of all other channels: another time zone, it seems ({plural(rows, 'row')})",
        count=rows,
        examples=(channel,),
        done="Nothing: the times count as they are",
        remedy="Export times with their offset (2026-09-30T09:00:00+02:00), or name the zone of that source under "
        f"tables.{table}: timezone.",
    )
