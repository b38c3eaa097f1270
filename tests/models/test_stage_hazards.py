"""Stage hazards: what simulated cells were made of is found again, with intervals that hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated_cells import AGE_EFFECT, CHANNELS, LEVEL, PERIODS, TrueHazards, cells_of, steady

from revmodel import dims
from revmodel.models.hazards import StageHazards
from revmodel.models.predict import NEVER, predict_funnel
from revmodel.models.sampling import Posterior

AS_OF = pd.Timestamp("2026-09-30")
REPEATS = 6


def fit(truth: TrueHazards, seed: int, at_risk: int = 60, **options: object) -> StageHazards:
    cells = cells_of(truth, np.random.default_rng(seed), at_risk, **options)  # type: ignore[arg-type]
    return StageHazards(engine="laplace", draws=300, seed=seed).fit(cells)


@pytest.fixture(scope="module")
def repeats() -> list[tuple[TrueHazards, StageHazards]]:
    """Several data sets, each with its own truth: channels differ by 0.4, four-week periods shake by 0.1."""
    truths = [steady(0.4, np.random.default_rng(100 + i), shock_sd=0.1) for i in range(REPEATS)]
    return [(truth, fit(truth, i)) for i, truth in enumerate(truths)]


def latest_log_odds(fitted: StageHazards, age_bin: int) -> np.ndarray:
    """Draws of the log-odds in the latest four weeks, (draw, cause, channel)."""
    stage, times = fitted.stages_["lead"], list(fitted.layout_.times)
    calendar = stage.derived["calendar"][:, :, times.index((0, "m1"))]
    return np.asarray(stage.derived["log_odds"][:, :, :, age_bin] + calendar[:, :, None])


def test_intervals_of_hazards_hold_about_as_often_as_they_say(
    repeats: list[tuple[TrueHazards, StageHazards]],
) -> None:
    held = {0.5: [], 0.8: []}  # type: dict[float, list[np.ndarray]]
    for truth, fitted in repeats:
        for age_bin in (0, 2):
            wanted, draws = truth.log_odds()[:, :, age_bin, 0], latest_log_odds(fitted, age_bin)
            for mass, hits in held.items():
                low, high = np.quantile(draws, [(1 - mass) / 2, (1 + mass) / 2], axis=0)
                hits.append((low <= wanted) & (wanted <= high))
    cases = REPEATS * 2 * len(CHANNELS) * len(dims.CAUSES)
    assert np.size(held[0.8]) == cases == 216
    assert 0.38 < np.mean(held[0.5]) < 0.65
    assert 0.70 < np.mean(held[0.8]) < 0.92


def test_hazards_are_close_to_the_truth_and_closer_with_more_data() -> None:
    truth = steady(0.4, np.random.default_rng(3))

    def error(at_risk: int) -> float:
        draws = latest_log_odds(fit(truth, 5, at_risk), 1)
        return float(np.sqrt(np.mean((draws.mean(0) - truth.log_odds()[:, :, 1, 0]) ** 2)))

    little, much = error(10), error(1000)
    assert much < 0.08
    assert much < little / 2


def test_spread_of_channels_found_by_em_is_near_the_truth(repeats: list[tuple[TrueHazards, StageHazards]]) -> None:
    """Each truth has channels that differ by exactly 0.4 in every cause."""
    found = np.array([np.exp(fitted.stages_["lead"].log_spread[0]) for _, fitted in repeats])
    assert 0.3 < np.median(found) < 0.5
    alike = np.exp(fit(steady(0.0, np.random.default_rng(9)), 9, at_risk=400).stages_["lead"].log_spread[0])
    assert (alike < 0.2).all()


def test_spread_of_shocks_found_by_em_tells_calm_from_shaken() -> None:
    calm, shaken = (
        np.exp(fit(steady(0.3, np.random.default_rng(4), shock_sd=sd), 4, at_risk=400).stages_["lead"].log_spread[2])
        for sd in (0.0, 0.4)
    )
    assert calm.mean() < 0.12
    assert 0.25 < shaken.mean() < 0.6


def test_forecast_starts_from_what_the_latest_weeks_say_not_from_the_mean_of_history() -> None:
    """Advancing doubled sixteen weeks ago; the forecast's first weeks are at the new rate, within a fifth."""
    period = np.zeros((len(dims.CAUSES), PERIODS))
    period[0, :4] = np.log(2.0)
    fitted = fit(TrueHazards(np.zeros((len(dims.CAUSES), len(CHANNELS))), period), 6, at_risk=300)
    funnel = predict_funnel(fitted, AS_OF, 4, 300, 1, seed=7)
    ahead = funnel.log_odds[:, 0, 0, :, 0].mean(1) + funnel.calendar[:, 0, 0].mean(1)
    assert np.exp(np.median(ahead) - LEVEL[0]) == pytest.approx(2.0, rel=0.2)


