"""Merges that close a circle: a into b, and b into a."""

from __future__ import annotations

from revmodel.config import Config
from revmodel.sources.findings import Finding, finding_of
from revmodel.sources.merging import survivors
from revmodel.sources.tables import Tables
from revmodel.sources.wording import plural

__all__ = ["merge_cycles"]


def merge_cycles(tables: Tables, config: Config) -> list[Finding]:  # noqa: ARG001 (a check has one signature)
    """Merges of a record into one that had been merged into it."""
    refused = survivors(tables).refused if "merges" in tables else ()
    if not refused:
        return []
    return [
        finding_of(
            "merge-cycles",
            "merges",
            f"{plural(len(refused), 'merge')} would close a circle: each record would be merged into itself",
            count=len(refused),
            examples=refused,
            done="The later merge of each circle does not count",
            remedy="Check which record is left in the source, and drop the other direction.",
        )
    ]
