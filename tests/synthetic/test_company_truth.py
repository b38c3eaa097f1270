"""The truth adds up, agrees with the tables, and describes a company that could exist."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from revmodel.synthetic import Company
from revmodel.synthetic.context import experiments_table
from revmodel.synthetic.environment import draw_environment
from revmodel.synthetic.leads import recording
from revmodel.synthetic.profile import BASELINE, CHANNELS, LEAD_CHANNELS
from revmodel.synthetic.response import draw_response
from revmodel.synthetic.spend import draw_spend
from revmodel.synthetic.timeline import Timeline


def contribution(demo: Company, metric: str, horizon: str) -> pd.DataFrame:
    table = demo.truth.contribution
    return table[(table["metric"] == metric) & (table["horizon"] == horizon)].set_index("channel")


def test_realised_causes_add_up_to_the_leads_on_record(demo: Company) -> None:
    assert contribution(demo, "leads", "long_term")["realised"].sum() == len(demo.tables["leads"])
    assert len(demo.truth.causes) == len(demo.tables["leads"])


def test_expected_leads_explain_the_realised_ones(demo: Company) -> None:
    leads = contribution(demo, "leads", "long_term")
    deviation = (leads["realised"] - leads["expected"]) / np.sqrt(leads["expected"])
    assert deviation.abs().max() < 4  # Poisson counts around their means


def test_weeks_add_up_to_the_contribution(demo: Company) -> None:
    by_week = demo.truth.by_week.groupby("channel").sum(numeric_only=True)
    for metric in ("leads", "pipeline", "revenue"):
        whole = contribution(demo, metric, "long_term")
        for kind in ("expected", "realised"):
            np.testing.assert_allclose(by_week[f"{kind}_{metric}"].loc[whole.index], whole[kind], rtol=1e-9)


def test_no_more_lands_in_the_period_than_in_the_end(demo: Company) -> None:
    for metric in ("pipeline", "revenue"):
        for kind in ("expected", "realised"):
            in_period, in_the_end = (
                contribution(demo, metric, "in_period")[kind],
                contribution(demo, metric, "long_term")[kind],
            )
            assert (in_period <= in_the_end + 1e-6).all()
            assert in_period.sum() > 0.8 * in_the_end.sum()


def test_expected_revenue_explains_the_realised(demo: Company) -> None:
    revenue = contribution(demo, "revenue", "long_term")
    assert revenue["realised"].sum() == pytest.approx(revenue["expected"].sum(), rel=0.12)


def test_realised_revenue_in_the_period_is_what_deals_brought(demo: Company) -> None:
    history = demo.tables["deal_history"]
    noted = history.loc[history["stage"] == "won", "amount"].sum()
    landed = contribution(demo, "revenue", "in_period")["realised"].sum()
    assert noted <= landed  # wins that happened but were noted only later are in the truth
    assert noted == pytest.approx(landed, rel=0.02)


def test_true_romis_spread_from_poor_to_good(demo: Company, small: Company) -> None:
    for company in (demo, small):
        table = company.truth.contribution
        romi = table.loc[table["horizon"] == "long_term", "romi_expected"].dropna()
        assert len(romi) == len(CHANNELS)
        assert romi.between(-1, 15).all()
        assert romi.min() < 1
        assert romi.max() > 3


def test_paid_channels_cause_about_half_of_the_leads(demo: Company) -> None:
    leads = contribution(demo, "leads", "long_term")["expected"]
    assert 0.4 < 1 - leads[BASELINE] / leads.sum() < 0.62


def test_spend_is_a_plausible_share_of_bookings(demo: Company) -> None:
    spend = demo.tables["spend"]["spend"].sum()
    history = demo.tables["deal_history"]
    assert 0.08 < spend / history.loc[history["stage"] == "won", "amount"].sum() < 0.25


def test_recorded_channel_is_not_the_cause(demo: Company) -> None:
    leads = demo.tables["leads"].merge(demo.truth.causes, on="lead_id")
    shares = pd.crosstab(leads["cause"], leads["channel"], normalize="index")
    assert shares.loc["events", ["direct", "organic", "paid_search"]].sum() == pytest.approx(0.25, abs=0.05)
    assert shares.loc["paid_social", ["direct", "organic", "paid_search"]].sum() == pytest.approx(0.28, abs=0.05)
    assert shares.loc[BASELINE, "paid_search"] == pytest.approx(0.22, abs=0.02)
    np.testing.assert_allclose(recording().sum(axis=1), 1)


def test_response_curves_rise_from_zero_and_saturate(demo: Company) -> None:
    curves = demo.truth.response_curves
    leads = curves.pivot_table("incremental_leads", "multiplier", "channel")
    np.testing.assert_allclose(leads.loc[0.0], 0, atol=1e-9)
    assert (leads.diff().iloc[1:] > 0).all().all()
    assert (leads.loc[2.0] < 2 * leads.loc[1.0]).all()


def test_some_response_is_s_shaped(demo: Company) -> None:
    curves = demo.truth.response_curves
    leads = curves[curves["channel"] == "paid_social"].set_index("multiplier")["incremental_leads"]
    assert leads[0.2] < 0.5 * leads[0.4]


def test_lift_tests_measure_the_true_lift_with_the_stated_error() -> None:
    deviations = np.concatenate([_lift_deviations(seed) for seed in range(1, 16)])
    assert len(deviations) == 45
    assert np.abs(deviations).max() < 4
    assert deviations.std() == pytest.approx(1, abs=0.3)


def _lift_deviations(seed: int) -> np.ndarray:
    """(measured − true lift) / its error, for each test of one company."""
    rng = np.random.default_rng(seed)
    timeline = Timeline.ending(dt.date(2026, 9, 30), 3.0)
    plan = draw_spend(timeline, 1.0, rng)
    response = draw_response(timeline, plan, draw_environment(timeline, False, rng), 1.0, rng)
    gained = response.expected_leads(plan.weekly) - response.expected_leads(plan.untested)
    measured = experiments_table(plan, response, timeline, rng).set_index("name")
    true = {t.name: gained[t.first_week * 7 : t.last_week * 7, CHANNELS.index(t.channel)].sum() for t in plan.tests}
    assert (np.sign(pd.Series(true)) == np.sign(measured["spend_change"])).all()
    return ((measured["lift"] - pd.Series(true)) / measured["lift_se"]).to_numpy()


def test_future_is_whole_and_follows_the_level_of_the_past(demo: Company) -> None:
    future = demo.truth.future
    assert len(future) == 52 * len(LEAD_CHANNELS) * 3
    assert future["week_start"].min().isoformat() == "2026-10-01"
    assert set(future["channel"]) == set(LEAD_CHANNELS)
    changes = demo.tables["stage_changes"]
    wins = changes[changes["to_stage"] == "won"]
    last_year = (wins["changed_at"] > "2025-10-01").sum()
    assert 0.6 < future["wins"].sum() / last_year < 1.6
    assert ((future["bookings"] > 0) == (future["wins"] > 0)).all()


def test_every_open_deal_has_its_outcome(demo: Company) -> None:
    deals, changes = demo.tables["deals"], demo.tables["stage_changes"]
    closed = changes.loc[changes["to_stage"].isin(["won", "lost"]), "record_id"]
    outcomes = demo.truth.open_deals
    assert set(outcomes["deal_id"]) == set(deals["deal_id"]) - set(closed)
    won = outcomes["outcome"] == "won"
    assert (outcomes.loc[won, "amount"] > 0).all()
    assert outcomes.loc[outcomes["outcome"] == "never", "closed_at"].isna().all()
    assert demo.truth.future["wins"].sum() >= won.sum() * 0.9


def test_values_rank_channels_by_what_their_leads_bring(demo: Company) -> None:
    values = demo.truth.lead_values.set_index("channel")
    assert set(values.index) == {*CHANNELS, BASELINE}
    assert values.loc["partners", "revenue"] > values.loc["paid_social", "revenue"]
    assert (values["p_won"] < values["p_opportunity"]).all()


def test_indicators_lead_the_leads(demo: Company) -> None:
    """Sessions measured a week before go with next week's leads better than chance."""
    tables = demo.tables
    weekly = tables["leads"].set_index("created_at").resample("W-MON", closed="left", label="left").size()
    sessions = tables["indicators"].query("name == 'site_sessions'").set_index("date")["value"]
    sessions.index = pd.DatetimeIndex(sessions.index)
    both = pd.concat([weekly, sessions], axis=1, join="inner")
    assert both.iloc[:-1].corr().iloc[0, 1] > 0.4
