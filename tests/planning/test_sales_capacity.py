"""A line at a stage: nobody is lost, who comes first goes first, and what follows comes as much later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from toy import toy_ahead

from revmodel.errors import ConfigError, ModelError
from revmodel.planning.ahead import Ahead
from revmodel.planning.capacity import Line, handled, taken_on
from revmodel.planning.compare import Futures, compare
from revmodel.planning.moves import check_capacity
from revmodel.planning.scenario import CURRENT, Capacity, Scenario

WEEKS, QUARTERS = 26, ("2026Q4", "2027Q1")
WINDOW = np.ones(WEEKS)
SHARES = np.stack([(np.arange(WEEKS) < 13).astype(float), (np.arange(WEEKS) >= 13).astype(float)])


def capped_ahead(weeks: int = WEEKS, spread: float = 0.2) -> Ahead:
    """Half of the leads reach "sql" two weeks later; a fifth of those are won two weeks after that, at 10,000."""
    plain = toy_ahead(weeks=weeks, spread=spread)
    draws = len(plain.base)
    entered, won = np.zeros((draws, 1, 3)), np.zeros((draws, 1, 3))
    entered[:, :, 2], won[:, :, 2] = 0.5, 0.2
    kernels = {**plain.kernels, "entered:sql": entered}
    return replace(plain, kernels=kernels, beyond={"sql": {"wins": won, "bookings": won * 10_000.0}})


AHEAD = capped_ahead()
NOBODY = np.zeros((1, WEEKS))


def futures(opened: float = 0.0) -> Futures:
    created = AHEAD.records(AHEAD.spend)
    to_come = {name: AHEAD.by_week(name, created) @ SHARES.T for name in ("leads", "bookings")}
    return Futures(QUARTERS, SHARES, {name: opened + one for name, one in to_come.items()}, to_come)


def with_line(per_week: float, opened: np.ndarray = NOBODY):
    plans = {CURRENT: AHEAD.spend, "line": AHEAD.spend}
    return compare(AHEAD, futures(1e6), plans, WINDOW, 26, {"line": Line("sql", per_week, opened)})


def test_a_capacity_far_above_the_flow_changes_nothing_to_the_digit() -> None:
    opened = np.full((7, WEEKS), 3.0)
    found = with_line(1e6, opened)
    for metric, change in found["line"].change.items():
        assert (change == 0).all(), metric
        assert (found["line"].total[metric] == found[CURRENT].total[metric]).all()
    assert (found["line"].line.waiting == 0).all()


def test_at_half_of_the_flow_half_of_what_lies_behind_comes_later_and_leads_do_not() -> None:
    """Twenty leads and nine more a week, half of them SQLs, so 14.5; taken on at 7.25."""
    ahead = capped_ahead(spread=0.0)
    entries = 0.5 * ahead.records(ahead.spend)[:, 0, 0]
    assert entries == pytest.approx(14.5)
    found = handled(ahead, ahead.records(ahead.spend), Line("sql", 7.25, NOBODY))
    without, then = found.of_new["bookings"][..., 0], found.of_new["bookings"][..., 1]
    assert then[:, 4:] == pytest.approx(0.5 * without[:, 4:])
    assert found.waiting[:, -1] == pytest.approx(7.25 * (WEEKS - 2))
    assert (with_line(7.25)["line"].change["leads"] == 0).all()
    assert with_line(7.25)["line"].change["bookings"][:, 1].mean() < 0


def test_nothing_is_lost_in_the_long_run() -> None:
    """Half a year of leads, then none, and two years to work the line off."""
    ahead = capped_ahead(weeks=140)
    created = ahead.records(ahead.spend) * (np.arange(140) < 26)
    found = handled(ahead, created, Line("sql", 5.0, np.zeros((1, 140))))
    total = found.of_new["bookings"].sum(axis=1)
    assert total[:, 1] == pytest.approx(total[:, 0])
    assert found.waiting[:, -1] == pytest.approx(0.0, abs=1e-6)
    assert found.waiting.max() > 100


def test_open_records_stand_in_the_same_line_and_come_later_too() -> None:
    opened = np.zeros((1, WEEKS))
    opened[:, 0] = 100.0
    ahead = capped_ahead(spread=0.0)
    found = handled(ahead, ahead.records(ahead.spend), Line("sql", 20.0, opened))
    by_hand = -0.2 * 80 * 10_000.0  # eighty of the hundred are not taken on in the first week
    assert found.of_open["bookings"][:, 2] == pytest.approx(by_hand)
    assert found.of_open["bookings"].sum(axis=1) == pytest.approx(0.0, abs=1e-6)
    new = found.of_new["bookings"]
    assert (new[:, 4:7, 1] < new[:, 4:7, 0]).all()  # the new ones wait behind them


@given(arrays(float, (2, 8), elements=st.sampled_from([0.0]) | st.floats(0.01, 50)), st.floats(0.5, 60))
def test_a_line_is_first_in_first_out_and_keeps_to_its_capacity(arriving: np.ndarray, per_week: float) -> None:
    shares = taken_on(arriving, per_week)
    served = np.einsum("dt,dtu->du", arriving, shares)
    assert (served <= per_week * (1 + 1e-9)).all()
    assert (shares.sum(axis=2) <= 1 + 1e-9).all()
    assert (np.tril(shares, -1) == 0).all()  # nobody is taken on before arriving
    line = np.cumsum(arriving - served, axis=1)
    waits = line > 1e-9
    assert (served[waits] >= per_week * (1 - 1e-6) - 1e-9).all()  # nobody waits while there is room


def test_a_capacity_that_is_none_is_refused() -> None:
    stages = ("lead", "mql", "sql")
    with pytest.raises(ConfigError, match="at the stage 'sqls', which the funnel does not have; did you mean 'sql'"):
        check_capacity(Scenario(name="x", capacity=Capacity(stage="sqls", per_week=3)), stages)
    with pytest.raises(ModelError, match="no entries into 'mql' are told here, only into sql"):
        handled(AHEAD, AHEAD.records(AHEAD.spend), Line("mql", 3.0, NOBODY))
    with pytest.raises(ValueError, match="it changes nothing: give moves: of spend, a capacity: of sales, or both"):
        Scenario(name="x")
