"""What moved since the last run, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from revmodel.forecast.waterfall import AFTER, BEFORE, STEPS
from revmodel.report.reading import AnyRun, Run, rows_of
from revmodel.report.words import and_list, count, date, money, plural, quarter

__all__ = ["STEP_WORDS", "change_words", "deal_sentences", "moved_line", "moved_sentence", "since_words", "steps_of"]

STEP_WORDS = {
    "actuals": "came in against expected",
    "created": "created since",
    "advanced": "moved between stages",
    "pulled_in": "close date earlier",
    "pushed": "close date later",
    "lost": "lost",
    "amount": "amounts",
    "plan": "spend plan",
    "model": "chances learned anew",
    "corrections": "recorded late or mended",
}
_SAID = 3  # steps that are named in a line
_SMALL = 0.005  # a share of the forecast below which a step is not named


def steps_of(run: AnyRun, metric: str, period: str) -> dict[str, float] | None:
    """step → change, with what stood before and stands now; None where the run has nothing to compare with."""
    table = run.table("what_moved")
    if table is None:
        return None
    rows = table[(table["metric"] == metric) & (table["period"] == period)]
    return None if rows.empty else dict(zip(rows["step"], rows["change"].astype(float), strict=True))


def change_words(value: float, unit: str | None) -> str:
    """'+€120k', '−26', '±0'.

    >>> change_words(120_000, "EUR"), change_words(-26.4, None), change_words(0.2, None), change_words(0.0, "EUR")
    ('+€120k', '−26', '+0.2', '±0')
    """
    small = unit is None and 0.05 <= abs(value) < 2
    size = f"{abs(value):.1f}" if small else count(abs(value)) if unit is None else money(abs(value), unit)
    if not any(letter in "123456789" for letter in size):
        return "±0"
    return f"{'+' if value > 0 else '−'}{size}"


def moved_line(run: Run, metric: str, period: str) -> str:
    """The whole change and its largest steps: '+€120k: lost −€80k, created since +€150k'."""
    steps = steps_of(run, metric, period)
    if steps is None:
        return ""
    unit = run.unit(metric)
    total = change_words(steps[AFTER] - steps[BEFORE], unit)
    named = [f"{STEP_WORDS[step]} {change_words(change, unit)}" for step, change in _largest(steps)]
    return f"{total}: {', '.join(named)}" if named else total


def moved_sentence(run: Run, metric: str, period: str) -> str:
    """A quarter's change in a sentence."""
    steps = steps_of(run, metric, period)
    if steps is None:
        return ""
    unit, when = run.unit(metric), quarter(period, run.start_month)
    change = steps[AFTER] - steps[BEFORE]
    words = change_words(change, unit)
    named = [f"{STEP_WORDS[step]} {change_words(part, unit)}" for step, part in _largest(steps)]
    whole = "is where it was" if words == "±0" else f"moved by {words}"
    because = f": {and_list(named)}" if named else ""
    return f"On average the forecast of {run.name(metric)} in {when} {whole}{because}."


def deal_sentences(run: Run, metric: str, period: str, most: int = 5) -> list[tuple[str, str, str, str]]:
    """The deals that moved it most: deal, what happened, the step's words, by how much."""
    deals = run.table("moved_deals")
    if deals is None:
        return []
    mine = deals[(deals["metric"] == metric) & (deals["period"] == period)]
    top = mine.assign(size=mine["change"].abs()).sort_values(["size", "deal_id"], ascending=[False, True]).head(most)
    unit = run.unit(metric)
    return [
        (str(row.deal_id), str(row.what).replace("_", " "), STEP_WORDS[row.step], change_words(row.change, unit))
        for row in rows_of(top)
    ]


def since_words(run: Run) -> str:
    """'since the run forecast-2026-08-15 as of 15 August 2026 (46 days before)'."""
    row: Any = next(rows_of(run.folder.tables["what_moved"]))
    days = (pd.Timestamp(run.manifest["as_of"]) - pd.Timestamp(row.since_as_of)).days
    return f"since the run {row.since_run} as of {date(row.since_as_of)} ({plural(days, 'day')} before)"


def _largest(steps: dict[str, float]) -> list[tuple[str, float]]:
    """The steps that matter, the largest first."""
    floor = _SMALL * max(abs(steps[BEFORE]), abs(steps[AFTER]))
    ordered = sorted(((step, steps[step]) for step in STEPS), key=lambda pair: -abs(pair[1]))
    return [(step, change) for step, change in ordered[:_SAID] if abs(change) > floor]
