"""Stage hazards: what simulated cells were made of is found again, with intervals that hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_cells import AGE_EFFECT, AS_OF, CHANNELS, LEVEL, TIMES, TrueHazards, cells_of, steady

from revmodel import dims
from revmodel.errors import ModelError
from revmodel.models import priors
from revmodel.models.compiled import CompiledModel
from revmodel.models.hazard_calendar import CALENDAR_COLUMNS, calendar_columns, calendar_scales
from revmodel.models.hazard_data import layout_of, stage_data
from revmodel.models.hazard_mode import find_hazard_mode
from revmodel.models.hazards import StageHazards, stage_model
from revmodel.models.health import health_table
from revmodel.models.predict import NEVER, predict_funnel
from revmodel.models.sampling import Posterior
from revmodel.models.stage_covariates import stage_covariates

T = pd.Timestamp(AS_OF)
REPEATS = 6
K = len(dims.CAUSES)


def fit(truth: TrueHazards, seed: int, at_risk: int = 25, **options: object) -> StageHazards:
    cells = cells_of(truth, np.random.default_rng(seed), at_risk, **options)  # type: ignore[arg-type]
    return StageHazards(engine="laplace", draws=300, seed=seed).fit(cells)


def moved(since_weeks: int, log_factor: float) -> TrueHazards:
    """Advancing changed by a factor ``since_weeks`` ago; nothing else differs."""
    time = np.zeros((K, len(TIMES)))
    time[0, np.array(TIMES) < since_weeks] = log_factor
    return TrueHazards(np.zeros((K, len(CHANNELS))), time)


@pytest.fixture(scope="module")
def repeats() -> list[tuple[TrueHazards, StageHazards]]:
    """Several data sets, each with its own truth: channels differ by 0.4, weeks shake by 0.1."""
    truths = [steady(0.4, np.random.default_rng(100 + i), shock_sd=0.1) for i in range(REPEATS)]
    return [(truth, fit(truth, i)) for i, truth in enumerate(truths)]


def latest_log_odds(fitted: StageHazards, age_bin: int) -> np.ndarray:
    """Draws of the log-odds in the latest week, (draw, cause, channel)."""
    stage = fitted.stages_["lead"]
    pick = np.arange(len(stage.posterior.thetas))
    assert stage.layout.times[0][0] == 0
    return np.asarray(stage.log_odds(pick)[:, :, :, age_bin] + stage.by_time(pick)[:, :, :1])


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
    cases = REPEATS * 2 * len(CHANNELS) * K
    assert np.size(held[0.8]) == cases == 216
    assert 0.38 < np.mean(held[0.5]) < 0.65
    assert 0.70 < np.mean(held[0.8]) < 0.92


def test_hazards_are_close_to_the_truth_and_closer_with_more_data() -> None:
    truth = steady(0.4, np.random.default_rng(3))

    def error(at_risk: int) -> float:
        draws = latest_log_odds(fit(truth, 5, at_risk), 1)
        return float(np.sqrt(np.mean((draws.mean(0) - truth.log_odds()[:, :, 1, 0]) ** 2)))

    little, much = error(4), error(400)
    assert much < 0.08
    assert much < little / 2


def spread_of(fitted: StageHazards, name: str) -> np.ndarray:
    """Learned spread of a kind of effects, (cause,)."""
    stage = fitted.stages_["lead"]
    kinds = [each.name for each in stage.layout.effects if each.log_sd > 0]
    return np.asarray(np.exp(stage.learned["log_spread"][kinds.index(name)]))


def test_spread_of_channels_found_by_em_is_near_the_truth(repeats: list[tuple[TrueHazards, StageHazards]]) -> None:
    """Each truth has channels that differ by exactly 0.4 in every cause."""
    found = np.array([spread_of(fitted, "channel") for _, fitted in repeats])
    assert 0.3 < np.median(found) < 0.5
    assert (spread_of(fit(steady(0.0, np.random.default_rng(9)), 9, at_risk=130), "channel") < 0.2).all()


def test_spread_of_shocks_found_by_em_tells_calm_from_shaken() -> None:
    calm, shaken = (
        spread_of(fit(steady(0.3, np.random.default_rng(4), shock_sd=sd), 4, at_risk=130), "shock") for sd in (0.0, 0.4)
    )
    assert calm.mean() < 0.1
    assert 0.25 < shaken.mean() < 0.6


@pytest.mark.parametrize(("since_weeks", "factor", "within"), [(16, 2.0, 0.2), (6, 2.0, 0.25), (6, 0.5, 0.25)])
def test_forecast_starts_from_what_the_latest_weeks_say_not_from_the_mean_of_history(
    since_weeks: int, factor: float, within: float
) -> None:
    """A break, old or recent: the forecast's first weeks are at the new rate."""
    fitted = fit(moved(since_weeks, np.log(factor)), 6, at_risk=130)
    funnel = predict_funnel(fitted, T, 4, 300, 1, seed=7)
    ahead = funnel.log_odds[:, 0, 0, :, 0].mean(1) + funnel.calendar[:, 0, 0].mean(1)
    assert np.exp(np.median(ahead) - LEVEL[0]) == pytest.approx(factor, rel=within)


