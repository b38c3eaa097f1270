"""What is wrong with the data: the gravest first, grouped, what follows, what was done and what can be done."""

from __future__ import annotations

import pandas as pd

from revmodel.report.findings_words import SEVERITIES, as_sentence, gravest_first, summary_sentences
from revmodel.report.reading import AnyRun, rows_of
from revmodel.report.sections.parts import Grid, Section
from revmodel.report.words import count, plural

__all__ = ["findings_section"]

_COLUMNS = ("", "About", "What is wrong", "Rows", "What follows", "What was done", "What you can do")


def findings_section(run: AnyRun) -> Section:
    """What is wrong with the data, and what the data does not allow."""
    findings = run.table("findings")
    cannot = [str(sentence) for sentence in run.manifest["cannot"]]
    said = summary_sentences(findings) + (["What this run could not do:", *cannot] if cannot else [])
    title = "What we found in the data"
    if findings is None:
        return Section("findings", title, tuple(said), folded=_allowed(run))
    findings = gravest_first(findings)
    is_note = findings["severity"] == "note"
    notes = _grid(findings[is_note], f"{SEVERITIES['note']}: {plural(int(is_note.sum()), 'finding')}")
    return Section("findings", title, tuple(said), grids=_grid(findings[~is_note]), folded=(*notes, *_allowed(run)))


def _grid(findings: pd.DataFrame, caption: str = "") -> tuple[Grid, ...]:
    """The findings as a table; none where there are none."""
    rows = tuple(
        (
            SEVERITIES[row.severity],
            f"{row.group}: {row.table}" if row.group else row.table,
            as_sentence(str(row.what)),
            count(row.rows),
            row.consequence,
            row.done,
            row.remedy,
        )
        for row in rows_of(findings.rename(columns={"count": "rows"}))
    )
    return (Grid(_COLUMNS, rows, right=(3,), caption=caption),) if rows else ()


def _allowed(run: AnyRun) -> tuple[Grid, ...]:
    table = run.table("allows")
    if table is None:
        return ()
    rows = tuple((row.what, "yes" if row.possible else "no", row.why) for row in rows_of(table))
    return (Grid(("Question", "Possible", "Why"), rows, caption="What this data allows"),)
