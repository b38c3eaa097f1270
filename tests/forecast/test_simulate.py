"""The funnel run forward: the right times, counts and money, from chances that are known."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from draws_by_hand import NEVER, arrivals_of, funnel_of, records_of, sizes_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.errors import ModelError
from revmodel.forecast.simulate import simulate

AS_OF = dt.date(2026, 9, 30)


def run(funnel, arrivals=None, records=(), *, sizes=None, first_deal="s1", weeks=None, seed=7):
    arrivals = arrivals_of(funnel, arrivals or {})
    weeks = weeks or funnel.calendar.shape[-1]
    sizes = sizes or sizes_of(funnel)
    return simulate(records_of(*records), funnel, arrivals, sizes, AS_OF, weeks, first_deal, seed)


def exponential_days(rates_per_week):
    """(stage, day): of the exits in the first week at a constant rate, the share on each day."""
    left = -np.expm1(-np.outer(rates_per_week, np.arange(8) / 7))
    return np.diff(left, axis=1) / left[:, -1:]


def test_mean_time_from_lead_to_won_is_the_sum_of_the_mean_dwell_times():
    rates_per_week = np.array([1.4, 0.5, 0.25])  # exponential dwell: 0.71, 2 and 4 weeks
    funnel = funnel_of([(1 - np.exp(-rate), 0.0, 0.0) for rate in rates_per_week], weeks=150)
    funnel.first_week[:] = exponential_days(rates_per_week)
    simulation = run(funnel, {(0, 0, 0): 40_000}, first_deal="s2")
    wins = simulation.draws["wins"].sum(("draw", "provenance", "group")).values
    assert wins.sum() == 40_000
    mean_weeks = (wins * np.arange(150)).sum() / wins.sum()
    assert mean_weeks == pytest.approx((1 / rates_per_week).sum(), abs=0.08)  # standard error 0.023


def test_open_record_leaves_by_the_hazard_of_its_age():
    funnel = funnel_of([(0.5, 0.0, 0.0)], edges=(0, 5), weeks=10)
    funnel.log_odds[..., 1] = NEVER  # after five weeks nothing moves
    young, old = ({"age_weeks": 1},) * 2000, ({"age_weeks": 6},) * 2000
    assert float(run(funnel, records=young, first_deal=None).draws["wins"].sum()) == pytest.approx(
        2000 * (1 - 0.5**3.5), rel=0.03
    )
    assert float(run(funnel, records=old, first_deal=None).draws["wins"].sum()) == 0


def test_open_record_that_is_back_in_its_stage_leaves_by_the_odds_of_a_repeated_visit():
    funnel = funnel_of([(0.5, 0.0, 0.0)], weeks=30)
    funnel.again[:] = NEVER
    wins = run(funnel, records=[{"attempt": 2}] * 5 + [{"attempt": 1}] * 3, first_deal=None).weekly("wins")
    assert wins.sum() == 3


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 0.6), st.floats(0.0, 0.5)), min_size=1, max_size=3),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_without_losses_every_record_is_won(chances, opened, arriving):
    """Moves back are at most half as likely as moves on: where they are likelier, 400 weeks are too few."""
    funnel = funnel_of([(on, 0.0, back * on) for on, back in chances], weeks=400)
    simulation = run(
        funnel, {(3, 0, 0): arriving}, [{}] * opened, first_deal=None, sizes=sizes_of(funnel, has_amounts=False)
    )
    wins = simulation.draws["wins"].sum(("week", "group", "draw"))
    assert float(wins.sel(provenance="open_lead")) <= opened
    assert float(wins.sum()) == pytest.approx(opened + arriving, abs=1)
    assert float(simulation.draws["leads"].sum()) == arriving


def test_loss_and_win_share_exits_by_their_odds():
    funnel = funnel_of([(0.1, 0.3, 0.0)], weeks=120)
    wins = float(run(funnel, {(0, 0, 0): 20_000}, first_deal=None).draws["wins"].sum())
    assert wins == pytest.approx(5000, rel=0.05)


def test_same_seed_same_numbers_and_another_seed_others():
    funnel = funnel_of([(0.2, 0.1, 0.0), (0.2, 0.1, 0.1)], draws=4)
    one, same, other = (run(funnel, {(0, 0, 0): 50}, [{}] * 20, seed=seed) for seed in (1, 1, 2))
    assert one.draws.equals(same.draws)
    assert one.deals.equals(same.deals)
    assert not one.draws.equals(other.draws)


def test_draws_do_not_depend_on_how_many_there_are():
    many = run(funnel_of([(0.3, 0.1, 0.0)] * 2, draws=5), {(0, 0, 0): 30})
    few = run(funnel_of([(0.3, 0.1, 0.0)] * 2, draws=2), {(0, 0, 0): 30})
    assert many.draws.isel(draw=slice(0, 2)).equals(few.draws)


def test_draws_do_not_depend_on_the_number_of_threads():
    funnel = funnel_of([(0.3, 0.1, 0.0)] * 2, draws=7)
    parts = (records_of({}, {}), funnel, arrivals_of(funnel, {(0, 0, 0): 30}), sizes_of(funnel), AS_OF, 60, "s1", 9)
    assert simulate(*parts).draws.equals(simulate(*parts, threads=3).draws)


def test_provenance_says_where_a_win_comes_from():
    funnel = funnel_of([(0.9, 0.0, 0.0), (0.9, 0.0, 0.0)], weeks=80)
    records = [{"stage": "s1", "record_type": "deal", "amount": 100.0}, {}, {}]
    wins = run(funnel, {(2, 0, 0): 5}, records).draws["wins"].sum(("draw", "week", "group"))
    assert dict(zip(wins["provenance"].values.tolist(), wins.values, strict=True)) == {
        "open_deal": 1,
        "open_lead": 2,
        "not_yet_created": 5,
    }


def test_zombies_are_not_simulated():
    funnel = funnel_of([(0.9, 0.0, 0.0), (0.9, 0.0, 0.0)])
    simulation = run(funnel, records=[{"zombie": True}, {"stage": "s1", "record_type": "deal", "zombie": True}])
    assert float(simulation.draws["wins"].sum()) == 0
    assert simulation.deals.empty


def test_a_record_is_an_opportunity_once_even_when_it_skips_or_comes_back():
    weekly = [(0.8, 0.0, 0.0), (0.4, 0.0, 0.4), (0.8, 0.0, 0.0)]
    funnel = funnel_of(weekly, weeks=300, skips={0: {1: 0.5, 2: 0.3, 3: 0.2}})
    simulation = run(funnel, {(0, 0, 0): 500})
    assert float(simulation.draws["opportunities"].sum()) == 500
    assert float(simulation.draws["wins"].sum()) == 500


def test_arrival_in_a_deal_stage_is_pipeline_and_not_a_lead():
    funnel = funnel_of([(0.5, 0.0, 0.0), (0.5, 0.0, 0.0)])
    simulation = run(funnel, {(4, 1, 0): 9})
    assert float(simulation.draws["leads"].sum()) == 0
    assert float(simulation.draws["opportunities"].isel(week=4).sum()) == 9


def test_funnel_without_deals_wins_straight_from_leads():
    funnel = funnel_of([(0.5, 0.0, 0.0)], weeks=90)
    simulation = run(funnel, {(0, 0, 0): 6}, [{}] * 4, first_deal=None, sizes=sizes_of(funnel, has_amounts=False))
    assert float(simulation.draws["opportunities"].sum()) == 0
    assert float(simulation.draws["wins"].sum()) == 10
    assert simulation.draws["bookings"].equals(simulation.draws["wins"])


def test_open_deal_books_its_amount_times_slippage():
    funnel = funnel_of([(0.9, 0.0, 0.0), (0.99, 0.0, 0.0)], draws=3000, weeks=20)
    sizes = sizes_of(funnel, mean=2.0, slippage=(-0.1, 0.2), cap=5.0)
    deal = {"stage": "s1", "record_type": "deal", "amount": 1e4}  # above the cap of amounts that are drawn
    bookings = run(funnel, records=[deal], sizes=sizes).draws["bookings"].sum(("week", "provenance", "group"))
    logs = np.log(bookings.values)
    assert logs.max() <= np.log(1e4) + 1e-12
    assert np.median(logs) == pytest.approx(np.log(1e4) - 0.1, abs=0.02)


@pytest.mark.parametrize("slippage", [(-0.2, 0.3), (0.1, 2.0)])
def test_won_amounts_that_are_drawn_have_the_law_of_deal_size(slippage):
    funnel = funnel_of([(0.9, 0.0, 0.0), (0.9, 0.0, 0.0)], weeks=60)
    sizes = sizes_of(funnel, mean=3.0, sd=0.6, slippage=slippage)
    simulation = run(funnel, {(0, 0, 0): 20_000}, sizes=sizes)
    mean_won = float(simulation.draws["bookings"].sum() / simulation.draws["wins"].sum())
    mean_first = float(simulation.draws["pipeline_created"].sum() / simulation.draws["opportunities"].sum())
    width = min(slippage[1], 0.6)
    assert mean_won == pytest.approx(np.exp(3.0 + 0.6**2 / 2), rel=0.03)
    assert mean_first == pytest.approx(np.exp(3.0 - slippage[0] + (0.6**2 - width**2) / 2), rel=0.03)


def test_amount_cap_holds():
    funnel = funnel_of([(0.99, 0.0, 0.0)] * 2, draws=500)
    simulation = run(funnel, {(0, 0, 0): 1}, sizes=sizes_of(funnel, mean=10.0, sd=5.0, cap=11.0))
    assert float(simulation.draws["bookings"].max()) <= np.exp(11.0) * (1 + 1e-12)


def test_extreme_log_odds_do_not_overflow():
    funnel = funnel_of([(0.5, 0.1, 0.0)] * 2)
    funnel.log_odds[:, 0, 0] = 5000.0
    funnel.log_odds[:, 1] = -5000.0
    simulation = run(funnel, {(0, 0, 0): 100})
    assert np.isfinite(simulation.draws["pipeline_created"].values).all()
    assert float(simulation.draws["opportunities"].sum()) == 100
    assert float(simulation.draws["wins"].sum()) == 0


def test_calendar_moves_the_hazard_of_its_week_only():
    funnel = funnel_of([(0.5, 0.0, 0.0)], weeks=12)
    funnel.calendar[..., :6] = -60.0
    wins = run(funnel, {(0, 0, 0): 1000}, first_deal=None).draws["wins"].sum(("draw", "provenance", "group"))
    assert wins.values[:6].sum() == 0
    assert wins.values[6] == pytest.approx(500, rel=0.15)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"channel": "radio"}], "group the funnel was not"),
        ([{"stage": "limbo"}], "limbo"),
        ([{"age_weeks": -1}], "after the as-of"),
    ],
)
def test_unknown_records_are_refused(records, message):
    with pytest.raises(ModelError, match=message):
        run(funnel_of([(0.5, 0.0, 0.0)] * 2), records=records)


def test_parts_that_disagree_are_refused():
    funnel = funnel_of([(0.5, 0.0, 0.0)] * 2, draws=3, weeks=8)
    with pytest.raises(ModelError, match="9 weeks asked"):
        run(funnel, weeks=9)
    with pytest.raises(ModelError, match="s9"):
        run(funnel, first_deal="s9")
    with pytest.raises(ModelError, match="arrivals came with shape"):
        simulate(
            records_of(),
            funnel,
            arrivals_of(replace(funnel, log_odds=funnel.log_odds[:2])),
            sizes_of(funnel),
            AS_OF,
            8,
            "s1",
            1,
        )
    with pytest.raises(ModelError, match="NaN"):
        run(replace(funnel, log_odds=np.full_like(funnel.log_odds, np.nan)))
    with pytest.raises(ModelError, match="sum to 1"):
        run(replace(funnel, destination=funnel.destination * 0.5))
