"""Stages that the config does not name, and stages that nothing ever reached."""

from __future__ import annotations

import difflib

import ibis

from revmodel.config import Config
from revmodel.sources.checks.spelling import yaml_text
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.mapping import alias_key
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural, some_of

__all__ = ["stage_names"]

_STAGES = {"stage_changes": "to_stage", "deals": "stage", "deal_history": "stage"}


def stage_names(tables: Tables, config: Config) -> list[Finding]:
    """Stages on record that the config does not know (a run cannot go on), and the reverse (it can)."""
    counts = _rows_by_stage(tables)
    findings = []
    if "stage_changes" in counts:
        findings += _unmapped(counts["stage_changes"], config) + _unreached(counts["stage_changes"], config)
    for table in ("deals", "deal_history"):
        findings += _other_names(table, counts.get(table, {}), config)
    return findings


def _rows_by_stage(tables: Tables) -> dict[str, dict[str, int]]:
    """Table → stage → rows, for every table with stages; one query for all."""
    parts = [
        tables[name]
        .group_by(table=ibis.literal(name), stage=tables[name][column])
        .aggregate(n=lambda rows: rows.count())
        for name, column in _STAGES.items()
        if name in tables
    ]
    counts: dict[str, dict[str, int]] = {name: {} for name in _STAGES if name in tables}
    if parts:
        every = ibis.union(*parts) if len(parts) > 1 else parts[0]
        for row in every.order_by("table", "stage").to_pyarrow().to_pylist():
            if row["stage"] is not None:
                counts[row["table"]][row["stage"]] = row["n"]
    return counts


def _other_names(table: str, counts: dict[str, int], config: Config) -> list[Finding]:
    """Stages of deals and of their history under names that the funnel does not know."""
    known = _known(config)
    unknown = {stage: n for stage, n in counts.items() if stage not in known}
    if not unknown:
        return []
    lines = ", ".join(f"{yaml_text(stage)}: {_nearest(stage, known) or '<a stage>'}" for stage in unknown)
    return [
        finding_of(
            "other-stage-names",
            table,
            f"{plural(sum(unknown.values()), 'row')} of {table} with a stage that the funnel does not know: "
            f"{some_of(map(repr, unknown))}",
            count=sum(unknown.values()),
            examples=unknown,
            done="Kept: stages are taken from stage_changes where there are any",
            remedy=f"Map them under tables.{table}: values: {{stage: {{{lines}}}}}.",
        )
    ]


def _unmapped(counts: dict[str, int], config: Config) -> list[Finding]:
    """Values of to_stage that are neither a stage of the funnel nor an end of it."""
    known = _known(config)
    unknown = {stage: n for stage, n in counts.items() if stage not in known}
    if not unknown:
        return []
    listed = ", ".join(f"{stage!r} ({plural(n, 'row')})" for stage, n in unknown.items())
    lines = ", ".join(f"{stage!r}: {_nearest(stage, known) or '<a stage of the funnel>'}" for stage in unknown)
    return [
        finding_of(
            "unmapped-stages",
            "stage_changes",
            f"to_stage has values that the funnel does not know: {listed}; it knows {', '.join(known)}",
            count=sum(unknown.values()),
            examples=tuple(unknown)[:5],
            done="Nothing: how far these records got cannot be said",
            remedy=f"Map them under tables.stage_changes: values: {{to_stage: {{{lines}}}}}, "
            "or name them under funnel.stages or funnel.lost.",
        )
    ]


def _unreached(counts: dict[str, int], config: Config) -> list[Finding]:
    """Stages of the funnel, and ends of it, that no record ever entered (entries of new records may be implied)."""
    implied = {config.funnel.stages[0], config.funnel.first_deal_stage}
    unreached = [stage for stage in config.funnel.stages if stage not in counts and stage not in implied]
    if not set(config.funnel.won) & set(counts):
        unreached.append("/".join(config.funnel.won))
    if not unreached:
        return []
    return [
        finding_of(
            "unreached-stages",
            "stage_changes",
            f"no record ever entered {', '.join(unreached)}",
            count=len(unreached),
            examples=tuple(unreached)[:5],
            done="The models know these stages only from their priors",
            remedy="Check the spelling against to_stage, or take them out of the funnel.",
        )
    ]


def _known(config: Config) -> list[str]:
    return [*config.funnel.stages, *config.funnel.won, *config.funnel.lost]


def _nearest(stage: str, known: list[str]) -> str | None:
    by_key = {alias_key(name): name for name in known}
    close = difflib.get_close_matches(alias_key(stage), by_key, n=1)
    if close:
        return by_key[close[0]]
    return next((name for key, name in by_key.items() if key in alias_key(stage)), None)
