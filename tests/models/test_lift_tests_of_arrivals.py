"""A lift test is a term of the arrivals' likelihood: a sure one moves the answer to what it found, a vague one not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_panel import EFFECT, WEEKS, panel_of, spend_of

from revmodel.features.tables import WeeklyPanel
from revmodel.media.carry_over import geometric_weights
from revmodel.media.lags import lagged
from revmodel.media.saturation import michaelis_menten
from revmodel.models.compiled import CompiledModel
from revmodel.models.lift_tests import arrays_of_tests, spend_without, weeks_of_test, widened_error
from revmodel.models.response import ChannelResponse
from revmodel.models.sampling import Engine

SEED, LAGS = 3, 8
CHANNEL, AT = "social", slice(WEEKS - 20, WEEKS - 12)


def truth(spend: np.ndarray, mean: float) -> np.ndarray:
    """(week,): records that the channel's spend causes on the simulated panel. mean : of its response, as it was."""
    carried = geometric_weights(np.ones(1), np.arange(9)) @ lagged(spend[None], LAGS)[0]
    return np.asarray(EFFECT[CHANNEL] * michaelis_menten(carried, 2.0)[0] / mean)


def change_and_lift() -> tuple[float, float]:
    """Four fifths of the spend in the test's weeks was its own; what that brought in them, truly."""
    money = spend_of(np.random.default_rng(SEED))[list(EFFECT).index(CHANNEL)]
    change, spend, without = 0.8 * money[AT].sum(), money / money.mean(), money / money.mean()
    without = without.copy()
    without[AT] *= 0.2
    mean = (truth(spend, 1.0) / EFFECT[CHANNEL]).mean()
    return float(change), float((truth(spend, mean) - truth(without, mean))[AT].sum())


def with_test(panel: WeeklyPanel, lift: float, error: float, channel: str = CHANNEL) -> WeeklyPanel:
    start, end = panel.weeks[AT][0] - pd.Timedelta(days=6), panel.weeks[AT][-1]
    row = {"name": "one", "channel": channel, "start": start, "end": end, "spend_change": change_and_lift()[0]}
    row |= {"lift": lift, "lift_se": error}
    return replace(panel, lift_tests=pd.DataFrame([row]))


def fit(panel: WeeklyPanel, engine: Engine = "laplace") -> ChannelResponse:
    return ChannelResponse(engine=engine, draws=400 if engine == "laplace" else 100, seed=1, max_lag_weeks=LAGS).fit(
        panel
    )


def lift_of(response: ChannelResponse, factor: float = 0.2) -> np.ndarray:
    """(draw,): what the fitted model says of the test, worked out from draws of its parameters."""
    d, data = response.derived_, response.data_
    c = data.channels.index(CHANNEL)
    values = {name: d[name] for name in response.curves_.priors}
    spend = data.spend / data.scale[:, None]
    other = spend.copy()
    other[c, AT] *= factor
    weights = response.curves_.weights(data.arrays["lags"], values)
    acts = [response.curves_.saturated(np.einsum("dcl,clw->dcw", weights, lagged(each, LAGS)), values)[:, c]
            for each in (spend, other)]  # fmt: skip
    return np.asarray((d["caused"][:, c] * (1 - acts[1] / acts[0]))[:, AT].sum(1))


@pytest.fixture(scope="module")
def untested() -> ChannelResponse:
    return fit(panel_of(SEED))


def test_a_sure_test_moves_the_contribution_to_the_truth_and_makes_it_surer(untested: ChannelResponse) -> None:
    """The truth is found and known better; what is not the truth is believed as well, since it is sure."""
    _, lift = change_and_lift()
    tested = fit(with_test(panel_of(SEED), lift, 0.02 * lift))
    before, after = lift_of(untested), lift_of(tested)
    assert abs(after.mean() / lift - 1) < 0.12
    assert abs(after.mean() - lift) <= abs(before.mean() - lift) + 0.02 * lift
    assert after.std() < 0.7 * before.std()
    c = list(EFFECT).index(CHANNEL)
    assert tested.derived_["effect"][:, c].std() < 0.9 * untested.derived_["effect"][:, c].std()
    for found in (0.5 * before.mean(), -0.2 * before.mean()):  # also one below zero
        lower = lift_of(fit(with_test(panel_of(SEED), found, 0.02 * lift)))
        assert lower.mean() < before.mean() - before.std()


