"""How records leave each stage, in numbers that people ask for: by when, which way, for which reason."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.tables import HazardCells
from revmodel.models.draws import FunnelDraws

__all__ = ["HORIZON_DAYS", "stage_hazards_table"]

Floats = npt.NDArray[np.float64]
HORIZON_DAYS = (30, 90, 180)
YEAR_WEEKS = 52
HELD_WEEKS = 13  # the calendar is held at its mean over the weeks ahead
DRAWS = 200


def stage_hazards_table(funnel: FunnelDraws, cells: HazardCells, seed: int = 1) -> pd.DataFrame:
    """The output ``stage_hazards``: one row a stage, channel, outcome, reason and horizon.

    Returns stage, channel ("all" and each), outcome ("advance", "lost", "recycled"), reason ("all"; of losses also each
    reason given, over all channels), horizon_days, mean, p10, p50, p90 (share of the records that enter the stage now
    and have left so by then), median_weeks (by which half of those who leave so within a year have left).
    Groups count by the first visits of the latest year.
    """
    rng = np.random.default_rng(seed)
    pick = np.linspace(0, len(funnel.log_odds) - 1, min(DRAWS, len(funnel.log_odds))).round().astype(np.int64)
    weight = _entries(cells)
    rows: list[dict[str, object]] = []
    for s, stage in enumerate(funnel.stages):
        left = _left_by_week(funnel, s, pick)
        channels = {dims.ALL: np.ones(len(funnel.groups), dtype=bool)}
        names = np.array(funnel.group_channel, dtype=object)
        if len(set(names)) > 1:
            channels |= {name: names == name for name in sorted(set(names))}
        for channel, among in channels.items():
            share = weight[s] * among / (weight[s] * among).sum()
            by_week = np.einsum("dkgw,g->dkw", left, share)
            for k, cause in enumerate(dims.CAUSES):
                rows += _rows({"stage": stage, "channel": channel, "outcome": cause, "reason": dims.ALL}, by_week[:, k])
        lost = np.einsum("dgw,g->dw", left[:, dims.CAUSES.index(dims.LOST)], weight[s] / weight[s].sum())
        for reason, part in _reason_shares(cells, stage, len(pick), rng).items():
            at = {"stage": stage, "channel": dims.ALL, "outcome": dims.LOST, "reason": reason}
            rows += _rows(at, lost * part[:, None])
    return pd.DataFrame(rows)


def _left_by_week(funnel: FunnelDraws, s: int, pick: npt.NDArray[np.int64]) -> Floats:
    """Cumulative incidence (draw, cause, group, week 0 … 52): share that has left by each cause."""
    held = np.exp(funnel.calendar[pick, s, :, :HELD_WEEKS]).mean(-1)
    odds = np.exp(funnel.log_odds[pick, s]) * held[:, :, None, None]
    chance = odds / (1 + odds.sum(1, keepdims=True))
    edges = np.asarray(funnel.age_edges_weeks)
    age_bin = np.searchsorted(edges, np.arange(YEAR_WEEKS), side="right") - 1
    left = np.zeros((*chance.shape[:3], YEAR_WEEKS + 1))
    there = np.ones(chance[:, 0, :, 0].shape)
    for week in range(YEAR_WEEKS):
        now = chance[:, :, :, age_bin[week]]
        left[:, :, :, week + 1] = left[:, :, :, week] + there[:, None] * now
        there = there * (1 - now.sum(1))
    return left


def _rows(at: dict[str, str], left: Floats) -> list[dict[str, object]]:
    """left : (draw, week 0 … 52)."""
    mean = left.mean(0)
    median = float(np.interp(mean[-1] / 2, mean, np.arange(len(mean)))) if mean[-1] > 0 else np.nan
    rows = []
    for days in HORIZON_DAYS:
        week, rest = divmod(days / 7, 1)
        by_then = left[:, int(week)] * (1 - rest) + left[:, int(week) + 1] * rest
        p10, p50, p90 = np.quantile(by_then, [0.1, 0.5, 0.9])
        values = {"mean": by_then.mean(), "p10": p10, "p50": p50, "p90": p90, "median_weeks": median}
        rows.append({**at, "horizon_days": days, **{name: float(value) for name, value in values.items()}})
    return rows


def _entries(cells: HazardCells) -> Floats:
    """(stage, group): record-weeks of first visits in their first week, of the latest year; a little everywhere."""
    fresh = cells.frame[
        (cells.frame["age_bin"] == 0) & (cells.frame["again"] == 0) & (cells.frame["week"] < YEAR_WEEKS)
    ]
    weight = np.full((len(cells.stages), len(cells.groups)), 1e-6)
    stage = fresh["stage"].map({name: i for i, name in enumerate(cells.stages)}).to_numpy(np.int64)
    np.add.at(weight, (stage, cells.groups.index(fresh)), fresh["n"].to_numpy(float))
    return weight


def _reason_shares(cells: HazardCells, stage: str, draws: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Share of each reason among a stage's losses, (draw,): Dirichlet, half a loss a reason before any is seen.

    Empty where no reason was ever given.
    """
    seen = cells.reasons[cells.reasons["stage"] == stage].sort_values("count", ascending=False)
    if len(seen) < 2:
        return {}
    shares = rng.dirichlet(seen["count"].to_numpy(float) + 0.5, draws)
    return {str(reason): shares[:, i] for i, reason in enumerate(seen["reason"])}
