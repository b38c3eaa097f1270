"""What a forecast has to beat: simple forecasters, each a function of one BacktestInput.

Snapshot roll-forward and the series methods are the ones to beat; beating the stage-weighted pipeline proves nothing.
"""

from __future__ import annotations

from revmodel.evaluate.baselines.ets import auto_ets
from revmodel.evaluate.baselines.naive import last_period, seasonal_naive
from revmodel.evaluate.baselines.snapshot import snapshot_roll_forward
from revmodel.evaluate.baselines.stage_weighted import stage_weighted_pipeline
from revmodel.evaluate.forecaster import Forecaster

__all__ = [
    "BASELINES",
    "auto_ets",
    "last_period",
    "seasonal_naive",
    "snapshot_roll_forward",
    "stage_weighted_pipeline",
]

BASELINES: dict[str, Forecaster] = {
    "snapshot_roll_forward": snapshot_roll_forward,
    "seasonal_naive": seasonal_naive,
    "last_period": last_period,
    "auto_ets": auto_ets,
    "stage_weighted_pipeline": stage_weighted_pipeline,
}
