"""Contributions add up, count what landed by when, and tell returns only where there is spend."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from revmodel.attribution.contribution import LeadContribution, contribution_table
from revmodel.attribution.history import history_periods
from revmodel.attribution.lead_value import LeadValue, lead_value
from revmodel.errors import ModelError
from revmodel.models.draws import DealSizeDraws

WEEKS = pd.date_range(end="2026-09-30", periods=60, freq="7D")
DRAWS, GROUPS = 50, 2


def _leads(dark: bool = False) -> LeadContribution:
    rng = np.random.default_rng(3)
    caused = rng.gamma(4, 0.25, (DRAWS, len(WEEKS), 2, GROUPS)) * np.array([[2.0], [1.0]])
    spend = pd.DataFrame({"ads": 100.0, "events": 0.0 if dark else 50.0}, index=WEEKS)
    return LeadContribution(caused, rng.gamma(9, 1.0, (DRAWS, len(WEEKS), GROUPS)), spend)


def _worth(weeks: int = 60, is_money: bool = True, late: float = 1.0) -> LeadValue:
    """An opportunity worth 500 a week after the lead, revenue of 200 four weeks after it; group 2 twice that."""
    after = np.arange(weeks)
    scale = np.ones((DRAWS, 1, 1)) * np.array([[1.0], [2.0]])
    within = scale * np.where(after >= 1, 500.0, 0), scale * np.where(after >= 4, 200.0, 0)
    return LeadValue(*within, *(late * each[:, :, -1] for each in within), is_money)


def _pick(table: pd.DataFrame, **where: str) -> pd.Series:
    rows = table
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return contribution_table(_leads(), _worth(), history_periods(WEEKS))


def test_channels_and_baseline_add_up_to_all_leads(table):
    leads = _leads()
    everything = (leads.caused.sum(axis=(2, 3)) + leads.baseline.sum(axis=2))[:, -52:].sum(axis=1).mean()
    year = table[(table["period"] == "last 52 weeks") & (table["metric"] == "leads")]
    parts = year[year["kind"] != "media"]
    assert parts["mean"].sum() == pytest.approx(everything)
    assert parts["share_mean"].sum() == pytest.approx(1)
    assert _pick(year, kind="media")["mean"] == pytest.approx(year[year["kind"] == "channel"]["mean"].sum())


def test_the_interval_of_all_media_comes_from_summed_draws(table):
    year = table[(table["period"] == "last 52 weeks") & (table["metric"] == "leads")]
    by_draw = _leads().caused[:, -52:].sum(axis=(1, 2, 3))
    assert _pick(year, kind="media")["p90"] == pytest.approx(np.percentile(by_draw, 90))
    assert _pick(year, kind="media")["p90"] < year[year["kind"] == "channel"]["p90"].sum()


def test_four_quarters_and_the_year_are_told(table):
    assert table["period"].unique().tolist() == ["2025Q4", "2026Q1", "2026Q2", "2026Q3", "last 52 weeks"]


def test_long_term_counts_every_lead_of_the_period_in_full(table):
    row = _pick(table, channel="ads", period="2026Q3", metric="revenue", horizon="long_term")
    weeks = [i for i, day in enumerate(WEEKS) if day >= pd.Timestamp("2026-07-01")]
    by_group = _leads().caused[:, weeks, 0].sum(axis=1)
    assert row["mean"] == pytest.approx((by_group @ np.array([200.0, 400.0])).mean())


def test_in_period_counts_only_leads_that_had_time_to_close(table):
    row = _pick(table, channel="ads", period="2026Q3", metric="revenue", horizon="in_period")
    weeks = [i for i, day in enumerate(WEEKS) if day >= pd.Timestamp("2026-07-01")][:-4]
    by_group = _leads().caused[:, weeks, 0].sum(axis=1)
    assert row["mean"] == pytest.approx((by_group @ np.array([200.0, 400.0])).mean())


def test_romi_is_gain_less_cost_over_cost_by_draw(table):
    row = _pick(table, channel="ads", period="last 52 weeks", metric="revenue", horizon="long_term")
    revenue = _leads().caused[:, -52:, 0].sum(axis=1) @ np.array([200.0, 400.0])
    assert row["spend"] == 5200
    assert row["romi_p90"] == pytest.approx(np.percentile(revenue / 5200 - 1, 90))
    assert row["cost_per_unit"] == pytest.approx(5200 / revenue.mean())


def test_romi_belongs_to_revenue_alone(table):
    assert table.loc[table["metric"] != "revenue", "romi_mean"].isna().all()
    assert table.loc[table["kind"] == "baseline", "romi_mean"].isna().all()


def test_a_period_without_spend_has_no_romi_and_says_so():
    dark = contribution_table(_leads(dark=True), _worth(), history_periods(WEEKS))
    row = _pick(dark, channel="events", period="2026Q3", metric="revenue", horizon="long_term")
    assert np.isnan(row["romi_mean"])
    assert np.isnan(row["romi_p90"])
    assert "nothing was spent" in row["note"]
    assert not np.isinf(dark.select_dtypes("number")).any().any()


def test_counted_wins_have_no_romi_and_say_so():
    counted = contribution_table(_leads(), _worth(is_money=False), history_periods(WEEKS))
    row = _pick(counted, channel="ads", period="2026Q3", metric="revenue", horizon="long_term")
    assert np.isnan(row["romi_mean"])
    assert "wins are counted" in row["note"]


def test_marginal_romi_is_the_next_units_revenue_less_one():
    marginal = {("2026Q3", "long_term"): np.tile([3.0, 0.5], (DRAWS, 1))}
    told = contribution_table(_leads(), _worth(), history_periods(WEEKS), marginal)
    told = told[told["metric"] == "revenue"]
    row = _pick(told, channel="events", period="2026Q3", horizon="long_term")
    assert row["marginal_romi_mean"] == pytest.approx(-0.5)
    assert np.isnan(_pick(told, channel="events", period="2026Q3", horizon="in_period")["marginal_romi_mean"])


def test_lead_values_too_short_for_the_period_are_refused():
    with pytest.raises(ModelError, match="compute them over 52 weeks"):
        contribution_table(_leads(), _worth(weeks=20), history_periods(WEEKS))


def test_leads_and_values_of_other_draws_are_refused():
    worth = _worth()
    within = worth.pipeline_within[:9], worth.revenue_within[:9]
    fewer = LeadValue(*within, *(each[:, :, -1] for each in within), is_money=True)
    with pytest.raises(ModelError, match="same draws and groups"):
        contribution_table(_leads(), fewer, history_periods(WEEKS))


def test_quarters_follow_the_fiscal_year_and_add_up():
    told = history_periods(WEEKS, fiscal_year_start_month=2, quarters=9)
    weeks = np.concatenate([period.weeks for period in told[:-1]])
    assert weeks.tolist() == list(range(len(WEEKS)))
    assert [period.label for period in told[-3:]] == ["2027Q2", "2027Q3", "last 52 weeks"]
    assert told[-2].start == pd.Timestamp("2026-07-30")


def test_a_short_history_names_the_weeks_it_has():
    assert history_periods(WEEKS[-9:])[-1].label == "last 9 weeks"
    with pytest.raises(ModelError, match="seven days apart"):
        history_periods(WEEKS[::2])


def test_a_lead_is_worth_its_chances_times_the_size_of_a_deal():
    rng = np.random.default_rng(1)
    sizes = DealSizeDraws(
        mean=np.array([[9.0, 10.0]]),
        sd=np.array([0.8]),
        wide_share=np.array([0.1]),
        wide_sd=np.array([1.6]),
        log_cap=10.5,
        slippage=np.array([[[-0.4, 0.2]]]),  # mean −0.1, sd 0.3
        has_amounts=True,
    )
    chance = np.full((1, 2, 3), 0.1)
    worth = lead_value(2 * chance, chance, sizes, (np.ones(2), np.array([1.0, 1.5])))
    sd = np.where(rng.random(400_000) < 0.1, 1.6, 0.8)
    drawn = np.exp(np.minimum(rng.normal(10.0, sd), 10.5)).mean()
    first = np.exp(np.minimum(rng.normal(10.1, np.sqrt(sd**2 - 0.3**2)), 10.5)).mean()
    assert worth.revenue_within[0, 1] == pytest.approx(np.array([0.1, 0.2, 0.3]) * drawn, rel=5e-3)
    assert worth.pipeline_within[0, 1, -1] == pytest.approx(0.6 * first, rel=5e-3)
    assert worth.long_term("revenue")[0, 1] == pytest.approx(0.45 * drawn, rel=5e-3)


def test_without_amounts_a_lead_is_worth_its_chance_of_a_win():
    nothing = np.zeros(1)
    sizes = DealSizeDraws(np.zeros((1, 1)), nothing, nothing, nothing, 0.0, np.zeros((1, 1, 4)), has_amounts=False)
    worth = lead_value(np.full((1, 1, 2), 0.3), np.full((1, 1, 2), 0.1), sizes, (np.ones(1), np.ones(1)))
    assert worth.revenue_within[0, 0].tolist() == pytest.approx([0.1, 0.2])
    assert not worth.is_money


def test_chances_that_are_not_cumulated_are_refused():
    with pytest.raises(ModelError, match="cumulative"):
        LeadValue(np.array([[[0.3, 0.1]]]), np.array([[[0.1, 0.2]]]), np.ones((1, 1)), np.ones((1, 1)), is_money=True)


def test_a_long_term_that_is_less_than_the_weeks_is_refused():
    with pytest.raises(ModelError, match="no less than what has landed"):
        _worth(late=0.9)


def test_what_comes_after_the_weeks_counts_in_the_long_term_alone():
    usual, late = (contribution_table(_leads(), _worth(late=by), history_periods(WEEKS)) for by in (1.0, 1.1))
    times = late["mean"] / usual["mean"]
    assert times[usual["horizon"] == "in_period"].to_numpy() == pytest.approx(1.0)
    assert times[usual["horizon"] == "long_term"].to_numpy() == pytest.approx(1.1)