def test_drift_is_less_certain_further_ahead(repeats: list[tuple[TrueHazards, StageHazards]]) -> None:
    """The same phase of the quarter, a year apart."""
    calendar = predict_funnel(repeats[0][1], T, 53, 300, 1, seed=8).calendar[:, 0, 0]
    assert calendar[:, 52].std() > 1.3 * calendar[:, 0].std()


def test_repeated_visits_are_told_from_first_ones() -> None:
    truth = replace(steady(0.3, np.random.default_rng(2)), again=-0.7)
    fitted = fit(truth, 3, at_risk=60)
    again = predict_funnel(fitted, T, 4, 300, 1, seed=1).again[:, 0]
    assert np.abs(again.mean(0) + 0.7).max() < 0.15
    assert np.abs(latest_log_odds(fitted, 0).mean(0) - truth.log_odds()[:, :, 0, 0]).max() < 0.4


def test_indicator_moves_the_hazards_it_moved_and_is_held_ahead() -> None:
    """Capacity fell in the latest ten weeks and advancing with it: the effect is found, the future starts low."""
    weeks = pd.date_range(end=T, periods=38, freq="7D")
    capacity = pd.DataFrame({"capacity": np.where(np.arange(38) >= 28, -1.0, 0.0) + 0.3 * np.sin(np.arange(38))}, weeks)
    by_week = capacity["capacity"].to_numpy()[::-1]
    by_time = np.array([by_week[w : w + (1 if w < 26 else 4)].mean() for w in TIMES])
    time = np.zeros((K, len(TIMES)))
    time[0] = 0.8 * by_time
    cells = cells_of(TrueHazards(np.zeros((K, len(CHANNELS))), time), np.random.default_rng(5), 130)
    fitted = StageHazards(engine="laplace", draws=300, covariates=("capacity",)).fit(cells, indicators=capacity)
    effect = fitted.stages_["lead"].effect("covariate", np.arange(300)).mean((0, 2))
    wanted = 0.8 * capacity["capacity"].std(ddof=0)
    assert effect[0] == pytest.approx(wanted, rel=0.45)
    assert np.abs(effect[1:]).max() < 0.1
    ahead = predict_funnel(fitted, T, 2, 300, 1, seed=7)
    assert np.median(ahead.log_odds[:, 0, 0, :, 0].mean(1) + ahead.calendar[:, 0, 0].mean(1)) < LEVEL[0] - 0.3


