"""Findings: what is wrong with the data, how much of it, what follows and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from revmodel.sources.fault_kinds import GROUPS, KINDS, SEVERITIES
from revmodel.sources.masking import without_addresses

__all__ = ["Finding", "Severity", "finding_of", "worst_first"]

Severity = Literal["stop", "warn", "note"]


@dataclass(frozen=True)
class Finding:
    """One fact about the data that a reader must know.

    severity: "stop" ends a run, "warn" changes numbers, "note" is good to know. Why a fault has the severity it has is
    written once, in sources/fault_kinds.py.
    """

    code: str  # short, stable, kebab-case: "duplicate-ids"
    severity: Severity
    table: str
    what: str  # one sentence: what is wrong
    count: int  # rows concerned
    examples: tuple[str, ...]  # a few ids or values, no personal data
    done: str  # what revmodel did about it
    remedy: str  # what the reader can do
    consequence: str = ""  # what it does to forecast and contribution if left; that of its kind where not given

    def __post_init__(self) -> None:
        for name in ("what", "done", "remedy"):  # whatever a check quotes, an address does not leave this door
            object.__setattr__(self, name, without_addresses(getattr(self, name)))
        object.__setattr__(self, "examples", tuple(map(without_addresses, self.examples)))
        if not self.consequence and self.code in KINDS:
            object.__setattr__(self, "consequence", KINDS[self.code].consequence)

    @property
    def group(self) -> str:
        """What part of the company's data it is about: one of fault_kinds.GROUPS."""
        return KINDS[self.code].group if self.code in KINDS else GROUPS[-1]


def finding_of(
    code: str,
    table: str,
    what: str,
    *,
    count: int,
    done: str,
    remedy: str,
    examples: Iterable[str] = (),
    severity: Severity | None = None,
) -> Finding:
    """A finding of a kind, with the kind's severity and consequence; severity: where the kind has more than one.

    Raises KeyError: no kind has that code; ValueError: the kind does not have that severity.
    """
    possible = KINDS[code].severities
    chosen: Severity = severity or possible[0]
    if chosen not in possible or (severity is None and len(possible) > 1):
        raise ValueError(f"{code}: severity {severity!r} came, wanted one of {', '.join(possible)} (fault_kinds.py)")
    return Finding(code, chosen, table, what, count, tuple(examples)[:5], done, remedy)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, within it by group, and there the largest first."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (SEVERITIES.index(f.severity), GROUPS.index(f.group), -f.count, f.table, f.code),
        )
    )