def test_a_vague_test_changes_nothing(untested: ChannelResponse) -> None:
    vague = fit(with_test(panel_of(SEED), 500.0, 1e6))
    for name in ("effect", "total", "caused"):
        ratio = vague.derived_[name].mean(0) / untested.derived_[name].mean(0)
        np.testing.assert_allclose(ratio, 1.0, rtol=5e-2, err_msg=name)


def test_both_engines_believe_it() -> None:
    _, lift = change_and_lift()
    panel = with_test(panel_of(SEED), 0.6 * lift, 0.02 * lift)
    laplace, nuts = (lift_of(fit(panel, engine)) for engine in ("laplace", "nuts"))
    # The curved ridge on which a sure test leaves curves is not normal: the quick look is wider there.
    assert laplace.mean() == pytest.approx(nuts.mean(), abs=0.75 * laplace.std())
    assert nuts.mean() < 0.85 * lift
    assert laplace.mean() < 0.85 * lift


def test_dates_before_and_after_a_test_share_one_compiled_model() -> None:
    panel = with_test(panel_of(SEED), 10.0, 2.0)
    assert panel.lift_tests is not None
    fit(panel)
    before = dict(ChannelResponse._compiled)
    fit(replace(panel, lift_tests=panel.lift_tests.iloc[:0]))
    other = pd.concat([panel.lift_tests.assign(channel=name) for name in EFFECT])
    fit(replace(panel, lift_tests=other))
    assert ChannelResponse._compiled == before
    assert all(isinstance(model, CompiledModel) for model in before.values())


def test_rounds_hold_each_channels_tests_and_what_they_added() -> None:
    weeks = pd.date_range("2026-01-04", periods=10, freq="7D")
    tests = pd.DataFrame({
        "name": ["a", "b", "c"], "channel": ["ads", "ads", "fairs"], "spend_change": [60.0, -20.0, 10.0],
        "start": pd.to_datetime(["2026-01-12", "2026-02-02", "2026-01-05"]),
        "end": pd.to_datetime(["2026-01-25", "2026-02-08", "2026-01-11"]),
        "lift": [6.0, -2.0, 1.0], "lift_se": [1.0, 1.0, 0.5],
    })  # fmt: skip
    spend, scale = np.full((2, 10), 50.0), np.array([50.0, 50.0])
    found = arrays_of_tests(tests, ("ads", "fairs"), weeks, spend, scale, 2)
    assert found["test_in"].shape == (2, 2, 10)
    assert np.flatnonzero(found["test_in"][0, 0]).tolist() == [2, 3]
    np.testing.assert_allclose(found["test_less"][0, 0, 0, 2:5], [0.6, 0.6, 0.0])
    np.testing.assert_allclose(found["test_less"][0, 0, 1, 2:6], [0.0, 0.6, 0.6, 0.0])
    np.testing.assert_allclose(found["test_less"][1, 0, 0].sum(), -0.4)
    assert found["test_lift"].tolist() == [[6.0, 1.0], [-2.0, 0.0]]
    assert found["test_precision"][1].tolist()[1] == 0.0
    age = (weeks[-1] - pd.Timestamp("2026-01-25")).days
    assert found["test_precision"][0, 0] == pytest.approx(widened_error(6.0, 1.0, age) ** -2)
    assert arrays_of_tests(None, ("ads",), weeks, spend[:1], scale[:1], 2)["test_in"].shape == (0, 1, 10)


def test_a_short_week_at_either_end_of_a_test_does_not_count() -> None:
    weeks = pd.date_range("2026-01-05", periods=5, freq="7D")
    found = weeks_of_test(weeks, pd.Timestamp("2026-01-09"), pd.Timestamp("2026-01-22"))
    assert found.tolist() == [1, 2]  # three days of the first, seven, four
    assert weeks_of_test(weeks, pd.Timestamp("2026-01-14"), pd.Timestamp("2026-01-15")).tolist() == [1]


def test_errors_grow_with_age_and_lift() -> None:
    assert widened_error(0.0, 3.0, 900) == 3.0
    assert widened_error(-20.0, 3.0, 0) == widened_error(20.0, 3.0, 0) > 3.0
    assert widened_error(20.0, 3.0, 730) > widened_error(20.0, 3.0, 365) > widened_error(20.0, 3.0, 0)


def test_what_was_taken_away_is_given_back_and_nothing_falls_below_zero() -> None:
    np.testing.assert_allclose(spend_without(np.zeros(2), -20.0), [10.0, 10.0])
    np.testing.assert_allclose(spend_without(np.array([10.0, 0.0]), 30.0), [0.0, 0.0])
