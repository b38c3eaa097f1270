"""What comes after the weeks that are walked one by one is what more weeks would have shown."""

import numpy as np
from draws_by_hand import funnel_of

from revmodel.forecast.kernel import funnel_kernel
from revmodel.forecast.later import LONG_TERM_WEEKS, growth_to_the_long_term

GROUPS = (("search", "smb"), ("events", "smb"))


def slow_funnel(draws: int = 1):
    """Two stages that take half a year each; the groups differ in speed."""
    funnel = funnel_of([(0.03, 0.01, 0.0), (0.03, 0.02, 0.005)], weeks=13, groups=GROUPS, draws=draws)
    funnel.log_odds[:, :, :, 1] -= 0.5
    return funnel


def test_growth_is_that_of_the_long_kernel():
    funnel = slow_funnel()
    short, whole = (funnel_kernel(funnel, weeks, "s1", entry_stages=("s0",)) for weeks in (53, LONG_TERM_WEEKS))
    growth = growth_to_the_long_term(funnel, short, "s1")
    for grown, now, then in zip(growth, (short.pipeline, short.won), (whole.pipeline, whole.won), strict=True):
        np.testing.assert_allclose(grown * now.sum(-1)[0], then.sum(-1)[0])
    assert (growth[1][0, 1] > growth[1][0, 0] > 1.1).all()


def test_a_few_draws_stand_for_all():
    funnel = slow_funnel(draws=300)
    funnel.log_odds[:] += np.random.default_rng(2).normal(0, 0.15, (300, 1, 1, 1, 1))
    short, whole = (funnel_kernel(funnel, weeks, "s1", entry_stages=("s0",)) for weeks in (53, LONG_TERM_WEEKS))
    estimate = growth_to_the_long_term(funnel, short, "s1")[1] * short.won.sum(-1)
    np.testing.assert_allclose(estimate.mean(0), whole.won.sum(-1).mean(0), rtol=0.02)


def test_a_kernel_that_reaches_the_long_term_is_left_as_it_is():
    kernel = funnel_kernel(slow_funnel(), LONG_TERM_WEEKS, "s1", entry_stages=("s0",))
    assert all((grown == 1.0).all() for grown in growth_to_the_long_term(slow_funnel(), kernel, "s1"))
