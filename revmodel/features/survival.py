"""Kaplan–Meier and Aalen–Johansen from counts at risk, with what can be read off them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["kaplan_meier", "restricted_mean", "survival_table", "time_of_share"]


def survival_table(risk: pd.DataFrame, keys: Sequence[str], causes: Sequence[str]) -> pd.DataFrame:
    """Adds to a risk table (see at_risk): survival, survival_se, incidence_<cause>, all by the end of each age step.

    survival S(a) = Π_{b ≤ a} (1 − d_b / n_b), d exits by any cause, n at risk (Kaplan and Meier 1958); its standard
    error is Greenwood's, S √Σ d / n (n − d). incidence of a cause k: Σ_{b ≤ a} S(b − 1) d_kb / n_b (Aalen and Johansen
    1978), so survival and incidences add up to 1. Where following began late (left truncation) they are given that
    one was still there at the first age of the group.
    """
    if risk.empty:
        return risk.assign(survival=[], survival_se=[], **{f"incidence_{cause}": [] for cause in causes})
    groups = [risk[key] for key in keys] or [pd.Series(0, index=risk.index)]
    survival, variance = kaplan_meier(risk[list(causes)].sum(axis=1), risk["at_risk"], groups)
    before = survival.groupby(groups).shift(1, fill_value=1.0)
    incidences = {
        f"incidence_{cause}": (before * risk[cause] / risk["at_risk"]).groupby(groups).cumsum() for cause in causes
    }
    return risk.assign(survival=survival, survival_se=survival * np.sqrt(variance), **incidences)


def kaplan_meier(
    exits: pd.Series[float], at_risk: pd.Series[float], groups: Sequence[pd.Series[Any]]
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Survival and Greenwood's Σ d / n (n − d) by the end of each row, rows of a group in order of age.

    The sum is NaN where everybody who was left leaves: survival is 0 there, and no log of it has a variance.
    """
    by_group = list(groups)
    survival = (1.0 - exits / at_risk).groupby(by_group).cumprod()
    spread = exits / (at_risk * (at_risk - exits)).where(exits < at_risk)
    return survival, spread.where(exits > 0, 0.0).groupby(by_group).cumsum()


def time_of_share(ages: pd.Series[int], share_by: pd.Series[float], share: float) -> float:
    """The first age by which ``share`` is reached; NaN where it never is.

    >>> time_of_share(pd.Series([0, 1, 2]), pd.Series([0.2, 0.5, 0.6]), 0.5)
    1.0
    """
    reached = ages[share_by >= share - 1e-12]
    return float(reached.iloc[0]) if len(reached) else float("nan")


def restricted_mean(ages: pd.Series[int], survival: pd.Series[float], horizon: int) -> float:
    """Mean of min(time, horizon) in steps, Σ_{a < horizon} S(a); NaN where following ends earlier, with some there.

    >>> restricted_mean(pd.Series([0, 1]), pd.Series([0.5, 0.0]), 10)
    0.5
    """
    by_age = pd.Series(survival.to_numpy(), index=ages.to_numpy())
    if by_age.empty or (by_age.index[-1] < horizon - 1 and by_age.iloc[-1] > 0):
        return float("nan")
    filled = by_age.reindex(range(horizon)).ffill().fillna(1.0)
    return float(filled.sum())
