"""``revmodel mix`` and ``revmodel geo-lift`` from files to a run on record; the public panels from their configs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from panels import known
from special_panels import reached

from revmodel.mix.media_mix import MediaMix
from revmodel.mix.mix_config import load_mix_config
from revmodel.report.mix_words import path_sentences
from revmodel.workflows.mix import run_mix

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("REVMODEL_SHARED_DATA", ROOT.parent / "shared" / "data"))
MAIN = "from revmodel.cli import main; main()"
CONFIG = """
name: known
currency: EUR
data: panel.csv
date: week
kpi: leads
kpi_value: 100
channels: {ads: {cost: ads}, fairs: {cost: fairs}}
controls: [price]
engine: laplace
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    known().panel.to_csv(tmp_path / "panel.csv", index=False)
    (tmp_path / "mix.yaml").write_text(CONFIG)
    return tmp_path


def test_a_run_is_written_logged_and_can_be_loaded(folder) -> None:
    run = run_mix(load_mix_config(folder / "mix.yaml"), refute=True)
    page = (run.path / "index.html").read_text()
    assert "What each channel added" in page
    assert run.manifest["health"]["passed"]
    for name in ("contribution", "weekly", "decomposition", "curves", "carry_over", "doubt", "refutation"):
        assert (run.path / f"{name}.csv").is_file()
    mix = MediaMix.load(run.path / "draws")
    table = pd.read_parquet(run.path / "contribution.parquet")
    whole = table[table["period"] == "all"].set_index("channel")["added_mean"]
    assert mix.added().sum((2, 3)).mean(0).tolist() == pytest.approx(whole.tolist())
    assert (folder / "mlflow.db").is_file()


def test_all_that_a_mix_may_have_goes_together_and_is_told(tmp_path) -> None:
    panel = reached(weeks=104).panel
    panel["visits"] = 100 + panel["people"] / 1e4 + panel["contacts"]
    panel.assign(leads=panel["leads"].round()).to_csv(tmp_path / "panel.csv", index=False)
    channels = (
        "channels: {video: {cost: video, reach: people, frequency: contacts}, fairs: {cost: fairs, drift: 0.1}}\n"
        "mediators: {site_visits: {column: visits, driven_by: [video]}}\nnoise: negative_binomial\ntrend: hsgp\n"
    )
    (tmp_path / "mix.yaml").write_text(CONFIG.replace(CONFIG.splitlines()[7] + "\n", channels))
    run = run_mix(load_mix_config(tmp_path / "mix.yaml"))
    said = " ".join(path_sentences(run))
    assert "by way of site_visits" in said
    assert "contacts a person" in said
    assert "times its own mean" in said
    page = (run.path / "index.html").read_text()
    assert "By what ways they work" in page
    assert {"paths", "frequency", "drift", "cautions"} <= set(run.tables)
    units = run.tables["decomposition"].groupby("week")["units"].sum().to_numpy()
    assert units == pytest.approx(panel["leads"].round().to_numpy())


def test_the_command_prints_a_table_and_json_and_the_budget_where_one_is_asked_for(folder) -> None:
    with (folder / "mix.yaml").open("a") as file:
        file.write("allocation: {weeks: 13, lower: 0.7, upper: 1.3}\n")

    def said(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", MAIN, "mix", str(folder / "mix.yaml"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    plain = said()
    assert plain.returncode == 0, plain.stderr
    assert "What each channel added (EUR)" in plain.stdout
    assert "ads: the data decide" in plain.stdout
    assert re.search(r"Budget \(EUR\)\n.*\nads +[\d,]+ +[\d,]+ +[+-]", plain.stdout)
    (page,) = (folder / "reports").glob("mix-*/index.html")
    assert "The chance that the new split beats today" in page.read_text()
    assert {row["channel"] for row in json.loads(said("--json").stdout)["tables"]["doubt"]} == {"ads", "fairs"}
    wrong = said("--engine", "magic")
    assert wrong.returncode == 2
    assert "nuts, laplace" in wrong.stderr


def test_geo_lift_prints_an_entry(tmp_path) -> None:
    from test_geo_lift import END, START, panel

    panel(0.15).to_csv(tmp_path / "days.csv", index=False)
    command = [
        sys.executable, "-c", MAIN, "geo-lift", str(tmp_path / "days.csv"), "--date", "day", "--region",
        "place", "--kpi", "leads", "--treated", "p3, p8", "--start", str(START), "--end", str(END), "--channel", "ads",
        "--spend-change", "5000",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    regions = known(regions=3).panel.replace({"region": {"r0": "p3", "r1": "p8"}})
    days = pd.date_range(START, END).intersection(regions["week"])
    assert len(days)
    regions.to_csv(tmp_path / "panel.csv", index=False)
    (tmp_path / "mix.yaml").write_text(CONFIG + "region: region\nlift_tests:\n" + done.stdout.split("regions:\n")[1])
    test = load_mix_config(tmp_path / "mix.yaml").lift_tests[0]
    assert (test.channel, test.region, test.spend_change) == ("ads", ["p3", "p8"], 5000.0)
    run_mix(load_mix_config(tmp_path / "mix.yaml"))


@pytest.mark.skipif(not (SHARED / "robyn").is_dir(), reason="the public panels are not beside this checkout")
@pytest.mark.parametrize("name", ["robyn", "meridian", "pymc_marketing"])
def test_the_public_panels_run_from_their_configs(name, tmp_path) -> None:
    config = load_mix_config(ROOT / "configs" / "mix" / f"{name}.yaml")
    config = config.model_copy(
        update={"data": str(SHARED / Path(config.data).parent.name / Path(config.data).name), "engine": "laplace",
                "reports": str(tmp_path), "tracking": config.tracking.model_copy(update={"enabled": False})}
    )  # fmt: skip
    run = run_mix(config)
    assert run.manifest["health"]["passed"]
    share = run.tables["contribution"].query("period == 'all'")["share_mean"].sum()
    assert 0.02 < share < 0.7
