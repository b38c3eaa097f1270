"""Roll-ups are sums of the same draws: parts add up, and quantiles of a total come from its own draws."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from draws_by_hand import arrivals_of, funnel_of, records_of, sizes_of
from hypothesis import given, settings
from hypothesis import strategies as st

from revmodel.dims import GROUP_DIMS, METRICS, PROVENANCES
from revmodel.errors import ModelError
from revmodel.forecast.bridge import provenance_bridge
from revmodel.forecast.calendar import periods, week_shares
from revmodel.forecast.rollup import forecast_draws, forecast_table
from revmodel.forecast.simulate import simulate
from revmodel.forecast.simulation import Simulation

AS_OF = dt.date(2026, 8, 12)
GROUPS = (("search", "smb"), ("search", "enterprise"), ("events", "smb"))
COLUMNS = ["as_of", "metric", "grain", "period", "period_start", "period_end", *GROUP_DIMS, "provenance"]
COLUMNS += ["mean", "sd", "p05", "p10", "p25", "p50", "p75", "p90", "p95", "target", "p_hit_target"]


@pytest.fixture(scope="module")
def simulation():
    funnel = funnel_of([(0.2, 0.1, 0.0)] * 3, draws=200, weeks=30, groups=GROUPS)
    arrivals = arrivals_of(funnel, {(week, 0, group): 6 for week in range(30) for group in range(3)})
    deals = [{"stage": "s2", "record_type": "deal", "amount": 5e3, "segment": "enterprise"}] * 30
    records = records_of(*[{}] * 40, *deals)
    return simulate(records, funnel, arrivals, sizes_of(funnel, mean=8.0), AS_OF, 30, "s1", 5)


@pytest.fixture(scope="module")
def realised():
    rows = [
        ("wins", "2026-06-30", "search", "smb", 100.0),  # the quarter before
        ("wins", "2026-07-01", "search", "smb", 3.0),
        ("wins", "2026-08-12", "partners", "smb", 2.0),  # a channel that the models do not know; the as-of day
        ("wins", "2026-08-13", "search", "smb", 50.0),  # after the as-of date
        ("bookings", "2026-08-01", "events", "smb", 9e3),
    ]
    frame = pd.DataFrame(rows, columns=["metric", "date", "channel", "segment", "value"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


@pytest.fixture(scope="module")
def table(simulation, realised):
    targets = pd.DataFrame(
        {
            "period": ["2026Q3", "2026Q4", "2026Q3"],
            "metric": "wins",
            "value": [30, 1e6, 1],
            "scope": ["all", None, "search"],
        }
    )
    return forecast_table(simulation, realised, 2, 1, targets)


def only(table, **where):
    where = {**dict.fromkeys(GROUP_DIMS, "all"), "provenance": "all", **where}
    return table.loc[np.logical_and.reduce([table[name] == value for name, value in where.items()])]


def test_columns_are_those_of_the_output(table):
    assert table.columns.tolist() == COLUMNS
    assert not table.drop(columns=["target", "p_hit_target"]).isna().any().any()
    assert not table.duplicated(["metric", "grain", "period", *GROUP_DIMS, "provenance"]).any()


@pytest.mark.parametrize("grain", ["week", "month", "quarter"])
def test_means_add_up_over_provenance_channel_and_segment(table, grain):
    keys = ["metric", "period"]
    here = table[table["grain"] == grain]
    total = only(here).set_index(keys)["mean"]
    parts = {
        "provenance": here[here["provenance"] != "all"],
        "channel": here[here["channel"] != "all"],
        "segment": here[here["segment"] != "all"],
    }
    for name, rows in parts.items():
        sums = rows.groupby(keys)["mean"].sum().reindex(total.index)
        np.testing.assert_allclose(sums, total, rtol=1e-9, err_msg=name)


def simulation_of(levels, seed):
    """Draws by hand: a group for each row of ``levels``, one name a dimension."""
    shape = (5, 14, 3, len(levels))
    rng = np.random.default_rng(seed)
    dims = ("draw", "week", "provenance", "group")
    named = {dim: ("group", list(names)) for dim, names in zip(GROUP_DIMS, zip(*levels, strict=True), strict=True)}
    variables = {name: (dims, rng.poisson(1.5, shape).astype(float)) for name in (*METRICS, "opportunities")}
    draws = xr.Dataset(variables, coords={"provenance": list(PROVENANCES[1:]), **named})
    return Simulation(AS_OF, draws, pd.DataFrame(), has_amounts=True)


GROUP = st.tuples(*(st.sampled_from(names) for names in (["a", "b"], ["x", "all"], ["EMEA", "US"], ["ann", "bob"])))
TOLD_APART = st.lists(st.tuples(GROUP, st.sampled_from(["new", "renewal"]), st.just("all")), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(TOLD_APART, st.lists(TOLD_APART.map(lambda rows: rows[0]), max_size=4), st.integers(0, 10))
def test_levels_of_every_dimension_add_up_in_every_draw_and_with_actuals(groups, seen, seed):
    simulation = simulation_of([(*group, kind, band) for group, kind, band in groups], seed)
    for dim in ("provenance", *GROUP_DIMS):
        parts = sum(simulation.weekly_by("wins", dim).values())
        np.testing.assert_array_equal(parts, simulation.weekly("wins"))
    rows = [("wins", pd.Timestamp("2026-08-01"), *group, kind, band, 2.0) for group, kind, band in seen]
    realised = pd.DataFrame(rows, columns=["metric", "date", *GROUP_DIMS, "value"])
    table = forecast_table(simulation, realised, 1, 1, grains=("quarter",)).query("metric == 'wins'")
    total = only(table)["mean"].item()
    assert total == pytest.approx(simulation.weekly("wins")[:, :7].sum(axis=1).mean() + 2.0 * len(seen))
    for dim in GROUP_DIMS:
        lines = table.loc[table[dim] != "all", "mean"]
        over_all = [
            row for row in (*groups, *seen) if dict(zip(GROUP_DIMS, (*row[0], *row[1:]), strict=True))[dim] == "all"
        ]
        if len(lines) and not over_all:
            assert lines.sum() == pytest.approx(total)


def test_years_are_those_that_end_with_a_quarter_of_the_forecast(simulation, realised):
    years = only(forecast_table(simulation, realised, 2, 1), grain="year", metric="wins")
    assert years["period"].tolist() == ["FY2026"]
    assert years["period_start"].item() == pd.Timestamp("2026-01-01")
    quarters = only(forecast_table(simulation, realised, 2, 1), grain="quarter", metric="wins")
    before = 100.0  # won in June
    assert years["mean"].item() == pytest.approx(quarters["mean"].sum() + before)
    assert only(forecast_table(simulation, realised, 1, 1), grain="year").empty
    assert only(forecast_table(simulation, realised, 1, 10), grain="year")["period"].unique().tolist() == ["FY2026"]


def test_months_add_up_to_their_quarter_with_actuals(table):
    months = only(table, grain="month", metric="wins").set_index("period")["mean"]
    quarter = only(table, grain="quarter", metric="wins").set_index("period")["mean"]
    assert months[["2026-10", "2026-11", "2026-12"]].sum() == pytest.approx(quarter["2026Q4"])
    assert months[["2026-08", "2026-09"]].sum() + 3.0 == pytest.approx(quarter["2026Q3"])  # 3 wins fell in July


def test_quantiles_of_a_total_come_from_summed_draws(simulation, table):
    shares = week_shares(periods(AS_OF, 2, 1, "quarter"), AS_OF, 30)
    weekly = simulation.draws["bookings"].sum(("provenance", "group")).transpose("draw", "week").values
    expected = np.percentile(weekly @ shares[1], 90)
    total = only(table, grain="quarter", metric="bookings", period="2026Q4")
    assert total["p90"].item() == pytest.approx(expected)
    parts = table[(table["grain"] == "quarter") & (table["metric"] == "bookings") & (table["period"] == "2026Q4")]
    assert parts.loc[parts["channel"] != "all", "p90"].sum() > expected * 1.001  # percentiles do not add up


def test_actual_is_the_quarter_to_date_and_certain(table):
    actual = only(table, grain="quarter", metric="wins", provenance="actual")
    assert actual["period"].tolist() == ["2026Q3"]
    assert actual[["mean", "p05", "p95", "sd"]].to_numpy().tolist() == [[5.0, 5.0, 5.0, 0.0]]
    assert only(table, grain="quarter", metric="wins", channel="partners", period="2026Q3")["mean"].item() == 2.0


def test_target_is_met_in_the_share_of_draws_that_reach_it(simulation, realised, table):
    draws = forecast_draws(simulation, realised, 2, 1)
    total = only(table, grain="quarter", metric="wins").set_index("period")
    assert total.loc["2026Q3", "p_hit_target"] == float((draws.sel(metric="wins", period="2026Q3") >= 30).mean())
    assert total.loc["2026Q4", "p_hit_target"] == 0.0
    assert only(table, grain="quarter", metric="wins", channel="search", period="2026Q3")["target"].item() == 1.0
    assert table.loc[table["provenance"] != "all", "target"].isna().all()


def test_forecast_draws_are_those_of_the_table(simulation, realised, table):
    draws = forecast_draws(simulation, realised, 2, 1)
    assert draws.dims == ("draw", "metric", "period")
    mean = only(table, grain="quarter", metric="bookings", period="2026Q3")["mean"].item()
    assert float(draws.sel(metric="bookings", period="2026Q3").mean()) == pytest.approx(mean)


def test_metrics_that_do_not_apply_are_left_out():
    funnel = funnel_of([(0.3, 0.0, 0.0)], draws=5, weeks=20)
    sizes = sizes_of(funnel, has_amounts=False)
    simulation = simulate(records_of({}), funnel, arrivals_of(funnel, {(0, 0, 0): 4}), sizes, AS_OF, 20, None, 1)
    nothing = pd.DataFrame({"metric": [], "date": pd.to_datetime([]), "channel": [], "segment": [], "value": []})
    assert set(forecast_table(simulation, nothing, 1, 1)["metric"]) == {"leads", "wins"}


def test_target_of_an_unknown_scope_is_refused(simulation, realised):
    targets = pd.DataFrame({"period": ["2026Q3"], "metric": ["wins"], "value": [1.0], "scope": ["Mars"]})
    with pytest.raises(ModelError, match="Mars"):
        forecast_table(simulation, realised, 1, 1, targets)


def test_bridge_adds_up_to_the_forecast(table):
    bridge = provenance_bridge(table, "wins", "2026Q3").set_index("step")
    assert bridge.index.tolist() == ["actual", "open_deal", "open_lead", "not_yet_created", "forecast"]
    assert bridge["mean"].iloc[:-1].sum() == pytest.approx(bridge.loc["forecast", "mean"])
    np.testing.assert_allclose(bridge["start"].iloc[1:-1], bridge["end"].iloc[:-2])
    assert provenance_bridge(table, "wins", "2026Q4").set_index("step").loc["actual", "mean"] == 0
    with pytest.raises(ModelError, match="2031Q1"):
        provenance_bridge(table, "wins", "2031Q1")
