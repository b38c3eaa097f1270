"""Simulation-based calibration of the stage hazards: truths drawn from the model's own prior, found again or not.

A truth is drawn from the prior, exits are drawn from it, the model is fitted, and the truth's rank among the posterior
draws is taken; over many replicates ranks are uniform where the engine is exact (Talts et al. 2018). Spreads are set by
empirical Bayes here, so ranks can only be near uniform: the check says how near, for what is known at the as-of date
and for the weeks ahead.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from revmodel import dims
from revmodel.features.phase import quarter_phase, week_block
from revmodel.features.tables import Groups, HazardCells
from revmodel.models import priors
from revmodel.models.hazard_calendar import calendar_columns
from revmodel.models.hazard_data import Effects, HazardLayout, layout_of, row_design
from revmodel.models.hazards import StageHazards
from revmodel.models.predict import future_weeks, predict_funnel
from revmodel.models.steps import steps_ahead

__all__ = ["ranks_of_truths", "template_cells"]

Floats = npt.NDArray[np.float64]
K = len(dims.CAUSES)
STAGE = "lead"
LEVEL_LOG_MEAN, LEVEL_LOG_SD = np.log(0.05), 0.5  # weekly odds of each way out about 5 %
AHEAD_WEEKS = 13


@dataclass(frozen=True)
class _Truth:
    """effects : by kind, (cause, column) on log-odds. spread : by learned kind, (cause,)."""

    level: Floats
    effects: dict[str, Floats]
    spread: dict[str, Floats]


def template_cells(
    as_of: dt.date = dt.date(2026, 9, 30), channels: int = 5, weeks: int = 52, at_risk_per_week: int = 20
) -> HazardCells:
    """Cells without exits: ``channels`` channels, four age bins, first and repeated visits."""
    days = np.arange(weeks * 7, dtype=np.int64)
    ends = pd.DatetimeIndex(pd.Timestamp(as_of) - pd.to_timedelta(days, unit="D"))
    times = pd.DataFrame({"week": week_block(days // 7), "phase": quarter_phase(ends), "days": 1})
    times = times.groupby(["week", "phase"])["days"].sum().reset_index()
    rows = pd.DataFrame({"channel": [f"channel {i}" for i in range(channels)]})
    rows = rows.merge(pd.DataFrame({"age_bin": range(4)}), how="cross").merge(
        pd.DataFrame({"again": [0, 1]}), how="cross"
    )
    frame = rows.merge(times, how="cross")
    n = np.where(frame["again"] == 1, 0.2, 1.0) * at_risk_per_week * frame["days"] / 7
    counted = frame.assign(stage=STAGE, n=n.round().astype(np.int64), **dict.fromkeys(dims.CAUSES, 0))
    frame = counted.loc[counted["n"] > 0].drop(columns="days").reset_index(drop=True)
    moves = pd.DataFrame([(STAGE, dims.ADVANCE, "won", 1)], columns=["stage", "cause", "to_stage", "count"])
    return HazardCells(frame, moves, (STAGE,), Groups.of(frame), (0, 2, 6, 13), as_of=as_of)


def ranks_of_truths(
    replicates: int,
    seed: int,
    engine: Literal["nuts", "laplace"] = "laplace",
    template: HazardCells | None = None,
    draws: int = 199,
) -> pd.DataFrame:
    """One row a replicate and quantity: replicate, quantity, cause, rank (share of draws below the truth, 0 … 1).

    Quantities: "at the as-of date" (log-odds of the first channel's first age), "repeated visits", "13 weeks ahead"
    (mean over the weeks ahead of log-odds, drift and shocks to come included).
    """
    template = template or template_cells()
    layout = layout_of(template)
    rows: list[dict[str, object]] = []
    for replicate in range(replicates):
        rng = np.random.default_rng([seed, replicate])
        truth = _draw_truth(layout, rng)
        cells = _with_exits(template, layout, truth, rng)
        fitted = StageHazards(engine=engine, draws=draws, seed=replicate).fit(cells)
        rows += [{"replicate": replicate, **row} for row in _ranks(fitted, truth, cells, draws, rng)]
    return pd.DataFrame(rows)


def _draw_truth(layout: HazardLayout, rng: np.random.Generator) -> _Truth:
    effects, spread = {}, {}
    for each in layout.effects:
        log_spread = np.log(each.median) + each.log_sd * rng.standard_normal(K)
        spread[each.name] = np.exp(log_spread)
        effects[each.name] = spread[each.name][:, None] * each.widths * _standard(each, rng)
    return _Truth(LEVEL_LOG_MEAN + LEVEL_LOG_SD * rng.standard_normal(K), effects, spread)


def _standard(each: Effects, rng: np.random.Generator) -> Floats:
    shape = (K, len(each.widths))
    if each.name == "level":
        return np.zeros(shape)  # the level has a draw of its own, not around a rate that data tell
    nu = each.degrees_of_freedom
    return rng.standard_normal(shape) if np.isinf(nu) else rng.standard_t(nu, shape)


def _part(layout: HazardLayout, truth: _Truth, where: str, design: Floats) -> Floats:
    """(cause, row or time)."""
    out = np.zeros((K, len(design)))
    for each in layout.effects:
        if each.where == where:
            out += truth.effects[each.name] @ design[:, each.columns].T
    return out


def _with_exits(template: HazardCells, layout: HazardLayout, truth: _Truth, rng: np.random.Generator) -> HazardCells:
    frame = template.frame
    rows = row_design(
        layout, layout.groups.index(frame), frame["age_bin"].to_numpy(np.int64), frame["again"].to_numpy(np.int64)
    )
    at = {time: i for i, time in enumerate(layout.times)}
    time = np.array([at[t] for t in zip(frame["week"].tolist(), frame["phase"].tolist(), strict=True)])
    by_time = _part(layout, truth, "time", layout.time_design) + layout.time_offset
    odds = np.exp(truth.level[:, None] + _part(layout, truth, "row", rows) + by_time[:, time])
    chance = np.concatenate([odds, np.ones_like(odds[:1])]) / (1 + odds.sum(0))
    exits = rng.multinomial(frame["n"].to_numpy(), chance.T)
    return replace(template, frame=frame.assign(**{cause: exits[:, k] for k, cause in enumerate(dims.CAUSES)}))


def _ranks(
    fitted: StageHazards, truth: _Truth, cells: HazardCells, draws: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    layout = fitted.layout_
    funnel = predict_funnel(
        fitted, pd.Timestamp(cells.as_of), AHEAD_WEEKS, draws, cells.fiscal_year_start_month, int(rng.integers(2**31))
    )
    zero = np.zeros(1, dtype=np.int64)
    now = truth.level + _part(layout, truth, "row", row_design(layout, zero, zero, zero))[:, 0]
    calendar = calendar_columns(
        future_weeks(pd.Timestamp(cells.as_of), AHEAD_WEEKS), cells.fiscal_year_start_month, None
    )
    ahead = truth.effects["calendar"] @ calendar.T + steps_ahead(
        truth.spread["drift"], AHEAD_WEEKS, priors.STEP_DEGREES_OF_FREEDOM, rng
    )
    ahead = ahead + truth.spread["shock"][:, None] * rng.standard_normal((K, AHEAD_WEEKS))
    log_odds = funnel.log_odds[:, 0, :, 0, 0]
    pairs = {
        "at the as-of date": (now, log_odds),
        "repeated visits": (truth.effects["again"][:, 0], funnel.again[:, 0]),
        "13 weeks ahead": (now + ahead.mean(1), log_odds + funnel.calendar[:, 0].mean(-1)),
    }
    return [
        {"quantity": name, "cause": cause, "rank": float((drawn[:, k] < wanted[k]).mean())}
        for name, (wanted, drawn) in pairs.items()
        for k, cause in enumerate(dims.CAUSES)
    ]
