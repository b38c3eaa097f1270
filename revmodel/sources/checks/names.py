"""Names typed in several ways, in one table or between tables, and records without a channel.

Nothing is made one by itself: two names may be two things. The remedy is the line for the config.
"""

from __future__ import annotations

import ibis
import pandas as pd

from revmodel.config import Config
from revmodel.dims import UNKNOWN
from revmodel.sources.checks.spelling import name_key, near_pairs, variants, yaml_text
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural, some_of

__all__ = ["names_written_twice"]

_COLUMNS = {
    "channel": ("leads", "touches", "deals", "spend", "experiments"),
    "campaign": ("leads", "touches", "deals", "spend"),
    "segment": ("accounts", "leads", "deals", "spend"),
    "region": ("accounts", "leads", "deals", "spend"),
    "owner": ("leads", "deals"),
}
_OF_THE_MODELS = ("channel", "segment")  # by which the models tell records apart
_PERSONAL = "owner"  # names of people: never shown, and two that look alike are two people
_LARGE_SHARE = 0.2  # beyond this, shares of channels among the rest are a guess about the whole
_NOUNS = {"channel": "channels", "campaign": "campaigns", "segment": "segments", "region": "regions", "owner": "owners"}


def names_written_twice(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """Spellings of one name, near spellings, and records whose channel is not known."""
    counts = _rows_by_name(tables)
    findings = _missing_channel(counts, "leads" if "leads" in tables else "deals")
    for column in _COLUMNS:
        of_column = counts[(counts["column"] == column) & (counts["name"] != "")]
        rows = {str(name): int(n) for name, n in of_column.groupby("name")["n"].sum().items()}
        if groups := variants(rows):
            findings.append(_variants_finding(column, groups, rows, of_column))
        if column != _PERSONAL and (pairs := _without_variants(near_pairs(rows))):
            findings.append(_near_finding(column, pairs, rows, of_column))
    return findings


def _rows_by_name(tables: Tables) -> pd.DataFrame:
    """column, table, name ('' where null), n: one query for all."""
    parts = [
        tables[table]
        .group_by(column=ibis.literal(column), table=ibis.literal(table), name=tables[table][column].fill_null(""))
        .aggregate(n=lambda rows: rows.count())
        for column, where in _COLUMNS.items()
        for table in where
        if table in tables and column in tables[table].columns
    ]
    if not parts:
        return pd.DataFrame({"column": [], "table": [], "name": [], "n": []})
    counts = ibis.union(*parts) if len(parts) > 1 else parts[0]
    frame: pd.DataFrame = counts.to_pyarrow().to_pandas()
    return frame.sort_values(["column", "table", "name"], ignore_index=True)


def _missing_channel(counts: pd.DataFrame, table: str) -> list[Finding]:
    """The share of leads, or of deals where there are no leads, whose channel is not known."""
    rows = counts[(counts["column"] == "channel") & (counts["table"] == table)]
    is_missing = [name_key(str(name)) in ("", UNKNOWN) for name in rows["name"]]
    missing, total = int(rows.loc[is_missing, "n"].sum()), int(rows["n"].sum())
    if not missing:
        return []
    share = missing / total
    return [
        finding_of(
            "missing-channel",
            table,
            f"{missing:,} of {total:,} {table} ({share:.0%}) have no known channel",
            count=missing,
            severity="warn" if _LARGE_SHARE < share < 1 else "note",
            done=f"They count as the channel {UNKNOWN!r}",
            remedy="Map the source's channel under columns; a blank in the CRM is best filled when the lead is made.",
        )
    ]


def _without_variants(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(usual, rare) for usual, rare in pairs if name_key(usual) != name_key(rare)]


def _tables_of(names: list[str], counts: pd.DataFrame) -> str:
    return ", ".join(sorted(set(counts.loc[counts["name"].isin(names), "table"])))


def _variants_finding(column: str, groups: list[list[str]], rows: dict[str, int], counts: pd.DataFrame) -> Finding:
    others = [(group[0], other) for group in groups for other in group[1:]]
    where = _tables_of([name for group in groups for name in group], counts)
    listed = some_of(" = ".join(f"{name!r} ({plural(rows[name], 'row')})" for name in group) for group in groups)
    lines = ", ".join(f"{yaml_text(other)}: {yaml_text(usual)}" for usual, other in others[:20])
    if column == _PERSONAL:
        listed, lines = "names of people are not shown", "<a spelling>: <the usual one>"
    return finding_of(
        "name-variants",
        where,
        f"{plural(len(groups), column)} {'has' if len(groups) == 1 else 'have'} several spellings: {listed}",
        count=sum(rows[other] for _, other in others),
        examples=() if column == _PERSONAL else [name for group in groups for name in group],
        severity="warn" if column in _OF_THE_MODELS else "note",
        done=f"They count as different {_NOUNS[column]}",
        remedy=f"Make them one under values: {{{column}: {{{lines}}}}} in {where}.",
    )


def _near_finding(column: str, pairs: list[tuple[str, str]], rows: dict[str, int], counts: pd.DataFrame) -> Finding:
    where = _tables_of([name for pair in pairs for name in pair], counts)
    listed = some_of(f"{rare!r} ({plural(rows[rare], 'row')}) and {usual!r} ({rows[usual]:,})" for usual, rare in pairs)
    lines = ", ".join(f"{yaml_text(rare)}: {yaml_text(usual)}" for usual, rare in pairs[:20])
    return finding_of(
        "near-spellings",
        where,
        f"{plural(len(pairs), 'pair')} of {_NOUNS[column]} differ by one letter and may be one: {listed}",
        count=sum(rows[rare] for _, rare in pairs),
        examples=[name for pair in pairs for name in pair],
        done=f"They count as different {_NOUNS[column]}",
        remedy=f"If they are one, say so under values: {{{column}: {{{lines}}}}} in {where}.",
    )
