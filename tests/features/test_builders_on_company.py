"""All builders of features agree with each other on a simulated company."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS

from revmodel.config import FunnelConfig
from revmodel.features.durations import TimeInStageBuilder, TimeToCloseBuilder
from revmodel.features.hazard_cells import HazardCellBuilder
from revmodel.features.incremental import create_store, daily_totals, spell_totals, update
from revmodel.features.indicators import IndicatorBuilder
from revmodel.features.lead_features import LeadFeatureBuilder
from revmodel.features.open_deals import OpenDealFeatureBuilder
from revmodel.features.open_records import OpenRecordBuilder
from revmodel.features.regional_panel import RegionalPanelBuilder
from revmodel.features.triangles import CohortTriangleBuilder
from revmodel.features.weekly_panel import WeeklyPanelBuilder
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.sources.tables import Tables, tables_from_frames
from revmodel.synthetic import make_company

pytestmark = QUIET_IBIS

AS_OF = dt.date(2026, 9, 30)
STAGES = ["lead", "mql", "sal", "sql", "opportunity"]


@pytest.fixture(scope="module")
def company() -> tuple[Tables, FunnelConfig]:
    frames = make_company(4, size="small", years=1.0).tables
    seen = set(frames["stage_changes"]["to_stage"])
    stages = [stage for stage in STAGES if stage in seen]
    ends = sorted(seen - set(stages) - {"won"})
    late = [stage for stage in ends if stage not in ("lost", "disqualified")]
    funnel = FunnelConfig(stages=[*stages, *late], first_deal_stage="opportunity", lost=["lost", "disqualified"])
    return tables_from_frames(frames), funnel


@pytest.fixture(scope="module")
def journeys(company) -> Journeys:
    return reconstruct_journeys(*company, AS_OF)


def test_regional_totals_are_those_of_the_weekly_panel(journeys):
    regional = RegionalPanelBuilder().fit_transform(journeys).frame
    weekly = WeeklyPanelBuilder().fit_transform(journeys)
    spend = regional.pivot_table(index="week", columns="channel", values="spend", aggfunc="sum")[weekly.spend.columns]
    np.testing.assert_allclose(spend, weekly.spend)
    leads = weekly.arrivals.loc[:, [name for name in weekly.arrivals if name[0] in journeys.funnel.lead_stages]]
    assert regional.groupby("week")["leads"].sum().tolist() == leads.sum(axis=1).tolist()
    assert len(set(regional["region"])) > 1


def test_time_in_stage_counts_the_exits_of_the_hazard_cells(journeys):
    """By days all exits are seen; by weeks those of the unfinished last week are not."""
    days = TimeInStageBuilder().fit_transform(journeys).summary.set_index("stage")
    weeks = HazardCellBuilder().fit_transform(journeys).frame.groupby("stage")[["advance", "lost"]].sum()
    assert (days.loc[weeks.index, ["advance", "lost"]] >= weeks).all().all()
    assert (weeks.to_numpy() >= 0.9 * days.loc[weeks.index, ["advance", "lost"]].to_numpy()).all()
    assert days["p50"].between(1, 200).all()


def test_triangle_and_time_to_close_count_the_same_wins(journeys):
    triangle = CohortTriangleBuilder(cohort="month", step_days=1).fit_transform(journeys).frame
    close = TimeToCloseBuilder().fit_transform(journeys).summary.iloc[0]
    assert triangle["advance"].sum() == close["advance"] > 10
    assert triangle["lost"].sum() == close["lost"]
    assert triangle.groupby("cohort")["size"].first().sum() == close["n"]


def test_open_deals_are_the_open_records_that_are_deals(journeys):
    deals = OpenDealFeatureBuilder().fit_transform(journeys)
    open_records = OpenRecordBuilder().fit_transform(journeys).frame
    wanted = open_records[open_records["record_type"] == "deal"].set_index("record_id").sort_index()
    assert deals["deal_id"].tolist() == wanted.index.tolist()
    pd.testing.assert_series_equal(
        deals.set_index("deal_id")["amount"], wanted["amount"], check_names=False, check_index_type=False
    )
    assert deals["pushes"].sum() > 0
    assert (deals["people"] <= deals["touches"]).all()


def test_only_leads_whose_horizon_is_over_are_labelled(journeys):
    built = LeadFeatureBuilder("mql", decide_after_days=0, horizon_weeks=8).fit_transform(journeys)
    known = built.label.dropna()
    assert 0.05 < known.mean() < 0.95
    latest = pd.Timestamp(AS_OF) + pd.Timedelta(days=1) - pd.Timedelta(weeks=8)
    assert (built.decided_at[known.index] <= latest).all()
    assert list(built.frame.columns) == list(LeadFeatureBuilder("mql").get_feature_names_out())


def test_indicators_have_links_at_every_lag(journeys):
    built = IndicatorBuilder().fit_transform(journeys)
    names = built.links["name"].nunique()
    assert len(built.links) == names * 2 * 6
    inside = built.links.dropna()
    assert ((inside["low"] <= inside["correlation"]) & (inside["correlation"] <= inside["high"])).all()
    assert len(inside) > 0


def test_a_store_of_aggregates_holds_all_spells_and_touches(company, journeys, tmp_path):
    tables, funnel = company
    store = create_store(tmp_path / "store", funnel)
    update(store, tables, AS_OF)
    spells = spell_totals(store)
    assert spells["n"].sum() == journeys.spells.count().to_pyarrow().as_py()
    arrivals = WeeklyPanelBuilder().fit_transform(journeys).arrivals
    assert spells.loc[spells["arrival"], "n"].sum() == arrivals.to_numpy().sum()
    known = journeys.tables["touches"].count().to_pyarrow().as_py()
    assert daily_totals(store, "touches")["rows"].sum() == known
