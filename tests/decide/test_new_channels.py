"""Channels that have never spent: their belief holds at the spend it speaks of, and plans may use them."""

from __future__ import annotations

import numpy as np
import pytest

from revmodel.config import NewChannelConfig
from revmodel.decide.allocate import allocate
from revmodel.decide.new_channels import believed_in_words, new_lines, with_new_lines
from revmodel.decide.periods import PeriodSurface
from revmodel.decide.surface import ResponseSurface
from revmodel.errors import ConfigError

DRAWS, WEEKS, LAGS, WORTH = 4000, 60, 6, 50.0


def asked(of: str = "return", low: float = 1.0, high: float = 4.0, **more: object) -> NewChannelConfig:
    said = {"per_week": 1000.0, "most": 90_000.0, "belief": {"of": of, "low": low, "high": high}}
    return NewChannelConfig(**(said | more))  # type: ignore[arg-type]


def lines(config: NewChannelConfig, periods: int = 1, draws: int = DRAWS, name: str = "podcast"):
    period_of = np.arange(WEEKS) // (WEEKS // periods)
    worth = np.full((draws, WEEKS + LAGS), WORTH)
    return new_lines({name: config}, ("ads",), worth, period_of, ("geometric", "michaelis_menten"), LAGS, 1)


def steady(config: NewChannelConfig, of: float = 1.0) -> np.ndarray:
    """(draw,): value of one week, long after the spend a week that is believed in has begun."""
    line = lines(config)[0].line
    weekly = np.full(WEEKS, of * config.per_week)
    return (line.worth * line.curve(line.carried(weekly)))[:, WEEKS - 1]


@pytest.mark.parametrize("curve", ["michaelis_menten", "hill", "none"])
def test_the_return_that_is_believed_holds_nine_times_in_ten_at_that_spend(curve: str) -> None:
    returned = steady(asked(saturation=curve)) / 1000.0
    assert np.quantile(returned, [0.05, 0.5, 0.95]) == pytest.approx([1.0, 2.0, 4.0], rel=0.06)


def test_a_marginal_return_is_that_of_one_more_unit() -> None:
    config = asked("marginal_return")
    more = (steady(config, 1.001) - steady(config)) / 1.0
    assert np.quantile(more, [0.05, 0.5, 0.95]) == pytest.approx([1.0, 2.0, 4.0], rel=0.06)


def test_a_cost_is_money_per_unit_of_what_comes_in() -> None:
    units = steady(asked("cost", 20.0, 80.0)) / WORTH
    assert np.median(1000.0 / units) == pytest.approx(40.0, rel=0.05)


def test_it_joins_a_surface_by_totals_and_by_periods_with_the_same_value() -> None:
    grid = np.linspace(0.0, 100.0, 11)[None]
    value = np.tile(np.sqrt(grid), (50, 1, 1))
    old = ResponseSurface(("ads",), grid, value, np.array([50.0]))
    joined = with_new_lines(old, lines(asked(), draws=50))
    assert isinstance(joined, ResponseSurface)
    assert joined.channels == ("ads", "podcast")
    by_period = PeriodSurface((lines(asked(), draws=50)[0].line,), np.zeros(WEEKS, dtype=np.intp), np.zeros((1, 1)))
    spend = joined.spend[1, 4]
    wanted = by_period.value_at(np.array([[spend]]))[:, 0]
    assert joined.value_at(np.array([50.0, spend]))[:, 1] == pytest.approx(wanted)
    periods = with_new_lines(by_period, lines(asked(), name="radio", draws=50))
    assert isinstance(periods, PeriodSurface)
    assert periods.current.tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(("low", "high", "gets"), [(20.0, 40.0, True), (0.01, 0.02, False)])
def test_a_plan_gives_it_money_where_it_is_believed_to_return_more(low: float, high: float, gets: bool) -> None:
    grid = np.linspace(0.0, 90_000.0, 31)[None]
    old = ResponseSurface(("ads",), grid, np.tile(1.5 * grid, (200, 1, 1)), np.array([60_000.0]))
    surface = with_new_lines(old, lines(asked(low=low, high=high), draws=200))
    plan = allocate(surface, 60_000.0, np.array([0.0, 0.0]), np.array([90_000.0, 30_000.0]))
    assert (plan.proposed[1] > 1_000.0) == gets
    assert plan.proposed.sum() == pytest.approx(60_000.0)


def test_the_same_name_and_seed_give_the_same_draws_whatever_stands_beside_it() -> None:
    alone = lines(asked())[0].line
    both = new_lines(
        {"radio": asked(), "podcast": asked()}, (), np.full((DRAWS, WEEKS + LAGS), WORTH),
        np.zeros(WEEKS, dtype=np.intp), ("geometric", "michaelis_menten"), LAGS, 1,
    )  # fmt: skip
    assert np.array_equal(alone.worth, both[1].line.worth)
    assert not np.array_equal(alone.worth, both[0].line.worth)


def test_a_name_that_is_measured_is_refused_and_a_belief_is_called_one() -> None:
    with pytest.raises(ConfigError, match="names ads, which has spent before"):
        lines(asked(), name="ads")
    said = "Of podcast, which never spent before, counts what is believed, not what was measured."
    assert believed_in_words(["podcast"]) == said


@pytest.mark.parametrize("wrong", [{"low": 5.0}, {"per_week": 0.0}, {"saturation": "hil"}])
def test_a_belief_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"wanted low below high|greater than 0|did you mean 'hill'"):
        asked(**wrong)  # type: ignore[arg-type]
