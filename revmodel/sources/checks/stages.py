"""Stages that the config does not name, and stages that nothing ever reached."""

from __future__ import annotations

import difflib

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.mapping import alias_key
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["stage_names"]


def stage_names(tables: Tables, config: Config) -> list[Finding]:
    """Stages on record that the config does not know (a run cannot go on), and the reverse (it can)."""
    if "stage_changes" not in tables:
        return []
    changes = tables["stage_changes"]
    counts = changes.group_by("to_stage").aggregate(n=changes.count()).order_by("to_stage").to_pyarrow()
    changes_by_stage = dict(zip(counts["to_stage"].to_pylist(), counts["n"].to_pylist(), strict=True))
    return _unmapped(changes_by_stage, config) + _unreached(changes_by_stage, config)


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
