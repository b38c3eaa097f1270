"""The likelihood with its linear part integrated out is the normal density it claims to be."""

from __future__ import annotations

import numpy as np
import pytest
from panels import config, known
from scipy.linalg import block_diag, toeplitz
from scipy.special import expit
from scipy.stats import multivariate_normal, norm

from revmodel.mix import mix_priors as priors
from revmodel.mix.added import mix_draws
from revmodel.mix.arrays import mix_arrays
from revmodel.mix.mix_model import mix_model
from revmodel.mix.panel import mix_panel
from revmodel.models.compiled import CompiledModel

CHANNELS = {"ads": {"cost": "ads", "follows_demand": True}, "fairs": {"cost": "fairs"}}


def density(arrays, theta):
    """log density of the compiled model at theta, in its own coordinates."""
    model = CompiledModel(mix_model(arrays))
    return model, density_at(model, arrays, theta)


def density_at(model, arrays, theta) -> float:
    return model.value_and_grad(theta, np.zeros(model.size), np.eye(model.size), arrays.data)[0]


def covariance(echo, sigma, lengths):
    """Of noise that echoes, for series of these lengths after each other."""
    return block_diag(*[sigma**2 / (1 - echo**2) * toeplitz(echo ** np.arange(n)) for n in lengths])


def integrated(rest, noise, spread, design, weight) -> float:
    """log ∫ Normal(rest; design b, noise)^weight Normal(b; 0, spread²) db, but for a constant. A normal density to a
    power is one with its variance divided by it, times what it lacks of the determinant's power."""
    cov = noise / weight + (design * spread**2) @ design.T
    power = (1 - weight) / 2 * np.linalg.slogdet(noise)[1]
    return float(multivariate_normal.logpdf(rest, np.zeros(len(rest)), cov) + power)


@pytest.mark.parametrize("weight", [1.0, 0.7])
@pytest.mark.parametrize(("regions", "channels"), [(1, None), (2, None), (1, CHANNELS), (2, CHANNELS)])
def test_it_equals_the_normal_density_written_out(regions, channels, weight) -> None:
    weeks, own = 60, {} if channels is None else {"channels": channels}
    said = config(region="region" if regions > 1 else None, week_weight=weight, **own)
    frame = known(regions, weeks).panel
    arrays = mix_arrays(mix_panel(frame, said), said)
    data = arrays.data
    rng = np.random.default_rng(3)
    model = CompiledModel(mix_model(arrays))
    differences = []
    for _ in range(2):
        theta = 0.4 * rng.standard_normal(model.size)
        value = density_at(model, arrays, theta)
        free = model.unpack(theta[None])
        draws = mix_draws(arrays, free, rng)
        mean = draws.added(data)[0].sum(0)
        spread = data["prior_sd"] * np.where(data["is_trend"] > 0, draws.trend[0], 1.0)
        spread = spread * np.where(data["is_season"] > 0, draws.season[0], 1.0)
        design, y = [data["design"]], [data["y"] - mean]
        noise = [covariance(draws.echo[0], draws.sigma[0], [weeks] * regions)]
        for i in range(len(data["follow_y"])):
            by = 1 + data["is_shared"] * (draws.follow[0, i] - 1)
            design.append(data["follow_design"][i] * by)
            y.append(data["follow_y"][i])
            noise.append(covariance(draws.follow_echo[0, i], draws.follow_noise[0, i], [weeks] * regions))
        expected = integrated(np.concatenate(y), block_diag(*noise), spread, np.concatenate(design), weight)
        expected += norm.logpdf(theta).sum()
        total = np.log(draws.effect[0].sum())
        expected += -(((total - data["total"][0]) / data["total"][1]) ** 2) / 2
        differences.append(value - expected)
    assert differences[0] == pytest.approx(differences[1], abs=1e-7)  # equal up to a constant


def test_the_linear_part_is_drawn_from_its_posterior() -> None:
    said = config()
    arrays = mix_arrays(mix_panel(known(1, 60).panel, said), said)
    data = arrays.data
    model = CompiledModel(mix_model(arrays))
    theta = np.zeros((4000, model.size))
    draws = mix_draws(arrays, model.unpack(theta), np.random.default_rng(1))
    spread = data["prior_sd"] * np.where(data["is_trend"] > 0, draws.trend[0], 1.0)
    spread = spread * np.where(data["is_season"] > 0, draws.season[0], 1.0)
    inverse = said.week_weight * np.linalg.inv(covariance(expit(priors.ECHO_MEAN), draws.sigma[0], [60]))
    rest = data["y"] - draws.added(data)[0].sum(0)
    posterior = np.linalg.inv(data["design"].T @ inverse @ data["design"] + np.diag(1 / spread**2))
    mean = posterior @ data["design"].T @ inverse @ rest
    sd = np.sqrt(np.diag(posterior))
    np.testing.assert_allclose((draws.linear.mean(0) - mean) / sd, 0.0, atol=5 / np.sqrt(4000))
    np.testing.assert_allclose(draws.linear.std(0) / sd, 1.0, atol=0.07)


def test_weeks_left_out_say_nothing() -> None:
    said = config()
    frame = known(1, 60).panel
    left_out = np.zeros(60, bool)
    left_out[20:30] = True
    spoiled = frame.assign(leads=frame["leads"].where(~left_out, 5.0 * frame["leads"]))
    one, other = (mix_arrays(mix_panel(each, said), said, left_out) for each in (frame, spoiled))
    scale = other.basis.scale / one.basis.scale
    other.data["y"] = other.data["y"] * scale  # the mean is of all weeks
    theta = 0.3 * np.random.default_rng(1).standard_normal(CompiledModel(mix_model(one)).size)
    assert density(one, theta)[1] == pytest.approx(density(other, theta)[1], abs=1e-8)


def test_less_is_expected_of_what_follows_demand() -> None:
    """A third of what its cost would have others bring; what all bring together is believed as before."""
    frame = known(1, 60).panel
    plain, told = (
        np.exp(mix_arrays(mix_panel(frame, each), each).data["effect_mean"])
        for each in (config(channels={"ads": {"cost": "ads"}, "fairs": {"cost": "fairs"}}), config(channels=CHANNELS))
    )
    assert told[0] / told[1] == pytest.approx(plain[0] / plain[1] / 3)
    assert told.sum() == pytest.approx(plain.sum())
