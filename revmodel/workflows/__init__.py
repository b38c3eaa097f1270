"""The jobs people come for, each reading like its page in the README.

Imported lazily: each name pulls what it needs.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "backtest_company",
    "check_data",
    "company_metrics",
    "compare_scenarios",
    "forecast_quarter",
    "monitor_company",
    "plan_target",
    "reallocate_budget",
    "run_company",
]

_HOME = {
    "backtest_company": "backtest",
    "check_data": "company",
    "company_metrics": "metrics",
    "compare_scenarios": "scenarios",
    "forecast_quarter": "run",
    "monitor_company": "monitor",
    "plan_target": "target",
    "reallocate_budget": "run",
    "run_company": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"revmodel.workflows has no {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"revmodel.workflows.{_HOME[name]}"), name)
