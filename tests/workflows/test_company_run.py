"""A run of a small company, from files to folder: what is written, that it adds up, that a failure leaves no half."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_company import small_config, untracked

from revmodel import dims
from revmodel.attribution.from_model import group_share, lead_economics, leads_by_cause
from revmodel.cli import main
from revmodel.config import load_config
from revmodel.errors import ConfigError, InfeasibleError, ModelError, SourceError
from revmodel.report.tables import read_run
from revmodel.workflows import record as record_module
from revmodel.workflows.fitted import FittedCompany, fit_company
from revmodel.workflows.record import health_verdict
from revmodel.workflows.run import run_company

TABLES = {"forecast", "open_deals", "path", "contribution", "allocation", "allocation_summary"}


def unhealthy(fitted: FittedCompany) -> FittedCompany:
    """The same fit, whose arrivals' mode was not found."""
    model = copy(fitted.model)
    model.health_ = fitted.model.health_.assign(passed=fitted.model.health_["part"] != "arrivals")
    return replace(fitted, model=model)


def test_folder_holds_manifest_tables_page_and_draws(real_run: Any) -> None:
    folder = real_run.folder.path
    names = {file.name for file in folder.iterdir()}
    assert {"manifest.json", "index.html", "draws"} <= names
    for table in TABLES | {"findings", "allows", "health"}:
        assert {f"{table}.csv", f"{table}.parquet"} <= names
        assert len(pd.read_csv(folder / f"{table}.csv")) == len(pd.read_parquet(folder / f"{table}.parquet"))
    stages = real_run.fitted.config.funnel.stages
    wanted = {"arrivals.nc", "deal_size.nc", "weekly.nc", *(f"stage_{stage}.nc" for stage in stages)}
    assert {file.name for file in (folder / "draws").iterdir()} == wanted


