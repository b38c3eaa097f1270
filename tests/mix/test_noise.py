"""Noise that is not normal: the density it claims to be, and answers where normal noise goes wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import config, known
from scipy.stats import multivariate_normal, nbinom, norm, poisson, t
from special_panels import counts
from test_mix_likelihood import CHANNELS, covariance, density_at

from revmodel.errors import SourceError
from revmodel.mix.added import mix_draws
from revmodel.mix.arrays import mix_arrays
from revmodel.mix.doubt import doubt_table, residual_table
from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_model import mix_model
from revmodel.mix.noise import floored, noisy, scores
from revmodel.mix.panel import mix_panel
from revmodel.models.compiled import CompiledModel

KINDS = ("student_t", "poisson", "negative_binomial")
WEEKS = 60


def week_by_week(noise, draws, y, mean, scale):
    """log density of one region's weeks, one after the other."""
    total, echo, sigma = 0.0, draws.echo[0], draws.sigma[0]
    for week in range(len(y)):
        expected = mean[week] + (echo * (y[week - 1] - mean[week - 1]) if week else 0.0)
        if noise == "student_t":
            width = sigma if week else sigma / np.sqrt(1 - echo**2)
            total += t.logpdf(y[week], draws.tail[0], expected, width)
        else:
            m = scale * 0.02 * np.log(1 + np.exp(expected / 0.02))
            law = poisson(m) if noise == "poisson" else nbinom(1 / sigma**2, 1 / (1 + sigma**2 * m))
            total += law.logpmf(round(y[week] * scale))
    return total


@pytest.mark.parametrize(
    ("noise", "regions", "channels"), [("student_t", 1, None), ("poisson", 1, None), ("negative_binomial", 2, CHANNELS)]
)
def test_it_equals_the_density_written_out(noise, regions, channels) -> None:
    said = config(
        noise=noise, region="region" if regions > 1 else None, **({} if channels is None else {"channels": channels})
    )
    frame = known(regions, WEEKS).panel
    frame["leads"] = np.round(frame["leads"] / 40)
    arrays = mix_arrays(mix_panel(frame, said), said)
    data, rng = arrays.data, np.random.default_rng(3)
    model = CompiledModel(mix_model(arrays))
    differences = []
    for _ in range(2):
        theta = 0.3 * rng.standard_normal(model.size)
        theta[-len(arrays.block) :][:regions] = 0.8  # levels: well above nothing, where scipy's formulas are exact
        value = density_at(model, arrays, theta)
        draws = mix_draws(arrays, model.unpack(theta[None]), rng)
        linear = draws.linear[0]
        mean = draws.added(data)[0].sum(0) + data["design"] @ linear
        expected = norm.logpdf(theta).sum()
        for region in range(regions):
            at = slice(region * WEEKS, (region + 1) * WEEKS)
            alone = week_by_week(noise, draws, data["y"][at], mean[at], arrays.basis.scale[region])
            expected += said.week_weight * alone
        for i, y in enumerate(data["follow_y"]):
            by = 1 + data["is_shared"] * (draws.follow[0, i] - 1)
            noise_of = covariance(draws.follow_echo[0, i], draws.follow_noise[0, i], [WEEKS] * regions)
            alone = multivariate_normal.logpdf(y, (data["follow_design"][i] * by) @ linear, noise_of)
            expected += said.week_weight * alone
        total = np.log(draws.effect[0].sum())
        expected += -(((total - data["total"][0]) / data["total"][1]) ** 2) / 2
        differences.append(value - expected)
    assert differences[0] == pytest.approx(differences[1], abs=1e-7)  # equal up to a constant


@pytest.fixture(scope="module")
def few():
    return counts()


@pytest.fixture(scope="module")
def fits(few) -> dict[str, MediaMix]:
    return {noise: MediaMix(config(noise=noise)).fit(few.panel) for noise in KINDS[1:]}


@pytest.mark.parametrize("noise", KINDS[1:])
def test_a_few_leads_a_week_tell_their_truth(few, fits, noise) -> None:
    mix = fits[noise]
    assert mix.health_["passed"].all()
    added = mix.added().sum((2, 3))
    for i, name in enumerate(mix.panel_.channels):
        low, high = np.quantile(added[:, i], [0.01, 0.99])
        assert low < few.added[name] < high
    assert added[:, 0].mean() == pytest.approx(few.added["ads"], rel=0.35)
    assert np.isfinite(doubt_table(mix)[["error_if_right", "if_pulsed"]].to_numpy()).all()
    assert np.isfinite(residual_table(mix)["value"]).all()


