"""Every finding is of a kind that is written down once: its group, what follows from it, and why it is so grave."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from revmodel.sources.fault_kinds import GROUPS, KINDS, SEVERITIES
from revmodel.sources.findings import Finding, finding_of, worst_first

PACKAGE = Path(__file__).resolve().parents[2] / "revmodel"
CODE = re.compile(r"""(?:code=|finding_of\(\s*|_Fault\(\s*|RowFault\(\s*|_Kind\(\s*)"([a-z]+(?:-[a-z]+)+)\"""")


def codes_in_the_package() -> set[str]:
    return {code for path in PACKAGE.rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_that_is_raised_has_a_kind() -> None:
    codes = codes_in_the_package()
    assert {"zombies", "tracking-break", "unreadable-values", "bulk-import"} - {"zombies"} <= codes
    assert codes <= set(KINDS)


def test_every_kind_says_what_follows_and_why_it_is_so_grave() -> None:
    for code, kind in KINDS.items():
        assert kind.group in GROUPS, code
        assert kind.severities, code
        assert kind.consequence.endswith("."), code


def test_finding_has_the_severity_and_consequence_of_its_kind() -> None:
    finding = finding_of("unmapped-stages", "stage_changes", "what", count=3, done="Nothing", remedy="Map them.")
    assert finding.severity == "stop"
    assert finding.consequence == KINDS["unmapped-stages"].consequence


def test_severity_that_a_kind_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted one of warn"):
        finding_of("zombies", "t", "what", count=1, done="", remedy="", severity="stop")
    with pytest.raises(ValueError, match="wanted one of warn, note"):
        finding_of("missing-channel", "t", "what", count=1, done="", remedy="")


def test_findings_come_by_severity_then_group_then_size() -> None:
    def a(code: str, count: int, severity: str) -> Finding:
        return Finding(code, severity, "t", "what", count, (), "", "")  # type: ignore[arg-type]

    small, large = a("zombies", 3, "warn"), a("created-closed", 5, "warn")
    spend, stop, note = a("gaps-in-spend", 1, "warn"), a("one-row", 1, "stop"), a("missing-channel", 99, "note")
    assert worst_first([note, small, large, spend, stop]) == (stop, spend, large, small, note)
    assert SEVERITIES == ("stop", "warn", "note")
