"""A run's budget: periods, rules and what counts, on the fit of the real run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from revmodel.attribution.from_model import lead_economics
from revmodel.config import AllocationConfig, load_config
from revmodel.decide.from_model import window_periods, window_surface
from revmodel.decide.worth import worth_by_week
from revmodel.errors import ConfigError, ModelError
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.metrics.lifetime import lifetimes
from revmodel.workflows.company import read_company
from revmodel.workflows.fitted import FittedCompany
from revmodel.workflows.plan_worth import plan_worth
from revmodel.workflows.run import run_company


def test_a_budget_by_period_keeps_its_rules(fitted: FittedCompany, fit_is: Callable[..., None]) -> None:
    """Thirteen weeks planned apart, with pace, discount, a horizon from the start, and risk of the change."""
    asked = AllocationConfig(
        weeks=13, periods=13, lower=0.5, upper=1.5, horizon_weeks=26, objective="cvar", risk=0.3,
        pace={"events": {"most_change": 0.2}},
        value={"of": "pipeline", "counted_from": "start", "discount_per_year": 0.1},
    )  # type: ignore[arg-type]  # fmt: skip
    fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": asked})))
    run = run_company(fitted.config, ["allocation"], "allocate")
    plan, summary = run.tables["allocation_by_period"], run.tables["allocation_summary"].iloc[0]
    assert plan["proposed"].sum() == pytest.approx(plan["current"].sum())
    weeks = plan[plan["channel"] == "events"]["proposed"].to_numpy()
    assert (weeks[1:] <= 1.2 * weeks[:-1] + 1.0).all()
    history = fitted.model.response_.data_
    assert weeks[0] == pytest.approx(history.spend[history.channels.index("events"), -1], rel=0.2 + 1e-6)
    assert summary["certified_gap"] < 1e-2
    assert summary["value"] == "pipeline that lands within 26 weeks of the window's start, discounted by 10% a year"
    assert summary["caution"].startswith("The spread of what the plan changes counts against it")
    page = (run.path / "index.html").read_text(encoding="utf-8")
    assert "period by period" in page
    assert "The spread of what the plan changes counts against it" in page


def test_one_period_by_curves_is_worth_what_totals_are(fitted: FittedCompany) -> None:
    """The surface by period with one period, against the grid of totals: two ways through the same response."""
    economics = lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, 53, 40)
    spend = fitted.spend_ahead(13)
    current = spend.sum(1)
    worth = worth_by_week(
        economics.worth.revenue_within, 13 + fitted.model.response_.max_lag_weeks, 26, from_start=True
    )
    totals = window_surface(fitted.model, economics, spend, 1.5 * current, 26, points=7, worth=worth).surface
    one = window_periods(fitted.model, economics, spend, 1.5 * current, np.zeros(13, dtype=int), worth)
    plan = totals.spend[:, 4]
    assert one.value_at(plan[:, None]) == pytest.approx(totals.value_at(plan), rel=1e-8)


def test_the_least_spend_for_a_target_is_found_and_told(fitted: FittedCompany, fit_is: Callable[..., None]) -> None:
    now = run_company(fitted.config, ["allocation"], "allocate").tables["allocation_summary"].iloc[0]
    target = 0.95 * float(now["objective_current_mean"])
    asked = AllocationConfig(weeks=13, horizon_weeks=26, objective="least_spend", target=target)
    fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": asked})))
    run = run_company(fitted.config, ["allocation"], "allocate", name="least")
    summary = run.tables["allocation_summary"].iloc[0]
    assert summary["spend_proposed"] < 0.97 * summary["spend_current"]
    assert summary["objective_proposed_mean"] >= target * (1 - 1e-9)
    assert summary["caution"].startswith("This is the least spend found that is expected to reach ")
    assert "is not enough is proven" in (run.path / "index.html").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="came for objective least_spend, which finds the least there is"):
        run_company(fitted.config, ["allocation"], "allocate", budget=1e5)


def test_lifetime_value_counts_wins_by_their_segment(
    fitted: FittedCompany, real_run: Any, fit_is: Callable[..., None], tmp_path: Path
) -> None:
    """Against wins within the horizon, draw by draw, each times the margin over losses of its segment."""
    asked = AllocationConfig(weeks=13, horizon_weeks=26, value={"of": "ltv"})  # type: ignore[arg-type]
    config = fitted.config.model_copy(update={"allocation": asked})
    fit_is(replace(fitted, config=config))
    with pytest.raises(ModelError, match="lifetime value needs a table subscriptions with customer_id, started_at"):
        run_company(fitted.config, ["allocation"], "allocate")
    raw = yaml.safe_load(real_run.config_path.read_text(encoding="utf-8"))
    raw["tables"]["subscriptions"] = {"path": "data/subscriptions.parquet"}
    (tmp_path / "with.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    data = read_company(load_config(tmp_path / "with.yaml"))
    with_customers = replace(fitted, config=config, data=data)
    fit_is(with_customers)
    summary = run_company(fitted.config, ["allocation"], "allocate").tables["allocation_summary"].iloc[0]
    assert summary["value"] == "lifetime value of wins that land within 26 weeks of a lead"
    assert "gross margin a month ÷ customers lost a month in the latest four whole quarters" in summary["counted"]
    economics = lead_economics(fitted.model, fitted.config.funnel.first_deal_stage, 53, 40)
    journeys = reconstruct_journeys(data.tables, config.funnel, fitted.as_of, config.identity)
    table = lifetimes(journeys)
    ltv = [table["ltv"].get(name, table.loc["all", "ltv"]) for name in economics.groups.segment]
    worth, wins = plan_worth(with_customers, economics, asked), economics.worth.within("wins")
    assert worth.by_week[:, :, 0] == pytest.approx(wins[:, :, 26] * np.array(ltv))
    assert worth.in_money


def test_caps_by_verdict_need_a_media_mix(fitted: FittedCompany, fit_is: Callable[..., None]) -> None:
    allocation = fitted.config.allocation.model_copy(update={"caps": {"not identified": 0.1}})
    fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": allocation})))
    with pytest.raises(ConfigError, match="caps speaks of a media mix's verdicts"):
        run_company(fitted.config, ["allocation"], "allocate")


@pytest.mark.parametrize("periods", [1, 13])
def test_a_channel_that_never_spent_takes_part_in_the_budget_and_in_what_to_test(
    fitted: FittedCompany, fit_is: Callable[..., None], periods: int
) -> None:
    """Believed to bring a lead for next to nothing, it gets all it may, and is counted as what is believed."""
    new = {"podcast": {"per_week": 2000.0, "most": 9000.0, "belief": {"of": "cost", "low": 1.0, "high": 4.0}}}
    asked = AllocationConfig(weeks=13, periods=periods, lower=0.5, upper=1.5, new_channels=new)  # type: ignore[arg-type]
    fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": asked})))
    run = run_company(fitted.config, ["allocation"], "allocate")
    table = run.tables["allocation"].set_index("channel")
    assert table.loc["podcast", "proposed"] == pytest.approx(9000.0, rel=1e-3)
    assert table.loc["podcast", "current"] == 0
    assert table["proposed"].sum() == pytest.approx(table["current"].sum())
    said = run.tables["allocation_summary"]["caution"].iloc[0]
    assert "Of podcast, which never spent before, counts what is believed" in said
    assert "What lands by quarter is without it." in said
    tests = run.tables["next_tests"].set_index("channel")
    assert tests.loc["podcast", "weekly_now"] == 0
    assert tests.loc["podcast", "lift_mean"] > 0


def test_a_test_is_worth_what_the_budget_counts(fitted: FittedCompany, fit_is: Callable[..., None]) -> None:
    """At half the margin, half the worth of each test; in leads, a count."""
    found = []
    for value in ({}, {"margin": 0.5}, {"of": "leads"}):
        asked = AllocationConfig(weeks=13, lower=0.5, upper=1.5, value=value)  # type: ignore[arg-type]
        fit_is(replace(fitted, config=fitted.config.model_copy(update={"allocation": asked})))
        run = run_company(fitted.config, ["allocation"], "allocate", name=f"tests-{len(found)}")
        found.append(run)
    whole, half, leads = (run.tables["next_tests"].set_index("channel")["value_if_exact"] for run in found)
    assert half.to_numpy() == pytest.approx(0.5 * whole[half.index].to_numpy(), rel=1e-6, abs=1e-9)
    assert (leads < 1000).all()
    assert not found[2].tables["allocation_summary"]["in_money"].iloc[0]
