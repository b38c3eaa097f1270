"""Backtests: what forecasters see, what they are scored against, and what is noted when they cannot answer."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from revmodel import dims
from revmodel.config import Config
from revmodel.errors import ConfigError, ModelError
from revmodel.evaluate.backtest import COLUMNS, backtest, not_available, realised_between
from revmodel.evaluate.baselines import BASELINES, last_period
from revmodel.evaluate.forecaster import BacktestInput, Floats
from revmodel.sources.tables import Tables, tables_from_frames

# ibis 12 uses a DuckDB method and a pandas option that are on their way out.
pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
]

FIRST, LAST = dt.date(2024, 7, 1), dt.date(2026, 6, 28)
ORIGINS = [dt.date(2025, 12, 28), dt.date(2026, 3, 1)]
HORIZON = 13


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


def tens(data: BacktestInput) -> dict[str, Floats]:
    """Ten of everything a week, with noise from the seed."""
    noise = np.random.default_rng(data.seed).normal(0, 1, (data.draws, data.horizon_weeks))
    return dict.fromkeys(dims.METRICS, 10 + noise)


def refuses(_: BacktestInput) -> dict[str, Floats]:
    raise ModelError("not this one")


def test_baselines_are_scored_for_every_origin_and_metric(tables, config):
    scored = backtest(tables, config, ORIGINS, HORIZON, BASELINES, draws=200)
    assert list(scored.columns) == COLUMNS
    assert set(scored["model"]) == set(BASELINES)
    assert set(scored["metric"]) == set(dims.METRICS)
    assert set(scored["origin"].dt.date) == set(ORIGINS)
    assert (scored["horizon"] == HORIZON).all()
    assert np.isfinite(scored[["actual", "mean", "crps", "pinball"]].to_numpy(dtype=float)).all()
    assert (scored["actual"] > 0).all()


def test_the_actual_is_what_happened_in_the_horizon(tables, config):
    origin = ORIGINS[0]
    scored = backtest(tables, config, [origin], HORIZON, {"tens": tens}, draws=50).set_index("metric")
    start, end = pd.Timestamp(origin) + pd.Timedelta(days=1), pd.Timestamp(origin) + pd.Timedelta(days=7 * HORIZON + 1)
    changes = tables["stage_changes"].to_pyarrow().to_pandas()
    inside = changes[(changes["changed_at"] >= start) & (changes["changed_at"] < end)]
    expected = inside["to_stage"].value_counts()
    assert scored.loc["leads", "actual"] == expected["lead"]
    assert scored.loc["wins", "actual"] == expected["won"]
    history = tables["deal_history"].to_pyarrow().to_pandas().set_index("deal_id")["amount"]
    opened = inside.loc[inside["to_stage"] == "opportunity", "record_id"]
    won = inside.loc[inside["to_stage"] == "won", "record_id"]
    assert scored.loc["pipeline_created", "actual"] == pytest.approx(history[opened].sum())
    assert scored.loc["bookings", "actual"] == pytest.approx(history[won].sum())


def test_no_forecaster_sees_anything_recorded_after_the_origin(tables, config):
    seen = {}

    def spy(data: BacktestInput) -> dict[str, Floats]:
        latest = data.tables["stage_changes"].changed_at.max().to_pyarrow().as_py()
        seen[data.features.as_of] = (pd.Timestamp(latest), pd.to_datetime(data.features.realised["date"]).max())
        return tens(data)

    backtest(tables, config, ORIGINS, HORIZON, {"spy": spy}, draws=50)
    assert list(seen) == ORIGINS
    for origin, dates in seen.items():
        assert max(dates) < pd.Timestamp(origin) + pd.Timedelta(days=1)


def test_rows_recorded_after_the_horizon_change_nothing(tables, config):
    origin = ORIGINS[0]
    cut = pd.Timestamp(origin) + pd.Timedelta(days=7 * HORIZON + 1)
    frames = {name: tables[name].to_pyarrow().to_pandas() for name in tables.names}
    at = {"leads": "created_at", "deals": "created_at", "deal_history": "recorded_at", "stage_changes": "changed_at"}
    earlier = tables_from_frames({name: frame[frame[at[name]] < cut] for name, frame in frames.items()})
    forecasters = {"last_period": last_period, "snapshot": BASELINES["snapshot_roll_forward"]}
    full = backtest(tables, config, [origin], HORIZON, forecasters, draws=100)
    pd.testing.assert_frame_equal(full, backtest(earlier, config, [origin], HORIZON, forecasters, draws=100))


def test_other_forecasters_and_origins_beside_it_do_not_change_a_forecast(tables, config):
    alone = backtest(tables, config, ORIGINS[1:], HORIZON, {"tens": tens}, draws=50)
    beside = backtest(tables, config, ORIGINS, HORIZON, {"last_period": last_period, "tens": tens}, draws=50)
    same = beside[(beside["model"] == "tens") & (beside["origin"] == pd.Timestamp(ORIGINS[1]))]
    pd.testing.assert_frame_equal(alone, same.reset_index(drop=True))
    other_seed = backtest(tables, config, ORIGINS[1:], HORIZON, {"tens": tens}, draws=50, seed=2)
    assert not np.allclose(other_seed["mean"], alone["mean"])


def test_a_forecaster_that_cannot_answer_is_noted_and_the_others_are_scored(tables, config):
    forecasters = {"tens": tens, "refuses": refuses, "stage": BASELINES["stage_weighted_pipeline"]}
    scored = backtest(tables, config, ORIGINS, HORIZON, forecasters, draws=50)
    assert set(scored["model"]) == {"tens", "stage"}
    notes = not_available(scored).set_index(["model", "metric"])
    assert notes.loc[("refuses", dims.ALL), "reason"] == "not this one"
    assert notes.loc[("refuses", dims.ALL), "origins"] == 2
    assert notes.loc[("stage", "leads"), "reason"] == "gives no forecast of leads here"


def test_an_origin_whose_horizon_is_not_over_is_noted_not_scored(tables, config):
    late = LAST - dt.timedelta(weeks=HORIZON - 1)
    said: list[str] = []
    scored = backtest(tables, config, [ORIGINS[0], late], HORIZON, {"tens": tens}, draws=50, progress=said.append)
    assert set(scored["origin"].dt.date) == {ORIGINS[0]}
    assert str(LAST) in not_available(scored)["reason"].item()
    assert said == [f"forecast from {ORIGINS[0]} scored (1 of 1)"]


def test_without_an_end_of_the_data_it_refuses(tables, config):
    with pytest.raises(ConfigError, match="as_of"):
        backtest(tables, config.model_copy(update={"as_of": None}), ORIGINS, HORIZON, {"tens": tens})


def test_draws_of_the_wrong_shape_are_an_error_that_names_the_model(tables, config):
    def totals(data: BacktestInput) -> dict[str, Floats]:
        return {"wins": np.ones(data.draws)}

    with pytest.raises(ModelError, match=r"totals gave wins of shape \(50,\)"):
        backtest(tables, config, ORIGINS[:1], HORIZON, {"totals": totals}, draws=50)


def test_a_window_without_events_counts_zero(tables, config):
    later = LAST + dt.timedelta(weeks=40)
    quiet = realised_between(tables, config, later, later + dt.timedelta(weeks=4))
    assert quiet == dict.fromkeys(dims.METRICS, 0.0)


@pytest.mark.slow
def test_processes_give_the_same_numbers(tables, config):
    one = backtest(tables, config, ORIGINS, HORIZON, BASELINES, draws=100)
    two = backtest(tables, config, ORIGINS, HORIZON, BASELINES, draws=100, jobs=2)
    pd.testing.assert_frame_equal(one, two)
