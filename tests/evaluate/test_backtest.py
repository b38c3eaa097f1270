"""Backtests: what forecasters see, what they are scored against, and what is noted when they cannot answer."""

from __future__ import annotations

import datetime as dt
from threading import Event

import numpy as np
import pandas as pd
import pytest

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ConfigError, ModelError
from revmodel.evaluate.backtest import COLUMNS, BacktestPlan, backtest, forecast_origins, not_available
from revmodel.evaluate.baselines import BASELINES
from revmodel.evaluate.forecaster import BacktestInput, Floats, horizon_totals
from revmodel.evaluate.stacked import COMBINED, MODEL
from revmodel.sources.tables import Tables, tables_from_frames

# ibis 12 uses a DuckDB method and a pandas option that are on their way out.
pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]

FIRST, LAST = dt.date(2024, 7, 1), dt.date(2026, 6, 28)
ORIGINS = [dt.date(2025, 12, 28), dt.date(2026, 3, 1)]
HORIZON = 13
LATE = LAST - dt.timedelta(weeks=HORIZON - 1)


def _company(seed: int = 4) -> Tables:
    """Two years of leads, a third of which become deals after some weeks; half of those are won for about 1,000."""
    rng = np.random.default_rng(seed)
    count = 1500
    created = pd.Timestamp(FIRST) + pd.to_timedelta(np.sort(rng.uniform(0, (LAST - FIRST).days, count)), "D")
    leads = pd.DataFrame({"lead_id": [f"L{i}" for i in range(count)], "created_at": created, "channel": "paid_search"})
    picked = np.sort(rng.choice(count, count // 3, replace=False))
    opened = created[picked] + pd.to_timedelta(rng.gamma(2, 7, picked.size), "D")
    closed = opened + pd.to_timedelta(rng.gamma(2, 14, picked.size), "D")
    won = rng.random(picked.size) < 0.5
    deals = pd.DataFrame({"deal_id": [f"D{i}" for i in picked], "lead_id": [f"L{i}" for i in picked]})
    deals = deals.assign(created_at=opened)
    history = deals[["deal_id"]].assign(recorded_at=opened, amount=rng.gamma(4, 250, picked.size))
    changes = pd.DataFrame(
        {
            "record_id": [*leads["lead_id"], *deals["deal_id"], *deals["deal_id"]],
            "record_type": ["lead"] * count + ["deal"] * (2 * picked.size),
            "to_stage": ["lead"] * count + ["opportunity"] * picked.size + ["won" if w else "lost" for w in won],
            "changed_at": [*created, *opened, *closed],
        }
    )
    frames = {"leads": leads, "deals": deals, "deal_history": history, "stage_changes": changes}
    return tables_from_frames(frames)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return _company()


@pytest.fixture(scope="module")
def config() -> Config:
    funnel = {"stages": ["lead", "opportunity"], "first_deal_stage": "opportunity"}
    return Config(company="Acme", tables={}, funnel=funnel, as_of=LAST)


SEEN: list[tuple[dt.date, int, pd.Timestamp]] = []


def tens(data: BacktestInput) -> dict[str, Floats]:
    """Ten of everything a week, with noise from the seed; notes what it was shown."""
    latest = [data.tables["stage_changes"].changed_at.max().to_pyarrow().as_py(), data.features.realised["date"].max()]
    SEEN.append((data.features.as_of, data.seed, max(pd.Timestamp(moment) for moment in latest)))
    noise = np.random.default_rng(data.seed).normal(0, 1, (data.draws, data.horizon_weeks))
    return dict.fromkeys(dims.METRICS, 10 + noise)


def refuses(_: BacktestInput) -> dict[str, Floats]:
    raise ModelError("not this one")


@pytest.fixture(scope="module")
def said() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def scored(tables, config, said) -> pd.DataFrame:
    """Every baseline, one that refuses and one that always answers, at two origins and one with an open horizon."""
    SEEN.clear()
    plan = BacktestPlan(config, (HORIZON,), {**BASELINES, "tens": tens, "refuses": refuses}, draws=100)
    return backtest(tables, plan, [*ORIGINS, LATE], progress=lambda done, total: said.append((done, total)))


def test_baselines_are_scored_for_every_origin_and_metric(scored):
    assert list(scored.columns) == COLUMNS
    assert set(scored["model"]) == {*BASELINES, "tens", MODEL, COMBINED}
    for model in ("seasonal_naive", "last_period", "last_year", "auto_ets", "auto_arima", MODEL):
        assert set(scored.loc[scored["model"] == model, "metric"]) == set(dims.METRICS)
    for model in ("snapshot_roll_forward", "stage_weighted_pipeline", "mixture_cure"):
        assert set(scored.loc[scored["model"] == model, "metric"]) == {"wins", "bookings"}
    of_cohorts = set(scored.loc[scored["model"] == "chain_ladder", "metric"])
    assert of_cohorts == {"pipeline_created", "wins", "bookings"}
    assert set(scored["origin"].dt.date) == set(ORIGINS)
    assert (scored["horizon"] == HORIZON).all()
    assert np.isfinite(scored[["actual", "mean", "crps", "pinball"]].to_numpy(dtype=float)).all()


def test_the_actual_is_what_happened_in_the_horizon(tables, scored):
    origin = ORIGINS[0]
    actual = scored[scored["origin"] == pd.Timestamp(origin)].groupby("metric")["actual"].unique().str[0]
    start, end = pd.Timestamp(origin) + pd.Timedelta(days=1), pd.Timestamp(origin) + pd.Timedelta(days=7 * HORIZON + 1)
    changes = tables["stage_changes"].to_pyarrow().to_pandas()
    inside = changes[(changes["changed_at"] >= start) & (changes["changed_at"] < end)]
    expected = inside["to_stage"].value_counts()
    assert actual["leads"] == expected["lead"]
    assert actual["wins"] == expected["won"]
    history = tables["deal_history"].to_pyarrow().to_pandas().set_index("deal_id")["amount"]
    opened = inside.loc[inside["to_stage"] == "opportunity", "record_id"]
    won = inside.loc[inside["to_stage"] == "won", "record_id"]
    assert actual["pipeline_created"] == pytest.approx(history[opened].sum())
    assert actual["bookings"] == pytest.approx(history[won].sum())


@pytest.mark.usefixtures("scored")
def test_no_forecaster_sees_anything_recorded_after_the_origin():
    assert [origin for origin, _, _ in SEEN] == ORIGINS
    assert len({seed for _, seed, _ in SEEN}) == 2
    for origin, _, latest in SEEN:
        assert latest < pd.Timestamp(origin) + pd.Timedelta(days=1)


def test_what_is_recorded_later_and_what_runs_beside_it_change_no_forecast(tables, config):
    origin = ORIGINS[1]
    cut = pd.Timestamp(origin) + pd.Timedelta(days=1)
    at = {"leads": "created_at", "deals": "created_at", "deal_history": "recorded_at", "stage_changes": "changed_at"}
    frames = {name: tables[name].to_pyarrow().to_pandas() for name in tables.names}
    earlier = tables_from_frames({name: frame[frame[at[name]] < cut] for name, frame in frames.items()})
    models = ["last_period", "snapshot_roll_forward"]
    chosen = {name: BASELINES[name] for name in models}
    (alone,) = forecast_origins(earlier, BacktestPlan(config, (HORIZON,), chosen, draws=100), [origin])
    (among,) = forecast_origins(tables, BacktestPlan(config, (HORIZON,), {"tens": tens, **chosen}, draws=100), [origin])
    for metric, methods in alone.quantiles.items():
        for model, fan in methods.items():
            # Sums of money are taken in the order the engine's threads finish: the last bit may differ.
            np.testing.assert_allclose(fan, among.quantiles[metric][model], rtol=1e-12, atol=0)


def test_a_forecaster_that_cannot_answer_is_noted_and_the_others_are_scored(scored):
    notes = not_available(scored).set_index(["model", "metric"])
    assert notes.loc[("refuses", dims.ALL), "reason"] == "not this one"
    assert notes.loc[("refuses", dims.ALL), "origins"] == 2
    assert notes.loc[("stage_weighted_pipeline", "leads"), "reason"].startswith("gives no forecast of leads")


def test_an_origin_whose_horizon_is_not_over_is_noted_not_scored(scored, said):
    notes = not_available(scored)
    assert str(LAST) in notes.loc[notes["model"] == dims.ALL, "reason"].item()
    assert said == [(0, 2), (1, 2), (2, 2)]


def test_without_an_end_of_the_data_it_refuses(tables, config):
    with pytest.raises(ConfigError, match="as_of"):
        backtest(tables, BacktestPlan(config.model_copy(update={"as_of": None}), (HORIZON,), {"tens": tens}), ORIGINS)


def test_draws_of_the_wrong_shape_are_an_error_that_names_the_model():
    with pytest.raises(ModelError, match=r"tens's wins came in shape \(50,\)"):
        horizon_totals(np.ones(50), HORIZON, "tens's wins")


def test_a_window_without_events_counts_zero(tables, config):
    later = LAST + dt.timedelta(weeks=40)
    plan = BacktestPlan(config, (4,), {"tens": tens}, draws=10)
    quiet = backtest(tables, plan, [later], observed_until=later + dt.timedelta(weeks=4))
    assert (quiet["actual"] == 0).all()
    assert set(quiet["metric"]) == set(dims.METRICS)


def test_a_kept_origin_is_read_back_and_not_forecast_again(tables, config, tmp_path):
    plan = BacktestPlan(config, (4, HORIZON), {"tens": tens}, draws=10, keep=tmp_path)
    (first,) = forecast_origins(tables, plan, ORIGINS[:1])
    never = BacktestPlan(config, (4, HORIZON), {"tens": refuses}, draws=10, keep=tmp_path)
    (again,) = forecast_origins(tables, never, ORIGINS[:1])
    assert again.origin == first.origin == ORIGINS[0]
    np.testing.assert_array_equal(again.fan("wins", "tens", 4), first.fan("wins", "tens", 4))
    np.testing.assert_array_equal(again.history["wins"], first.history["wins"])


def test_a_damaged_kept_origin_says_what_to_do(tables, config, tmp_path):
    (tmp_path / f"{ORIGINS[0]}.npz").write_bytes(b"no archive")
    plan = BacktestPlan(config, (4,), {"tens": tens}, draws=10, keep=tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        forecast_origins(tables, plan, ORIGINS[:1])


def test_while_it_is_busy_this_process_forecasts_nothing_and_once_it_is_free_its_share(tables, config):
    """Four dates, two processes: of those that neither has begun, this one takes some as soon as it may."""
    dates = [ORIGINS[0] + dt.timedelta(days=day) for day in range(4)]
    plan = BacktestPlan(config, (HORIZON,), {"tens": tens}, draws=10)
    told: dict[bool, list[Floats]] = {}
    for is_free in (False, True):
        free = Event()
        if is_free:
            free.set()
        SEEN.clear()
        told[is_free] = [
            fans.fan("wins", "tens", 4) for fans in forecast_origins(tables, plan, dates, jobs=2, free=free)
        ]
        assert bool(SEEN) == is_free  # another process has a list of its own
    assert len(SEEN) < len(dates)
    np.testing.assert_array_equal(told[False], told[True])


@pytest.mark.slow
def test_processes_give_the_same_numbers(tables, config, scored):
    forecasters = {**BASELINES, "tens": tens, "refuses": refuses}
    spread = backtest(tables, BacktestPlan(config, (HORIZON,), forecasters, draws=100), [*ORIGINS, LATE], jobs=2)
    pd.testing.assert_frame_equal(spread, scored)
