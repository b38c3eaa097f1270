"""Facts to work with: how to read the page, where the run comes from."""

from __future__ import annotations

from typing import Any

from revmodel.report.reading import AnyRun, Run
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, date

__all__ = ["method_section", "provenance_section"]


def method_section(run: Run) -> Section:
    """How to read the page, and the method in short."""
    said = [
        "8 in 10 chance: of ten such ranges, eight should hold the truth. Two should not; that is no error.",
        "The middle is the value that the outcome is as likely to exceed as to miss.",
        "The funnel is learned from time-stamped stage changes: how many leave each stage each week, to where, and how "
        "that depends on age, channel and season. Open deals and leads are then walked forward, one by one, thousands "
        "of times; new leads join them as they have come in before, and as spend brings them. Every range of the "
        "forecast is counted from those same futures, so parts add up to totals.",
    ]
    if run.has_spend:
        said.append(
            "What a channel adds is learned from how new leads follow its spend, with carry-over and saturation, and "
            "told in deals through the time they take to close."
        )
    return Section("method", "How to read this", tuple(said))


def provenance_section(run: AnyRun) -> Section:
    """As-of date, data with digests, version, seed: what it takes to get the same numbers again."""
    manifest: dict[str, Any] = run.manifest
    facts = (
        ("Run", str(manifest["run"])),
        ("Made", str(manifest["created_at"])),
        ("Knows what was recorded by", date(manifest["as_of"])),
        ("Command", str(manifest["command"])),
        ("revmodel", f"{manifest['version']}, commit {str(manifest['git_sha'] or 'not known')[:10]}"),
        ("Seed and engine", f"{manifest['seed']}, {manifest['engine']}"),
        ("Took", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in manifest["timings_s"].items())),
    )
    inputs = tuple(
        (str(item["table"]), count(float(item["rows"])), str(item["digest"])[:16]) for item in manifest["inputs"]
    )
    grids = (Grid(("", ""), facts), Grid(("Table", "Rows", "Digest"), inputs, right=(1,)))
    said = (
        "The same data, configuration and seed give the same numbers. Every number here is in the tables beside it.",
    )
    return Section("provenance", "Where this run comes from", said, grids=grids)
