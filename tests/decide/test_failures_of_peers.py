"""What other programs are known to get wrong: their published failures, each as a small problem.

An equal split returned as the optimum, because the solver stopped where it started for want of scaling; a search grid
whose cost jumps tenfold where a budget is a power of ten; an S-shaped curve whose slope at zero spend is zero.
"""

from __future__ import annotations

import numpy as np
import pytest
from period_surfaces import period_surface
from surfaces import surface_of

from revmodel.decide.allocate import allocate
from revmodel.decide.master import Master
from revmodel.decide.surface import ResponseSurface


def even(shape: str, money: float, worth: float) -> ResponseSurface:
    """Four channels that spend the same and are worth different amounts."""
    plain = surface_of(shape, 41, channels=4, draws=50)
    grid = np.tile(np.linspace(0, 2.0, 21), (4, 1)) * 250.0 * money
    part = np.stack([plain.value[:, c, :1] + plain.value[:, c, -1:] * _curve(shape, c) for c in range(4)], axis=1)
    return ResponseSurface(plain.channels, grid, part * worth, np.full(4, 250.0 * money))


def _curve(shape: str, channel: int) -> np.ndarray:
    x, half = np.linspace(0, 2.0, 21), 0.5 + 0.3 * channel
    power = 1.0 if shape == "concave" else 3.0
    return x**power / (x**power + half**power)


@pytest.mark.parametrize("shape", ["concave", "s"])
@pytest.mark.parametrize(("money", "worth"), [(1e9, 1.0), (1.0, 1e9), (1e9, 1e-6), (1e-6, 1e9), (1e-6, 1e-6)])
def test_the_equal_split_it_starts_from_is_not_taken_for_the_best(shape, money, worth):
    surface = even(shape, money, worth)
    found = allocate(surface, float(surface.current.sum()), 0.3 * surface.current, 2 * surface.current)
    assert np.abs(found.proposed / surface.current - 1).max() > 0.2
    assert found.objective_proposed > 1.02 * found.objective_current
    assert found.certified_gap < 1e-4


@pytest.mark.parametrize(("money", "worth"), [(1e9, 1e-6), (1e-6, 1e9)])
def test_nor_by_period(money, worth):
    surface = period_surface("michaelis_menten", lines=3, weeks=4, draws=50, money=money, worth=worth)
    found = allocate(surface, float(surface.current.sum()), 0.3 * surface.current, 2 * surface.current)
    assert np.abs(found.plan / surface.current - 1).max() > 0.2
    assert found.objective_proposed > 1.01 * found.objective_current
    assert found.certified_gap < 1e-3


@pytest.mark.parametrize("at", [1e5, 1e6, 1e7])
def test_a_budget_of_a_power_of_ten_costs_no_more_than_one_beside_it(at, monkeypatch):
    plain = surface_of("s", 42, channels=5)
    scale = at / plain.current.sum()
    surface = ResponseSurface(plain.channels, plain.spend * scale, plain.value, plain.current * scale)
    solve, solved = Master.solve, []

    def counted(*asked):
        solved[-1] += 1
        return solve(*asked)

    monkeypatch.setattr(Master, "solve", counted)
    for budget in (0.999 * at, at, 1.001 * at):
        solved.append(0)
        allocate(surface, budget, 0.3 * surface.current, 2 * surface.current)
    assert max(solved) <= 3 * min(solved)


def test_zero_slope_at_zero_spend_does_not_keep_money_away():
    """Twelve units reach the steep part of one channel, and of no other if they are shared."""
    grid = np.tile(np.linspace(0, 12, 49), (3, 1))
    value = grid**4 / (grid**4 + 8.0**4)
    surface = ResponseSurface(("a", "b", "c"), grid, value[None], np.full(3, 1e-9))
    found = allocate(surface, 12.0, np.zeros(3), np.full(3, 12.0))
    assert sorted(found.proposed) == pytest.approx([0.0, 0.0, 12.0], abs=1e-6)
    assert found.certified_gap < 1e-4
