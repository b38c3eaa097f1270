"""Verdicts in sentences: each channel, the budget, the record of past forecasts."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from revmodel.errors import ModelError
from revmodel.evaluate.score_table import paired_difference, score_table
from revmodel.report.reading import AnyRun, Run, rows_of
from revmodel.report.words import and_list, between, chance, label, money, number, percent, plural, quarter

__all__ = [
    "best_simple_method",
    "budget_sentences",
    "channel_verdict",
    "channels_sentences",
    "our_rows",
    "record_sentences",
]

OURS = "revmodel"
QUARTER_WEEKS = 13
_NEAR_NOTHING = 0.1  # a range whose low end is less than this share of its high end starts near zero
_STILL = 0.005  # a move smaller than this share of the spend is none
_FEW = 8  # fewer past forecasts prove little
_SURPRISE = 0.05  # a record this unlikely under honest ranges is said to be off


def channel_verdict(row: Any, currency: str, told_in_money: bool) -> str:
    """One short sentence on a row of the contribution table: is it there, does it pay, what does the next unit do."""
    if row.spend <= 0:
        return "Nothing was spent; what it shows is carry-over."
    if row.p10 < _NEAR_NOTHING * row.p90:
        return "Cannot be told from nothing: the range starts near zero. A lift test would settle it."
    note = str(getattr(row, "note", "") or "")
    if not told_in_money:
        each = row.spend / row.p50 if row.p50 > 0 else math.nan
        return f"{money(each, currency)} of spend each, by the middle of the range.{_with_space(note)}"
    if row.romi_p10 > 0:
        verdict = "Pays for itself, with more than 9 in 10 chance."
    elif row.romi_p90 < 0:
        verdict = "Does not earn back its spend, with more than 9 in 10 chance."
    else:
        verdict = (
            f"{'Probably pays' if row.romi_p50 > 0 else 'Probably does not pay'} for itself, but that is not sure."
        )
    return verdict + _next_unit(row, currency) + _with_space(note)


def _next_unit(row: Any, currency: str) -> str:
    low, high = getattr(row, "marginal_romi_p10", math.nan), getattr(row, "marginal_romi_p90", math.nan)
    if not np.isfinite(low) or not np.isfinite(high):
        return ""
    return f" The next {money(1, currency)} brings {1 + low:.1f} to {1 + high:.1f}."


def channels_sentences(run: Run, table: pd.DataFrame) -> list[str]:
    """What marketing added as a whole, which channels pay, and which cannot be told. table: Run.contributions()."""
    channels = table[table["kind"] == "channel"]
    media = table[table["kind"] == "media"]
    metric, period = str(table["metric"].iloc[0]), str(table["period"].iloc[0])
    said = []
    if len(media):
        row = next(rows_of(media))
        unit = run.unit(metric)
        brought = "" if metric == "leads" else " over time"
        said.append(
            f"All marketing of the {period} brings {between(row.p10, row.p90, unit)} of {metric}{brought}, "
            f"with 8 in 10 chance, for {money(row.spend, run.currency)} of spend."
        )
    sure = [label(row.channel) for row in rows_of(channels) if row.spend > 0 and getattr(row, "romi_p10", -1) > 0]
    unsure = [label(row.channel) for row in rows_of(channels) if row.spend > 0 and row.p10 < _NEAR_NOTHING * row.p90]
    if sure:
        pay = "pays for itself, with" if len(sure) == 1 else "pay for themselves, each with"
        said.append(f"{and_list(sure)} {pay} more than 9 in 10 chance.")
    if unsure:
        add = "adds" if len(unsure) == 1 else "add"
        said.append(f"What {and_list(unsure)} {add} cannot be told from nothing with this data.")
    return said


def budget_sentences(run: AnyRun, row: Any, plan: pd.DataFrame) -> list[str]:
    """What the plan moves, what that is worth and how sure, and when it lands. row: of allocation_summary."""
    currency, unit = run.currency, run.budget_unit
    told = [sentence for column in ("caution", "counted") if (sentence := _told(row, column))]
    moves = plan["proposed"] - plan["current"]
    if float(moves.abs().max()) < _STILL * float(plan["current"].sum()):
        if not _told(row, "caution"):
            told.insert(0, "The split of today is as good as any within the limits: nothing needs to move.")
        return told
    more = row.objective_proposed_mean - row.objective_current_mean
    reach = between(row.difference_p10, row.difference_p90, unit)
    what = f"expected {row.value}" if hasattr(row, "value") else row.objective
    said = [
        f"{_move(row, moves, currency)} It adds {number(more, unit)} to {what}, with 8 in 10 chance {reach}.",
        f"The chance that the new split beats today's is {chance(row.p_better)} ({percent(row.p_better)}). "
        f"No other split within the limits does better by more than {_gap(row.certified_gap)}: that is proven.",
    ]
    said += told
    lands = json.loads(row.lands_by_quarter) if isinstance(row.lands_by_quarter, str) else {}
    if lands:
        parts = [f"{number(v, unit)} in {quarter(q, run.start_month)}" for q, v in lands.items() if v > 0]
        said.append(f"What this budget brings lands late, as deals take time: {and_list(parts)}.")
    return said


def _told(row: Any, column: str) -> str:
    """A sentence of the summary; runs of before lack some of them, and an empty one is read back as no text."""
    said = getattr(row, column, "")
    return said if isinstance(said, str) else ""


def _move(row: Any, moves: pd.Series, currency: str) -> str:
    """What is asked for: a new split of the same money, or more or less of it."""
    now, then = row.spend_current, row.spend_proposed
    left = row.budget - then
    unspent = f" {money(left, currency)} of it is better left unspent." if left > _STILL * row.budget else ""
    if abs(then - now) < _STILL * max(now, then):
        moved = float(moves.clip(lower=0).sum())
        return f"Move {money(moved, currency)} of a budget of {money(row.budget, currency)} over {row.period}.{unspent}"
    instead = f"Spend {money(then, currency)} in place of {money(now, currency)} over {row.period}."
    return f"{instead} The budget is {money(row.budget, currency)}.{unspent}" if unspent else instead


def _gap(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.005 else percent(share)


def our_rows(backtest: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Our rows of a backtest on one metric, of the horizon nearest to a quarter; empty where there are none."""
    rows = backtest[(backtest["model"] == OURS) & (backtest["metric"] == metric)]
    horizons = rows["horizon"].unique()
    if not len(horizons):
        return rows
    nearest = min(horizons, key=lambda weeks: abs(weeks - QUARTER_WEEKS))
    ours: pd.DataFrame = rows[rows["horizon"] == nearest].sort_values("origin")
    return ours