def test_cause_that_never_happened_is_not_forecast() -> None:
    cells = cells_of(steady(0.3, np.random.default_rng(1)), np.random.default_rng(2), never=(dims.RECYCLED,))
    fitted = StageHazards(engine="laplace", draws=200, seed=1).fit(cells)
    funnel = predict_funnel(fitted, T, 13, 200, 1, seed=1)
    assert fitted.stages_["lead"].never_seen == (dims.RECYCLED,)
    recycled = dims.CAUSES.index(dims.RECYCLED)
    assert (funnel.log_odds[:, :, recycled] == NEVER).all()
    worst = np.exp(funnel.log_odds[:, 0, recycled].max() + funnel.calendar[:, 0, recycled].max())
    assert worst < 1e-12
    assert (funnel.log_odds[:, :, 0] > NEVER).all()


def test_destinations_add_up_and_lead_where_exits_went() -> None:
    fitted = fit(steady(0.3, np.random.default_rng(1)), 2, stages=("lead", "mql"))
    funnel = predict_funnel(fitted, T, 4, 100, 1, seed=3)
    np.testing.assert_allclose(funnel.destination.sum(-1), 1.0)
    ends = [*funnel.stages, "won", "lost"]
    advance, lost = dims.CAUSES.index(dims.ADVANCE), dims.CAUSES.index(dims.LOST)
    np.testing.assert_allclose(funnel.destination[:, 0, advance, ends.index("mql")], 1.0)
    np.testing.assert_allclose(funnel.destination[:, 1, advance, ends.index("won")], 1.0)
    np.testing.assert_allclose(funnel.destination[:, :, lost, ends.index("lost")], 1.0)


def test_first_week_follows_the_days_on_which_records_left() -> None:
    days = pd.DataFrame({"stage": "lead", "day": [0, 1, 6], "count": [600, 300, 100]})
    cells = replace(cells_of(steady(0.3, np.random.default_rng(1)), np.random.default_rng(2)), first_week=days)
    funnel = predict_funnel(StageHazards(engine="laplace", draws=100).fit(cells), T, 4, 100, 1, seed=3)
    np.testing.assert_allclose(funnel.first_week.sum(-1), 1.0)
    np.testing.assert_allclose(funnel.first_week[:, 0].mean(0), [0.6, 0.3, 0, 0, 0, 0, 0.1], atol=0.02)


def test_same_seed_gives_the_same_draws_and_another_seed_others() -> None:
    truth = steady(0.3, np.random.default_rng(1))
    one, again = (fit(truth, 11) for _ in range(2))
    thetas = [f.stages_["lead"].posterior.thetas for f in (one, again)]
    np.testing.assert_array_equal(*thetas)
    futures = [predict_funnel(one, T, 13, 200, 1, seed=s) for s in (5, 5, 6)]
    np.testing.assert_array_equal(futures[0].calendar, futures[1].calendar)
    assert not np.array_equal(futures[0].calendar, futures[2].calendar)


def test_mode_and_curvature_are_those_of_the_pymc_model() -> None:
    """Newton's gradient vanishes in the model as written, and its covariance inverts the model's curvature."""
    cells = cells_of(steady(0.4, np.random.default_rng(3), shock_sd=0.2), np.random.default_rng(4))
    layout = layout_of(cells)
    data = stage_data(cells, layout, "lead")
    mode = find_hazard_mode(data)
    model = CompiledModel(stage_model(data))
    size, identity = model.size, np.eye(model.size)
    assert np.abs(model.value_and_grad(np.zeros(size), mode.theta, identity, data)[1]).max() < 0.05
    directions = np.random.default_rng(5).standard_normal((6, size))
    full = model.check(data)
    ahead, back = (model.grads(sign * 1e-4 * directions, mode.theta, identity, full) for sign in (1, -1))
    curvature = -(ahead - back) / 2e-4
    np.testing.assert_allclose(curvature @ mode.factor @ mode.factor.T, directions, atol=1e-4)


@pytest.fixture(scope="module")
def both_engines() -> tuple[StageHazards, StageHazards]:
    cells = cells_of(steady(0.3, np.random.default_rng(21), shock_sd=0.1), np.random.default_rng(22), at_risk=30)
    laplace = StageHazards(engine="laplace", draws=4000, seed=1).fit(cells)
    return laplace, StageHazards(engine="nuts", draws=250, seed=1).fit(cells)


