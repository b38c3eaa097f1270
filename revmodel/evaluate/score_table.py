"""The record of a backtest: scores by metric, model and horizon, and paired comparisons of two models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel.errors import ModelError
from revmodel.evaluate.scores import bias, wape

__all__ = ["paired_difference", "score_table"]


def score_table(backtest: pd.DataFrame, against: str | None = None) -> pd.DataFrame:
    """Mean scores over origins, one row a metric × model × horizon, best CRPS first within a metric and horizon.

    backtest : rows as ``backtest()`` returns them.
    Returns columns metric, horizon, model, crps, pinball (unit of the metric), wape (of the median), bias (of the
    mean; +0.1 is 10 % too high), covered_50, covered_80, covered_90 (shares), n (origins scored).
    A model that answered at fewer origins is scored on those alone: compare such models with paired_difference.
    against : a model. Adds how much worse the CRPS is than its, at origins where both answered: worse_by (unit of the
    metric; below zero, better), worse_by_se and worse_by_p10, worse_by_p90 (see paired_difference).
    """
    columns = ["metric", "horizon", "model", "crps", "pinball", "wape", "bias"]
    columns += ["covered_50", "covered_80", "covered_90", "n"]
    rows = [
        {
            "metric": metric,
            "horizon": horizon,
            "model": model,
            "crps": group["crps"].mean(),
            "pinball": group["pinball"].mean(),
            "wape": wape(group["p50"], group["actual"]),
            "bias": bias(group["mean"], group["actual"]),
            "covered_50": group["covered_50"].mean(),
            "covered_80": group["covered_80"].mean(),
            "covered_90": group["covered_90"].mean(),
            "n": len(group),
        }
        for (metric, horizon, model), group in backtest.groupby(["metric", "horizon", "model"], sort=True)
    ]
    table = pd.DataFrame(rows, columns=columns)
    if against is not None:
        table = _with_differences(table, backtest, against)
    return table.sort_values(["metric", "horizon", "crps"], kind="stable", ignore_index=True)


def paired_difference(
    backtest: pd.DataFrame, model_a: str, model_b: str, *, score: str = "crps", resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Score of ``model_a`` minus that of ``model_b`` at the origins where both answered; below zero, a is better.

    Returns one row a metric × horizon: mean, se, p10, p90 of the mean difference (unit of the score), relative (the
    mean difference over b's mean score) and n. Uncertainty: circular block bootstrap over origins, blocks as long
    as horizons overlap, because overlapping horizons share what happened, but at most a third of the origins; so few
    heavily overlapping origins give too small a se. Below three origins se, p10 and p90 are NaN.
    Source: Politis and Romano 1992 (circular block bootstrap).
    Raises ModelError where the two never answered together.
    """
    rows = []
    for (metric, horizon), group in backtest.groupby(["metric", "horizon"], sort=True):
        wide = group.pivot_table(index="origin", columns="model", values=score)
        if not {model_a, model_b} <= set(wide.columns):
            continue
        both = wide[[model_a, model_b]].dropna().sort_index()
        if both.empty:
            continue
        difference = (both[model_a] - both[model_b]).to_numpy(dtype=float)
        block = _overlapping_origins(pd.DatetimeIndex(pd.to_datetime(both.index)), int(group["horizon"].iloc[0]))
        spread = _bootstrap_spread(difference, block, resamples, seed)
        relative = difference.mean() / both[model_b].mean() if both[model_b].mean() > 0 else np.nan
        rows.append({"metric": metric, "horizon": horizon, "mean": difference.mean(), **spread, "relative": relative})
        rows[-1]["n"] = difference.size
    if not rows:
        models = sorted(backtest["model"].unique()) if len(backtest) else []
        raise ModelError(f"{model_a!r} and {model_b!r} have no origin in common: this backtest holds {models}")
    return pd.DataFrame(rows)


def _with_differences(table: pd.DataFrame, backtest: pd.DataFrame, against: str) -> pd.DataFrame:
    parts = []
    for model in table["model"].unique():
        if model != against and against in set(backtest["model"]):
            try:
                parts.append(paired_difference(backtest, model, against).assign(model=model))
            except ModelError:  # never answered together
                continue
    renamed = {"mean": "worse_by", "se": "worse_by_se", "p10": "worse_by_p10", "p90": "worse_by_p90"}
    keys = ["metric", "horizon", "model"]
    if not parts:
        return table.assign(**dict.fromkeys(renamed.values(), np.nan))
    found = pd.concat(parts, ignore_index=True).rename(columns=renamed)
    return table.merge(found[[*keys, *renamed.values()]], on=keys, how="left")


def _overlapping_origins(origins: pd.DatetimeIndex, horizon_weeks: int) -> int:
    """How many consecutive origins share some of their horizons at the median spacing; at most a third of them."""
    if len(origins) < 2:
        return 1
    spacing_days = max(float(np.median(np.diff(origins.to_numpy()) / np.timedelta64(1, "D"))), 1.0)
    return max(1, min(int(np.ceil(horizon_weeks * 7 / spacing_days)), len(origins) // 3))


def _bootstrap_spread(difference: npt.NDArray[np.float64], block: int, resamples: int, seed: int) -> dict[str, float]:
    """se, p10 and p90 of the mean of a short series, by circular block bootstrap."""
    size = difference.size
    if size < 3:
        return {"se": np.nan, "p10": np.nan, "p90": np.nan}
    rng = np.random.default_rng(seed)
    starts = rng.integers(size, size=(resamples, -(-size // block)))
    picks = (starts[:, :, None] + np.arange(block)) % size
    means = difference[picks.reshape(resamples, -1)[:, :size]].mean(axis=1)
    low, high = np.percentile(means, [10, 90])
    return {"se": float(means.std(ddof=1)), "p10": float(low), "p90": float(high)}
