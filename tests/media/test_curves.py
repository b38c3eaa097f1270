"""Laws that every family of carry-over and saturation keeps, alone, side by side, on arrays and in graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revmodel.errors import ConfigError
from revmodel.media import CARRY_OVERS, SATURATIONS, CarryOver, Parameter, Saturation, register
from revmodel.media.curves import Curves
from revmodel.media.family import HALF_LIFE
from revmodel.models.accelerator import jax
from revmodel.models.compiled import CompiledModel

LAGS = np.arange(27.0)
BUILT_IN_CARRY_OVERS = ("geometric", "delayed_geometric", "binomial", "weibull_pdf", "weibull_cdf")
BUILT_IN_SATURATIONS = ("michaelis_menten", "hill", "logistic", "tanh", "exponential_reach")
positive = st.floats(0.2, 6.0)


@pytest.mark.parametrize("name", BUILT_IN_CARRY_OVERS)
@given(half_life=positive, other=st.floats(0.3, 4.0))
def test_carry_over_moves_an_effect_and_adds_nothing(name: str, half_life: float, other: float) -> None:
    family = CARRY_OVERS[name]
    values = {each.name: np.array([other]) for each in family.parameters} | {"half_life_weeks": np.array([half_life])}
    weights = family.weights(LAGS, **values)
    assert weights.shape == (1, len(LAGS))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1.0)


@pytest.mark.parametrize("name", BUILT_IN_CARRY_OVERS)
def test_an_effect_that_is_over_within_a_day_still_falls_somewhere(name: str) -> None:
    """Half of it within an hour, with every other parameter as sharp as a chain may propose: weights stay numbers."""
    family = CARRY_OVERS[name]
    values = {each.name: np.array([6.3]) for each in family.parameters} | {"half_life_weeks": np.array([0.006])}
    weights = family.weights(LAGS, **values)
    np.testing.assert_allclose(weights.sum(-1), 1.0)


def test_half_lives_are_what_they_say() -> None:
    three = {"half_life_weeks": np.array([3.0])}
    geometric = CARRY_OVERS["geometric"].of(LAGS, **three)[0]
    np.testing.assert_allclose(geometric[3] / geometric[0], 0.5)
    for shape in (0.6, 1.0, 2.0):
        survival = CARRY_OVERS["weibull_cdf"].of(LAGS, shape=np.array([shape]), **three)[0]
        np.testing.assert_allclose(survival[3] / 1.0, 0.5, rtol=1e-4)
    delayed = CARRY_OVERS["delayed_geometric"].of(LAGS, peak_weeks=np.array([4.0]), **three)[0]
    assert delayed.argmax() == 4
    np.testing.assert_allclose(delayed[[1, 7]] / delayed[4], 0.5)
    for shape in (1.0, 1.6, 2.5):
        weeks = np.arange(400.0) / 10  # finely, the density's own integral
        density = CARRY_OVERS["weibull_pdf"].weights(weeks - 0.45, shape=np.array([shape]), **three)[0]
        np.testing.assert_allclose(density[weeks < 3].sum(), 0.5, atol=0.02)
    binomial = CARRY_OVERS["binomial"].of(np.arange(200.0), **three)[0]
    np.testing.assert_allclose(binomial[3] / binomial[0], 0.5, rtol=0.02)
    assert CARRY_OVERS["binomial"].of(np.arange(8.0), **three)[0][-1] > 0


@pytest.mark.parametrize("name", BUILT_IN_SATURATIONS)
@given(spend=st.floats(0.0, 1e4), half=st.floats(0.01, 1e3), slope=st.floats(0.4, 4.0), factor=st.floats(1.01, 10))
def test_saturation_rises_from_nothing_by_half_a_ceiling_to_a_ceiling(
    name: str, spend: float, half: float, slope: float, factor: float
) -> None:
    family = SATURATIONS[name]

    def curve(x: float) -> float:
        values = {"half_saturation": half, "slope": slope}
        return float(family.of(np.float64(x), **family.taken(values)))

    assert curve(0.0) == 0
    np.testing.assert_allclose(curve(half), 0.5, rtol=1e-5)
    assert 0 <= curve(spend) <= curve(spend * factor) <= 1 + 1e-12


def test_only_hill_can_need_several_contacts_first() -> None:
    few, many = np.float64(0.1), np.float64(0.2)
    hill = SATURATIONS["hill"].of
    assert hill(many, 1.0, 2.0) > 3 * hill(few, 1.0, 2.0)
    for name in ("michaelis_menten", "logistic", "exponential_reach"):
        assert SATURATIONS[name].of(many, 1.0) < 2.0001 * SATURATIONS[name].of(few, 1.0)
    assert SATURATIONS["none"].of(many) == many


MIXED = Curves(
    ("geometric", "weibull_pdf", "geometric", "delayed_geometric", "binomial", "weibull_cdf"),
    ("hill", "none", "logistic", "michaelis_menten", "hill", "exponential_reach"),
)


def values_of(curves: Curves, seed: int, draws: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = {name: rng.standard_normal((draws, curves.count)) for name in curves.priors}
    return {name: np.exp(mean + sd * z[name]) for name, (mean, sd) in curves.priors.items()}


def test_channels_of_different_families_keep_their_places() -> None:
    values = values_of(MIXED, 1)
    carried = np.random.default_rng(2).uniform(0, 3, (3, MIXED.count, 20))
    weights, saturated = MIXED.weights(LAGS, values), MIXED.saturated(carried, values)
    for i, (carry, saturation) in enumerate(zip(MIXED.carry_over, MIXED.saturation, strict=True)):
        alone = Curves((carry,), (saturation,))
        own = {name: values[name][:, i : i + 1] for name in alone.priors}
        np.testing.assert_allclose(weights[:, i], alone.weights(LAGS, own)[:, 0])
        np.testing.assert_allclose(saturated[:, i], alone.saturated(carried[:, i : i + 1], own)[:, 0])


def test_graphs_and_arrays_say_the_same_and_have_slopes_even_without_spend() -> None:
    values = {name: value[0] for name, value in values_of(MIXED, 3).items()}
    carried = np.random.default_rng(4).uniform(0, 3, (MIXED.count, 15))
    carried[:, :4] = 0.0
    symbols = {name: pt.vector(name, shape=(MIXED.count,), dtype="float64") for name in values}
    spend = pt.matrix("spend", shape=carried.shape, dtype="float64")
    graphs = [MIXED.weights(pt.as_tensor(LAGS), symbols), MIXED.saturated(spend, symbols)]
    function = CompiledModel._to_jax([*symbols.values(), spend], graphs)

    def both(given: list[Any]) -> Any:
        return function(*given, carried)

    given = list(values.values())
    weights, saturated = both(given)
    np.testing.assert_allclose(weights, MIXED.weights(LAGS, values), rtol=1e-10)
    np.testing.assert_allclose(saturated, MIXED.saturated(carried, values), rtol=1e-10, atol=1e-15)
    for part in (0, 1):
        slopes = jax.grad(lambda given, part=part: (both(given)[part] ** 2).sum())(given)
        assert all(np.isfinite(np.asarray(each)).all() for each in slopes)


def test_a_channel_has_its_own_family_and_the_others_the_common_one() -> None:
    own = {"b": {"carry_over": "weibull_pdf"}, "c": {"saturation": "hill"}}
    curves = Curves.of(["a", "b", "c"], "geometric", "michaelis_menten", own)
    assert curves == Curves(("geometric", "weibull_pdf", "geometric"), ("michaelis_menten", "michaelis_menten", "hill"))
    assert list(curves.priors) == ["half_life_weeks", "half_saturation", "shape", "slope"]
    mean, sd = curves.priors["shape"]
    np.testing.assert_allclose((mean[0], sd[0]), (0.0, 1.0))
    assert curves.lengthened(4).carry_over[3] == "geometric"


def test_an_unknown_family_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"saturation 'hil' is not known.*did you mean 'hill'"):
        Curves.of(["a"], "geometric", "hil", {})
    with pytest.raises(ConfigError, match="carry-over 'adstock' is not known: it may be one of geometric, delayed"):
        Curves.of(["a"], "adstock", "hill", {})


@pytest.fixture
def clean_register() -> Iterator[None]:
    before = dict(CARRY_OVERS), dict(SATURATIONS)
    yield
    for known, kept in zip((CARRY_OVERS, SATURATIONS), before, strict=True):
        known.clear()
        known.update(kept)


@pytest.mark.usefixtures("clean_register")
def test_a_family_of_ones_own_is_ten_lines_and_a_name_is_given_once() -> None:
    def two_weeks(lags: Any, half_life_weeks: Any) -> Any:
        return 1.0 * (lags < 2) + 0.0 * half_life_weeks[..., None]

    register(CarryOver("two_weeks", (HALF_LIFE,), two_weeks))
    ceiling = Parameter("ceiling", 0.0, 0.5, "mean active spend", "nobody is left beyond it")
    register(Saturation("root", (ceiling,), lambda spend, ceiling: (spend / ceiling) ** 0.5))
    curves = Curves.of(["a", "b"], "two_weeks", "michaelis_menten", {"b": {"saturation": "root"}})
    assert list(curves.priors) == ["half_life_weeks", "half_saturation", "ceiling"]
    np.testing.assert_allclose(curves.weights(LAGS, values_of(curves, 5))[:, :, :3], [[[0.5, 0.5, 0.0]] * 2] * 3)
    with pytest.raises(ConfigError, match="a carry-over called 'two_weeks' is known already"):
        register(CarryOver("two_weeks", (HALF_LIFE,), two_weeks))
