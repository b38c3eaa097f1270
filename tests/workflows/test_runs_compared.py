"""Two forecasts of the small company and a monitor after them: what moved adds up, alerts tell, runs are found."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from small_company import TABLES, write_small_company

from revmodel.cli import main
from revmodel.config import Config, load_config
from revmodel.errors import SourceError
from revmodel.forecast.waterfall import STEPS
from revmodel.report.forecast_words import summary
from revmodel.report.monitor_page import render_monitor_page
from revmodel.report.monitor_words import message
from revmodel.report.reading import AnyRun, Run
from revmodel.report.tables import RunFolder
from revmodel.workflows import monitor as monitor_module
from revmodel.workflows.monitor import monitor_company
from revmodel.workflows.past_runs import past_runs, run_at_quarter_start, run_before
from revmodel.workflows.run import run_company

JUNE, AUGUST, SEPTEMBER = dt.date(2026, 6, 30), dt.date(2026, 8, 15), dt.date(2026, 9, 26)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compared")
    return write_small_company(root, tables=(*TABLES, "indicators", "annotations"))


@pytest.fixture(scope="module")
def config(path: Path) -> Config:
    loaded = load_config(path)
    return loaded.model_copy(update={"forecast": loaded.forecast.model_copy(update={"quarters": 2})})


@pytest.fixture(scope="module")
def first(config: Config) -> RunFolder:
    return run_company(config, ["forecast"], "forecast", as_of=JUNE)


@pytest.fixture(scope="module")
def second(config: Config, first: RunFolder) -> RunFolder:
    assert first.path.is_dir()  # the run before it
    return run_company(config, ["forecast"], "forecast", as_of=AUGUST)


@pytest.fixture(scope="module")
def watched(config: Config, second: RunFolder) -> RunFolder:
    assert second.path.is_dir()
    return monitor_company(config, as_of=SEPTEMBER, name="watched")


def test_first_run_says_that_there_is_nothing_to_compare_with(first: RunFolder) -> None:
    assert "what_moved" not in first.tables
    page = (first.path / "index.html").read_text(encoding="utf-8")
    assert "This is the first forecast that can be found here" in page
    assert "this forecast has no record" in page
    assert summary(Run(first))[0]["moved"] is None


def test_steps_lead_from_the_last_forecast_to_this_one(first: RunFolder, second: RunFolder) -> None:
    moved = second.tables["what_moved"]
    assert set(moved["since_run"]) == {first.manifest["run"]}
    assert set(moved["period"]) == {"2026Q3", "2026Q4"}
    for run, end in ((first, "before"), (second, "after")):
        for entry in summary(Run(run)):
            at = (moved["metric"] == entry["metric"]) & (moved["period"] == entry["quarter"]) & (moved["step"] == end)
            if at.any():
                assert moved.loc[at, "change"].item() == pytest.approx(entry["mean"])
    for _, rows in moved.groupby(["metric", "period"]):
        change = rows.set_index("step")["change"]
        assert change["before"] + change[list(STEPS)].sum() == pytest.approx(change["after"])


def test_named_deals_are_the_parts_of_their_step(second: RunFolder) -> None:
    moved, deals = second.tables["what_moved"], second.tables["moved_deals"]
    lost = deals[(deals["metric"] == "wins") & (deals["step"] == "lost") & (deals["period"] == "2026Q3")]
    step = moved[(moved["metric"] == "wins") & (moved["step"] == "lost") & (moved["period"] == "2026Q3")]
    assert 0 < len(lost) <= 10
    assert (lost["change"] < 0).all()
    assert lost["change"].sum() >= step["change"].item() - 1e-9


def test_page_and_json_tell_what_moved(second: RunFolder) -> None:
    page = (second.path / "index.html").read_text(encoding="utf-8")
    assert "What moved since the last run" in page
    assert "The target and the gap" in page
    entry = next(one for one in summary(Run(second)) if (one["metric"], one["quarter"]) == ("bookings", "2026Q3"))
    assert set(entry["moved"]["steps"]) == set(STEPS)
    assert sum(entry["moved"]["steps"].values()) == pytest.approx(entry["moved"]["change"])


def test_cut_plan_shows_in_plan_and_hardly_anywhere_else(config: Config, second: RunFolder, tmp_path: Path) -> None:
    """The same day and data, with half the spend: the same fit, so what moved is the plan and the noise of draws."""
    plan = second.tables["spend_plan"]
    half = plan.assign(date=plan["week_end"] - pd.Timedelta(days=6), spend=plan["spend"] / 2)
    half[["date", "channel", "spend"]].to_csv(tmp_path / "half.csv", index=False)
    run = run_company(
        config,
        ["forecast"],
        "forecast",
        as_of=AUGUST,
        plan=str(tmp_path / "half.csv"),
        since=second.path.name,
        name="cut",
    )
    shutil.rmtree(run.path)  # other tests count the runs
    moved = run.tables["what_moved"]
    leads = moved[(moved["metric"] == "leads") & (moved["period"] == "2026Q4")].set_index("step")["change"]
    assert leads["plan"] < -0.03 * leads["before"]
    assert abs(leads["model"]) < 0.3 * abs(leads["plan"])
    assert leads[["actuals", "created", "lost", "corrections"]].abs().max() < 1e-6


def test_what_the_next_run_needs_is_kept(second: RunFolder) -> None:
    with xr.open_dataset(second.path / "draws" / "weekly.nc", engine="h5netcdf") as weekly:
        assert {"leads", "wins", "bookings"} <= set(weekly.data_vars)
        assert weekly["wins"].dims == ("draw", "week")
    spend = second.tables["spend_plan"]
    assert (spend["spend"] >= 0).all()
    assert spend["week_end"].min() == pd.Timestamp(AUGUST) + pd.Timedelta(days=7)


@pytest.mark.usefixtures("second")
def test_last_run_is_the_latest_as_of_an_earlier_day(config: Config, first: RunFolder) -> None:
    found = run_before(config, AUGUST)
    assert found is not None
    assert found.manifest["run"] == first.manifest["run"]
    assert run_before(config, JUNE) is None
    named = run_before(config, SEPTEMBER, first.path.name)
    assert named is not None
    assert named.path == first.path
    assert [run.as_of for run in past_runs(config, SEPTEMBER)] == [JUNE, AUGUST]


def test_run_to_compare_with_must_be_of_this_company_and_not_of_a_later_day(config: Config, second: RunFolder) -> None:
    with pytest.raises(SourceError, match="is no run in reports"):
        run_before(config, SEPTEMBER, "nonsense")
    with pytest.raises(SourceError, match="wanted a forecast of Small & Sons as of 2026-06-30 or earlier"):
        run_before(config, JUNE, second.path.name)
    other = config.model_copy(update={"company": "Another"})
    assert run_before(other, SEPTEMBER) is None


def test_unsound_run_is_not_compared_with(config: Config, first: RunFolder, second: RunFolder) -> None:
    file = second.path / "manifest.json"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(json.dumps(json.loads(text) | {"health": {"passed": False, "sentence": ""}}), encoding="utf-8")
        found = run_before(config, SEPTEMBER)
        assert found is not None
        assert found.manifest["as_of"] == first.manifest["as_of"]
    finally:
        file.write_text(text, encoding="utf-8")


def test_monitor_looks_from_the_forecast_nearest_the_quarter_s_start(
    config: Config, first: RunFolder, watched: RunFolder
) -> None:
    found = run_at_quarter_start(config, SEPTEMBER)
    assert found is not None
    assert found.path == first.path
    assert watched.manifest["monitor"]["forecast_run"] == first.manifest["run"]


def test_monitor_counts_whole_weeks_since_the_forecast(watched: RunFolder, config: Config) -> None:
    rows = watched.tables["monitor"]
    leads = rows[(rows["kind"] == "metric") & (rows["name"] == "leads")].iloc[0]
    assert leads["last_day"] == pd.Timestamp("2026-09-22")  # twelve weeks after 30 June
    file = config.root / "data" / "leads.parquet"
    created = pd.read_parquet(file)["created_at"]
    assert leads["value"] == created.between("2026-07-01", "2026-09-22 23:59:59").sum()
    assert {"metric", "stage_entries", "stage_pace", "indicator"} <= set(rows["kind"])
    assert rows["p_value"].between(0, 1).all()
    assert not rows["alert"].any()


def test_monitor_page_and_message_say_the_rate_of_false_alarms(watched: RunFolder) -> None:
    page = (watched.path / "index.html").read_text(encoding="utf-8")
    assert "Nothing has changed by more than chance would have it." in page
    assert "metrics raise an alert in 5 % of quarters" in page
    assert 'src="http' not in page
    text = message(AnyRun(watched), markdown=True)
    assert text.startswith("**Small & Sons, 26 September 2026: nothing out of the ordinary**")
    assert len(text.splitlines()) < 12


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["revmodel", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0), capsys.readouterr().out

    return run


@pytest.fixture(scope="module")
def alarmed(config: Config, second: RunFolder) -> RunFolder:
    """Seven in ten of the leads since the forecast are taken away, over weeks in which the web site was down."""
    original = monitor_module.against_forecast
    outage = pd.DataFrame({"start": ["2026-08-01"], "end": ["2026-09-20"], "name": ["Web site down"]})

    def with_fewer_leads(draws: dict[str, np.ndarray], came: dict[str, np.ndarray], rate: float) -> pd.DataFrame:
        return original(draws, came | {"leads": 0.3 * came["leads"]}, rate)

    assert second.path.is_dir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitor_module, "against_forecast", with_fewer_leads)
        patch.setattr(monitor_module, "annotations_of", lambda _: outage)
        return monitor_company(config, as_of=SEPTEMBER, name="alarmed")


def test_alert_is_told_with_its_annotation_and_fails_only_where_that_is_asked_for(
    path: Path, alarmed: RunFolder, call: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_module, "monitor_company", lambda *_, **__: alarmed)
    status, out = call("monitor", path, "--json", "--fail-on-alert")
    told = json.loads(out)
    assert status == 3
    assert told["headline"] == "1 alert"
    assert "In these weeks: Web site down." in told["alerts"][0]
    assert "below the range" in told["alerts"][0]
    status, out = call("monitor", path)
    assert status == 0
    assert "1 alert" in out
    assert call("monitor", path, "--quiet", "--fail-on-alert") == (3, "")


def test_monitor_without_a_forecast_judges_signals_and_says_what_is_missing(
    config: Config, watched: RunFolder, tmp_path: Path
) -> None:
    alone = config.model_copy(update={"reports": str(tmp_path / "none")})
    assert run_at_quarter_start(alone, SEPTEMBER) is None
    rows = watched.tables["monitor"]
    told = monitor_module.said_of(None)
    folder = RunFolder(
        watched.path, watched.manifest | told, watched.tables | {"monitor": rows[rows["kind"] != "metric"]}
    )
    page = render_monitor_page(folder)
    assert "makes one" in page
    assert "Entries into" in page
