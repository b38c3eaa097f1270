"""Small funnels, arrivals, sizes and open records written by hand, with chances that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from revmodel.features.tables import Groups, OpenRecords
from revmodel.models.draws import ArrivalDraws, DealSizeDraws, FunnelDraws

NEVER = -np.inf
ADVANCE, LOST, RECYCLED = 0, 1, 2


def log_odds_of(advance: float, lost: float = 0.0, recycled: float = 0.0) -> np.ndarray:
    """Log-odds against staying, from weekly probabilities of each cause."""
    chances = np.array([advance, lost, recycled])
    with np.errstate(divide="ignore"):
        return np.log(chances) - np.log1p(-chances.sum())


def funnel_of(
    weekly: list[tuple[float, float, float]],
    *,
    draws: int = 1,
    weeks: int = 60,
    groups: tuple[tuple[str, str], ...] = (("search", "smb"),),
    edges: tuple[int, ...] = (0, 1, 2, 4, 8),
    skips: dict[int, dict[int, float]] | None = None,
    back: dict[int, int] | None = None,
) -> FunnelDraws:
    """Stages s0, s1 … with weekly chances (advance, lost, recycled), the same at every age and week.

    skips: stage → {destination: share} of its advances (stages are numbered; the number of stages is "won").
    back: stage → where its recycled records go (default: the stage before).
    """
    stages = len(weekly)
    log_odds = np.empty((draws, stages, 3, len(groups), len(edges)))
    destination = np.zeros((draws, stages, 3, stages + 2))
    for s, chances in enumerate(weekly):
        log_odds[:, s] = log_odds_of(*chances)[None, :, None, None]
        for to, share in (skips or {}).get(s, {s + 1: 1.0}).items():
            destination[:, s, ADVANCE, to] = share
        destination[:, s, LOST, stages + 1] = 1.0
        destination[:, s, RECYCLED, (back or {}).get(s, max(s - 1, 0))] = 1.0
    names = tuple(f"s{i}" for i in range(stages))
    channels, segments = (tuple(part) for part in zip(*groups, strict=True))
    rest = (("all",) * len(groups),) * 4
    calendar, again = np.zeros((draws, stages, 3, weeks)), np.zeros((draws, stages, 3))
    first_week = np.full((draws, stages, 7), 1 / 7)
    parts = Groups(channels, segments, *rest)
    return FunnelDraws(names, parts, edges, log_odds, calendar, destination, again, first_week)


def arrivals_of(funnel: FunnelDraws, at: dict[tuple[int, int, int], int] | None = None) -> ArrivalDraws:
    """Arrivals {(week, stage, group): count}, the same in every draw; none elsewhere."""
    draws, stages, _, groups, _ = funnel.log_odds.shape
    counts = np.zeros((draws, funnel.calendar.shape[-1], stages, groups), dtype=np.int64)
    for where, count in (at or {}).items():
        counts[:, *where] = count
    return ArrivalDraws(counts)


def sizes_of(
    funnel: FunnelDraws,
    *,
    mean: float = 10.0,
    sd: float = 0.5,
    slippage: tuple[float, float] = (0.0, 0.0),
    cap: float = 20.0,
    has_amounts: bool = True,
) -> DealSizeDraws:
    """Won amounts: Normal(mean, sd) on the log scale. slippage: mean and sd of log won ÷ on file, at every origin."""
    draws, groups, stages = funnel.log_odds.shape[0], len(funnel.groups), len(funnel.stages)
    values = slippage[0] + slippage[1] * norm.ppf((np.arange(200) + 0.5) / 200)
    sd_of = np.full(draws, sd)
    slips = np.broadcast_to(values, (draws, 1 + stages, 200))
    return DealSizeDraws(np.full((draws, groups), mean), sd_of, np.zeros(draws), sd_of, cap, slips, has_amounts)


def records_of(*rows: dict[str, object]) -> OpenRecords:
    """Open records; each row overrides the defaults of a fresh lead in s0."""
    default = {
        "record_id": "R",
        "record_type": "lead",
        "stage": "s0",
        "channel": "search",
        "segment": "smb",
        **dict.fromkeys(("region", "owner", "type", "band"), "all"),
        "entered_at": pd.Timestamp("2026-09-20"),
        "created_at": pd.Timestamp("2026-09-20"),
        "age_weeks": 0,
        "attempt": 1,
        "amount": np.nan,
        "close_date": pd.NaT,
        "zombie": False,
    }
    frame = pd.DataFrame(
        [{**default, "record_id": f"R{i}", **row} for i, row in enumerate(rows)], columns=list(default)
    )
    return OpenRecords(frame.astype({"amount": float, "zombie": bool, "age_weeks": int}))
