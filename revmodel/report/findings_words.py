"""Findings as sentences: how many, and the gravest with what follows from each."""

from __future__ import annotations

import pandas as pd

from revmodel.report.words import count, plural

__all__ = ["SEVERITIES", "as_sentence", "gravest_first", "number_of_findings", "summary_sentences"]

SEVERITIES = {"stop": "Stops the run", "warn": "Changes numbers", "note": "Good to know"}
_FIRST = 3  # findings that are told in full sentences


def number_of_findings(findings: pd.DataFrame | None) -> str:
    """How many findings there are, and how many of them stop the run or change numbers."""
    if findings is None or findings.empty:
        return "Nothing wrong was found."
    stops, warns = (int((findings["severity"] == severity).sum()) for severity in ("stop", "warn"))
    parts = [f"{count(stops)} {'stops' if stops == 1 else 'stop'} the run"] if stops else []
    parts += [f"{count(warns)} {'changes' if warns == 1 else 'change'} numbers"] if warns else []
    return f"{plural(len(findings), 'finding')}: {' and '.join(parts) or 'none changes numbers'}."


def summary_sentences(findings: pd.DataFrame | None) -> list[str]:
    """The number of findings, and the gravest of them with what follows from each.

    findings: the output of that name, the gravest first; None or empty where nothing was found.
    """
    said = [number_of_findings(findings)]
    if findings is None or findings.empty:
        return said
    grave = gravest_first(findings[findings["severity"] != "note"]).head(_FIRST)
    pairs = zip(grave["what"], grave["consequence"], strict=True)
    return said + [f"{as_sentence(str(what))} {consequence}".strip() for what, consequence in pairs]


def gravest_first(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings by severity; runs that were written before groups and consequences get empty ones."""
    rank = findings["severity"].map(list(SEVERITIES).index)
    ordered = findings.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank")
    return ordered.assign(**{name: "" for name in ("group", "consequence") if name not in ordered.columns})


def as_sentence(what: str) -> str:
    """What was found, with a capital and a full stop; a name in quotes, a number or a table's name stays as it is.

    >>> as_sentence("amounts of 3 deals are too large"), as_sentence("deal_history has no row")
    ('Amounts of 3 deals are too large.', 'deal_history has no row.')
    """
    text = what.rstrip(".")
    plain_word = text.split(" ")[0].isalpha()
    return f"{text[0].upper() if plain_word else text[0]}{text[1:]}."
