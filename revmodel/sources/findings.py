"""Findings: what is wrong with the data, how much of it, what follows and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One fact about the data that a reader must know.

    severity: "stop" ends a run, "warn" changes numbers, "note" is good to know.
    """

    code: str  # short, stable, kebab-case: "duplicate-ids"
    severity: Literal["stop", "warn", "note"]
    table: str
    what: str  # one sentence: what is wrong
    count: int  # rows concerned
    examples: tuple[str, ...]  # a few ids or values, no personal data
    done: str  # what revmodel did about it
    remedy: str  # what the reader can do