def test_laplace_and_nuts_agree(both_engines: tuple[StageHazards, StageHazards]) -> None:
    """Means within 0.3 of NUTS's sd, spreads within a quarter: log-odds of every cause, channel and age bin."""
    laplace, nuts = (
        fitted.stages_["lead"].log_odds(np.arange(len(fitted.stages_["lead"].posterior.thetas)))
        for fitted in both_engines
    )
    sd = nuts.std(0)
    assert np.abs((laplace.mean(0) - nuts.mean(0)) / sd).max() < 0.3
    assert np.abs(laplace.std(0) / sd - 1).max() < 0.25
    level = LEVEL[:, None] + AGE_EFFECT[None, :]
    assert np.abs(nuts.mean((0, 2)) - level).max() < 1.0


def test_chains_agree_and_none_diverges(both_engines: tuple[StageHazards, StageHazards]) -> None:
    table = health_table("stage lead", both_engines[1].stages_["lead"].posterior)
    assert table["passed"].all(), table[["check", "value"]].to_string()


def test_nuts_gives_identical_draws_and_another_date_shares_the_compiled_model(
    both_engines: tuple[StageHazards, StageHazards],
) -> None:
    """Four weeks later, of another stage and calendar: nothing is compiled again."""
    _, nuts = both_engines
    models = dict(StageHazards._compiled)
    later = cells_of(steady(0.3, np.random.default_rng(1)), np.random.default_rng(2), 30, ("mql",),
                     as_of=AS_OF + pd.Timedelta(weeks=4))  # fmt: skip
    sampler = models[nuts.layout_.shape].samplers[True][0]
    again = StageHazards(engine="nuts", draws=250, seed=1).fit(nuts.cells_)
    first, second = (f.stages_["lead"].posterior for f in (nuts, again))
    assert isinstance(first, Posterior)
    assert first.chains == 4
    np.testing.assert_array_equal(first.thetas, second.thetas)
    StageHazards(engine="nuts", draws=250, seed=1).fit(later)
    assert StageHazards._compiled == models
    assert sampler._cache_size() == 1


def test_a_phase_seen_in_one_quarter_is_not_told_from_drift() -> None:
    """With eleven weeks on record a phase gets next to no effect of its own, with two years a full one."""
    short, long = calendar_scales(11), calendar_scales(104)
    assert (short[:4] < 0.1).all()
    assert (long[:4] == priors.PHASE_SD).all()
    assert long[CALENDAR_COLUMNS.index("working_days")] == short[CALENDAR_COLUMNS.index("working_days")]


def test_working_days_and_ends_of_periods_are_read_from_the_calendar() -> None:
    weeks = pd.DatetimeIndex(["2026-12-27", "2026-11-15", "2027-01-02"])
    columns = pd.DataFrame(calendar_columns(weeks, 1, "DE"), columns=list(CALENDAR_COLUMNS))
    assert columns["working_days"].round(6).tolist() == [np.log(0.8).round(6), 0.0, np.log(0.8).round(6)]
    assert columns["year_end"].tolist() == [1.0, 0.0, 0.0]
    assert columns["end"].tolist() == [1.0, 0.0, 0.0]
    assert columns["month_end"].round(3).tolist() == [round(1 / 7, 3), 0.0, round(5 / 7, 3)]
    assert calendar_columns(weeks, 4, None)[:, CALENDAR_COLUMNS.index("year_end")].tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ModelError, match="no holiday calendar for 'XX'"):
        calendar_columns(weeks, 1, "XX")


def test_an_indicator_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ModelError, match=r"names capcity, which the indicators table does not hold \(it has: capacity\)"
    ):
        stage_covariates(pd.DataFrame({"capacity": [1.0, 2.0]}), ("capcity",))