def best_simple_method(backtest: pd.DataFrame, ours: pd.DataFrame) -> str | None:
    """The model with the lowest CRPS among those that are not ours, at the origins and horizon of ``ours``."""
    same = (backtest["metric"] == ours["metric"].iloc[0]) & (backtest["horizon"] == ours["horizon"].iloc[0])
    others = backtest[same & backtest["origin"].isin(ours["origin"]) & ~backtest["model"].str.startswith(OURS)]
    everywhere = others.groupby("model")["origin"].nunique()
    others = others[others["model"].isin(everywhere[everywhere == everywhere.max()].index)]
    return str(score_table(others)["model"].iloc[0]) if len(others) else None


def record_sentences(run: Run, backtest: pd.DataFrame, ours: pd.DataFrame, best: str | None) -> list[str]:
    """How often past ranges held, whether that is what they promised, and how far the error is from the best other."""
    n, held = len(ours), int(ours["covered_80"].sum())
    weeks, metric = int(ours["horizon"].iloc[0]), run.name(str(ours["metric"].iloc[0]))
    said = [
        f"{plural(n, 'past forecast')} of {metric} over {weeks} weeks, each made only with what was known on its day: "
        f"the truth fell inside the 8-in-10 range {plural(held, 'time')}.",
        _judgement(n, held),
    ]
    if best is not None:
        said.append(_against(backtest, ours, best))
    return said


def _judgement(n: int, held: int) -> str:
    """Whether ``held`` of ``n`` is what ranges of 80 % would give (binomial tails; overlapping origins count less)."""
    chances = [math.comb(n, k) * 0.8**k * 0.2 ** (n - k) for k in range(n + 1)]
    if sum(chances[: held + 1]) < _SURPRISE:
        return "That is less often than promised: read the ranges as too narrow."
    if sum(chances[held:]) < _SURPRISE:
        return "That is more often than promised: the ranges could be narrower."
    few = ", but so few prove little" if n < _FEW else ""
    return f"That is what ranges of 8 in 10 should do{few}."


def _against(backtest: pd.DataFrame, ours: pd.DataFrame, best: str) -> str:
    mine = str(ours["model"].iloc[0])
    paired = paired_difference(backtest, mine, best)
    same = (paired["metric"] == ours["metric"].iloc[0]) & (paired["horizon"] == ours["horizon"].iloc[0])
    if not same.any():
        raise ModelError(f"{mine} and {best} share no origin: compare models that forecast the same dates")
    row = next(rows_of(paired[same]))
    side = "smaller" if row.relative < 0 else "larger"
    sure = row.n >= _FEW and (row.p90 < 0 or row.p10 > 0)
    doubt = "" if sure else "; the difference is within chance"
    return (
        f"The error (CRPS) was {percent(abs(row.relative))} {side} than that of the best simple method, "
        f"{label(best).lower()}{doubt}."
    )


def _with_space(words: str) -> str:
    return f" {words[:1].upper()}{words[1:]}." if words else ""
