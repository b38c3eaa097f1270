"""What holds whatever the company: parts add up, ratios are of sums, later rows change nothing, nothing is made up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from metrics_company import AS_OF, config_of, frames, journeys_of

from revmodel.config import Config, FunnelConfig
from revmodel.errors import ConfigError
from revmodel.journeys.reconstruct import reconstruct_journeys
from revmodel.metrics.compare import unknown_targets
from revmodel.metrics.drawn import Drawn
from revmodel.metrics.periods import periods_between
from revmodel.metrics.registry import kpis_of
from revmodel.metrics.scorecard import metrics_tables
from revmodel.metrics.values import kpi_rows
from revmodel.sources.tables import tables_from_frames

Tables = dict[str, pd.DataFrame]


def test_levels_of_what_adds_up_sum_to_the_total(tables: Tables) -> None:
    metrics, kpis = tables["metrics"], tables["kpis"].set_index("kpi")
    quarters = metrics[metrics["grain"] == "quarter"]
    total = quarters[quarters["dimension"] == "all"].set_index(["kpi", "period"])["value"]
    checked = set()
    for (kpi, dimension, period), part in quarters.groupby(["kpi", "dimension", "period"]):
        if dimension != "all" and kpis.loc[kpi, "adds_up"]:
            assert part["value"].sum() == pytest.approx(total[kpi, period]), (kpi, dimension, period)
            checked.add((kpi, dimension))
    assert {("leads", "channel"), ("bookings", "segment"), ("pipeline_created", "campaign"), ("touches", "content"),
            ("open_pipeline", "channel"), ("customers", "segment"), ("spend", "channel")} <= checked  # fmt: skip


def test_influence_does_not_add_up_and_does_not_claim_to(tables: Tables) -> None:
    metrics, kpis = tables["metrics"], tables["kpis"].set_index("kpi")
    rows = metrics[(metrics["kpi"] == "influenced_pipeline") & (metrics["period"] == "2026Q1")]
    by_channel = rows[rows["dimension"] == "channel"]["value"].sum()
    assert by_channel == 2 * rows[rows["dimension"] == "all"]["value"].iloc[0]
    assert not kpis.loc["influenced_pipeline", "adds_up"]
    assert "do not add up" in kpis.loc["influenced_pipeline", "formula"]


def test_a_ratio_is_of_sums_not_a_mean_of_ratios(tables: Tables) -> None:
    quarters = tables["metrics"][tables["metrics"]["period"] == "2026Q2"]
    rows = quarters[(quarters["kpi"] == "cost_per_lead") & (quarters["dimension"] == "channel")]
    total = quarters[(quarters["kpi"] == "cost_per_lead") & (quarters["dimension"] == "all")]["value"].iloc[0]
    assert total == pytest.approx(rows["numerator"].sum() / rows["denominator"].sum())
    assert total != pytest.approx(rows["value"].mean())


def test_weeks_months_and_quarters_agree(tables: Tables) -> None:
    """Of what is counted from tables that begin with the first lead; others have no value before they begin."""
    metrics, kpis = tables["metrics"], tables["kpis"]
    summed = set(kpis.loc[kpis["cumulates"] & kpis["possible"], "kpi"]) - {"spend", "touches"}
    summed = {kpi for kpi in summed if not kpi.startswith("influenced")}
    assert {"leads", "bookings", "mql"} <= summed
    rows = metrics[(metrics["dimension"] == "all") & metrics["kpi"].isin(summed)]
    sums = rows.pivot_table(index="kpi", columns="grain", values="value", aggfunc="sum")
    for grain in ("month", "year"):
        pd.testing.assert_series_equal(sums[grain], sums["quarter"], check_names=False)


def test_rows_recorded_after_the_as_of_date_change_nothing() -> None:
    as_of, known = dt.date(2026, 4, 12), frames()
    early = known | {"stage_changes": known["stage_changes"].query("changed_at <= '2026-04-12'")}
    ours, _ = metrics_tables(journeys_of(known, as_of), config_of())
    theirs, _ = metrics_tables(journeys_of(early, as_of), config_of())
    pd.testing.assert_frame_equal(ours["metrics"], theirs["metrics"])
    pd.testing.assert_frame_equal(ours["cohorts"], theirs["cohorts"])


def test_a_period_that_is_not_over_is_compared_with_as_many_days() -> None:
    """By 8 April one lead had come; by 8 January two had."""
    found, _ = metrics_tables(journeys_of(frames(), dt.date(2026, 4, 8)), config_of())
    rows = found["metrics"][(found["metrics"]["kpi"] == "leads") & (found["metrics"]["dimension"] == "all")]
    row = rows[rows["period"] == "2026Q2"].iloc[0]
    assert (row["value"], row["previous"], bool(row["complete"])) == (1, 2, False)
    assert "8 of 91 days, compared with as many days" in row["note"]


def test_what_the_data_cannot_support_has_a_reason_and_no_number() -> None:
    bare = {name: frame for name, frame in frames().items() if name in ("leads", "stage_changes")}
    found, told = metrics_tables(journeys_of(bare), config_of(marketing_channels=None))
    metrics, kpis = found["metrics"], found["kpis"].set_index("kpi")
    for kpi, needs in {"spend": "spend.spend", "bookings": "deal_history.amount", "customers": "subscriptions",
                       "influenced_pipeline": "touches", "pipeline_coverage": "targets.value"}.items():  # fmt: skip
        rows = metrics[metrics["kpi"] == kpi]
        assert len(rows) == 1
        assert np.isnan(rows["value"].iloc[0])
        assert needs in rows["note"].iloc[0]
        assert not kpis.loc[kpi, "possible"]
    assert any("No Spend" in sentence for sentence in told)
    assert not metrics[metrics["value"].isna() & (metrics["note"] == "")].size


def test_every_kpi_is_defined_once_with_formula_source_and_direction(tables: Tables) -> None:
    kpis = tables["kpis"]
    assert kpis["kpi"].is_unique
    assert (kpis[["label", "formula", "source", "unit"]] != "").all().all()
    assert set(kpis["better"]) <= {"higher", "lower", "neither"}
    assert set(tables["metrics"]["kpi"]) == set(kpis["kpi"])


def test_unnamed_stages_and_unknown_goals_are_refused() -> None:
    with pytest.raises(ConfigError, match="its stages are lead"):
        metrics_tables(journeys_of(frames()), config_of(stages={"mql": "nonsense"}))
    with pytest.raises(ConfigError, match="nonsense; KPIs are"):
        metrics_tables(journeys_of(frames()), config_of(goals={"nonsense": 1.0}))


def test_a_target_for_no_kpi_is_told() -> None:
    wrong = frames()
    wrong["targets"] = wrong["targets"].assign(metric="glory")
    drawn = Drawn(journeys_of(wrong), config_of())
    assert unknown_targets(drawn, kpis_of(config_of())) == ["glory"]


def test_a_funnel_without_deals_says_what_it_cannot_tell() -> None:
    funnel = FunnelConfig(stages=["lead", "mql"])
    moves = frames()["stage_changes"].query("record_type == 'lead' and to_stage in ['lead', 'mql', 'lost']")
    config = Config(company="Leads only", tables={}, funnel=funnel)
    found, _ = metrics_tables(reconstruct_journeys(tables_from_frames({"stage_changes": moves}), funnel, AS_OF), config)
    rows = found["metrics"].set_index(["kpi", "period", "dimension"])
    assert rows.loc[("leads", "2026Q1", "all"), "value"] == 4
    assert "first_deal_stage" in found["kpis"].set_index("kpi").loc["win_rate", "why"]


def test_fiscal_years_move_the_quarters() -> None:
    forecast = config_of().forecast.model_copy(update={"fiscal_year_start_month": 2})
    bare = {name: frame for name, frame in frames().items() if name in ("leads", "stage_changes")}
    drawn = Drawn(journeys_of(bare), config_of().model_copy(update={"forecast": forecast}))
    periods = periods_between(drawn.first_day, AS_OF, "quarter", 2)
    rows = kpi_rows(drawn, kpis_of(drawn.config), None, "quarter", periods).query("kpi == 'leads'").set_index("period")
    assert rows.loc["2027Q1", "period_start"] == pd.Timestamp("2026-02-01")
    assert rows.loc["2027Q1", "value"] == 4  # L3 to L6
