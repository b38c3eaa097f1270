"""An effect by way of a mediator: counted whole, told apart, and hidden where the mediator is a mere control."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import config, known
from pydantic import ValidationError
from scipy.stats import norm
from special_panels import mediated
from test_mix_likelihood import covariance, density_at, integrated

from revmodel.errors import ConfigError, MissingColumnError
from revmodel.mix.added import mix_draws
from revmodel.mix.arrays import mix_arrays
from revmodel.mix.cautions import caution_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_model import mix_model
from revmodel.mix.panel import mix_panel
from revmodel.mix.tables import WHOLE, mix_tables
from revmodel.models.compiled import CompiledModel

SEARCHES = {"searches": {"column": "searches", "driven_by": ["ads"]}}


@pytest.fixture(scope="module")
def truth():
    return mediated()


@pytest.fixture(scope="module")
def fitted(truth) -> MediaMix:
    return MediaMix(config(mediators=SEARCHES)).fit(truth[0].panel)


def test_the_whole_effect_is_found_and_its_ways_are_told_apart(fitted, truth) -> None:
    panel, through = truth
    added, by_searches = fitted.added().sum((2, 3)), fitted.through("searches").sum((2, 3))
    assert fitted.health_["passed"].all()
    assert added[:, 0].mean() == pytest.approx(panel.added["ads"], rel=0.15)
    low, high = np.quantile(added[:, 0], [0.01, 0.99])
    assert low < panel.added["ads"] < high
    assert by_searches[:, 0].mean() == pytest.approx(through, rel=0.3)
    low, high = np.quantile(by_searches[:, 0], [0.01, 0.99])
    assert low < through < high
    assert (by_searches[:, 1] == 0).all()  # fairs do not drive searches


def test_a_control_hides_what_a_mediator_counts(fitted, truth) -> None:
    panel, through = truth
    said = config(controls=["price", "searches"])
    mix = MediaMix(said).fit(panel.panel)
    hidden = mix.added().sum((2, 3))[:, 0]
    assert np.quantile(hidden, 0.95) < panel.added["ads"]
    assert hidden.mean() == pytest.approx(panel.added["ads"] - through, rel=0.25)
    cautions = caution_table(said, mix.panel_, mix.arrays_)
    assert cautions["check"].tolist() == ["mediator as control"]
    assert "driven_by: [ads]" in cautions["sentence"].iloc[0]
    assert caution_table(fitted.config, fitted.panel_, fitted.arrays_).empty


def test_parts_add_up_and_ways_add_up_to_the_channel(fitted) -> None:
    tables = mix_tables(fitted)
    units = tables["decomposition"].groupby("week")["units"].sum()
    np.testing.assert_allclose(units, fitted.panel_.kpi.sum(0))
    assert "searches" in set(tables["decomposition"]["part"])
    paths = tables["paths"].set_index(["channel", "path"])
    whole = tables["contribution"].set_index(["channel", "period"]).loc[("ads", WHOLE), "added_mean"]
    assert paths.index.tolist() == [("ads", "direct"), ("ads", "searches")]
    assert paths["added_mean"].sum() == pytest.approx(whole)


def test_a_plan_needs_no_mediator_and_survives_a_reload(fitted, truth, tmp_path) -> None:
    frame = truth[0].panel
    dates = pd.date_range(frame["week"].max() + pd.Timedelta(days=7), periods=8, freq="7D")

    def plan(ads: float) -> pd.DataFrame:
        return pd.DataFrame({"week": dates, "ads": ads * frame["ads"].mean(), "fairs": 0.0, "price": 0.0})

    some, more = fitted.predict(plan(1.0)), fitted.predict(plan(3.0))
    assert (more.mean((0, 1)) > some.mean((0, 1))).all()
    assert some.mean() == pytest.approx(frame["leads"].mean(), rel=0.25)
    np.testing.assert_array_equal(MediaMix.load(fitted.save(tmp_path / "mix")).predict(plan(1.0)), some)


def test_it_equals_the_normal_density_written_out() -> None:
    weeks, regions = 60, 2
    frame = known(regions, weeks).panel
    rng = np.random.default_rng(5)
    frame = frame.assign(searches=rng.gamma(5.0, 20.0, len(frame)), visits=rng.gamma(5.0, 9.0, len(frame)))
    visits = {"visits": {"column": "visits", "driven_by": ["fairs", "ads"]}}
    said = config(region="region", mediators=SEARCHES | visits)
    arrays = mix_arrays(mix_panel(frame, said), said)
    data, model = arrays.data, CompiledModel(mix_model(arrays))
    seen = [frame[name].to_numpy().reshape(regions, weeks) for name in ("searches", "visits")]
    seen = [(each / each.mean(1, keepdims=True)).ravel() for each in seen]
    differences = []
    for _ in range(2):
        theta = 0.3 * rng.standard_normal(model.size)
        value = density_at(model, arrays, theta)
        free = model.unpack(theta[None])
        draws = mix_draws(arrays, free, rng)
        totals, pull = draws.added(data)[0], np.exp(-1.6 + free["z_pull"][0])
        odds = np.exp(1.5 * free["z_through"][0])
        ads, fairs = 1 + odds[0, 0] + odds[1, 0], 1 + odds[1, 1]  # fairs drive visits only
        share = np.array([[odds[0, 0] / ads, 0.0], [odds[1, 0] / ads, odds[1, 1] / fairs]])
        media = (1 - share.sum(0)) @ totals + pull[0] * seen[0] + pull[1] * seen[1]
        expected = norm.logpdf(theta).sum()

        def of(rest, echo, sigma, trend, season) -> float:
            spread = data["prior_sd"] * np.where(data["is_trend"] > 0, trend, 1.0)
            spread = spread * np.where(data["is_season"] > 0, season, 1.0)
            return integrated(
                rest, covariance(echo, sigma, [weeks] * regions), spread, data["design"], said.week_weight
            )

        expected += of(data["y"] - media, draws.echo[0], draws.sigma[0], draws.trend[0], draws.season[0])
        for k in range(2):
            sigma, trend, season = (
                np.exp(mean + 0.8 * free[f"z_mediator_{name}"][0, k])
                for name, mean in (("noise", -2.3), ("trend", -3.4), ("season", -2.3))
            )
            echo = 1 / (1 + np.exp(1.0 - free["z_mediator_echo"][0, k]))
            expected += of(seen[k] - share[k] @ totals / pull[k], echo, sigma, trend, season)
        total = np.log(draws.effect[0].sum())
        expected += -(((total - data["total"][0]) / data["total"][1]) ** 2) / 2
        differences.append(value - expected)
    assert differences[0] == pytest.approx(differences[1], abs=1e-6)  # equal up to a constant


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"controls": ["searches"]}, "a control takes what goes through it away"),
        ({"mediators": {"s": {"column": "searches", "driven_by": ["tv"]}}}, "driven by tv: channels are ads, fairs"),
        ({"mediators": {"s": {"column": "ads", "driven_by": ["fairs"]}}}, "count twice"),
        ({"mediators": {"ads": {"column": "searches", "driven_by": ["fairs"]}}}, "a channel and of a mediator"),
        ({"mediators": {"s": {"column": "searches", "driven_by": []}}}, "name the channels that work on it"),
    ],
)
def test_a_mediator_that_cannot_be_is_refused(changes, words) -> None:
    with pytest.raises(ValidationError, match=words):
        config(**({"mediators": SEARCHES} | changes))


def test_a_mediator_without_a_column_or_without_anything_is_told(truth) -> None:
    said = config(mediators=SEARCHES)
    with pytest.raises(MissingColumnError, match="no column searches"):
        mix_panel(known().panel, said)
    with pytest.raises(ConfigError, match="searches is 0 in every week"):
        MediaMix(said).fit(truth[0].panel.assign(searches=0.0))