def test_drift_is_less_certain_further_ahead(repeats: list[tuple[TrueHazards, StageHazards]]) -> None:
    """The same phase of the quarter, a year apart."""
    calendar = predict_funnel(repeats[0][1], AS_OF, 53, 300, 1, seed=8).calendar[:, 0, 0]
    assert calendar[:, 52].std() > 1.3 * calendar[:, 0].std()


def test_cause_that_never_happened_is_not_forecast() -> None:
    cells = cells_of(steady(0.3, np.random.default_rng(1)), np.random.default_rng(2), never=(dims.RECYCLED,))
    fitted = StageHazards(engine="laplace", draws=200, seed=1).fit(cells)
    funnel = predict_funnel(fitted, AS_OF, 13, 200, 1, seed=1)
    assert fitted.stages_["lead"].never_seen == (dims.RECYCLED,)
    recycled = dims.CAUSES.index(dims.RECYCLED)
    assert (funnel.log_odds[:, :, recycled] == NEVER).all()
    worst = np.exp(funnel.log_odds[:, 0, recycled].max() + funnel.calendar[:, 0, recycled].max())
    assert worst < 1e-12
    assert (funnel.log_odds[:, :, 0] > NEVER).all()


def test_stages_of_equal_shape_share_one_compiled_model() -> None:
    truth = steady(0.3, np.random.default_rng(1))
    fit(truth, 1)
    before = len(StageHazards._compiled)
    fitted = fit(truth, 2, stages=("lead", "mql", "opportunity"))
    assert len(fitted.stages_) == 3
    assert len(StageHazards._compiled) == before


def test_destinations_add_up_and_lead_where_exits_went() -> None:
    fitted = fit(steady(0.3, np.random.default_rng(1)), 2, stages=("lead", "mql"))
    funnel = predict_funnel(fitted, AS_OF, 4, 100, 1, seed=3)
    np.testing.assert_allclose(funnel.destination.sum(-1), 1.0)
    ends = [*funnel.stages, "won", "lost"]
    advance, lost = dims.CAUSES.index(dims.ADVANCE), dims.CAUSES.index(dims.LOST)
    np.testing.assert_allclose(funnel.destination[:, 0, advance, ends.index("mql")], 1.0)
    np.testing.assert_allclose(funnel.destination[:, 1, advance, ends.index("won")], 1.0)
    np.testing.assert_allclose(funnel.destination[:, :, lost, ends.index("lost")], 1.0)


def test_same_seed_gives_the_same_draws_and_another_seed_others() -> None:
    truth = steady(0.3, np.random.default_rng(1))
    one, again = (fit(truth, 11) for _ in range(2))
    thetas = [f.stages_["lead"].posterior.thetas for f in (one, again)]
    np.testing.assert_array_equal(*thetas)
    futures = [predict_funnel(one, AS_OF, 13, 200, 1, seed=s) for s in (5, 5, 6)]
    np.testing.assert_array_equal(futures[0].calendar, futures[1].calendar)
    assert not np.array_equal(futures[0].calendar, futures[2].calendar)


@pytest.fixture(scope="module")
def both_engines() -> tuple[StageHazards, StageHazards]:
    cells = cells_of(steady(0.3, np.random.default_rng(21), shock_sd=0.1), np.random.default_rng(22), at_risk=80)
    laplace = StageHazards(engine="laplace", draws=4000, seed=1).fit(cells)
    return laplace, StageHazards(engine="nuts", draws=250, seed=1).fit(cells)


def test_laplace_and_nuts_agree(both_engines: tuple[StageHazards, StageHazards]) -> None:
    """Means within 0.3 of NUTS's sd, spreads within a quarter: log-odds of every cause, channel and age bin."""
    laplace, nuts = (fitted.stages_["lead"].derived["log_odds"] for fitted in both_engines)
    sd = nuts.std(0)
    assert np.abs((laplace.mean(0) - nuts.mean(0)) / sd).max() < 0.3
    assert np.abs(laplace.std(0) / sd - 1).max() < 0.25
    level = LEVEL[:, None] + AGE_EFFECT[None, :]
    assert np.abs(nuts.mean((0, 2)) - level).max() < 1.0


def test_nuts_gives_identical_draws_for_the_same_seed(both_engines: tuple[StageHazards, StageHazards]) -> None:
    _, nuts = both_engines
    again = StageHazards(engine="nuts", draws=250, seed=1).fit(nuts.cells_)
    first, second = (f.stages_["lead"].posterior for f in (nuts, again))
    assert isinstance(first, Posterior)
    assert first.chains == 4
    np.testing.assert_array_equal(first.thetas, second.thetas)
