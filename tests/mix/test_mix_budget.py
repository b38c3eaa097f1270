"""The budget of a media mix: the surface is what the mix says, and verdicts hold moves back."""

from __future__ import annotations

import numpy as np
import pytest
from panels import config, known

from revmodel.allocation_config import PaceConfig
from revmodel.config import AllocationConfig
from revmodel.decide.from_mix import mix_periods, mix_surface, spend_now
from revmodel.errors import ConfigError
from revmodel.mix.media_mix import MediaMix
from revmodel.workflows.mix_budget import mix_budget_tables


@pytest.fixture(scope="module")
def fitted() -> MediaMix:
    return MediaMix(config(region="region")).fit(known(regions=2).panel)


def test_a_surface_is_what_the_mix_adds(fitted: MediaMix) -> None:
    """Against ``MediaMix.added`` of the panel lengthened by the window and the weeks after it, in money."""
    panel, lags = fitted.panel_, fitted.config.max_lag_weeks
    spend = spend_now(fitted, 6)
    surface = mix_periods(fitted, spend, np.array([0, 0, 0, 1, 1, 1]))
    plan = surface.current * np.array([1.4, 0.6])
    weekly = np.stack([surface.weekly(i, plan[i]) for i in range(len(plan))]).reshape(2, 2, 6)
    acts = weekly / panel.unit_cost[:, None, None]
    after, none = np.zeros((2, 2, lags)), np.zeros_like(acts)
    units = [
        fitted.added(np.concatenate([panel.acts, some, after], axis=2))[..., len(panel.weeks) :].sum(3)
        for some in (acts, none)
    ]
    wanted = ((units[0] - units[1]) * fitted.config.kpi_value).reshape(len(fitted.draws_), 4)
    assert surface.channels == ("ads, r0", "ads, r1", "fairs, r0", "fairs, r1")
    assert surface.value_at(plan) == pytest.approx(wanted, rel=1e-9)


def test_totals_lie_on_the_surface_by_period(fitted: MediaMix) -> None:
    spend = spend_now(fitted, 6)
    totals, by_period = mix_surface(fitted, spend, points=9), mix_periods(fitted, spend)
    plan = totals.spend[:, 5]
    assert totals.value_at(plan) == pytest.approx(by_period.value_at(plan[:, None]))


def test_verdicts_cap_moves_and_say_so(fitted: MediaMix) -> None:
    settings = AllocationConfig(weeks=6, lower=0.5, upper=1.5, caps={"not identified": 0.1})
    tables = mix_budget_tables(fitted, settings, {"ads": "measured", "fairs": "not identified"})
    table = tables["allocation"].set_index("channel")
    assert (table["proposed"].sum()) == pytest.approx(table["current"].sum())
    fairs = table.loc[["fairs, r0", "fairs, r1"]]
    assert (np.abs(fairs["change"]) <= 0.1 * fairs["current"] * (1 + 1e-6)).all()
    said = tables["allocation_summary"]["caution"].iloc[0]
    assert said == "fairs, r0, fairs, r1: not identified, so the plan moves each by at most 10%."


def test_by_period_the_plan_has_a_table_of_its_own(fitted: MediaMix) -> None:
    settings = AllocationConfig(weeks=6, periods=3, lower=0.5, upper=1.5)
    tables = mix_budget_tables(fitted, settings, {"ads": "measured", "fairs": "measured"})
    table = tables["allocation_by_period"]
    assert len(table) == 4 * 3
    assert table["proposed"].sum() == pytest.approx(tables["allocation"]["proposed"].sum())
    assert tables["allocation_summary"]["certified_gap"].iloc[0] < 1e-3


def test_pacing_counts_from_the_last_weeks_of_the_panel(fitted: MediaMix) -> None:
    spent = fitted.panel_.cost[..., -2:].sum(2).ravel()
    by_period = mix_periods(fitted, spend_now(fitted, 6), np.repeat(np.arange(3), 2))
    assert by_period.spent_before == pytest.approx(spent)
    assert mix_surface(fitted, spend_now(fitted, 2)).spent_before == pytest.approx(spent)
    settings = AllocationConfig(
        weeks=6, periods=3, lower=0.0, upper=2.0, pace={"ads": PaceConfig(most_change=0.05)}, spend_all=False
    )
    table = mix_budget_tables(fitted, settings, dict.fromkeys(["ads", "fairs"], "measured"))["allocation_by_period"]
    first = table.groupby("channel", sort=False)["proposed"].first().to_numpy()[:2]
    assert (np.abs(first / spent[:2] - 1) <= 0.05 + 1e-6).all()


def test_a_value_of_the_funnel_is_refused(fitted: MediaMix) -> None:
    settings = AllocationConfig(value={"of": "pipeline"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"allocation\.value\.of is for the funnel's budget"):
        mix_budget_tables(fitted, settings, {})
