"""The allocation as tables: one row a channel, and one row for the whole plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from revmodel import dims
from revmodel.decide.allocate import Allocation
from revmodel.decide.limits import amount_in_words
from revmodel.decide.objectives import objective_in_words
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.surface import Floats, ResponseSurface

__all__ = ["allocation_by_period", "allocation_summary", "allocation_table", "plan_tables"]


def plan_tables(
    surface: ResponseSurface | PeriodSurface,
    allocation: Allocation,
    *,
    scenario: str,
    period: str,
    parts: Sequence[str],
    seen_max: Mapping[str, float],
    **told: Any,
) -> dict[str, pd.DataFrame]:
    """``allocation``, ``allocation_summary`` and, of more than one period, ``allocation_by_period``.

    parts : what each period of the plan is called. told : what the summary says besides, see ``allocation_summary``
    """
    tables = {
        "allocation": allocation_table(surface, allocation, scenario=scenario, period=period, seen_max=seen_max),
        "allocation_summary": allocation_summary(surface, allocation, scenario=scenario, period=period, **told),
    }
    if len(parts) > 1:
        tables["allocation_by_period"] = allocation_by_period(surface, allocation, scenario=scenario, periods=parts)
    return tables


def allocation_table(
    surface: ResponseSurface | PeriodSurface,
    allocation: Allocation,
    *,
    scenario: str,
    period: str,
    seen_max: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """One row a channel; spend is the total over the window ``period``.

    seen_max : channel → the most ever spent in a window of this length; beyond it the curve extrapolates
    Columns: scenario, channel, period, current, proposed, change, lower, upper, binding (fixed, lower, upper or
    nothing), incremental_mean, p10, p90 (value that the proposed spend causes), change_mean, change_p10, change_p90
    (value that the move adds), marginal_current, marginal_proposed (value of the next unit of currency), seen_max,
    extrapolates, note.
    """
    now, then = surface.value_at(allocation.now), surface.value_at(allocation.plan)
    seen = np.array([(seen_max or {}).get(name, np.nan) for name in allocation.channels])
    beyond = allocation.proposed > seen * (1 + 1e-9)
    columns: dict[str, object] = {
        "scenario": scenario,
        dims.CHANNEL: list(allocation.channels),
        dims.PERIOD: period,
        "current": allocation.current,
        "proposed": allocation.proposed,
        "change": allocation.proposed - allocation.current,
        "lower": allocation.lower,
        "upper": allocation.upper,
        "binding": _binding(allocation),
        **_named(then, "incremental_mean", "p10", "p90"),
        **_named(then - now, "change_mean", "change_p10", "change_p90"),
        "marginal_current": surface.marginal_at(allocation.now).mean(axis=0),
        "marginal_proposed": surface.marginal_at(allocation.plan).mean(axis=0),
        "seen_max": seen,
        "extrapolates": beyond,
        "note": [_beyond(*line) for line in zip(beyond, allocation.proposed, seen, strict=True)],
    }
    return pd.DataFrame(columns)


def allocation_by_period(
    surface: ResponseSurface | PeriodSurface, allocation: Allocation, *, scenario: str, periods: Sequence[str]
) -> pd.DataFrame:
    """One row a channel and period of the plan, spend in currency. periods : what each is called.

    Columns: scenario, channel, period, current, proposed, change.
    """
    shape = surface.now.shape
    now, then = (each.reshape(shape).ravel() for each in (allocation.now, allocation.plan))
    return pd.DataFrame({
        "scenario": scenario, dims.CHANNEL: np.repeat(list(allocation.channels), shape[1]),
        dims.PERIOD: list(periods) * shape[0], "current": now, "proposed": then, "change": then - now,
    })  # fmt: skip


def allocation_summary(
    surface: ResponseSurface | PeriodSurface,
    allocation: Allocation,
    *,
    scenario: str,
    period: str,
    value_name: str,
    lands_by_quarter: Mapping[str, float],
    caution: str = "",
    counted: str = "",
    in_money: bool = True,
) -> pd.DataFrame:
    """One row: what the plan is worth against what is spent now, and how sure that is.

    value_name : what the surface's value is, in words: 'bookings that land within 52 weeks'
    lands_by_quarter : quarter → expected value of the proposed spend that lands in it
    caution : what held the plan back, in a sentence. counted : what the value was computed from, in a sentence.
    in_money : whether the value is money
    Columns: scenario, period, budget, at_most, spend_current, spend_proposed, value (what counts, in words), in_money,
    objective (in words), objective_current_mean, objective_proposed_mean (mean values), difference_mean,
    difference_p10, difference_p90 (proposed less current), certified_gap (share of the objective),
    certified_gap_of_gain, p_better (share of draws
    in which the plan brings more), lands_by_quarter (JSON text), sentence, caution, counted.
    """
    now = surface.value_at(allocation.now).sum(axis=1)
    then = surface.value_at(allocation.plan).sum(axis=1)
    words = objective_in_words(allocation.objective, allocation.risk, value_name, allocation.target, allocation.risk_of)
    row = {
        "scenario": scenario,
        dims.PERIOD: period,
        "budget": allocation.budget,
        "at_most": allocation.at_most,
        "spend_current": float(allocation.current.sum()),
        "spend_proposed": float(allocation.proposed.sum()),
        "value": value_name,
        "in_money": in_money,
        "objective": words,
        "objective_current_mean": float(now.mean()),
        "objective_proposed_mean": float(then.mean()),
        "difference_mean": float((then - now).mean()),
        "difference_p10": float(np.percentile(then - now, 10)),
        "difference_p90": float(np.percentile(then - now, 90)),
        "certified_gap": allocation.certified_gap,
        "certified_gap_of_gain": allocation.certified_gap_of_gain,
        "p_better": float((then > now).mean()),
        "lands_by_quarter": json.dumps({quarter: float(value) for quarter, value in lands_by_quarter.items()}),
        "sentence": _sentence(allocation, period, words),
        "caution": caution,
        "counted": counted,
    }
    return pd.DataFrame([row])


def _named(value: Floats, mean: str, low: str, high: str) -> dict[str, Floats]:
    """Mean, 10th and 90th percentile over draws of (draw, channel)."""
    p10, p90 = np.percentile(value, (10, 90), axis=0)
    return {mean: value.mean(axis=0), low: p10, high: p90}


def _binding(allocation: Allocation) -> list[str]:
    """Which limit stops each channel: 'fixed', 'lower', 'upper' or ''."""
    slack = 1e-6 * max(float(allocation.upper.max()), 1e-300)
    at_lower = allocation.proposed <= allocation.lower + slack
    at_upper = allocation.proposed >= allocation.upper - slack
    pinned = allocation.fixed | (at_lower & at_upper)
    return list(np.select([pinned, at_upper, at_lower], ["fixed", "upper", "lower"], default=""))


def _beyond(beyond: bool, proposed: float, seen: float) -> str:
    if not beyond:
        return ""
    if seen == 0:
        return "nothing was ever spent on it: its response is what is believed, not measured"
    return (
        f"{amount_in_words(proposed)} is more than was ever spent in such a window ({amount_in_words(seen)}): "
        "the curve extrapolates here"
    )


def _sentence(allocation: Allocation, period: str, objective: str) -> str:
    spent = float(allocation.proposed.sum())
    left = allocation.budget - spent
    kept = f", of which {amount_in_words(left)} is better left unspent" if left > 1e-6 * allocation.budget else ""
    return (
        f"The budget is {amount_in_words(allocation.budget)} in total over {period}{kept}. No split within the limits "
        f"raises {objective} by more than {allocation.certified_gap:.2%} over this one."
    )