def test_manifest_says_where_the_numbers_come_from(real_run: Any) -> None:
    manifest = json.loads((real_run.folder.path / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["company"], manifest["as_of"], manifest["seed"]) == ("Small & Sons", "2026-09-30", 3)
    assert manifest["engine"] == "laplace"
    assert manifest["quarters"] == ["2026Q4"]
    inputs = {given["table"]: given for given in manifest["inputs"]}
    assert set(inputs) == set(real_run.fitted.config.tables)
    assert inputs["leads"]["rows"] == len(pd.read_parquet(real_run.config_path.parent / "data" / "leads.parquet"))
    assert len({given["digest"] for given in inputs.values()}) == len(inputs)
    assert {"read", "features", "fit", "hazards", "arrivals", "deal_size"} <= set(manifest["timings_s"])
    assert manifest["health"]["passed"]


def test_draws_can_be_read_back_with_named_axes(real_run: Any) -> None:
    import xarray as xr

    with xr.open_dataset(real_run.folder.path / "draws" / "arrivals.nc", engine="h5netcdf") as data:
        assert data["theta"].dims == ("chain", "draw", "parameter")
        fitted = real_run.fitted.model.response_.posterior_.by_chain()
        np.testing.assert_allclose(data["theta"].to_numpy(), fitted, rtol=1e-6)


def test_page_needs_no_network_and_names_company_and_quarter(real_run: Any) -> None:
    page = (real_run.folder.path / "index.html").read_text(encoding="utf-8")
    assert "Small &amp; Sons" in page
    assert "2026" in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_run_is_logged_with_its_folder(real_run: Any) -> None:
    from revmodel.tracking.mlflow_store import list_runs

    config = real_run.fitted.config
    assert (real_run.config_path.parent / "mlflow.db").is_file()
    listed = list_runs(config.tracking, config.root)
    assert listed["run"].tolist() == ["real"]
    assert listed["health"].tolist() == ["passed"]
    total = quarter_totals(real_run.folder.tables["forecast"]).loc["wins", "mean"]
    assert listed["wins.2026Q4.mean"].tolist() == pytest.approx([total])


def test_progress_is_said_in_words(real_run: Any) -> None:
    assert len(real_run.said) >= 10
    assert real_run.said[0] == "reading and checking the tables"
    assert any("stage opportunity" in sentence for sentence in real_run.said)


def quarter_totals(forecast: pd.DataFrame) -> pd.DataFrame:
    """The quarter's rows of everything together, by metric."""
    everything = forecast[["channel", "segment", "provenance"]].eq(dims.ALL).all(axis=1)
    return forecast[everything & (forecast["grain"] == "quarter")].set_index("metric")


def test_total_is_the_sum_of_its_provenances_channels_and_segments_in_the_mean(real_run: Any) -> None:
    forecast = real_run.folder.tables["forecast"]
    quarter = forecast[forecast["grain"] == "quarter"]
    total = quarter_totals(forecast)["mean"]
    assert set(total.index) == set(dims.METRICS)
    keys = ["channel", "segment", "provenance"]
    for split in keys:
        rest = [key for key in keys if key != split]
        parts = quarter[(quarter[split] != dims.ALL) & quarter[rest].eq(dims.ALL).all(axis=1)]
        sums = parts.groupby("metric")["mean"].sum()
        pd.testing.assert_series_equal(sums.sort_index(), total.sort_index(), rtol=1e-9)


def test_weeks_and_months_add_up_to_the_quarter_in_the_mean(real_run: Any) -> None:
    forecast = real_run.folder.tables["forecast"]
    everything = forecast[forecast[["channel", "segment", "provenance"]].eq(dims.ALL).all(axis=1)]
    quarter = quarter_totals(forecast)["mean"].sort_index()
    months = everything[everything["grain"] == "month"].groupby("metric")["mean"].sum().sort_index()
    pd.testing.assert_series_equal(months, quarter, rtol=1e-9)


def test_forecast_is_in_order_and_of_the_size_of_the_past(real_run: Any) -> None:
    forecast = real_run.folder.tables["forecast"]
    levels = forecast[[f"p{level:02d}" for level in dims.PERCENTILES]].to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (levels >= 0).all()
    realised = real_run.fitted.features.realised
    recent = realised[realised["date"] > pd.Timestamp("2026-06-30")].groupby("metric")["value"].sum()
    total = quarter_totals(forecast)["mean"]
    for metric in dims.METRICS:
        assert 0.4 < total[metric] / recent[metric] < 2.5


def test_targets_give_a_chance(real_run: Any) -> None:
    total = quarter_totals(real_run.folder.tables["forecast"])
    assert (total["target"] > 0).all()
    assert total["p_hit_target"].between(0, 1).all()


def test_allocation_keeps_the_budget_and_the_bounds(real_run: Any) -> None:
    table, summary = real_run.folder.tables["allocation"], real_run.folder.tables["allocation_summary"].iloc[0]
    assert table["proposed"].sum() == pytest.approx(table["current"].sum())
    assert summary["budget"] == pytest.approx(table["current"].sum())
    slack = 1e-6 * table["upper"]
    assert ((table["proposed"] >= table["lower"] - slack) & (table["proposed"] <= table["upper"] + slack)).all()
    assert summary["difference_mean"] >= 0
    assert 0 <= summary["p_better"] <= 1


def test_budget_of_one_s_own_is_spent(fitted: FittedCompany) -> None:
    total = fitted.spend_ahead(13).sum() * 0.9
    run = run_company(fitted.config, ["allocation"], "allocate", budget=total)
    assert run.tables["allocation"]["proposed"].sum() == pytest.approx(total)
    assert "contribution" not in run.tables
    assert (run.path / "index.html").is_file()


def test_budget_that_the_bounds_cannot_hold_is_refused(fitted: FittedCompany) -> None:
    with pytest.raises(InfeasibleError):
        run_company(fitted.config, ["allocation"], "allocate", budget=0.1 * fitted.spend_ahead(13).sum())
    assert not (fitted.config.root / "reports").exists()


def test_bounds_of_an_unknown_channel_are_refused(fitted: FittedCompany, fit_is: Callable[..., None]) -> None:
    allocation = fitted.config.allocation.model_copy(update={"bounds": {"radio": (0.5, 1.5)}})
    fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": allocation})))
    with pytest.raises(ConfigError, match="names radio; channels with spend are content, events"):
        run_company(fitted.config, ["allocation"], "allocate")


def test_contribution_of_leads_is_a_share_of_what_came(real_run: Any) -> None:
    table = real_run.folder.tables["contribution"]
    leads = table[(table["metric"] == "leads") & (table["period"] == table["period"].iloc[-1])]
    channels = leads[leads["kind"] == "channel"]
    assert set(channels["channel"]) == set(real_run.fitted.model.response_.data_.channels)
    assert (channels["mean"] > 0).all()
    arrived = real_run.fitted.features.panel.arrivals.tail(52).to_numpy().sum()
    assert 0.05 * arrived < channels["mean"].sum() < 0.9 * arrived


def test_worth_by_cause_moves_between_causes_and_not_the_total(fitted: FittedCompany) -> None:
    """All records, valued by the name that they carry, are worth as much as causes and baseline together."""
    economics = lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, 26, 40)
    leads, response = leads_by_cause(fitted.model, economics), fitted.model.response_
    worth, rows = economics.worth.revenue_long_term, list(economics.rows)
    shares = group_share(fitted.model, economics.rows, len(economics.pick))
    d = {name: response.derived_[name][economics.pick] for name in ("baseline", "caused", "share")}
    recorded = d["baseline"][:, rows] + np.einsum("dmw,dmr->drw", d["caused"], d["share"][:, :, rows])
    recorded = recorded[:, :, -len(leads.spend) :] @ np.ones(len(leads.spend))
    by_cause, media = leads.caused.sum((1, 2)), np.einsum("dwmg,dg->dm", leads.caused, worth)
    np.testing.assert_allclose(by_cause + leads.baseline.sum(1), np.einsum("dr,drg->dg", recorded, shares))
    assert (media > 0).all()
    own = [response.data_.rows.index((economics.entry, name)) for name in response.data_.channels]
    per_lead = np.einsum("dg,dmg->dm", worth, shares[:, [rows.index(row) for row in own]])
    np.testing.assert_allclose(media / leads.caused.sum((1, 3)), per_lead)


