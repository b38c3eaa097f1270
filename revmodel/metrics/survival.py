"""Time to an event where some have not had it yet: Kaplan-Meier and Aalen-Johansen on counts, many groups at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from revmodel.features.survival import kaplan_meier
from revmodel.metrics.intervals import LEVEL

__all__ = ["incidence_at", "quantiles_of", "survival_steps"]


def survival_steps(counts: pd.DataFrame, groups: Sequence[str], ends: Sequence[str] = ("exited",)) -> pd.DataFrame:
    """Kaplan-Meier, one row a group and time at which somebody was followed.

    counts : groups, time, and counts: one column for each way to end, and ``open`` (followed so long without one).
    Returns groups, time, at_risk, the ends, survival (of none of the ends), variance (Greenwood's Σ d / r (r − d)).
    """
    keys = list(groups)
    rows = counts.groupby([*keys, "time"], as_index=False)[[*ends, "open"]].sum().sort_values([*keys, "time"])
    ended = rows[list(ends)].sum(axis=1)
    there = ended + rows["open"]
    grouped = rows[keys].assign(there=there).groupby(keys)["there"]
    at_risk = grouped.transform("sum") - grouped.cumsum() + there
    survival, variance = kaplan_meier(ended, at_risk, [rows[key] for key in keys])
    return rows.assign(at_risk=at_risk, ended=ended, survival=survival, variance=variance)


def quantiles_of(counts: pd.DataFrame, groups: Sequence[str], share: float, level: float = LEVEL) -> pd.DataFrame:
    """The time by which ``share`` of each group has had the event: groups, value, low, high, n, exits.

    counts : groups, time, exited, open. NaN where fewer have had it so far; then nobody knows yet. The range is where
    the band of the survival curve (log-minus-log) crosses. Source: Kalbfleisch and Prentice 2002, section 1.4.
    """
    keys = list(groups)
    steps = survival_steps(counts, keys)
    z = float(special.ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(z * np.sqrt(steps["variance"]) / -np.log(steps["survival"]))
        band = {"low": steps["survival"] ** spread, "high": steps["survival"] ** (1 / spread)}
    gone = steps["survival"] <= 0
    curves = {"value": steps["survival"]} | {name: curve.mask(gone, 0.0).fillna(1.0) for name, curve in band.items()}
    each = steps.groupby(keys)[["exited", "open"]].sum()
    out = pd.DataFrame({"n": each.sum(axis=1), "exits": each["exited"]})
    for name, curve in curves.items():
        reached = steps[curve <= 1 - share + 1e-12]
        out[name] = reached.groupby(keys)["time"].min()
    return out.reset_index()[[*keys, "value", "low", "high", "n", "exits"]]


def incidence_at(
    counts: pd.DataFrame, groups: Sequence[str], cause: str, ends: Sequence[str], horizon: float, level: float = LEVEL
) -> pd.DataFrame:
    """Aalen-Johansen: the share of each group that ends by ``cause`` within ``horizon``.

    counts : groups, time, one column for each way to end, open. Returns groups, value, low, high, followed (the longest
    that anyone was followed). The range is log-minus-log about Aalen's variance. Source: Aalen, Borgan and Gjessing
    2008, equations 3.85 and 3.89.
    """
    keys = list(groups)
    steps = survival_steps(counts, keys, ends)
    before = steps.groupby(keys)["survival"].shift(1).fillna(1.0)
    step = (before * steps[cause] / steps["at_risk"]).where(steps["time"] <= horizon, 0.0)
    value = step.groupby([steps[key] for key in keys]).transform("sum")
    within = steps.assign(step=step, before=before, value=value)
    within["so_far"] = within.groupby(keys)["step"].cumsum()
    out = within.groupby(keys).agg(value=("step", "sum"), followed=("time", "max"))
    variance = _variance(within[within["time"] <= horizon], keys, cause)
    out["variance"] = variance.reindex(out.index).fillna(0.0)
    z = float(special.ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(z * np.sqrt(out["variance"]) / (out["value"] * np.log(out["value"])))
        low, high = out["value"] ** (1 / spread), out["value"] ** spread
    return out.assign(low=low, high=high).reset_index()[[*keys, "value", "low", "high", "followed"]]


def _variance(steps: pd.DataFrame, keys: list[str], cause: str) -> pd.Series[float]:
    """Variance of the cumulative incidence at the last of the steps, by group (the delta method)."""
    at_risk, ended, caused = steps["at_risk"], steps["ended"], steps[cause]
    ahead = steps["value"] - steps["so_far"]
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = (ended / (at_risk * (at_risk - ended))).replace(np.inf, 0.0).fillna(0.0)
    own = steps["before"] ** 2 * caused * (at_risk - caused) / at_risk**3
    crossed = ahead * steps["before"] * caused / at_risk**2
    total: pd.Series[float] = (ahead**2 * greenwood + own - 2 * crossed).groupby([steps[key] for key in keys]).sum()
    return total.clip(lower=0.0)
