"""A link is told where there is one, and not where two series only wander."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.metrics.links import link_at, link_table

WEEKS = 150


def wandering(rng: np.random.Generator, keep: float) -> np.ndarray:
    """A series that keeps a share of its last value."""
    values = np.zeros(WEEKS)
    for week in range(1, WEEKS):
        values[week] = keep * values[week - 1] + rng.normal()
    return values


def test_a_link_is_found_at_its_lag() -> None:
    rng = np.random.default_rng(5)
    cause = rng.normal(size=WEEKS)
    effect = np.roll(cause, 4) + 0.5 * rng.normal(size=WEEKS)
    found = link_table(pd.DataFrame({"visits": cause, "bookings": effect}), ["visits"], ["bookings"]).iloc[0]
    assert found["linked"]
    assert found["lag_weeks"] == 4
    assert found["low"] < found["correlation"] < found["high"]
    assert "not causing" in found["sentence"]


def test_independent_wandering_series_are_seldom_linked() -> None:
    rng = np.random.default_rng(1)
    linked = 0
    for _ in range(60):
        frame = pd.DataFrame({"x": wandering(rng, 0.9), "y": wandering(rng, 0.9)})
        linked += int(link_table(frame, ["x"], ["y"])["linked"].iloc[0])
    assert linked <= 9  # promised: 3 of 60; without the allowance for autocorrelation more than half


def test_autocorrelation_widens_the_range() -> None:
    rng = np.random.default_rng(2)
    _, low, high = link_at(rng.normal(size=WEEKS), rng.normal(size=WEEKS), 0)
    _, wider_low, wider_high = link_at(wandering(rng, 0.9), wandering(rng, 0.9), 0)
    assert wider_high - wider_low > 1.5 * (high - low)


def test_short_series_have_no_link() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "y": np.arange(20.0)})
    found = link_table(frame, ["x"], ["y"]).iloc[0]
    assert not found["linked"]
    assert "20 weeks of both" in found["sentence"]
