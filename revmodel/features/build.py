"""Tables → everything that the models need, as of one date."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from revmodel.config import Config
from revmodel.features.deal_snapshots import DealSnapshotBuilder
from revmodel.features.groups import GroupPooler
from revmodel.features.hazard_cells import HazardCellBuilder
from revmodel.features.lift_tests import lift_tests
from revmodel.features.limits import sentences
from revmodel.features.open_records import OpenRecordBuilder
from revmodel.features.realised import RealisedBuilder
from revmodel.features.tables import Features
from revmodel.features.weekly_panel import WeeklyPanelBuilder
from revmodel.features.won_deals import WonDealBuilder
from revmodel.journeys.reconstruct import Journeys, reconstruct_journeys
from revmodel.sources.tables import Tables

__all__ = ["build_features", "features_of"]


def build_features(tables: Tables, config: Config, as_of: dt.date) -> Features:
    """Cut the tables as of a date, then build every feature from what is left.

    Nothing recorded after ``as_of`` changes anything. Channels and segments are pooled once, alike for all features.
    Raises JourneyError: no record had entered the funnel by then, or a stage is not in the funnel.
    """
    return features_of(reconstruct_journeys(tables, config.funnel, as_of, config.identity), config)


def features_of(journeys: Journeys, config: Config) -> Features:
    """The features of journeys that are reconstructed already."""
    forecast = config.forecast
    journeys = GroupPooler(forecast.by).fit_transform(journeys)
    panel = WeeklyPanelBuilder(forecast.history_weeks, forecast.by).fit_transform(journeys)
    tests, unused = lift_tests(journeys, panel.spend)
    cells = HazardCellBuilder(forecast.fiscal_year_start_month, forecast.history_weeks)
    return Features(
        as_of=journeys.as_of,
        cells=cells.fit_transform(journeys),
        open_records=OpenRecordBuilder().fit_transform(journeys),
        won_deals=WonDealBuilder().fit_transform(journeys),
        panel=replace(panel, lift_tests=tests),
        realised=RealisedBuilder().fit_transform(journeys),
        cannot=[*sentences(journeys), *unused],
        deal_snapshots=DealSnapshotBuilder().fit_transform(journeys),
    )
