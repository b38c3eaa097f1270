"""Two public data sets end to end: three past dates beside simple methods, and what is said of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from revmodel.config import Config, load_config
from revmodel.evaluate.backtest import BacktestPlan, backtest
from revmodel.evaluate.baselines import BASELINES
from revmodel.features.build import build_features
from revmodel.workflows.backtest import FUNNEL, MODEL, revmodel_forecaster
from revmodel.workflows.company import DataCheck, read_company

BASELINE_NAMES = ("snapshot_roll_forward", "last_period", "seasonal_naive")


@dataclass(frozen=True)
class PublicData:
    """A data set read, backtested at three dates, and what its features cannot do on the last of them."""

    config: Config
    data: DataCheck
    scored: pd.DataFrame
    cannot: str


def backtested(config_path: Path, origins: list[dt.date], horizon_weeks: int, observed_until: dt.date) -> PublicData:
    config = load_config(config_path)
    data = read_company(config)
    forecasters = {FUNNEL: revmodel_forecaster, **{name: BASELINES[name] for name in BASELINE_NAMES}}
    plan = BacktestPlan(config, (horizon_weeks,), forecasters, draws=200)
    scored = backtest(data.tables, plan, origins, observed_until=observed_until)
    cannot = build_features(data.tables, config, origins[-1]).cannot
    return PublicData(config, data, scored, " ".join(cannot))


@pytest.fixture(scope="module")
def olist(repository_root: Path, shared_data: Path) -> PublicData:
    if not (shared_data / "olist").is_dir():
        pytest.skip(f"no Olist data in {shared_data}")
    # Wins are on record for seventeen weeks, so four weeks are forecast: a longer horizon leaves nothing to learn from.
    origins = [dt.date(2018, 2, 17), dt.date(2018, 2, 24), dt.date(2018, 3, 3)]
    return backtested(repository_root / "configs" / "olist.yaml", origins, 4, dt.date(2018, 3, 31))


@pytest.fixture(scope="module")
def maven(repository_root: Path, shared_data: Path) -> PublicData:
    if not (shared_data / "maven_crm").is_dir():
        pytest.skip(f"no Maven data in {shared_data}")
    origins = [dt.date(2017, 7, 31), dt.date(2017, 8, 31), dt.date(2017, 9, 30)]
    return backtested(repository_root / "configs" / "maven.yaml", origins, 13, dt.date(2017, 12, 31))


def check_scores(scored: pd.DataFrame, metrics: set[str]) -> None:
    """The model and a baseline have finite scores for each metric at three origins, of forecasts in order."""
    for metric in metrics:
        rows = scored[scored["metric"] == metric]
        by_model = rows.groupby("model")["origin"].nunique()
        assert by_model[MODEL] == 3
        assert by_model[by_model.index != MODEL].max() == 3
    numbers = scored[["actual", "mean", "crps", "pinball", "pit"]].to_numpy(float)
    assert np.isfinite(numbers).all()
    assert (scored["crps"] >= 0).all()
    assert (scored[["p05", "p50", "p95"]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert (scored["actual"] > 0).all()


def test_olist_is_forecast_at_three_dates_beside_baselines(olist: PublicData) -> None:
    check_scores(olist.scored, {"leads", "wins"})
    assert "bookings" not in set(olist.scored["metric"])


def test_maven_is_forecast_at_three_dates_beside_baselines(maven: PublicData) -> None:
    check_scores(maven.scored, {"wins", "bookings"})
    wins = maven.scored[(maven.scored["metric"] == "wins") & (maven.scored["model"] == MODEL)]
    assert wins["actual"].between(100, 2000).all()


def wins_ratio(scored: pd.DataFrame) -> float:
    """Wins that the model expected, all three dates together, over those that came."""
    wins = scored[(scored["metric"] == "wins") & (scored["model"] == MODEL)]
    return float(wins["mean"].sum() / wins["actual"].sum())


def test_wins_of_maven_are_of_the_size_that_came(maven: PublicData) -> None:
    """Units, horizons and dates agree."""
    assert 0.6 < wins_ratio(maven.scored) < 1.6


def test_wins_of_olist_are_too_few_but_of_the_size_that_came(olist: PublicData) -> None:
    """Conversion rose several times over within these weeks, and the model follows late: it expects 0.7 of the wins.

    With drift in four-week steps and full effects of phases seen once it was 0.39: the bound holds what was won.
    """
    assert 0.45 < wins_ratio(olist.scored) < 1.6


def test_left_truncation_of_olist_is_said(olist: PublicData) -> None:
    """Leads come from June 2017 on, the first win on record is of December: earlier ones would have been missed."""
    assert "Exits from 'mql' are on record only from 2017-12" in olist.cannot
    assert any("recorded" in what for what in olist.data.findings["what"])


def test_what_olist_lacks_is_said(olist: PublicData) -> None:
    for what in ("No spend table", "The funnel has no deals", "No targets table"):
        assert what in olist.cannot


def test_zombies_of_maven_are_said(maven: PublicData) -> None:
    assert "zombies" in set(maven.data.findings["code"])


def test_what_maven_lacks_is_said(maven: PublicData) -> None:
    assert "No spend table" in maven.cannot
    assert "deals have no amount on file" in maven.cannot
