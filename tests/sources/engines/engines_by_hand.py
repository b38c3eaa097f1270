"""One small company, put into an engine, and what is compared between engines."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd

from revmodel.config import Config, FunnelConfig
from revmodel.features.tables import Features
from revmodel.sources.tables import Tables, tables_from_frames
from revmodel.synthetic.company import make_company

AS_OF = dt.date(2026, 8, 19)
STAGES = ["lead", "mql", "sal", "sql", "opportunity", "proposal", "negotiation"]
FUNNEL = FunnelConfig(stages=STAGES, first_deal_stage="opportunity", lost=["lost", "disqualified"])
CONFIG = Config(company="small", tables={}, funnel=FUNNEL, rates={"USD": 0.9, "EUR": 1.1, "GBP": 1.2})


def small_company(*, dirt: bool = False) -> Tables:
    """Eighteen months of a small company."""
    return tables_from_frames(small_frames(dirt=dirt))


def small_frames(*, dirt: bool = False) -> dict[str, pd.DataFrame]:
    """Its tables as frames; with ``dirt`` as careless exports have them."""
    return make_company(3, "small", False, dirt, years=1.5).tables


def moved(tables: Tables, connection: Any) -> Tables:
    """The same canonical tables in another engine."""
    there = {name: connection.create_table(f"company_{name}", tables[name].to_pyarrow(), temp=True) for name in tables}
    return Tables(there, connection, tables.findings, tables.versioned)


def parts_of(features: Features) -> dict[str, Any]:
    """Every frame and every value of features, by its path."""
    return parts_in("features", features)


def parts_in(path: str, value: Any) -> dict[str, Any]:
    """The value itself, or all that a dataclass holds, by their paths."""
    if not is_dataclass(value) or isinstance(value, type):
        return {path: value}
    inner = (parts_in(f"{path}.{item.name}", getattr(value, item.name)) for item in fields(value))
    return {name: part for parts in inner for name, part in parts.items()}


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Equal row for row, to the last bit."""
    assert list(ours) == list(theirs)
    for name, part in ours.items():
        if isinstance(part, pd.DataFrame):
            pd.testing.assert_frame_equal(part, theirs[name], check_exact=True, obj=name)
        elif isinstance(part, pd.Series):
            pd.testing.assert_series_equal(part, theirs[name], check_exact=True, obj=name)
        else:
            assert part == theirs[name], name
