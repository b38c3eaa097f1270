"""What past forecasts taught, as tables and in words: how methods were weighted, how far ranges were widened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from revmodel.evaluate.breaks import steps_between_false_alarms
from revmodel.evaluate.combine import FUNNEL
from revmodel.evaluate.fans import LEVELS, OriginFans
from revmodel.evaluate.lessons import known_actual
from revmodel.evaluate.stacked import COMBINED, Learned

__all__ = ["learned_sentences", "learned_table", "weights_table"]

_WORTH_TELLING = 0.05  # a smaller weight is told among the others
_NAMES = {FUNNEL: "funnel model", "auto_ets": "AutoETS", "auto_arima": "AutoARIMA"}


def weights_table(learned: Learned) -> pd.DataFrame:
    """The output ``weights``: metric, horizon (weeks), method, weight; weights of a metric and horizon sum to 1."""
    rows = [
        (metric, horizon, method, weight)
        for horizon, weights in learned.weights.items()
        for metric, methods in weights.by_metric.items()
        for method, weight in methods.items()
    ]
    return pd.DataFrame(rows, columns=["metric", "horizon", "method", "weight"])


def learned_table(past: Sequence[OriginFans], learned: Learned) -> pd.DataFrame:
    """The output ``learned``, one row a metric × horizon.

    Columns: metric, horizon (weeks), spread (what ranges were multiplied by), shift (sd by which they were moved),
    past_totals and held_80 (how many totals of any length are known by now, and the share that lay in the combination's
    8-in-10 range before it was recalibrated), break_sds (sum of errors beyond chance while a break is on, else 0).
    """
    rows = []
    for (metric, horizon), how in learned.recalibration.items():
        inside = _held(past, metric)
        found = learned.breaks.get(metric)
        held = float(np.mean(inside)) if inside else np.nan
        rows.append((metric, horizon, how.spread, how.shift, len(inside), held, found.excess if found else 0.0))
    columns = ["metric", "horizon", "spread", "shift", "past_totals", "held_80", "break_sds"]
    return pd.DataFrame(rows, columns=columns)


def learned_sentences(learned: pd.DataFrame, weights: pd.DataFrame) -> list[str]:
    """A sentence or two a row of ``learned``: weights, spread and its reason, and a break while one is on."""
    out = []
    for row in learned.to_dict("records"):
        mine = weights[(weights["metric"] == row["metric"]) & (weights["horizon"] == row["horizon"])]
        said = f"{str(row['metric']).replace('_', ' ').capitalize()} over {row['horizon']} weeks: {_weights(mine)}"
        said += f"; ranges {_spread(float(row['spread']))}"
        if row["past_totals"]:
            said += f", as {row['held_80']:.0%} of {row['past_totals']} past totals lay in the 8-in-10 range before"
        out.append(said + "." + _break(float(row["break_sds"])))
    return out


def _held(past: Sequence[OriginFans], metric: str) -> list[bool]:
    """Whether each total that is known by the last past origin lay in the combination's 8-in-10 range."""
    if not past:
        return []
    now = past[-1]
    inside = []
    for one in past:
        ago = (now.origin - one.origin).days // 7
        for weeks in one.checkpoints:
            actual = known_actual(now, metric, ago, weeks) if weeks <= ago else None
            if actual is None or COMBINED not in one.quantiles.get(metric, {}):
                continue
            low, high = np.interp([0.1, 0.9], LEVELS, one.fan(metric, COMBINED, weeks))
            inside.append(bool(low <= actual <= high))
    return inside


def _weights(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "weights as for a company without a past"
    ordered = rows.sort_values("weight", ascending=False)
    told = ordered[ordered["weight"] >= _WORTH_TELLING]
    parts = [
        f"{weight:.0%} {_NAMES.get(method, method.replace('_', ' '))}"
        for method, weight in zip(told["method"].astype(str), told["weight"].astype(float), strict=True)
    ]
    rest = 1 - float(told["weight"].sum())
    return ", ".join(parts) + (f", {rest:.0%} others" if rest >= 0.005 else "")


def _spread(spread: float) -> str:
    if abs(spread - 1) < 0.03:
        return "as they were"
    return f"{'widened' if spread > 1 else 'narrowed'} by {max(spread, 1 / spread):.2f}"


def _break(sds: float) -> str:
    if sds == 0:
        return ""
    side = "above" if sds > 0 else "below"
    return (
        f" What came lies so far {side} what was forecast that the past no longer holds (false alarm: one in "
        f"{steps_between_false_alarms():.0f} checks): ranges are wider, and methods that adapt fast weigh more."
    )
