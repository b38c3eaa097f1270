"""Signals without a forecast: does the latest month still look like the company's own history?

The mean of the latest four weeks is compared with the thirteen before, and that change with all such changes of the
past: so a signal that has always wandered must wander further to be told. Several signals share one rate of false
alarms (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

__all__ = ["BASE_WEEKS", "LATEST_WEEKS", "holm", "own_history", "stage_rates"]

Floats = npt.NDArray[np.float64]
LATEST_WEEKS, BASE_WEEKS = 4, 13
_BASE_BLOCKS = 3  # of four weeks, for rates that are counted by block
_WEEKLY, _FOUR_WEEKLY = 26, 78  # weeks before which cells are counted by week, and by four weeks: phase.WEEK_BLOCKS
_FEWEST = 12  # past changes; with fewer nothing can be said
COLUMNS = ["name", "value", "p10", "p50", "p90", "score", "p_value"]


def own_history(series: Mapping[str, Floats]) -> pd.DataFrame:
    """One row a weekly series that is long enough: name, value (latest mean), p10, p50, p90, score, p_value.

    series : name → (week,), oldest first, NaN where nothing is known. p_value : two-sided, of one look at one signal.
    """
    rows = []
    for name, values in series.items():
        weeks = np.asarray(values, dtype=np.float64)
        latest, base = _window_means(weeks, LATEST_WEEKS), _window_means(weeks, BASE_WEEKS)
        now = np.arange(BASE_WEEKS + LATEST_WEEKS - 1, len(weeks))
        if len(now):
            rows += _judged(name, latest[now], base[now - LATEST_WEEKS], overlap=LATEST_WEEKS)
    return pd.DataFrame(rows, columns=COLUMNS)


def stage_rates(cells: pd.DataFrame) -> pd.DataFrame:
    """How fast records advance: one row a stage, by blocks of four weeks.

    cells : of features.tables.HazardCells: stage, age_bin, week, n, advance.
    value : records that advanced in the latest block over those that would have at the pace of the three blocks before,
    at the same ages.
    """
    rows = []
    blocks_ago = _four_week_blocks(cells["week"].to_numpy(dtype=np.int64))
    counts = (
        cells.assign(period=blocks_ago)[blocks_ago >= 0]
        .groupby(["stage", "period", "age_bin"], as_index=False)[["n", "advance"]]
        .sum()
    )
    for stage, of_stage in counts.groupby("stage", sort=False):
        n, advance = (
            of_stage.pivot_table(index="period", columns="age_bin", values=name, aggfunc="sum", fill_value=0)
            .sort_index(ascending=False).to_numpy(dtype=np.float64)
            for name in ("n", "advance")
        )  # fmt: skip
        blocks = np.arange(_BASE_BLOCKS, len(n))
        expected = np.array([_at_pace(n[b], n[b - _BASE_BLOCKS : b], advance[b - _BASE_BLOCKS : b]) for b in blocks])
        if len(blocks):
            came = advance[blocks].sum(axis=1)
            rows += _judged(str(stage), (came + 0.5) / (expected + 0.5), np.ones(len(blocks)), overlap=1)
    return pd.DataFrame(rows, columns=COLUMNS)


def holm(p_values: Floats, level: float) -> npt.NDArray[np.bool_]:
    """Which of several tests are rejected so that the chance of any false one is at most ``level``. Source: Holm 1979.

    >>> holm(np.array([0.001, 0.04, 0.02]), 0.05).tolist()
    [True, True, True]
    >>> holm(np.array([0.001, 0.06, 0.04]), 0.05).tolist()
    [True, False, False]
    """
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] <= level / np.arange(len(p_values), 0, -1)
    rejected = np.zeros(len(p_values), dtype=np.bool_)
    rejected[order] = np.logical_and.accumulate(steps)
    return rejected


def _four_week_blocks(weeks_ago: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Blocks of four whole weeks, 0 the latest; −1 for weeks that no such block holds."""
    whole = _WEEKLY // 4 * 4
    late, early = weeks_ago // 4, whole // 4 + (weeks_ago - _WEEKLY) // 4
    in_blocks = (weeks_ago >= _WEEKLY) & (weeks_ago < _FOUR_WEEKLY)
    return np.where(weeks_ago < whole, late, np.where(in_blocks, early, -1))


def _at_pace(n: Floats, n_before: Floats, advance_before: Floats) -> float:
    at_risk = n_before.sum(axis=0)
    rate = np.divide(advance_before.sum(axis=0), at_risk, out=np.zeros(len(at_risk)), where=at_risk > 0)
    return float(n @ rate)


def _window_means(weeks: Floats, width: int) -> Floats:
    """Mean of the ``width`` weeks up to each; NaN where fewer than half of them are known."""
    return pd.Series(weeks).rolling(width, min_periods=(width + 1) // 2).mean().to_numpy(dtype=np.float64)


def _judged(name: str, latest: Floats, base: Floats, *, overlap: int) -> list[list[object]]:
    """The last change against those before it that share no week with it; one row, or none where too little is known.

    overlap : how many neighbouring changes share weeks: so many times fewer count as independent.
    """
    logs = bool((np.nan_to_num(latest, nan=1.0) > 0).all() and (np.nan_to_num(base, nan=1.0) > 0).all())
    change = np.log(latest) - np.log(base) if logs else latest - base
    past = change[: len(change) - overlap]
    past = past[np.isfinite(past)]
    independent = len(past) / overlap
    if not np.isfinite(change[-1]) or len(past) < _FEWEST or independent < 4 or not past.std() > 0:
        return []
    spread = float(np.sqrt(np.mean(past**2) * (1 + 1 / independent)))
    score = float(change[-1] / spread)
    law = stats.t(independent - 1)
    low, middle, high = (spread * float(law.ppf(q)) for q in (0.1, 0.5, 0.9))
    span = [base[-1] * np.exp(x) if logs else base[-1] + x for x in (low, middle, high)]
    if not np.nanmin(np.append(latest, base)) < 0:
        span = [max(end, 0.0) for end in span]
    return [[name, latest[-1], *span, score, float(2 * law.sf(abs(score)))]]
