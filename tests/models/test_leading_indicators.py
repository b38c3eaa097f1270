"""Leading indicators: their lag is learned, noise is ignored, their own forecast is carried and never the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_panel import LAST_WEEK, panel_of

from revmodel.features.tables import WeeklyPanel
from revmodel.models.arrivals import expected_arrivals
from revmodel.models.leading import LAG_CENTRES, lag_columns, leading_indicators, paths_ahead
from revmodel.models.predict import future_weeks
from revmodel.models.response import ChannelResponse

WEEKS, LAG, EFFECT = 120, 6, 0.25
PLACE = [f"demand:{lag}" for lag in LAG_CENTRES] + [f"noise:{lag}" for lag in LAG_CENTRES]


def panel_with_indicators(seed: int) -> WeeklyPanel:
    """Records follow the log of "demand" six weeks later; "noise" has nothing to do with them."""
    rng = np.random.default_rng(seed)
    panel = panel_of(seed, weeks=WEEKS, with_spend=False)
    signal, noise = (np.convolve(rng.standard_normal(WEEKS + 30), np.ones(4) / 2, "valid") for _ in range(2))
    values = {"demand": signal[LAG : LAG + WEEKS], "noise": noise[:WEEKS]}
    counts = rng.poisson(np.exp(EFFECT * signal[:WEEKS])[:, None] * [60.0, 30.0, 15.0, 8.0])
    arrivals = pd.DataFrame(counts, index=panel.weeks, columns=panel.arrivals.columns)
    return replace(panel, arrivals=arrivals, indicators=pd.DataFrame(values, index=panel.weeks).add(20))


@pytest.fixture(scope="module")
def fitted() -> ChannelResponse:
    return ChannelResponse(engine="laplace", draws=300, seed=1).fit(panel_with_indicators(1))


def test_the_lag_of_an_indicator_is_found_and_noise_says_nothing(fitted: ChannelResponse) -> None:
    effect = dict(zip(PLACE, fitted.derived_["indicator"].mean(0), strict=True))
    demand = np.array([effect[f"demand:{lag}"] for lag in LAG_CENTRES])
    noise = np.array([effect[f"noise:{lag}"] for lag in LAG_CENTRES])
    assert LAG_CENTRES[np.argmax(demand)] == LAG
    per_sd = EFFECT * panel_with_indicators(1).indicators["demand"].std()
    assert demand.sum() == pytest.approx(per_sd, rel=0.3)
    assert np.abs(noise).sum() < 0.2 * demand.sum()


def test_what_an_indicator_already_shows_moves_the_weeks_its_lag_reaches(fitted: ChannelResponse) -> None:
    """The latest value of "demand" is doubled or halved: weeks about six ahead follow, nothing before is touched."""
    data, weeks = fitted.data_, future_weeks(LAST_WEEK, 13)
    picks, means = np.arange(300), {}
    for name, shift in (("up", 2.0), ("down", -2.0)):
        values = data.leading.values.copy()
        values[0, -1] += shift
        moved = ChannelResponse(engine="laplace")
        moved.data_, moved.derived_ = replace(data, leading=replace(data.leading, values=values)), fitted.derived_
        moved.learned_ = fitted.learned_
        panel = panel_with_indicators(1)
        spend = np.zeros((0, 13))
        rng = np.random.default_rng(1)
        means[name] = expected_arrivals(moved, panel, weeks, spend, picks, rng).sum(1).mean(0)
    gain = np.log(means["up"] / means["down"])
    assert np.argmax(gain) + 1 in (LAG - 1, LAG, LAG + 1)
    assert np.abs(gain[LAG + 2 :]).max() < 0.25 * gain.max()


def test_paths_keep_what_is_known_and_spread_ever_wider_where_it_is_not() -> None:
    panel = panel_with_indicators(2)
    panel.indicators.iloc[-2:, 1] = np.nan  # not yet published
    leading = leading_indicators(panel, panel.weeks)
    paths = paths_ahead(leading, 8, 400, np.random.default_rng(1))
    assert leading.known_weeks.tolist() == [WEEKS, WEEKS - 2]
    np.testing.assert_array_equal(paths[:, 0, :WEEKS], np.broadcast_to(leading.values[0], (400, WEEKS)))
    assert (paths[:, 1, WEEKS - 2 :].std(0) > 0).all()
    assert paths[:, 0, -1].std() > paths[:, 0, WEEKS].std()


def test_what_spend_explains_of_an_indicator_is_left_to_spend() -> None:
    """An indicator made of spend alone has next to no part of its own: spend is not controlled away."""
    panel = panel_of(6, weeks=WEEKS)
    rng = np.random.default_rng(6)
    search = panel.spend["search"].rolling(3, min_periods=1).mean().to_numpy()
    visits = search / (search + search.mean())
    other = rng.standard_normal(WEEKS).cumsum()
    both = panel.spend.assign(visits=visits * rng.lognormal(0, 0.02, WEEKS), other=np.exp(0.1 * other))
    leading = leading_indicators(replace(panel, indicators=both[["visits", "other"]]), panel.weeks)
    raw = np.log(both["visits"].to_numpy())
    own = np.corrcoef(np.diff(leading.values[0]), np.diff(raw))[0, 1] ** 2
    assert own < 0.6
    kept = np.corrcoef(np.diff(leading.values[1]), np.diff(other))[0, 1] ** 2
    assert kept > 0.8


def test_lags_are_taken_from_the_past_only() -> None:
    values = np.zeros((1, 40))
    values[0, 10] = 1.0
    columns = lag_columns(values)
    assert columns.shape == (len(LAG_CENTRES), 40)
    assert (columns[:, :10] == 0).all()
    assert [int(column.argmax()) for column in columns] == [10 + lag for lag in LAG_CENTRES]


def test_an_indicator_with_few_values_is_left_out() -> None:
    panel = panel_with_indicators(3)
    panel.indicators.iloc[:-20, 0] = np.nan
    assert leading_indicators(panel, panel.weeks).names == ("noise",)
