"""Small response surfaces with known shapes, and the best plan found by trying all of them."""

from __future__ import annotations

import numpy as np

from revmodel.decide.objectives import utility
from revmodel.decide.surface import Floats, ResponseSurface, spend_grid


def surface_of(
    shape: str, seed: int, *, channels: int = 3, draws: int = 40, points: int = 11, spend: float = 100.0
) -> ResponseSurface:
    """Hill curves: power 1 is concave, power 4 is S-shaped; scale and half-saturation differ by channel and draw."""
    rng = np.random.default_rng(seed)
    current = rng.uniform(0.4, 1.6, channels) * spend
    grid = spend_grid(current, 2 * current, points)
    gain = rng.lognormal(0, 0.6, (1, channels, 1)) * rng.lognormal(0, 0.5, (draws, channels, 1)) * current[:, None]
    half = rng.uniform(0.5, 1.8, (1, channels, 1)) * rng.lognormal(0, 0.2, (draws, channels, 1)) * current[:, None]
    power = {"concave": 1.0, "s": 4.0}[shape]
    value = gain * grid**power / (grid**power + half**power)
    names = tuple(f"channel {i + 1}" for i in range(channels))
    return ResponseSurface(names, grid, value, current)


def best_by_trying(
    surface: ResponseSurface, budget: float, lower: Floats, upper: Floats, objective: str, risk: float, steps: int
) -> float:
    """The highest objective over a fine grid of plans of three channels; the third takes what is left."""
    first, second = (np.linspace(lower[c], upper[c], steps) for c in (0, 1))
    best = -np.inf
    one, two = surface.channel_value(0, first), surface.channel_value(1, second)
    for i, spend in enumerate(first):
        rest = budget - spend - second
        allowed = (rest >= lower[2] - 1e-9) & (rest <= upper[2] + 1e-9)
        if not allowed.any():
            continue
        total = one[:, [i]] + two[:, allowed] + surface.channel_value(2, rest[allowed])
        best = max(best, *(utility(total[:, j], objective, risk) for j in range(total.shape[1])))
    return best
