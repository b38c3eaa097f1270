"""Why to believe it, or not: the record of past forecasts, the health of the models."""

from __future__ import annotations

import pandas as pd

from revmodel.evaluate.score_table import score_table
from revmodel.report.figures.pit import pit_figure
from revmodel.report.figures.record import record_figure
from revmodel.report.reading import Run, rows_of
from revmodel.report.sections.parts import Chart, Grid, Key, Section, chart
from revmodel.report.verdicts import OURS, best_simple_method, our_rows, record_sentences
from revmodel.report.words import count, label, money, percent, plural

__all__ = ["health_section", "record_section"]

FEWEST_FOR_PIT = 20
_CHECKS = {
    "rhat": "Chains agree (R-hat)",
    "ess_bulk": "Effective draws",
    "divergences": "Divergent draws",
    "mode": "Mode found (gradient)",
    "ppc": "Reproduces the past",
}


def record_section(run: Run) -> Section:
    """Past ranges against what happened, beside the best simple method."""
    title, backtest = "Have past ranges held?", run.table("backtest")
    ours = None if backtest is None else our_rows(backtest, run.leading)
    if backtest is None or ours is None or ours.empty:
        told = "This run holds no record of past forecasts: 'revmodel backtest' makes one, from the same data."
        return Section("record", title, missing=told)
    best = best_simple_method(backtest, ours)
    said = tuple(record_sentences(run, backtest, ours, best))
    said += _combination(run)
    charts = (_record_chart(run, backtest, ours, best, said[0]), *_pit_chart(backtest))
    return Section("record", title, said, charts, folded=(_scores(run, backtest),))


def _combination(run: Run) -> tuple[str, ...]:
    """How the leading metric's forecast was weighted and widened, for its shortest and longest horizon."""
    learned = run.table("learned")
    if learned is None or learned.empty:
        return ()
    mine = learned[learned["metric"] == run.leading].sort_values("horizon")
    return tuple(dict.fromkeys(str(sentence) for sentence in mine["sentence"].iloc[[0, -1]])) if len(mine) else ()


def _pit_chart(backtest: pd.DataFrame) -> tuple[Chart, ...]:
    """Where the truth fell within our ranges, over all metrics and horizons."""
    if "pit" not in backtest:
        return ()
    ours = backtest[(backtest["model"] == OURS) & backtest["pit"].notna()]
    if len(ours) < FEWEST_FOR_PIT:
        return ()
    outer = float(((ours["pit"] < 0.1) | (ours["pit"] > 0.9)).mean())
    says = (
        f"{plural(len(ours), 'past total')} of all metrics and horizons: {percent(outer)} fell into the outer fifth of "
        "what was forecast, where 20 % should."
    )
    keys = (Key("bar", "range80", "past totals"), Key("dash", "quiet", "even bars, as honest ranges give"))
    return (chart("Where the truth fell within the forecast", says, lambda width: pit_figure(ours, width), keys),)


def _record_chart(run: Run, backtest: pd.DataFrame, ours: pd.DataFrame, best: str | None, says: str) -> Chart:
    same = (backtest["metric"] == ours["metric"].iloc[0]) & (backtest["horizon"] == ours["horizon"].iloc[0])
    theirs = backtest[same & (backtest["model"] == best)] if best else None
    keys: tuple[Key, ...] = (Key("bar", "range80", "our 8-in-10 range"), Key("dot", "actual", "what happened"))
    keys += (Key("dot", "target", "what happened, outside"),) if not ours["covered_80"].all() else ()
    keys += (Key("bar", "line", f"the same of {label(best).lower()}"),) if best else ()
    name = f"{run.name(run.leading).capitalize()} of the {int(ours['horizon'].iloc[0])} weeks after each date"
    return chart(name, says, lambda width: record_figure(ours, theirs, width, run.unit(run.leading)), keys)


def _scores(run: Run, backtest: pd.DataFrame) -> Grid:
    """Every model and metric: error, and how often ranges held."""
    rows = []
    for row in rows_of(score_table(backtest)):
        unit = run.unit(row.metric)
        error = money(row.crps, unit) if unit else f"{row.crps:,.1f}"
        held = (percent(row.covered_80), percent(row.covered_90))
        name = (run.name(row.metric).capitalize(), count(row.horizon), label(row.model))
        rows.append((*name, error, *held, count(row.n)))
    columns = ("", "Weeks", "Method", "Error (CRPS)", "80 % range held", "90 % range held", "Forecasts")
    return Grid(columns, tuple(rows), right=(1, 3, 4, 5, 6), caption="All methods, in numbers")


def health_section(run: Run) -> Section:
    """Whether the models are fit to be read."""
    health, title = run.table("health"), "Model health"
    said = (str(run.manifest["health"]["sentence"]),)
    if health is None:
        return Section("health", title, said)
    failed = tuple(str(row.sentence) for row in rows_of(health) if not row.passed)
    rows = tuple(
        (
            label(str(row.part).replace(":", ": ")),
            _CHECKS.get(row.check, row.check),
            f"{row.value:,.4g}",
            str(row.wanted),
            "yes" if row.passed else "NO",
        )
        for row in rows_of(health)
    )
    columns = ("Part", "Check", "Value", "Wanted", "Passed")
    return Section("health", title, (*said, *failed), folded=(Grid(columns, rows, (2, 3), caption="All checks"),))
