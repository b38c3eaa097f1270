"""The level of arrivals: a break is followed within weeks, and what no data inform keeps its prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_panel import LAST_WEEK, panel_of

from revmodel.models.arrivals import draw_counts, expected_arrivals
from revmodel.models.predict import future_weeks
from revmodel.models.response import ChannelResponse
from revmodel.models.steps import LARGEST_STEP, STEP_WIDTHS, steps_ahead, walk_back

WEEKS = 90
BEFORE = np.array([40.0, 20.0, 10.0, 6.0])


def fit_after_break(weeks_ago: int, factor: float) -> ChannelResponse:
    """Levels are steady but for one change, ``weeks_ago`` weeks before the last."""
    rng = np.random.default_rng(3)
    panel = panel_of(3, weeks=WEEKS, with_spend=False)
    level = np.where(np.arange(WEEKS) >= WEEKS - weeks_ago, factor, 1.0)
    counts = rng.poisson(level[:, None] * BEFORE)
    arrivals = pd.DataFrame(counts, index=panel.weeks, columns=panel.arrivals.columns)
    return ChannelResponse(engine="laplace", draws=300, seed=1).fit(replace(panel, arrivals=arrivals))


@pytest.mark.parametrize(("weeks_ago", "factor"), [(6, 2.0), (6, 0.5)])
def test_a_break_is_followed_within_six_weeks(weeks_ago: int, factor: float) -> None:
    model = fit_after_break(weeks_ago, factor)
    panel = panel_of(3, weeks=WEEKS, with_spend=False)
    ahead = future_weeks(LAST_WEEK, 13)[:6]  # before the holidays at the year's end
    mean = expected_arrivals(model, panel, ahead, np.zeros((0, 6)), np.arange(300), np.random.default_rng(1))
    assert np.median(mean.sum(1)) == pytest.approx(factor * BEFORE.sum(), rel=0.2)


def test_steady_levels_are_not_taken_for_moving_ones() -> None:
    steady, broken = fit_after_break(1, 1.0), fit_after_break(6, 2.0)
    assert steady.learned_["common_step_spread"][0] < 0.03
    assert broken.learned_["common_scale"].max() > 3 * steady.learned_["common_scale"].max()


def test_same_seed_gives_the_same_counts() -> None:
    model, panel, weeks = (
        fit_after_break(1, 1.0),
        panel_of(3, weeks=WEEKS, with_spend=False),
        future_weeks(LAST_WEEK, 4),
    )
    one, again, other = (
        draw_counts(model, panel, weeks, np.zeros((0, 4)), np.arange(300), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_walk_is_zero_in_the_last_week_and_whole_beyond_a_step() -> None:
    walk = walk_back(100)
    assert walk.shape == (100, len(STEP_WIDTHS))
    assert (walk[-1] == 0).all()
    assert walk[-3].tolist() == [1.0] + [0.0] * (len(STEP_WIDTHS) - 1)
    assert (np.diff(walk, axis=0) <= 0).all()


def test_steps_ahead_have_the_spread_asked_for_and_an_end() -> None:
    spread = np.full((20_000, 1), 0.1)
    walk = steps_ahead(spread, 5, 30.0, np.random.default_rng(1))
    assert walk.shape == (20_000, 1, 5)
    assert walk[:, 0, 3].std() == pytest.approx(0.1, rel=0.05)  # four weeks
    wild = steps_ahead(np.full((2000, 1), 50.0), 2, 4.0, np.random.default_rng(1))
    assert np.abs(wild).max() <= LARGEST_STEP
