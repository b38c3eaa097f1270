"""Combination, recalibration and breaks: what past forecasts with known faults teach."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_fans import CHECKPOINTS, simulated_origins

from revmodel.evaluate.breaks import steps_between_false_alarms
from revmodel.evaluate.combine import FUNNEL, PRIOR_WEIGHTS, Stacking, average_quantiles
from revmodel.evaluate.fans import LEVELS, OriginFans, quantile_crps
from revmodel.evaluate.learned_words import learned_sentences, learned_table, weights_table
from revmodel.evaluate.lessons import lessons
from revmodel.evaluate.recalibrate import Calibration, Recalibration, recalibrated, standard_error_of
from revmodel.evaluate.stacked import COMBINED, MODEL, stacked

RIGHT, BIASED, SURE = (0.0, 1.0), (15.0, 1.0), (0.0, 0.5)


def test_an_origin_learns_only_from_what_was_known_by_then():
    origins, came = simulated_origins({FUNNEL: RIGHT}, count=6)
    now = origins[3]
    taught = lessons(origins, now)
    assert {one.ago_weeks for one in taught} == {4, 8, 12}
    assert all(one.weeks <= one.ago_weeks for one in taught)
    for one in taught:
        start = 12 - one.ago_weeks
        assert one.actual == pytest.approx(came[start : start + one.weeks].sum())


def test_lessons_that_overlap_count_less_than_their_number():
    origins, _ = simulated_origins({FUNNEL: RIGHT}, count=12)
    taught = lessons(origins[:-1], origins[-1])
    assert sum(one.weight for one in taught) < 0.6 * len(taught)
    of_a_quarter = [one.weight for one in taught if one.weeks == 13]
    assert max(of_a_quarter) < 0.31 * max(one.weight for one in taught if one.weeks == 4)


def test_weights_move_to_the_better_method_and_further_with_more_past():
    origins, _ = simulated_origins({FUNNEL: BIASED, "auto_ets": RIGHT}, count=16)
    little, much = (
        Stacking(PRIOR_WEIGHTS).fit(lessons(origins[:last], origins[last]), 13).of("wins", (FUNNEL, "auto_ets"))
        for last in (3, 15)
    )
    prior = PRIOR_WEIGHTS[FUNNEL] / (PRIOR_WEIGHTS[FUNNEL] + PRIOR_WEIGHTS["auto_ets"])
    assert prior > little[FUNNEL] > much[FUNNEL]
    assert much[FUNNEL] < 0.5
    assert sum(much.values()) == pytest.approx(1)


def test_without_a_past_the_prior_decides():
    weights = Stacking(PRIOR_WEIGHTS).fit([], 13).of("wins", (FUNNEL, "auto_ets"))
    assert weights[FUNNEL] == pytest.approx(PRIOR_WEIGHTS[FUNNEL] / (PRIOR_WEIGHTS[FUNNEL] + PRIOR_WEIGHTS["auto_ets"]))


def test_the_gradient_of_the_stacking_loss_is_that_of_the_loss():
    from scipy.optimize import approx_fprime

    from revmodel.evaluate.combine import _Problem

    origins, _ = simulated_origins({FUNNEL: BIASED, "auto_ets": RIGHT, "chain_ladder": SURE}, count=5)
    taught = lessons(origins[:-1], origins[-1])
    problem = _Problem.of(Stacking(PRIOR_WEIGHTS), taught, tuple(PRIOR_WEIGHTS), ("wins",), 13)
    at = np.random.default_rng(1).normal(0, 0.3, 2 * len(PRIOR_WEIGHTS))
    numeric = approx_fprime(at, lambda x: problem.loss(x)[0], 1e-6)
    assert problem.loss(at)[1] == pytest.approx(numeric, abs=2e-3)


def test_averaged_quantiles_are_the_weighted_mean_at_each_level():
    fans = {"a": np.full(100, 10.0), "b": np.linspace(0, 99, 100)}
    assert average_quantiles(fans, {"a": 0.25, "b": 0.75})[40] == pytest.approx(0.25 * 10 + 0.75 * 40)


def test_ranges_that_were_too_narrow_are_widened_and_those_too_wide_narrowed():
    for spread, low, high in ((0.4, 1.4, 2.8), (2.0, 0.4, 0.85)):
        origins, _ = simulated_origins({COMBINED: (0.0, spread)}, count=30)
        taught = lessons(origins[:-1], origins[-1])
        assert low < Calibration().fit(taught, COMBINED, "wins", 4).spread < high


def test_recalibrated_ranges_hold_as_often_as_they_say():
    """Thirty companies whose only method is too sure: raw 80 % ranges hold half of the totals, new ones 8 of 10."""
    held = {MODEL: [], COMBINED: []}
    for seed in range(30):
        origins, came = simulated_origins({FUNNEL: SURE}, count=24, seed=seed)
        for number, (fans, _) in enumerate(stacked(origins, (4, 13))):
            if number >= 12:
                total = came[4 * number : 4 * number + 4].sum()
                for method, inside in held.items():
                    low, high = np.interp([0.1, 0.9], LEVELS, fans.fan("wins", method, 4))
                    inside.append(low <= total <= high)
    assert np.mean(held[COMBINED]) < 0.6
    assert 0.74 < np.mean(held[MODEL]) < 0.86


def test_without_a_past_the_spread_is_the_prior_s():
    assert Calibration().fit([], COMBINED, "wins", 13) == Recalibration(Calibration().prior_spread)


def test_recalibration_keeps_the_middle_and_nothing_falls_below_zero():
    fan = np.linspace(0, 99, 100)
    wider = recalibrated(fan, Recalibration(spread=2.0))
    assert wider[49:51].mean() == pytest.approx(fan[49:51].mean(), rel=0.02)
    assert wider.min() >= 0
    assert (np.diff(wider) >= 0).all()
    assert recalibrated(fan, Recalibration()) == pytest.approx(fan)


def test_an_error_is_told_in_standard_deviations():
    from scipy.stats import norm

    fan = norm.ppf(LEVELS, 10_000, 100)
    assert standard_error_of(fan, 10_000) == pytest.approx(0, abs=0.02)
    assert standard_error_of(fan, 10_100) == pytest.approx(1, abs=0.06)
    assert standard_error_of(fan, 9_600) == pytest.approx(-4, abs=0.1)
    assert standard_error_of(fan, 1e9) == 6


def test_false_alarms_are_as_rare_as_stated():
    """A two-sided CUSUM with reference 0.5 and limit 4 runs 168 steps on average: Montgomery, Introduction to
    Statistical Quality Control, table 9.4."""
    assert steps_between_false_alarms(0.5, 4.0) == pytest.approx(168, rel=0.01)


def test_a_break_is_found_and_said_and_a_steady_company_has_none():
    steady, _ = simulated_origins({FUNNEL: RIGHT}, count=16, seed=3)
    assert not any(learned.breaks for _, learned in stacked(steady, (4, 13)))
    broken, _ = simulated_origins({FUNNEL: RIGHT}, count=16, seed=3, step_at=36, step=-30)
    learned = [one for _, one in stacked(broken, (4, 13))]
    assert not any(one.breaks for one in learned[:10])
    assert learned[12].breaks["wins"].excess < 0
    told = [fans for fans, _ in stacked(broken, (4, 13))]
    table = learned_table(told[:12], learned[12])
    said = learned_sentences(table, weights_table(learned[12]))
    assert "below what was forecast" in said[0]
    assert "100% funnel model" in said[0]


def test_a_break_widens_ranges_and_lets_the_fast_method_count_more():
    """After a step the funnel model stays wrong; a method that is right again gains weight at once."""
    broken, came = simulated_origins({FUNNEL: RIGHT, "auto_ets": RIGHT}, count=16, seed=3, step_at=36, step=-30)
    adapted = []
    for number, fans in enumerate(broken):
        shift = -30 * np.array(CHECKPOINTS)[:, None] * (number > 9)
        quantiles = {**fans.quantiles["wins"], "auto_ets": fans.quantiles["wins"]["auto_ets"] + shift}
        adapted.append(OriginFans(fans.origin, fans.checkpoints, {"wins": quantiles}, fans.history))
    results = stacked(adapted, (4, 13))
    before, after = results[9][1], results[13][1]
    methods = (FUNNEL, "auto_ets")
    assert after.weights[4].of("wins", methods)["auto_ets"] > 2 * before.weights[4].of("wins", methods)["auto_ets"]
    fans, total = results[13][0], came[52:56].sum()
    ours, funnel = (float(quantile_crps(fans.fan("wins", name, 4), total)) for name in (MODEL, FUNNEL))
    assert ours < funnel
