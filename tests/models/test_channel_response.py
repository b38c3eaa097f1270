"""Arrivals: spend's effect is found on simulated counts, and the parts add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_panel import BASELINE, EFFECT, LAST_WEEK, panel_of

from revmodel.errors import ModelError
from revmodel.features.tables import Groups
from revmodel.models.arrivals import _calendar, caused_leads, expected_arrivals, predict_arrivals
from revmodel.models.predict import future_weeks
from revmodel.models.response import ChannelResponse

DRAWS = 300
LAGS = 8


def fit(seed: int, **panel: object) -> ChannelResponse:
    model = ChannelResponse(engine="laplace", draws=DRAWS, seed=seed, max_lag_weeks=LAGS)
    return model.fit(panel_of(seed, **panel))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted() -> ChannelResponse:
    return fit(1)


@pytest.fixture(scope="module")
def picks() -> np.ndarray:
    return np.arange(DRAWS)


def test_order_of_effects_is_recovered(fitted: ChannelResponse) -> None:
    assert fitted.data_.channels == tuple(EFFECT)
    mean = dict(zip(fitted.data_.channels, fitted.derived_["effect"].mean(0), strict=True))
    assert mean["search"] > mean["social"] > mean["events"]
    assert mean["search"] == pytest.approx(EFFECT["search"], rel=0.5)
    assert mean["events"] < 8


def test_intervals_of_records_under_the_channel_s_own_name_hold_most_truths_over_data_sets() -> None:
    """Three channels in four data sets: 90 % intervals; the prior pulls, so not all twelve have to hold.

    What arrives under the channel's own name is what the data inform. These data have no halo, which the prior allows
    for, so the total with its halo is not what is compared.
    """
    held = []
    for seed in (11, 12, 13, 14):
        model = fit(seed)
        channels, rows = model.data_.channels, [channel for _, channel in model.data_.rows]
        own = np.stack([model.derived_["share"][:, i, rows.index(name)] for i, name in enumerate(channels)], axis=1)
        low, high = np.quantile(model.derived_["effect"] * own, [0.05, 0.95], axis=0)
        held.append((low <= list(EFFECT.values())) & (high >= list(EFFECT.values())))
    assert np.mean(held) >= 0.75


def test_baseline_and_media_of_a_row_sum_to_its_level(fitted: ChannelResponse) -> None:
    """What spend causes under a row's name, on average over the weeks, is taken out of the row's level."""
    d = fitted.derived_
    by_row = np.einsum("dm,dmr->dr", d["effect"], d["share"])
    np.testing.assert_allclose(np.exp(d["level"]) + by_row, d["total"], rtol=1e-6)


def test_mean_of_model_follows_what_arrived(fitted: ChannelResponse) -> None:
    d, data = fitted.derived_, fitted.data_
    media = np.einsum("dmw,dmr->drw", d["caused"], d["share"])
    expected = (d["baseline"] + media).mean(2).mean(0)
    np.testing.assert_allclose(expected, data.arrays["arrivals"].mean(1), rtol=0.1)
    steady = d["caused"] / d["strength"]
    np.testing.assert_allclose(steady.mean(2), d["effect"], rtol=1e-9)
    np.testing.assert_allclose(d["strength"][:, :, -1], 1.0, rtol=1e-12)  # as strong as now
    np.testing.assert_allclose(d["share"].sum(2), 1.0)


def test_caused_leads_of_the_future_continue_those_of_the_past(fitted: ChannelResponse, picks: np.ndarray) -> None:
    """Called the future, the last weeks of history give what the fit gave for them; season, holidays, steps put in."""
    ahead = 10
    known = fitted.data_.spend
    shortened = ChannelResponse(max_lag_weeks=LAGS)
    shortened.derived_ = fitted.derived_
    shortened.data_ = replace(fitted.data_, spend=known[:, :-ahead])
    shortened.curves_ = fitted.curves_
    again = caused_leads(shortened, known[:, -ahead:], picks)
    season, events, _ = _calendar(fitted, panel_of(1), fitted.data_.weeks[-ahead:], picks)
    calendar = np.exp(fitted.derived_["season_share"][:, None] * season + events)
    expected = again * calendar[:, None] * fitted.derived_["strength"][:, :, -ahead:]
    np.testing.assert_allclose(expected, fitted.derived_["caused"][:, :, -ahead:], rtol=1e-9)


def test_carry_over_ends_after_the_longest_lag(fitted: ChannelResponse, picks: np.ndarray) -> None:
    caused = caused_leads(fitted, np.zeros((len(EFFECT), LAGS + 4)), picks)
    assert (caused[:, :, LAGS:] == 0).all()
    assert (np.diff(caused[:, :, :LAGS], axis=2) < 0).all()
    assert (caused[:, :, 0] > 0).all()


def test_more_spend_brings_more_records_and_ever_less_for_the_money(fitted: ChannelResponse, picks: np.ndarray) -> None:
    steady = fitted.data_.spend.mean(1, keepdims=True) * np.ones((1, 40))
    at = [caused_leads(fitted, steady * factor, picks)[:, :, -1] for factor in (0.0, 1.0, 2.0)]
    assert (at[0] == 0).all()
    assert (at[2] > at[1]).all()
    assert (at[2] - at[1] < at[1] - at[0]).all()


def test_arrivals_ahead_are_like_the_recent_ones_and_fall_without_spend(
    fitted: ChannelResponse, picks: np.ndarray
) -> None:
    panel, weeks = panel_of(1), future_weeks(LAST_WEEK, 13)
    held = fitted.data_.spend[:, -26:].mean(1, keepdims=True) * np.ones((1, 13))
    totals = {
        name: expected_arrivals(fitted, panel, weeks, spend, picks, np.random.default_rng(1)).sum(1).mean()
        for name, spend in {"held": held, "none": 0 * held}.items()
    }
    truth = sum(BASELINE.values()) + sum(EFFECT.values())
    assert totals["held"] == pytest.approx(truth, rel=0.15)
    assert totals["held"] - totals["none"] > 0.4 * sum(EFFECT.values())


def test_predicted_counts_are_whole_fall_on_the_groups_and_repeat(fitted: ChannelResponse) -> None:
    pairs = [(channel, segment) for channel in BASELINE for segment in ("all", "never seen")]
    groups = Groups.of(pd.DataFrame(pairs, columns=["channel", "segment"]))
    spend = np.repeat(fitted.data_.spend[:, -1:], 13, axis=1)
    options = {"stages": ("lead", "mql"), "groups": groups, "draws": 200}
    one, again, other = (
        predict_arrivals(fitted, panel_of(1), future_weeks(LAST_WEEK, 13), spend, seed=seed, **options).counts  # type: ignore[arg-type]
        for seed in (3, 3, 4)
    )
    assert one.shape == (200, 13, 2, len(groups))
    assert np.issubdtype(one.dtype, np.integer)
    assert (one >= 0).all()
    assert one[:, :, 1].sum() == 0
    assert one[:, :, 0, 1::2].sum() < 0.02 * one.sum()
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_same_seed_gives_the_same_draws(fitted: ChannelResponse) -> None:
    np.testing.assert_array_equal(fit(1).posterior_.thetas, fitted.posterior_.thetas)


def test_equal_shapes_share_one_compiled_model(fitted: ChannelResponse) -> None:
    assert fitted.posterior_.mode.converged
    before = len(ChannelResponse._compiled)
    fit(2)
    assert len(ChannelResponse._compiled) == before


def test_without_spend_all_is_baseline() -> None:
    model = fit(5, with_spend=False)
    assert model.data_.channels == ()
    assert "caused" not in model.derived_
    np.testing.assert_allclose(model.derived_["baseline"].mean((0, 2)), list(BASELINE.values()), rtol=0.12)


def test_fewer_than_twelve_weeks_are_refused_with_what_came_and_was_wanted() -> None:
    with pytest.raises(ModelError, match=r"^11 weeks of arrivals came, at least 12 are wanted: use a later as-of date"):
        fit(1, weeks=11)


def test_no_record_at_all_is_refused() -> None:
    panel = panel_of(1)
    with pytest.raises(ModelError, match="no record was created"):
        ChannelResponse(engine="laplace").fit(replace(panel, arrivals=panel.arrivals * 0))


def test_country_without_a_calendar_is_refused_with_an_example() -> None:
    model = ChannelResponse(engine="laplace", holidays_country="Atlantis")
    with pytest.raises(ModelError, match="no holiday calendar for 'Atlantis': give an ISO code such as 'DE'"):
        model.fit(panel_of(1))


def test_holidays_of_a_country_become_a_column() -> None:
    from revmodel.models.calendar_columns import event_frame

    weeks = pd.DatetimeIndex(["2025-12-26", "2025-11-21"])
    columns, names = event_frame(panel_of(1), weeks, "DE")
    assert names == ("trend", "holidays")
    assert columns[:, 1].tolist() == [0.4, 0.0]  # Christmas Day and the day after, of five working days


def test_each_channel_may_follow_curves_of_its_own() -> None:
    own = {"events": {"carry_over": "delayed_geometric", "saturation": "hill"}}
    model = ChannelResponse(
        engine="laplace", draws=DRAWS, seed=1, max_lag_weeks=LAGS, saturation="logistic", channels=own
    ).fit(panel_of(1))
    assert model.curves_.carry_over == ("delayed_geometric", "geometric", "geometric")
    assert model.curves_.saturation == ("hill", "logistic", "logistic")
    assert {"half_life_weeks", "peak_weeks", "half_saturation", "slope"} <= set(model.derived_)
    effect = model.derived_["effect"]
    assert effect.shape == (DRAWS, len(EFFECT))
    low, high = np.quantile(effect[:, 1], [0.02, 0.98])
    assert low < EFFECT["search"] < high


def test_curves_of_a_channel_that_spends_nothing_are_refused() -> None:
    model = ChannelResponse(engine="laplace", channels={"tv": {"saturation": "hill"}})
    with pytest.raises(ModelError, match=r"curves are given for tv.*channels with spend are events, search, social"):
        model.fit(panel_of(1))


def test_what_a_channel_causes_arrives_under_its_own_name_and_names_that_catch_demand(fitted: ChannelResponse) -> None:
    """A fair's leads come back as direct or by a search, not as those of a webinar that has spend of its own."""
    channels, rows = fitted.data_.channels, [channel for _, channel in fitted.data_.rows]
    catching = {name for name in rows if name not in channels} | {"search"}
    for c, channel in enumerate(channels):
        under = fitted.derived_["share"][:, c]
        assert {name for name, share in zip(rows, under.mean(0), strict=True) if share > 1e-6} == catching | {channel}
        np.testing.assert_allclose(under.sum(1), 1.0, atol=1e-6)


def test_a_channel_has_no_halo_under_its_own_name() -> None:
    """The only channel is a search: what its name holds beside its share is baseline, and other rows hold its halo."""
    panel = panel_of(11)
    alone = ChannelResponse(engine="laplace", draws=DRAWS, seed=11, max_lag_weeks=LAGS)
    alone.fit(replace(panel, spend=panel.spend[["search"]]))
    d, row = alone.derived_, [channel for _, channel in alone.data_.rows].index("search")
    own = d["effect"][:, 0] * d["share"][:, 0, row]
    np.testing.assert_allclose(own, d["total"][:, row] * d["own_share"][:, 0], rtol=1e-6)
    assert (d["share"][:, 0].sum(1) - d["share"][:, 0, row] > 0.01).all()
