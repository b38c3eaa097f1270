"""Scenarios side by side as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.decide.surface import Floats
from revmodel.dims import CHANNEL, METRIC, PERIOD
from revmodel.planning.compare import Compared
from revmodel.planning.frontier import BestSplit, Frontier
from revmodel.planning.scenario import CURRENT

__all__ = ["ALL_QUARTERS", "Limits", "channels_table", "frontier_table", "quarters_table", "summary_table"]

ALL_QUARTERS = "all"
_NO_CHANGE = 1e-9  # share of a total below which a change is none


@dataclass(frozen=True)
class Limits:
    """lower, upper : (channel,), the config's limits of the window's totals. seen, then by scenario : see compare."""

    lower: Floats
    upper: Floats
    seen: Floats
    then: Mapping[str, Floats]


def quarters_table(
    compared: Mapping[str, Compared], quarters: tuple[str, ...], spend: Mapping[str, Floats]
) -> pd.DataFrame:
    """The table ``scenarios``: a row a scenario, metric and quarter, and one over all of them.

    spend : scenario → (quarter,)
    Columns: scenario, metric, period, mean, p10, p90, change_mean, change_p10, change_p90 (against the current plan,
    draw by draw), p_more (share of draws with more; blank where nothing changes).
    """
    rows = []
    for name, one in compared.items():
        for q, period in enumerate((*quarters, ALL_QUARTERS)):
            here = slice(None) if period == ALL_QUARTERS else slice(q, q + 1)
            total, now = float(spend[name][here].sum()), float(spend[CURRENT][here].sum())
            rows.append(
                {"scenario": name, METRIC: "spend", PERIOD: period, **_of(np.array([total]), np.array([total - now]))}
            )
            for metric, draws in one.total.items():
                both = draws[:, here].sum(axis=1), one.change[metric][:, here].sum(axis=1)
                rows.append({"scenario": name, METRIC: metric, PERIOD: period, **_of(*both)})
    return pd.DataFrame(rows)


def channels_table(compared: Mapping[str, Compared], channels: tuple[str, ...], limits: Limits) -> pd.DataFrame:
    """The table ``scenario_channels``: a row a scenario and channel, totals of the window.

    Columns: scenario, channel, current, spend, change, lower, upper (the config's limits), binding ("lower", "upper",
    "below lower", "beyond upper" or nothing), brings (within the horizon; mean, p10, p90), romi (mean, p10, p90),
    marginal_romi (of the next unit; mean, p10, p90), seen_max and then_max (most in a quarter's weeks on end, ever and
    under the scenario), extrapolates.
    """
    now = compared[CURRENT].plan.spend
    rows = []
    for name, one in compared.items():
        for c, channel in enumerate(channels):
            spend, value = one.plan.spend[c], one.plan.value[:, c]
            romi = value / spend - 1 if spend > 0 else np.full_like(value, np.nan)
            rows.append({
                "scenario": name, CHANNEL: channel, "current": now[c], "spend": spend, "change": spend - now[c],
                "lower": limits.lower[c], "upper": limits.upper[c],
                "binding": _binding(spend, limits.lower[c], limits.upper[c]),
                **_named(value, "brings"), **_named(romi, "romi"),
                **_named(one.plan.next_unit[:, c] - 1, "marginal_romi"),
                "seen_max": limits.seen[c], "then_max": limits.then[name][c],
                "extrapolates": bool(limits.then[name][c] > limits.seen[c] * (1 + 1e-9)),
            })  # fmt: skip
    return pd.DataFrame(rows)


def summary_table(
    compared: Mapping[str, Compared], channels: pd.DataFrame, value: str, best: Mapping[str, BestSplit],
    notes: Mapping[str, tuple[str, str]],
) -> pd.DataFrame:  # fmt: skip
    """The table ``scenario_summary``: a row a scenario, the current plan first.

    value : the metric of deals. best : scenario → the best split of its money within the config's limits.
    notes : scenario → why, and what it leaves out
    Columns: scenario, spend, spend_change, deals (the metric), window (of the quarters compared; mean, p10, p90),
    window_change, p_more (chance of more of it), brings (what the window's spend brings within the horizon), gain
    (brings, against the current plan, less what waits), net (gain less the change in spend), p_better (chance that net
    is above 0), romi, marginal_romi (of the change of spend; blank where the total stays or records wait),
    next_unit_romi, capacity (in words, where one is assumed), waits (what it moves beyond the quarters compared, below
    zero; mean, p10, p90), in_line (records that wait when they end, mean), best_split (mean), best_split_spend and
    best_split_stopped_by ("upper" or "lower" limits, where they do not let its money be spent),
    certified_gap, binding, extrapolates, why, leaves_out.
    """
    now, rows = compared[CURRENT].plan, []
    for name, one in compared.items():
        spend, change = float(one.plan.spend.sum()), float(one.plan.spend.sum() - now.spend.sum())
        brings = one.plan.value.sum(axis=1)
        waits = np.zeros_like(brings) if one.line is None else one.line.later[value].sum(axis=1)
        gain = brings - now.value.sum(axis=1) + waits
        moved = _differs(one.plan.spend, now.spend) or bool((waits != 0).any())
        mine = channels[channels["scenario"] == name]
        by_money = abs(change) > _NO_CHANGE * max(spend, 1.0) and not (waits != 0).any()
        marginal = gain / change - 1 if by_money else np.full_like(gain, np.nan)
        rows.append({
            "scenario": name, "spend": spend, "spend_change": change, "deals": value,
            **_named(one.total[value].sum(axis=1), "window"), **_named(one.change[value].sum(axis=1), "window_change"),
            "p_more": _chance(one.change[value].sum(axis=1), moved),
            **_named(brings, "brings"), **_named(gain, "gain"), **_named(gain - change, "net"),
            "p_better": _chance(gain - change, moved),
            **_named(brings / spend - 1 if spend > 0 else np.full_like(brings, np.nan), "romi"),
            **_named(marginal, "marginal_romi"), **_named(_next_unit(one), "next_unit_romi"),
            "capacity": "" if one.line is None else f"at most {one.line.per_week:g} a week enter {one.line.stage}",
            **_named(waits, "waits"), "in_line": 0.0 if one.line is None else float(one.line.waiting[:, -1].mean()),
            "best_split": float(best[name].value.mean()), "best_split_spend": best[name].spent,
            "best_split_stopped_by": best[name].stopped_by, "certified_gap": best[name].allocation.certified_gap,
            "binding": "; ".join(
                f"{row[CHANNEL]}: {row['binding']}" for row in mine.to_dict("records") if row["binding"] != ""
            ),
            "extrapolates": ", ".join(mine.loc[mine["extrapolates"], CHANNEL]),
            "why": notes[name][0], "leaves_out": notes[name][1],
        })  # fmt: skip
    return pd.DataFrame(rows)


def frontier_table(found: Frontier, channels: tuple[str, ...], seen: Floats, current: float) -> pd.DataFrame:
    """The table ``frontier``: a row a budget.

    seen : (channel,), the most ever spent in as many weeks. Columns: budget, times_current, brings (mean, p10, p90),
    next_unit, next_unit_romi, extrapolates (channels), turns ("inside", "below" or "beyond" the budgets looked at),
    is_turn (the largest budget whose next unit brings back itself), and one column a channel, plan_<channel>.
    """
    rows = []
    for point in found.points:
        beyond = [
            name for name, spend, most in zip(channels, point.plan, seen, strict=True) if spend > most * (1 + 1e-9)
        ]
        rows.append({
            "budget": point.budget, "times_current": point.budget / current if current > 0 else np.nan,
            **_named(point.value, "brings"), "next_unit": point.next_unit, "next_unit_romi": point.next_unit - 1,
            "extrapolates": ", ".join(beyond), "turns": found.turns,
            "is_turn": found.turns == "inside" and point.budget == found.turns_at,
            **{f"plan_{name}": spend for name, spend in zip(channels, point.plan, strict=True)},
        })  # fmt: skip
    return pd.DataFrame(rows)


def _of(total: Floats, change: Floats) -> dict[str, float]:
    mean, (low, high) = float(total.mean()), np.percentile(total, (10, 90))
    moved = bool(np.abs(change).max() > _NO_CHANGE * max(abs(mean), 1e-300))
    out = {"mean": mean, "p10": float(low), "p90": float(high), **_named(change, "change")}
    return out | {"p_more": _chance(change, moved)}


def _named(draws: Floats, prefix: str) -> dict[str, float]:
    if np.isnan(draws).any():
        return {f"{prefix}_{name}": float("nan") for name in ("mean", "p10", "p90")}
    low, high = np.percentile(draws, (10, 90))
    return {f"{prefix}_mean": float(draws.mean()), f"{prefix}_p10": float(low), f"{prefix}_p90": float(high)}


def _chance(change: Floats, moved: bool) -> float:
    return float((change > 0).mean()) if moved else float("nan")


def _differs(one: Floats, other: Floats) -> bool:
    return bool(np.abs(one - other).max(initial=0.0) > _NO_CHANGE * max(float(other.sum()), 1.0))


def _next_unit(one: Compared) -> Floats:
    """(draw,): ROMI of the next unit, spread over channels as the scenario spends."""
    weight = one.plan.spend / max(float(one.plan.spend.sum()), 1e-300)
    return np.asarray(np.nan_to_num(one.plan.next_unit) @ weight - 1)


def _binding(spend: float, lower: float, upper: float) -> str:
    slack = 1e-6 * max(upper, 1e-9)
    if spend > upper + slack:
        return "beyond upper"
    if spend < lower - slack:
        return "below lower"
    if upper - lower <= slack:
        return ""
    return "upper" if spend >= upper - slack else "lower" if spend <= lower + slack else ""
