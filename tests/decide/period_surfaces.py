"""Small surfaces by period with known curves, and the best plan found by trying all of them."""

from __future__ import annotations

import itertools

import numpy as np

from revmodel.decide.objectives import utility
from revmodel.decide.periods import LineResponse, PeriodSurface
from revmodel.decide.surface import Floats


def period_surface(
    family: str, *, lines: int, weeks: int, draws: int, lags: int = 6, seed: int = 1, before: float = 1.0,
    money: float = 1.0, worth: float = 1.0, slope: float | None = None, now: float = 1.0, worth_falls: bool = False,
) -> PeriodSurface:  # fmt: skip
    """Geometric carry-over and one family of saturation, parameters by line and draw; each week is a period."""
    rng = np.random.default_rng(seed)
    made, current = [], []
    for i in range(lines):
        half_life = np.exp(rng.normal(0.3, 0.4)) * np.exp(rng.normal(0, 0.3, draws))
        carry = 0.5 ** (np.arange(lags + 1) / half_life[:, None])
        carry /= carry.sum(1, keepdims=True)
        values = {"half_saturation": np.exp(rng.normal(0.5, 0.4)) * np.exp(rng.normal(0, 0.3, draws))}
        if family == "hill":
            values["slope"] = np.exp(rng.normal(0.6, 0.2, draws)) if slope is None else np.full(draws, slope)
        if family == "none":
            values = {}
        unit = 1000.0 * money
        height = unit * worth / money * np.exp(rng.normal(0.5, 0.7)) * np.exp(rng.normal(0, 0.5, draws))
        falls = np.linspace(1.5, 0.5, weeks + lags) if worth_falls else np.ones(weeks + lags)
        spend = now * unit * rng.uniform(0.5, 1.5) * np.ones(weeks)
        made.append(LineResponse(
            f"line {i + 1}", f"line {i + 1}", carry, np.full(lags, before * unit), unit, family, values,
            height[:, None] * falls, np.ones(weeks), np.maximum(3 * spend, 3 * unit),
        ))  # fmt: skip
        current.append(spend)
    return PeriodSurface(tuple(made), np.arange(weeks), np.stack(current), np.array([line.before[-1] for line in made]))


def best_of_all(surface: PeriodSurface, low: Floats, high: Floats, objective: str, risk: float, steps: int) -> float:
    """The highest objective over a grid of plans; the last amount takes what is left of current spend."""
    flat_low, flat_high = low.ravel(), high.ravel()
    grids = [np.linspace(a, b, steps) for a, b in zip(flat_low[:-1], flat_high[:-1], strict=True)]
    budget, best = float(surface.current.sum()), -np.inf
    for amounts in itertools.product(*grids):
        rest = budget - sum(amounts)
        if flat_low[-1] <= rest <= flat_high[-1]:
            plan = np.array([*amounts, rest]).reshape(low.shape)
            best = max(best, utility(surface.value_at(plan).sum(1), objective, risk))
    return best
