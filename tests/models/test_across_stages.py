"""A channel's effect at one stage is informed by the others, as far as these have something in common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_cells import CHANNELS, TrueHazards, cells_of, steady

from revmodel import dims
from revmodel.features.tables import HazardCells
from revmodel.models import priors
from revmodel.models.across_stages import Evidence, evidence_of, priors_across
from revmodel.models.hazard_data import Effects
from revmodel.models.hazards import StageHazards
from revmodel.models.sampling import Mode

SPREADS = priors.COMMON_SDS["channel"], priors.OWN_SDS["channel"]
K, LEVELS = len(dims.CAUSES), 40
THICK, THIN = ("lead", "mql", "sql"), "deal"
Floats = np.ndarray


def evidence(truth: Floats, error: float, rng: np.random.Generator) -> Evidence:
    """Of effects (cause, level) that were each measured with a standard error."""
    seen = truth + error * rng.standard_normal(truth.shape)
    return Evidence(np.tile(np.eye(LEVELS) / error**2, (K, 1, 1)), seen / error**2)


def stages_of(common: float, own: float, errors: tuple[float, ...]) -> tuple[list[Floats], list[Evidence]]:
    rng = np.random.default_rng(3)
    quality = common * rng.standard_normal((K, LEVELS))
    truths = [quality + own * rng.standard_normal((K, LEVELS)) for _ in errors]
    return truths, [evidence(truth, error, rng) for truth, error in zip(truths, errors, strict=True)]


def test_what_stages_have_in_common_is_told_from_what_is_their_own() -> None:
    _, stages = stages_of(0.3, 0.1, (0.05, 0.05, 0.05, 0.05))
    _, common, own = priors_across(stages, *SPREADS)
    np.testing.assert_allclose(common, 0.3, atol=0.08)
    np.testing.assert_allclose(own, 0.1, atol=0.04)


def test_a_stage_without_data_takes_what_the_others_say() -> None:
    truths, stages = stages_of(0.3, 0.05, (0.05, 0.05, 0.05, 10.0))
    found, _, own = priors_across(stages, *SPREADS)
    missed = found[3].mean - truths[3]
    assert np.sqrt((missed**2).mean()) < 0.12  # alone it would be 0.3
    assert np.sqrt(((missed / found[3].sd) ** 2).mean()) == pytest.approx(1.0, abs=0.35)
    assert (found[3].sd >= own[3][:, None]).all()


def test_a_stage_is_not_told_its_own_data() -> None:
    """Were they in its prior they would count twice; of the others, which know nothing, nothing comes."""
    truths, stages = stages_of(0.3, 0.05, (0.05, 100.0, 100.0))
    found, _, _ = priors_across(stages, *SPREADS)
    assert np.abs(found[0].mean).max() < 0.02
    assert np.corrcoef(found[1].mean.ravel(), truths[0].ravel())[0, 1] > 0.98
    assert 0.3 < np.std(found[1].mean) / np.std(truths[0]) < 1.0  # one stage cannot say how much of it is common


def test_where_nothing_is_in_common_stages_are_left_alone() -> None:
    truths, stages = stages_of(0.0, 0.3, (0.05, 0.05, 0.05, 0.05, 0.05))
    found, common, _ = priors_across(stages, *SPREADS)
    assert (common < 0.12).all()
    for truth, prior in zip(truths, found, strict=True):
        assert np.sqrt((prior.mean**2).mean()) < 0.1
        np.testing.assert_allclose(prior.sd, np.sqrt((truth**2).mean()), atol=0.1)


def test_evidence_is_the_posterior_less_its_prior() -> None:
    """A normal likelihood of known precision and shift, its posterior in standardised effects; other columns around."""
    rng = np.random.default_rng(1)
    root = rng.standard_normal((3, 3))
    precision, shift = root @ root.T, rng.standard_normal(3)
    scale = np.tile([1.0, 0.3, 0.5, 0.2, 1.0], (1, 1))
    each = Effects("channel", "row", 1, 4, np.ones(3), 0.3, 0.5)
    inner = scale[0, 1:4]
    covariance = np.eye(5)
    covariance[1:4, 1:4] = np.linalg.inv(np.eye(3) + inner[:, None] * precision * inner[None, :])
    theta = np.zeros(5)
    theta[1:4] = covariance[1:4, 1:4] @ (inner * shift)
    found = evidence_of(Mode(theta, np.linalg.cholesky(covariance), True, 0.0), scale, each)
    np.testing.assert_allclose(found.precision[0], precision, atol=1e-9)
    np.testing.assert_allclose(found.shift[0], shift, atol=1e-9)


def funnel(truth: TrueHazards, seed: int) -> HazardCells:
    """Three stages with many records and one with few, the same channels good in all."""
    rng = np.random.default_rng(seed)
    thick, thin = cells_of(truth, rng, 60, THICK), cells_of(truth, rng, 2, (THIN,))
    frames = {name: pd.concat([getattr(thick, name), getattr(thin, name)]) for name in ("frame", "destinations")}
    return replace(thick, **frames, stages=(*THICK, THIN))


def alone(cells: HazardCells) -> HazardCells:
    return replace(cells, frame=cells.frame[cells.frame["stage"] == THIN], stages=(THIN,))


def channel_effects(fitted: StageHazards) -> Floats:
    """(draw, cause, channel) at the stage with few records, against their mean."""
    stage = fitted.stages_[THIN]
    effect = stage.effect("channel", np.arange(len(stage.posterior.thetas)))
    return np.asarray(effect - effect.mean(2, keepdims=True))


def test_a_thin_stage_learns_from_the_others_which_channels_are_good() -> None:
    missed: dict[str, list[Floats]] = {"together": [], "alone": []}
    held = []
    for seed in range(4):
        truth = steady(0.4, np.random.default_rng(40 + seed))
        cells = funnel(truth, seed)
        for name, some in {"together": cells, "alone": alone(cells)}.items():
            drawn = channel_effects(StageHazards(engine="laplace", draws=400, seed=seed).fit(some))
            missed[name].append(drawn.mean(0) - truth.channel)
            if name == "together":
                low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
                held.append((low <= truth.channel) & (truth.channel <= high))
    rms = {name: np.sqrt(np.mean(np.square(each))) for name, each in missed.items()}
    assert rms["together"] < 0.6 * rms["alone"]
    assert np.size(held) == 4 * K * len(CHANNELS)
    assert 0.7 < np.mean(held) <= 1.0


def test_both_engines_take_the_same_priors_and_one_compiled_model() -> None:
    cells = funnel(steady(0.4, np.random.default_rng(50)), 5)
    laplace = StageHazards(engine="laplace", draws=3000, seed=1).fit(cells)
    nuts = StageHazards(engine="nuts", draws=200, seed=1).fit(cells)
    drawn, exact = channel_effects(laplace), channel_effects(nuts)
    assert np.abs((drawn.mean(0) - exact.mean(0)) / exact.std(0)).max() < 0.35
    assert np.abs(laplace.stages_[THIN].learned["row_mean"]).max() > 0.1
    model = StageHazards._compiled[nuts.layout_.shape]
    assert model.samplers[True][0]._cache_size() == 1
