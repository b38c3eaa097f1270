"""The analytic kernel agrees with the simulation, with skips, moves back and a moving calendar."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.errors import ModelError
from revmodel.forecast.kernel import funnel_kernel
from revmodel.forecast.simulate import simulate

RECORDS = 40_000
TWO_GROUPS = (("search", "smb"), ("events", "smb"))


def tangled_funnel():
    """Four stages with skips over the first deal stage, losses, moves back across it, ages and visits that matter."""
    funnel = funnel_of(
        [(0.3, 0.1, 0.0), (0.25, 0.1, 0.05), (0.3, 0.1, 0.15), (0.35, 0.1, 0.1)],
        weeks=40,
        groups=TWO_GROUPS,
        skips={0: {1: 0.7, 2: 0.2, 3: 0.1}, 1: {2: 0.8, 4: 0.2}},
        back={2: 0, 3: 1},
    )
    rng = np.random.default_rng(3)
    funnel.log_odds[:] += rng.normal(0, 0.5, funnel.log_odds.shape)
    funnel.calendar[:] = np.cumsum(rng.normal(0, 0.1, funnel.calendar.shape), axis=-1)
    funnel.calendar[:] += rng.normal(0, 0.3, funnel.calendar.shape)
    funnel.again[:] = rng.normal(0, 0.7, funnel.again.shape)
    funnel.first_week[:] = rng.dirichlet(np.full(7, 0.5), funnel.first_week.shape[:2])
    return funnel


@pytest.mark.parametrize("entry_stage", [0, 2])
def test_kernel_agrees_with_the_simulation(entry_stage):
    funnel = tangled_funnel()
    kernel = funnel_kernel(funnel, 30, "s2", entry_week=4)
    arrivals = arrivals_of(funnel, {(4, entry_stage, 0): RECORDS, (4, entry_stage, 1): RECORDS})
    sizes = sizes_of(funnel, has_amounts=False)
    draws = simulate(records_of(), funnel, arrivals, sizes, dt.date(2026, 9, 30), 35, "s2", 11).draws
    for name, analytic in (("wins", kernel.won), ("opportunities", kernel.pipeline)):
        simulated = draws[name].sel(provenance="not_yet_created").isel(draw=0, week=slice(4, 35))
        expected = RECORDS * analytic[0, entry_stage].T  # (week, group)
        error = np.abs(simulated.transpose("week", "group").values - expected)
        assert (error <= 5 * np.sqrt(expected) + 1).all(), name


def test_weekly_wins_of_independent_records_have_the_multinomial_law_of_the_kernel():
    draws, records, weeks = 4000, 12, 12
    one = tangled_funnel()
    funnel = repeat_draws(one, draws, apart=0.0)
    arrivals = arrivals_of(funnel, {(0, 2, 0): records})
    won = simulate(
        records_of(), funnel, arrivals, sizes_of(funnel, has_amounts=False), dt.date(2026, 9, 30), weeks, "s2", 5
    )
    p = funnel_kernel(one, weeks - 1, "s2", entry_week=0).won[0, 2, 0]
    weekly = won.weekly("wins")
    expected = records * (np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(weekly.mean(axis=0), records * p, atol=5 * np.sqrt(records * p.max() / draws))
    np.testing.assert_allclose(np.cov(weekly.T), expected, atol=0.1)
    assert np.var(weekly.sum(axis=1)) == pytest.approx(records * p.sum() * (1 - p.sum()), rel=0.12)


def test_a_record_that_comes_back_moves_by_the_odds_of_a_repeated_visit():
    funnel = funnel_of([(0.3, 0.1, 0.0), (0.3, 0.1, 0.3)], weeks=40)
    never = replace(funnel, again=np.full(funnel.again.shape, -np.inf))
    back_and_won = funnel_kernel(funnel, 30, None).won[0, 1, 0].sum()
    at_once = funnel_kernel(never, 30, None).won[0, 1, 0].sum()
    assert back_and_won > at_once
    assert at_once == pytest.approx(0.3 / 0.7, abs=1e-3)  # of the first visit alone; the last of it is still open


def test_held_calendar_is_the_mean_factor_of_thirteen_weeks():
    funnel = funnel_of([(0.2, 0.1, 0.0)] * 2, weeks=13)
    funnel.calendar[..., :6], funnel.calendar[..., 6:12] = np.log(0.5), np.log(1.5)  # the mean factor is 1
    flat = funnel_of([(0.2, 0.1, 0.0)] * 2, weeks=13)
    np.testing.assert_allclose(funnel_kernel(funnel, 8, "s1").won, funnel_kernel(flat, 8, "s1").won, rtol=1e-9)
    np.testing.assert_allclose(
        funnel_kernel(flat, 8, "s1").won, funnel_kernel(flat, 8, "s1", entry_week=4).won, rtol=1e-9
    )


def test_entry_in_a_deal_stage_is_pipeline_in_week_zero():
    kernel = funnel_kernel(tangled_funnel(), 10, "s2")
    np.testing.assert_array_equal(kernel.pipeline[:, 2:, :, 0], 1.0)
    np.testing.assert_array_equal(kernel.pipeline[:, 2:, :, 1:], 0.0)


def test_funnel_without_deals_has_no_pipeline():
    kernel = funnel_kernel(tangled_funnel(), 10, None)
    assert kernel.pipeline.sum() == 0
    assert kernel.won.sum() > 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 0.5), st.floats(0, 0.2), st.floats(0, 0.25)), min_size=1, max_size=4))
def test_chances_stay_below_one_and_all_win_where_none_is_lost(weekly):
    kernel = funnel_kernel(funnel_of(weekly), 40, None)
    assert (kernel.won >= 0).all()
    assert (kernel.won.sum(-1) <= 1 + 1e-9).all()
    lossless = [(advance + lost, 0.0, back / 4) for advance, lost, back in weekly]
    assert funnel_kernel(funnel_of(lossless), 1500, None).won.sum(-1) == pytest.approx(1.0, abs=1e-6)


def test_calendar_that_ends_too_early_is_refused():
    with pytest.raises(ModelError, match="calendar knows 40"):
        funnel_kernel(tangled_funnel(), 30, "s2", entry_week=20)


@pytest.mark.parametrize("entry_week", [None, 4])
def test_threads_do_not_change_the_kernel(entry_week):
    funnel = repeat_draws(tangled_funnel(), 5)
    one, three = (funnel_kernel(funnel, 12, "s2", entry_week=entry_week, threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one.won, three.won)
    assert (np.diff(one.won.sum(axis=(1, 2, 3))) != 0).all()  # each draw has its own numbers, in its own place


def test_some_entry_stages_have_the_numbers_that_they_have_among_all():
    funnel = tangled_funnel()
    some, every = funnel_kernel(funnel, 12, "s2", entry_stages=("s3", "s1")), funnel_kernel(funnel, 12, "s2")
    assert some.stages == ("s3", "s1")
    np.testing.assert_allclose(some.won, every.won[:, [3, 1]], atol=1e-9)
    np.testing.assert_allclose(some.pipeline, every.pipeline[:, [3, 1]], atol=1e-9)


def repeat_draws(funnel, draws, apart=0.1):
    """The funnel in ``draws`` draws, the odds of each shifted by ``apart`` against the one before."""
    shift = apart * np.arange(draws)[:, None, None, None, None]
    return replace(
        funnel,
        log_odds=funnel.log_odds + shift,
        **{
            name: np.repeat(getattr(funnel, name), draws, axis=0)
            for name in ("calendar", "destination", "again", "first_week")
        },
    )
