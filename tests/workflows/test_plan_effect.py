"""An old plan laid over the weeks of a new run: day by day, and no further than it reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.workflows.plan_effect import spend_of_plan

OLD_WEEKS = pd.date_range("2026-10-07", periods=4, freq="7D")


def plan(**spend: list[float]) -> pd.DataFrame:
    rows = [(end, name, value) for name, values in spend.items() for end, value in zip(OLD_WEEKS, values, strict=True)]
    return pd.DataFrame(rows, columns=["week_end", "channel", "spend"])


def test_same_weeks_give_the_plan_itself() -> None:
    found = spend_of_plan(plan(search=[7.0, 14.0, 21.0, 28.0]), np.zeros((1, 4)), ("search",), OLD_WEEKS)
    assert found[0].tolist() == pytest.approx([7.0, 14.0, 21.0, 28.0])


def test_weeks_that_begin_on_another_day_take_days_of_both() -> None:
    later = OLD_WEEKS + pd.Timedelta(days=3)
    found = spend_of_plan(plan(search=[7.0, 14.0, 21.0, 28.0]), np.full((1, 4), 70.0), ("search",), later)
    assert found[0].tolist() == pytest.approx([4 + 3 * 2, 4 * 2 + 3 * 3, 4 * 3 + 3 * 4, 4 * 4 + 3 * 10])


def test_beyond_its_reach_and_for_new_channels_the_new_plan_holds() -> None:
    weeks = pd.date_range("2027-01-06", periods=2, freq="7D")
    new = np.array([[5.0, 6.0], [1.0, 2.0]])
    found = spend_of_plan(plan(search=[7.0] * 4), new, ("search", "radio"), weeks)
    np.testing.assert_allclose(found, new)
    found = spend_of_plan(plan(search=[7.0] * 4), new, ("search", "radio"), OLD_WEEKS[:2])
    np.testing.assert_allclose(found, [[7.0, 7.0], [1.0, 2.0]])
