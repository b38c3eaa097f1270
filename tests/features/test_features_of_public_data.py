"""Features of two public exports, where they lie beside the repository."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from company_by_hand import QUIET_IBIS

from revmodel.config import load_config
from revmodel.features.build import build_features
from revmodel.features.tables import Features
from revmodel.sources.load import load_tables

pytestmark = QUIET_IBIS

CONFIGS = Path(__file__).parents[2] / "configs"


def features_of(name: str, shared_data: Path, folder: str) -> Features:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"no {folder} under {shared_data}")
    config = load_config(CONFIGS / f"{name}.yaml")
    source = next(iter(config.tables.values()))[0]
    if source.path is None or not config.resolve(source.path).exists():
        pytest.skip(f"{source.path} of configs/{name}.yaml does not lie beside the repository")
    assert config.as_of is not None
    return build_features(load_tables(config), config, config.as_of)


def test_olist_leads_before_wins_were_recorded_are_at_risk_only_from_then_on(shared_data):
    features = features_of("olist", shared_data, "olist")
    realised = features.realised.groupby("metric")["value"].sum()
    assert set(realised.index) == {"leads", "wins"}
    assert realised["leads"] == 5345
    assert features.realised.query("metric == 'wins'")["date"].min() == pd.Timestamp("2017-12-05")
    # No week at risk begins before exits were recorded: 2017-12-05 to 2018-03-31 are 116 days, 17 weeks begun.
    assert features.cells.frame["week"].max() <= 16
    assert any("'mql' are on record only from 2017-12-05" in sentence for sentence in features.cannot)
    assert not features.open_records.frame["zombie"].any()


def test_maven_deals_open_for_longer_than_any_ever_took_are_zombies(shared_data):
    features = features_of("maven", shared_data, "maven_crm")
    assert features.as_of == dt.date(2017, 12, 31)
    zombies = features.open_records.frame.query("zombie")
    assert 0 < len(zombies) < len(features.open_records.frame)
    assert zombies["age_weeks"].min() >= 26
    assert features.won_deals.frame["amount"].notna().all()
    assert any("have been open in 'engaging'" in sentence for sentence in features.cannot)
    assert any("'engaging' are on record only from 2017-03-01" in sentence for sentence in features.cannot)