def test_chance_beyond_poisson_widens_the_answer(fits) -> None:
    narrow, wide = (fits[noise] for noise in KINDS[1:])
    assert wide.draws_.effect[:, 0].std() > narrow.draws_.effect[:, 0].std()
    assert 0.1 < np.median(wide.draws_.sigma) < 0.6  # it was 0.3
    assert (narrow.draws_.sigma == 0).all()


def test_a_plan_of_counts_is_whole_and_never_below_nothing(few, fits, tmp_path) -> None:
    mix = fits["negative_binomial"]
    dates = pd.date_range(few.panel["week"].max() + pd.Timedelta(days=7), periods=8, freq="7D")
    plan = pd.DataFrame({"week": dates, "ads": few.panel["ads"].mean(), "fairs": 0.0, "price": 0.0})
    ahead = mix.predict(plan)
    assert (ahead >= 0).all()
    assert (ahead == np.round(ahead)).all()
    assert ahead.mean() == pytest.approx(few.panel["leads"].mean(), rel=0.4)
    np.testing.assert_array_equal(MediaMix.load(mix.save(tmp_path / "mix")).predict(plan), ahead)


def test_weeks_far_out_do_not_move_a_student_t() -> None:
    truth = known()
    frame = truth.panel.copy()
    far = frame.index % 29 == 3
    frame["leads"] = frame["leads"].where(~far, 2.5 * frame["leads"])
    normal, student = (MediaMix(config(noise=noise)).fit(frame) for noise in ("normal", "student_t"))
    wrong, right = (mix.added().sum((2, 3))[:, 0] for mix in (normal, student))
    far_from_truth = [np.sqrt(np.mean((draws - truth.added["ads"]) ** 2)) for draws in (right, wrong)]
    assert far_from_truth[0] < 0.75 * far_from_truth[1]
    low, high = np.quantile(right, [0.01, 0.99])
    assert low < truth.added["ads"] < high
    assert right.std() < 0.5 * wrong.std()
    assert np.median(student.draws_.tail) < 6


def test_nuts_agrees_with_laplace_on_counts(few, fits) -> None:
    quick, slow = fits["poisson"], MediaMix(config(noise="poisson", engine="nuts")).fit(few.panel)
    assert slow.health_["passed"].all()
    one, other = (mix.added().sum((2, 3))[:, 0] for mix in (quick, slow))
    assert one.mean() == pytest.approx(other.mean(), abs=other.std())  # a mode of many coefficients: a quick look only
    assert np.quantile(other, 0.01) < few.added["ads"] < np.quantile(other, 0.99)


@pytest.mark.parametrize(("value", "words"), [(-1.0, "is -1"), (2.5, "is 2.5")])
def test_what_is_no_count_is_refused(few, value, words) -> None:
    frame = few.panel.assign(leads=few.panel["leads"].where(few.panel.index != 3, value))
    with pytest.raises(SourceError, match=words):
        mix_panel(frame, config(noise="poisson"))
    mix_panel(frame, config())  # normal noise takes both


def test_a_count_has_a_mean_above_nothing_and_elsewhere_the_one_it_is_given() -> None:
    assert floored(np.array([-3.0]))[0] >= 0
    np.testing.assert_allclose(floored(np.array([0.2, 1.0])), [0.2, 1.0], atol=1e-6)


@pytest.mark.parametrize("noise", ["normal", *KINDS])
def test_scores_of_what_was_drawn_are_standard_normal(noise) -> None:
    rng, weeks, scale = np.random.default_rng(1), 4000, np.array([30.0])
    echo, sigma, tail = np.array([0.4]), np.array([0.2]), np.array([5.0])
    mean = 30 + 5 * np.sin(np.arange(weeks) / 7)[None, None]
    y = noisy(noise, mean, scale, echo, sigma, tail, rng)[0, 0] / 30
    found = scores(noise, y, mean[0, 0] / 30, np.full(weeks, 30.0), 0.4, 0.2, 5.0)[1:]
    assert found.mean() == pytest.approx(0.0, abs=0.06)
    assert found.std() == pytest.approx(1.0, abs=0.06)
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.06
