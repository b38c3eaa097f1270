"""Kaplan-Meier and Aalen-Johansen against numbers worked out by hand, and the ranges against published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.metrics.cohorts import cohort_table
from revmodel.metrics.intervals import cost_interval, mean_interval, ratio_interval, share_interval
from revmodel.metrics.survival import incidence_at, quantiles_of, survival_steps

# Six records: exits at 1, 3 and 4 days, still there at 2, 4 and 5. At risk 6, 5, 4, 3, 1.
TIMES = pd.DataFrame(
    {"group": "g", "time": [1, 2, 3, 4, 4, 5], "exited": [1, 0, 1, 1, 0, 0], "open": [0, 1, 0, 0, 1, 1]}
)


def test_survival_steps_are_kaplan_meiers() -> None:
    steps = survival_steps(TIMES, ["group"])
    assert steps["at_risk"].tolist() == [6, 5, 4, 3, 1]
    wanted = [5 / 6, 5 / 6, 5 / 6 * 3 / 4, 5 / 6 * 3 / 4 * 2 / 3, 5 / 6 * 3 / 4 * 2 / 3]
    assert steps["survival"].tolist() == pytest.approx(wanted)
    greenwood = 1 / (6 * 5) + 1 / (4 * 3) + 1 / (3 * 2)
    assert steps["variance"].iloc[-1] == pytest.approx(greenwood)


def test_median_waits_for_the_open_ones() -> None:
    """Half of those that left did so by day 3; half of all by day 4."""
    found = quantiles_of(TIMES, ["group"], 0.5).iloc[0]
    assert (found["value"], found["n"], found["exits"]) == (4, 6, 3)
    assert found["low"] <= 4
    assert np.isnan(quantiles_of(TIMES, ["group"], 0.8)["value"].iloc[0])


def test_groups_do_not_mix() -> None:
    both = pd.concat([TIMES, TIMES.assign(group="h", time=TIMES["time"] * 10)])
    found = quantiles_of(both, ["group"], 0.5).set_index("group")["value"]
    assert found.to_dict() == {"g": 4, "h": 40}


def test_incidence_without_censoring_is_the_plain_share() -> None:
    counts = pd.DataFrame({"g": "a", "time": [1, 2, 3, 9], "advance": [2, 1, 0, 3], "lost": [1, 0, 3, 0], "open": 0})
    found = incidence_at(counts, ["g"], "advance", ("advance", "lost"), 5).iloc[0]
    assert found["value"] == pytest.approx(3 / 10)
    low, high = share_interval(np.array([3.0]), np.array([10.0]))
    assert found["low"] == pytest.approx(low[0], abs=0.06)
    assert found["high"] == pytest.approx(high[0], abs=0.06)


def test_incidence_with_censoring_by_hand() -> None:
    """Of ten, two advance on day 1 and four are followed no longer; of the four left one advances on day 2."""
    counts = pd.DataFrame({"g": "a", "time": [1, 2, 3], "advance": [2, 1, 0], "lost": [0, 1, 0], "open": [4, 0, 2]})
    found = incidence_at(counts, ["g"], "advance", ("advance", "lost"), 2).iloc[0]
    assert found["value"] == pytest.approx(2 / 10 + 8 / 10 * 1 / 4)
    assert found["followed"] == 3


def test_a_cohort_too_young_is_not_told() -> None:
    periods = pd.DataFrame({"period": ["2026Q2"], "start": [pd.Timestamp("2026-04-01")],
                            "end": [pd.Timestamp("2026-06-30")], "complete": [True]})  # fmt: skip
    counts = pd.DataFrame({"clock": "stage:mql", "level": "all", "start": pd.Timestamp("2026-04-01"),
                           "time": [3.0, 20.0],
                           "advance": [2, 0], "lost": [1, 0], "recycled": 0, "open": [0, 7]})  # fmt: skip
    young = cohort_table(counts, {"stage:mql": "mql"}, periods, "quarter", {"stage:mql": 28}).iloc[0]
    assert young["naive"] == pytest.approx(0.2)
    assert np.isnan(young["honest"])
    assert "Nobody has been followed for 28 days yet" in young["sentence"]
    old = cohort_table(counts, {"stage:mql": "mql"}, periods, "quarter", {"stage:mql": 14}).iloc[0]
    assert old["honest"] == pytest.approx(0.2)


def test_wilson_range_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611."""
    low, high = share_interval(np.array([81.0, 0.0]), np.array([263.0, 20.0]), 0.95)
    assert low.tolist() == pytest.approx([0.2553, 0.0], abs=5e-5)
    assert high.tolist() == pytest.approx([0.3662, 0.1611], abs=5e-5)


def test_ranges_hold_the_value_and_are_unknown_without_records() -> None:
    few, none = np.array([4.0]), np.array([0.0])
    for low, high, value in (
        (*ratio_interval(few, np.array([2.0])), 2.0),
        (*cost_interval(np.array([100.0]), few), 25.0),
        (*mean_interval(few, np.array([8.0]), np.array([20.0])), 2.0),
    ):
        assert low[0] < value < high[0]
    assert np.isnan(ratio_interval(few, none)[0]).all()
    assert np.isnan(cost_interval(few, none)[0]).all()
    assert np.isnan(mean_interval(np.array([1.0]), few, few)[0]).all()
