"""revmodel: from what was spent to what closes, when, for how much, and what to spend next.

The public names, each imported when it is first used, so that ``import revmodel`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "load_config": "revmodel.config",
    "load_tables": "revmodel.sources.load",
    "build_features": "revmodel.features.build",
    "StageHazards": "revmodel.models.hazards",
    "ChannelResponse": "revmodel.models.response",
    "MediaMix": "revmodel.mix.media_mix",
    "load_mix_config": "revmodel.mix.mix_config",
    "geo_lift": "revmodel.mix.geo_lift",
    "DealSize": "revmodel.models.deal_size",
    "RevenueModel": "revmodel.models.revenue",
    "simulate": "revmodel.forecast.simulate",
    "allocate": "revmodel.decide.allocate",
    "make_company": "revmodel.synthetic",
    "forecast_quarter": "revmodel.workflows",
    "reallocate_budget": "revmodel.workflows",
    "backtest_company": "revmodel.workflows",
    "check_data": "revmodel.workflows",
    "run_company": "revmodel.workflows",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"revmodel has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)