def test_failed_health_is_exit_status_one_with_the_numbers_written_and_marked(
    fitted: FittedCompany,
    fit_is: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    real_run: Any,
) -> None:
    fit_is(unhealthy(fitted))
    monkeypatch.setattr("sys.argv", ["revmodel", "forecast", str(real_run.config_path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "NOT PUBLISHED: 1 of 5 health checks failed (arrivals)." in capsys.readouterr().out
    (folder,) = (fitted.config.root / "reports").iterdir()
    assert len(read_run(folder).tables["forecast"])
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "1 of 5 health checks failed (arrivals)." in page
    assert "Failed" in page


def test_quiet_prints_nothing_even_then(
    fitted: FittedCompany,
    fit_is: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    real_run: Any,
) -> None:
    for state, wanted in ((fitted, 0), (unhealthy(fitted), 1)):
        fit_is(state)
        monkeypatch.setattr("sys.argv", ["revmodel", "forecast", str(real_run.config_path), "--quiet"])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == wanted
    assert capsys.readouterr() == ("", "")


def test_json_of_a_run_parses_and_holds_its_tables(
    fitted: FittedCompany, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], real_run: Any
) -> None:
    assert fitted.config.forecast.quarters == 1
    monkeypatch.setattr("sys.argv", ["revmodel", "forecast", str(real_run.config_path), "--json"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert printed.err == ""
    assert result["manifest"]["command"] == "forecast"
    assert {"metric", "mean", "p10", "p90"} <= set(result["tables"]["forecast"][0])


def test_page_that_cannot_be_written_leaves_the_old_run_as_it_was(
    fitted: FittedCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = fitted.config.root / "reports"
    first = run_company(fitted.config, ["forecast"], "forecast", name="weekly")
    before = {file: file.read_bytes() for file in first.path.rglob("*") if file.is_file()}

    def broken(_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(record_module, "write_page", broken)
    for name in ("weekly", "new"):
        with pytest.raises(OSError, match="no space left"):
            run_company(fitted.config, ["forecast"], "forecast", name=name)
    assert [folder.name for folder in reports.iterdir()] == ["weekly"]
    assert {file: file.read_bytes() for file in first.path.rglob("*") if file.is_file()} == before


def test_run_of_the_same_name_is_replaced_whole(fitted: FittedCompany) -> None:
    first = run_company(fitted.config, ["forecast"], "forecast", name="again")
    (first.path / "left over.csv").write_text("from before", encoding="utf-8")
    second = run_company(fitted.config, ["forecast"], "forecast", name="again")
    assert [folder.name for folder in second.path.parent.iterdir()] == ["again"]
    assert not (second.path / "left over.csv").exists()
    assert (second.path / "forecast.csv").exists()


def test_same_config_and_seed_give_the_same_numbers(real_run: Any) -> None:
    """Fitted anew from the files."""
    from revmodel.workflows.parts import forecast_tables

    config = load_config(real_run.config_path)
    again = forecast_tables(fit_company(config))["forecast"]
    pd.testing.assert_frame_equal(again, real_run.folder.tables["forecast"])


def test_run_without_an_as_of_date_says_how_to_give_one(real_run: Any) -> None:
    config = real_run.fitted.config.model_copy(update={"as_of": None})
    with pytest.raises(ConfigError, match="no as-of date: pass --as-of"):
        fit_company(config)


def test_plan_with_an_unknown_channel_stops_before_anything_is_written(fitted: FittedCompany, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("date,channel,spend\n2026-10-05,radio,100\n", encoding="utf-8")
    from revmodel.forecast.plan import read_plan

    planned = replace(fitted, plan=read_plan(plan))
    with pytest.raises(SourceError, match="the plan names radio"):
        planned.spend_ahead(13)


def test_verdict_names_the_parts_that_failed() -> None:
    health = pd.DataFrame({"part": ["arrivals", "arrivals", "stage mql"], "passed": [False, False, True]})
    assert health_verdict(health) == {"passed": False, "sentence": "2 of 3 health checks failed (arrivals)."}
    assert health_verdict(health.assign(passed=True))["passed"]


@pytest.fixture(scope="module")
def without_spend(tmp_path_factory: pytest.TempPathFactory) -> FittedCompany:
    """Stage changes and leads alone."""
    config = small_config(tmp_path_factory.mktemp("leads_only"), tables=("leads", "stage_changes"))
    return fit_company(config)


def test_without_spend_or_amounts_a_run_forecasts_and_says_what_it_could_not_do(
    without_spend: FittedCompany, fit_is: Callable[..., None]
) -> None:
    fit_is(without_spend)
    run = run_company(without_spend.config, ["forecast", "contribution", "allocation"], "forecast")
    assert {"contribution", "allocation"}.isdisjoint(run.tables)
    told = " ".join(run.manifest["cannot"])
    for what in ("No spend table", "No deals table", "No targets table", "No subscriptions table"):
        assert what in told
    total = quarter_totals(run.tables["forecast"])["mean"]
    assert total["wins"] > 0
    assert total.get("bookings", total["wins"]) == pytest.approx(total["wins"])  # no amounts: each win counts as one
    page = (run.path / "index.html").read_text(encoding="utf-8")
    assert "No spend table" in page


@pytest.mark.parametrize("parts", [["contribution"], ["contribution", "allocation"]])
def test_contribution_asked_for_without_spend_is_an_error(
    without_spend: FittedCompany, fit_is: Callable[..., None], tmp_path: Path, parts: list[Any]
) -> None:
    again = untracked(without_spend, tmp_path)
    fit_is(again)
    with pytest.raises(ModelError, match="needs a spend table with date, channel, spend"):
        run_company(again.config, parts, "contribution")
    assert not (tmp_path / "reports").exists()
