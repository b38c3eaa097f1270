"""Tracking that breaks: a channel's leads or touches end while its spend goes on, or its spend ends while leads go on.

A channel that was paused, its spend silent too, is no fault. The rate of false alarms is set: all looks at all weeks of
all series of a sound company together give one in a hundred checks or less (Bonferroni; measured in
experiments/how_often_do_checks_err.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from revmodel.config import Config
from revmodel.dims import UNKNOWN
from revmodel.sources.checks.activity import Activity, Floats
from revmodel.sources.checks.silence import Silence, find_silence, share_of_usual
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import count, plural, some_of

__all__ = ["tracking_breaks"]

_FALSE_ALARMS = 0.01  # of checks of sound data
_GOES_ON = 0.7  # of the usual level: leads that still come while spend is silent
_OUTLASTS_WEEKS = 8  # leads still come for some weeks after a pause; beyond this, spend was not recorded
_NEWCOMER_WEEKS = 2  # a name that appears so near the end of another may be its new name
_STALE_WEEKS = 2
_ENOUGH_WEEKS = 12  # of history before one can say that a table ends early
_EVENTS = ("leads", "touches")


@dataclass(frozen=True)
class _Broken:
    """A silent interval of one series of one channel."""

    table: str
    channel: str
    silence: Silence


def tracking_breaks(tables: Tables, config: Config, activity: Activity) -> list[Finding]:  # noqa: ARG001
    """Tables that end early, histories with a hole, and channels whose records or spend vanish."""
    stale = _stale_tables(activity)
    ended = {finding.table for finding in stale}
    gaps = _gaps(activity, ended)
    hidden = ended | {gap.table for gap in gaps}
    spend = activity.weekly("spend", "money")
    findings = [*stale, *(_gap_finding(gap, activity) for gap in gaps)]
    for table in _EVENTS:
        if table not in hidden:
            findings += _vanished_events(activity, table, spend)
    if "spend" not in ended:
        findings += _vanished_spend(activity, spend) + _vanished_impressions(activity, spend)
    return findings


def _looks(activity: Activity) -> int:
    """How many intervals are looked at: one for each week of each series."""
    series = sum(len(activity.weekly(table)) for table in (*_EVENTS, "stage_changes")) + 2 * len(
        activity.weekly("spend")
    )
    return max(1, series * activity.weeks)


def _is_break(silence: Silence | None, activity: Activity) -> bool:
    return silence is not None and silence.chance * _looks(activity) <= _FALSE_ALARMS


def _total(activity: Activity, table: str) -> Floats | None:
    series = list(activity.weekly(table).values())
    return sum(series[1:], start=series[0]) if series else None


def _stale_tables(activity: Activity) -> list[Finding]:
    """Tables whose last row is weeks before the last day, although they had rows in nearly every week before."""
    findings = []
    for table in ("leads", "touches", "deals", "stage_changes", "spend"):
        total = _total(activity, table)
        if total is None:
            continue
        last = max((week for week in range(activity.weeks) if total[week] > 0), default=0)
        silent, recent = activity.weeks - 1 - last, total[max(0, last - 25) : last + 1]
        if silent >= _STALE_WEEKS and last >= _ENOUGH_WEEKS and (recent > 0).mean() > 0.9:
            findings.append(
                finding_of(
                    "stale-table",
                    table,
                    f"{table} has no row in the last {plural(silent, 'week')} up to {activity.last_day:%Y-%m-%d}, "
                    "and had some in nearly every week before",
                    count=silent,
                    examples=(f"last week with rows begins {activity.day(last):%Y-%m-%d}",),
                    done="Nothing: these weeks count as weeks in which nothing happened",
                    remedy=f"Export {table} again, or set as_of to the day of the export.",
                )
            )
    return findings


def _gaps(activity: Activity, ended: set[str]) -> list[_Broken]:
    """Tables that fall silent as a whole and come back."""
    found = []
    for table in (*_EVENTS, "stage_changes"):
        total = _total(activity, table)
        silence = None if total is None or table in ended else find_silence(total)
        if silence is not None and _is_break(silence, activity):
            found.append(_Broken(table, "", silence))
    return found


def _vanished_events(activity: Activity, table: str, spend: dict[str, Floats]) -> list[Finding]:
    series = activity.weekly(table)
    findings = []
    for channel, values in series.items():
        silence = find_silence(values, driver=spend.get(channel))
        if channel in ("", UNKNOWN) or silence is None or not _is_break(silence, activity):
            continue
        other = activity.weekly("touches" if table == "leads" else "leads").get(channel)
        goes_on = other is not None and share_of_usual(other, silence.first, silence.last) >= _GOES_ON
        broken = _Broken(table, channel, silence)
        if channel in spend:
            findings.append(_break_finding(broken, activity, "its spend went on"))
        elif goes_on:
            findings.append(_break_finding(broken, activity, f"its {_other(table)} went on"))
        else:
            findings.append(_vanished_finding(broken, activity, _newcomers(series, silence)))
    return findings


def _vanished_impressions(activity: Activity, spend: dict[str, Floats]) -> list[Finding]:
    findings = []
    for channel, values in activity.weekly("spend", "impressions").items():
        silence = find_silence(values, driver=spend.get(channel), money=True)
        if silence is not None and _is_break(silence, activity):
            findings.append(_break_finding(_Broken("spend", channel, silence), activity, "its spend went on"))
    return findings


def _vanished_spend(activity: Activity, spend: dict[str, Floats]) -> list[Finding]:
    leads, findings = activity.weekly("leads"), []
    for channel, values in spend.items():
        silence = find_silence(values, money=True)
        if silence is None or silence.weeks < _OUTLASTS_WEEKS or channel not in leads:
            continue
        share = share_of_usual(leads[channel], silence.first, silence.last)
        if share >= _GOES_ON and _is_break(silence, activity):
            findings.append(_spend_finding(_Broken("spend", channel, silence), activity, share))
    return findings


def _newcomers(series: dict[str, Floats], silence: Silence) -> list[str]:
    """Channels that first appear when another one ends."""
    starts = {name: int((values > 0).argmax()) for name, values in series.items() if name}
    return [name for name, start in starts.items() if start > 0 and abs(start - silence.first) <= _NEWCOMER_WEEKS]


def _other(table: str) -> str:
    return "touches" if table == "leads" else "leads"


def _when(silence: Silence, activity: Activity) -> str:
    first = f"{activity.day(silence.first):%Y-%m-%d}"
    last = activity.day(silence.last + 1) - dt.timedelta(days=1)
    return f"since {first}" if silence.ongoing else f"from {first} to {last:%Y-%m-%d}"


def _what(broken: _Broken, noun: str, activity: Activity) -> str:
    silence = broken.silence
    few = "almost no" if silence.seen > 0 else "no"
    return (
        f"{broken.channel!r} has {few} {noun} {_when(silence, activity)} ({plural(silence.weeks, 'week')}; about "
        f"{count(silence.expected)} were to be expected)"
    )


def _break_finding(broken: _Broken, activity: Activity, but: str) -> Finding:
    noun = "impressions" if broken.table == "spend" else broken.table
    return finding_of(
        "tracking-break",
        broken.table,
        f"{_what(broken, noun, activity)}, while {but}: tracking seems to have broken",
        count=broken.silence.weeks,
        examples=(broken.channel,),
        done="Nothing: the weeks count as they are",
        remedy=f"Check tracking codes, forms and the channel's name from {activity.day(broken.silence.first):%Y-%m-%d} "
        "on; map a new name under values: {channel: {…}}; if records are lost for good, say so in annotations.",
    )


def _vanished_finding(broken: _Broken, activity: Activity, newcomers: list[str]) -> Finding:
    hint = f"; {some_of(map(repr, newcomers))} first appears at that time" if newcomers else ""
    lines = ", ".join(f"{name!r}: {broken.channel}" for name in newcomers) or f"'<new name>': {broken.channel}"
    return finding_of(
        "channel-vanished",
        broken.table,
        f"{_what(broken, broken.table, activity)}{hint}",
        count=broken.silence.weeks,
        examples=(broken.channel, *newcomers),
        done="Nothing: the channel counts as ended, or paused",
        remedy=f"If it has a new name, make them one under values: {{channel: {{{lines}}}}} in {broken.table}.",
    )


def _spend_finding(broken: _Broken, activity: Activity, share: float) -> Finding:
    silence = broken.silence
    few = "almost no" if silence.seen > 0 else "no"
    return finding_of(
        "spend-vanished",
        "spend",
        f"{broken.channel!r} has {few} spend {_when(silence, activity)} ({plural(silence.weeks, 'week')}), but its "
        f"leads went on at {share:.0%} of their usual number",
        count=silence.weeks,
        examples=(broken.channel,),
        done="Those weeks count as weeks without spend",
        remedy="Add the missing spend; if it was truly paused, nothing is needed.",
    )


def _gap_finding(gap: _Broken, activity: Activity) -> Finding:
    silence = gap.silence
    return finding_of(
        "history-gap",
        gap.table,
        f"{gap.table} has {'almost no' if silence.seen else 'no'} rows {_when(silence, activity)} "
        f"({plural(silence.weeks, 'week')}; about {count(silence.expected)} were to be expected)",
        count=silence.weeks,
        examples=(f"{activity.day(silence.first):%Y-%m-%d}",),
        done="Nothing: the weeks count as weeks in which nothing happened",
        remedy=f"Export {gap.table} for that time as well; if the system was down, say so in annotations.",
    )
