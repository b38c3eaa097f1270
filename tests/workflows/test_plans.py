"""A target and scenarios on a real fit: folders, pages, nested runs, and the same numbers again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from revmodel.config import Config
from revmodel.errors import ConfigError
from revmodel.planning.scenario import read_scenarios
from revmodel.report.tables import RunFolder
from revmodel.workflows import told as told_module
from revmodel.workflows.fitted import FittedCompany, PreparedCompany
from revmodel.workflows.scenarios import compare_scenarios
from revmodel.workflows.target import plan_target

# MLflow's own use of SQLAlchemy 2.1; nothing of ours.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def config(real_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The real run's, with an MLflow store of its own: what is logged here is nobody else's."""
    config: Config = real_run.fitted.config
    store = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'mlflow.db'}"
    return config.model_copy(update={"tracking": config.tracking.model_copy(update={"uri": store})})


@pytest.fixture(autouse=True)
def _one_fit(real_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans start from the fit of the real run."""

    def again(config: Config, *_: Any) -> FittedCompany:
        beside: Callable[[PreparedCompany], None] = _[-1]
        fitted = replace(real_run.fitted, config=config)
        beside(fitted)
        return fitted

    monkeypatch.setattr(told_module, "fit_company", again)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, real_run: Any) -> list[Path]:
    """A cut, a move between the two channels that spend most, and two sales capacities: ample and scarce."""
    folder = tmp_path_factory.mktemp("scenarios")
    data = real_run.fitted.model.response_.data_
    first, second = (data.channels[i] for i in np.argsort(-data.spend[:, -26:].sum(axis=1))[:2])
    written = {
        "less": {"moves": [{"channel": "all", "times": 0.8}]},
        "moved": {"moves": [{"channel": first, "to": second, "share": 0.5}]},
        "ample": {"capacity": {"stage": "opportunity", "per_week": 1e6}},
        "scarce": {"capacity": {"stage": "opportunity", "per_week": 2.0}},
    }
    for name, said in written.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, **said}), encoding="utf-8")
    return [folder / f"{name}.yaml" for name in written]


@pytest.fixture(scope="module")
def made() -> dict[str, RunFolder]:
    """Runs that several tests look at, each made once."""
    return {}


@pytest.fixture
def target(config: Config, made: dict[str, RunFolder]) -> RunFolder:
    if "target" not in made:
        made["target"] = plan_target(config, "2027Q1", bookings=800_000.0, name="target")
    return made["target"]


@pytest.fixture
def scenarios(config: Config, made: dict[str, RunFolder], files: list[Path]) -> RunFolder:
    if "scenarios" not in made:
        made["scenarios"] = compare_scenarios(config, files, quarters=2, name="scenarios")
    return made["scenarios"]


def test_target_run_holds_its_tables_beside_the_forecast(target: RunFolder) -> None:
    wanted = {"target", "target_stages", "target_weeks", "target_spend", "last_dates", "forecast", "open_deals"}
    assert wanted <= set(target.tables)
    for name in wanted:
        assert (target.path / f"{name}.parquet").is_file()
    assert target.manifest["target"]["quarter"] == "2027Q1"


def test_chance_under_the_plan_is_that_of_the_forecast(target: RunFolder) -> None:
    row, forecast = target.tables["target"].iloc[0], target.tables["forecast"]
    everything = forecast[["channel", "segment", "provenance"]].eq("all").all(axis=1) & (forecast["grain"] == "quarter")
    told = forecast[everything & (forecast["metric"] == "bookings") & (forecast["period"] == "2027Q1")].iloc[0]
    assert row["total_mean"] == pytest.approx(told["mean"])
    parts = [row[f"{name}_mean"] for name in ("open_deals", "open_leads", "to_come")]
    assert row["actual"] + sum(parts) == pytest.approx(told["mean"])


def test_needed_leads_are_so_many_times_the_plan_until_the_last_date(target: RunFolder) -> None:
    row = target.tables["target"].iloc[0]
    stages = target.tables["target_stages"].set_index("stage")
    assert list(stages.index) == ["leads", "mql", "opportunity", "wins"]
    assert stages.loc["leads", "needed_mean"] == pytest.approx(row["times"] * stages.loc["leads", "planned_mean"])
    weeks = target.tables["target_weeks"]
    leads = weeks[(weeks["stage"] == "leads") & weeks["in_time"]]
    assert leads["needed_mean"].sum() == pytest.approx(stages.loc["leads", "needed_mean"])
    assert pd.Timestamp(leads["week_end"].max()) == stages.loc["leads", "until"] == row["leads_until"]


def test_funnel_narrows_and_later_stages_have_later_dates(target: RunFolder) -> None:
    stages = target.tables["last_dates"].query("kind == 'stage'").set_index("lever")
    assert stages["last_date"].is_monotonic_increasing
    assert stages["brings_now_mean"].is_monotonic_increasing
    planned = target.tables["target_stages"].set_index("stage")["planned_mean"]
    assert planned["leads"] > planned["mql"] > planned["opportunity"] > planned["wins"]


def test_spend_stays_within_the_limits(target: RunFolder, config: Config) -> None:
    table = target.tables["target_spend"]
    assert (table["needed"] <= table["upper"] + 1e-6).all()
    assert (table["needed"] >= table["lower"] - 1e-6).all()
    assert table["upper"].to_numpy() == pytest.approx(config.allocation.upper * table["planned"].to_numpy())


def test_target_page_says_the_chance_and_needs_no_network(target: RunFolder) -> None:
    page = (target.path / "index.html").read_text(encoding="utf-8")
    assert "What it takes at each stage" in page
    assert "Last dates" in page
    assert 'src="http' not in page


def test_wins_may_be_the_target(config: Config) -> None:
    run = plan_target(config, "2026Q4", wins=30.0, name="wins", in_time=0.05)
    assert run.tables["target"].iloc[0]["metric"] == "wins"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"quarter": "2025Q4", "bookings": 1e6}, "2025Q4.*wanted one of 2026Q4, 2027Q1"),
        ({"quarter": "2026Q4"}, "0 targets came: give one, --bookings or --wins"),
        ({"quarter": "2026Q4", "bookings": 1e6, "wins": 3}, "2 targets came"),
        ({"quarter": "2026Q4", "bookings": -1.0}, "above 0"),
        ({"quarter": "2026Q4", "bookings": 1e6, "probability": 1.0}, "--probability came as 1"),
        ({"quarter": "2026Q4", "bookings": 1e6, "in_time": 0.0}, "--in-time came as 0"),
    ],
)
def test_questions_that_make_no_sense_are_refused(config: Config, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plan_target(config, **asked)


def test_scenarios_are_compared_with_the_current_plan_by_quarter(scenarios: RunFolder) -> None:
    table = scenarios.tables["scenarios"].set_index(["scenario", "metric", "period"])
    assert table.loc[("less", "spend", "all"), "change_mean"] < 0
    assert table.loc[("less", "leads", "2026Q4"), "change_p90"] < 0
    assert table.loc[("moved", "spend", "all"), "change_mean"] == pytest.approx(0.0, abs=1e-3)
    forecast = scenarios.tables["forecast"]
    total = forecast[
        forecast[["channel", "segment", "provenance"]].eq("all").all(axis=1) & (forecast["grain"] == "quarter")
    ]
    told = total[(total["metric"] == "bookings") & (total["period"] == "2026Q4")].iloc[0]
    assert table.loc[("current plan", "bookings", "2026Q4"), "p90"] == pytest.approx(told["p90"])


def test_the_cut_saves_a_fifth_and_is_at_most_as_good_as_the_best_split_of_its_money(scenarios: RunFolder) -> None:
    summary = scenarios.tables["scenario_summary"].set_index("scenario")
    assert summary.loc["less", "spend_change"] == pytest.approx(-0.2 * summary.loc["current plan", "spend"], rel=1e-6)
    assert summary.loc["less", "best_split"] >= summary.loc["less", "brings_mean"] * (1 - 1e-3)
    assert 0 <= summary.loc["moved", "p_better"] <= 1


def test_a_sales_capacity_acts_behind_its_stage_and_is_told_as_an_assumption(scenarios: RunFolder) -> None:
    table = scenarios.tables["scenarios"].set_index(["scenario", "metric", "period"]).sort_index()
    summary = scenarios.tables["scenario_summary"].set_index("scenario")
    changes = ["change_mean", "change_p10", "change_p90"]
    assert (table.loc["ample"][changes] == 0).all(axis=None)
    assert (table.loc[("scarce", "leads")][changes] == 0).all(axis=None)
    for metric in ("pipeline_created", "wins", "bookings"):
        assert table.loc[("scarce", metric, "all"), "change_p90"] < 0, metric
        assert table.loc[("scarce", metric, "all"), "p10"] >= 0, metric
    assert summary.loc["scarce", "net_mean"] == pytest.approx(summary.loc["scarce", "waits_mean"])
    assert summary.loc["scarce", "in_line"] > 10
    page = (scenarios.path / "index.html").read_text(encoding="utf-8")
    assert "It assumes, and no data says so, that at most 2 a week enter opportunity; others wait" in page
    assert "That many do not come in, so nobody waits." in page


def test_same_run_scenario_and_seed_give_the_same_plan(config: Config, scenarios: RunFolder, files: list[Path]) -> None:
    off = config.model_copy(update={"tracking": config.tracking.model_copy(update={"enabled": False})})
    again = compare_scenarios(off, files, quarters=2, name="again")
    for name in ("scenarios", "scenario_channels", "scenario_summary", "frontier"):
        pd.testing.assert_frame_equal(again.tables[name], scenarios.tables[name])


def test_each_scenario_is_a_run_under_the_comparison_with_its_file(
    config: Config, scenarios: RunFolder, files: list[Path], tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    from revmodel.tracking.mlflow_store import store_uri

    client = MlflowClient(store_uri(config.tracking, config.root))
    experiment = client.get_experiment_by_name(config.tracking.experiment)
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    parent = runs["scenarios"].info.run_id
    for file in files:
        child = runs[file.stem]
        assert child.data.tags["mlflow.parentRunId"] == parent
        assert child.info.status == "FINISHED"
        assert child.data.metrics["spend"] > 0
        assert "bookings.2026Q4.mean" in child.data.metrics
        local = Path(client.download_artifacts(child.info.run_id, "scenario.yaml", str(tmp_path)))
        reopened = local.rename(tmp_path / file.name)
        assert read_scenarios([reopened])[0] == read_scenarios([file])[0].model_copy(update={"root": tmp_path})
    kept = scenarios.path / scenarios.manifest["scenarios"]["files"]["less"]
    assert kept.read_text(encoding="utf-8") == files[0].read_text(encoding="utf-8")


def test_scenario_page_shows_every_plan_and_what_none_can_say(scenarios: RunFolder) -> None:
    page = (scenarios.path / "index.html").read_text(encoding="utf-8")
    for words in ("less", "moved", "How much to spend", "deal size and time that work takes once it is taken on"):
        assert words in page


def test_an_unknown_channel_stops_before_the_fit_is_used(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "radio.yaml"
    path.write_text(yaml.safe_dump({"name": "radio", "moves": [{"channel": "radio", "times": 2}]}), encoding="utf-8")
    with pytest.raises(ConfigError, match="'radio', which has no spend here"):
        compare_scenarios(config, [path])
