"""Channels: one name in several spellings, and records without one."""

from __future__ import annotations

import ibis
import pandas as pd

from revmodel.config import Config
from revmodel.dims import UNKNOWN
from revmodel.sources.findings import Finding
from revmodel.sources.mapping import alias_key
from revmodel.sources.tables import Tables

__all__ = ["channel_names"]

_WITH_CHANNEL = ("leads", "touches", "deals", "spend", "experiments")
_LARGE_SHARE = 0.2  # beyond this, shares of channels among the rest are a guess about the whole


def channel_names(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """One channel under several names, and records without a channel."""
    counts = _rows_by_channel(tables)
    return _missing(counts, "leads" if "leads" in tables else "deals") + _variants_of(counts)


def _variants_of(counts: pd.DataFrame) -> list[Finding]:
    """Names that differ only in case, spaces, '_' or '-', in one table or between tables."""
    counts = counts[counts["channel"] != ""]
    counts = counts.assign(key=[alias_key(name) for name in counts["channel"]])
    return [
        _variants(rows.groupby("channel")["n"].sum().sort_values(ascending=False), sorted(set(rows["table"])))
        for _, rows in counts.groupby("key")
        if len(set(rows["channel"])) > 1
    ]


def _missing(counts: pd.DataFrame, name: str) -> list[Finding]:
    """The share of leads, or of deals where there are no leads, whose channel is not known."""
    counts = counts[counts["table"] == name]
    missing = int(counts.loc[[key in ("", UNKNOWN) for key in map(alias_key, counts["channel"])], "n"].sum())
    total = int(counts["n"].sum())
    if not missing:
        return []
    share = missing / total
    return [
        Finding(
            code="missing-channel",
            severity="warn" if _LARGE_SHARE < share < 1 else "note",
            table=name,
            what=f"{missing:,} of {total:,} {name} ({share:.0%}) have no known channel",
            count=missing,
            examples=(),
            done=f"They count as the channel {UNKNOWN!r}",
            remedy="Map the source's channel under columns; a blank in the CRM is best filled when the lead is made.",
        )
    ]


def _rows_by_channel(tables: Tables) -> pd.DataFrame:
    """table, channel ('' where null), n: one query for all tables."""
    parts = [
        tables[name]
        .group_by(table=ibis.literal(name), channel=tables[name].channel.fill_null(""))
        .aggregate(n=lambda rows: rows.count())
        for name in _WITH_CHANNEL
        if name in tables
    ]
    if not parts:
        return pd.DataFrame({"table": [], "channel": [], "n": []})
    counts = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return counts.order_by("table", "channel").execute()  # type: ignore[no-any-return]


def _variants(rows: pd.Series[int], tables: list[str]) -> Finding:
    names = [str(name) for name in rows.index]
    usual, others = names[0], names[1:]
    lines = ", ".join(f"{name!r}: {usual}" for name in others)
    return Finding(
        code="channel-variants",
        severity="warn",
        table=", ".join(tables),
        what="one channel has several spellings: " + ", ".join(f"{name!r} ({n} row(s))" for name, n in rows.items()),
        count=int(rows.iloc[1:].sum()),
        examples=tuple(names)[:5],
        done="They count as different channels",
        remedy=f"Make them one under values: {{channel: {{{lines}}}}} in {', '.join(tables)}.",
    )
