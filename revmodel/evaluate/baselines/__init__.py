"""What a forecast has to beat: simple forecasters, each a function of one BacktestInput.

Snapshot roll-forward and the series methods are the ones to beat; beating the stage-weighted pipeline proves nothing.
"""

from __future__ import annotations

from revmodel.evaluate.baselines.arima import auto_arima
from revmodel.evaluate.baselines.chain_ladder import chain_ladder
from revmodel.evaluate.baselines.ets import auto_ets
from revmodel.evaluate.baselines.mixture_cure import mixture_cure
from revmodel.evaluate.baselines.naive import last_period, last_year, seasonal_naive
from revmodel.evaluate.baselines.snapshot import snapshot_roll_forward
from revmodel.evaluate.baselines.stage_weighted import stage_weighted_pipeline
from revmodel.evaluate.forecaster import Forecaster

__all__ = [
    "ASKED_BY_HORIZON",
    "BASELINES",
    "auto_arima",
    "auto_ets",
    "chain_ladder",
    "last_period",
    "last_year",
    "mixture_cure",
    "seasonal_naive",
    "snapshot_roll_forward",
    "stage_weighted_pipeline",
]

BASELINES: dict[str, Forecaster] = {
    "snapshot_roll_forward": snapshot_roll_forward,
    "chain_ladder": chain_ladder,
    "mixture_cure": mixture_cure,
    "auto_ets": auto_ets,
    "auto_arima": auto_arima,
    "seasonal_naive": seasonal_naive,
    "last_year": last_year,
    "last_period": last_period,
    "stage_weighted_pipeline": stage_weighted_pipeline,
}

# These answer differently for a short horizon than for the first weeks of a long one, and are asked for each.
ASKED_BY_HORIZON = frozenset({"snapshot_roll_forward", "last_period", "last_year", "seasonal_naive"})
