"""One KPI: what it is called, how it is computed, from what, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from revmodel.metrics.recipes import (
    Cost,
    Coverage,
    Flow,
    Lifetime,
    LifetimeRatio,
    Lost,
    Mean,
    Quantile,
    Recipe,
    Share,
    Stock,
)
from revmodel.metrics.spend import SPEND_DIMENSIONS
from revmodel.sources.schema import TABLES
from revmodel.sources.tables import Tables

__all__ = ["Better", "Kpi", "Unit", "cannot", "dimensions_of", "filled_columns"]

Unit = Literal["count", "money", "share", "ratio", "days", "money per day", "number"]
Better = Literal["higher", "lower", "neither"]

_BY_RECORD = ("channel", "segment", "campaign")
_OF_MEASURE = {  # what starts so → the dimensions that it can be told by
    "touches": ("channel", "campaign", "content"),
    "influenced": ("channel", "segment", "campaign", "content"),
    "mrr": ("segment",),
    "margin": ("segment",),
    "other_cost": (),
    "left_to_book": (),
    "indicator": (),
    "follow": ("channel", "segment", "campaign"),
}
_SPENT = ("spend", "marketing_spend", "impressions", "clicks", "spend_on_clicks")


@dataclass(frozen=True)
class Kpi:
    """A KPI, defined once.

    key: stable name; targets refer to it. formula: in words. source: tables and columns that it is counted from.
    better: which way is good. needs: "table.column" that must hold values ("a.b or c.d": one of them).
    nothing: what is missing where there is nothing to divide by. recipe: None where this company cannot have it;
    cannot then says why. adds_up: whether the levels of a dimension sum to the total. headline: on the scorecard.
    """

    key: str
    label: str
    group: str
    unit: Unit
    formula: str
    source: str
    better: Better
    recipe: Recipe | None
    needs: tuple[str, ...] = ()
    nothing: str = "nothing to divide by"
    adds_up: bool = False
    headline: bool = False
    cannot: str = ""

    @property
    def tables(self) -> frozenset[str]:
        """Tables that the KPI needs."""
        return frozenset(one.partition(".")[0] for need in self.needs for one in need.split(" or "))

    @property
    def by_part(self) -> bool:
        """Whether a period that is not over can be compared with as many days of another."""
        whole = (Stock, Lost, Quantile, Coverage, Lifetime, LifetimeRatio)
        return not isinstance(self.recipe, whole) and self.key != "open_pipeline"

    @property
    def counted(self) -> bool:
        """Whether the denominator is a number of records, of which few say little."""
        return isinstance(self.recipe, (Share, Flow, Cost, Mean, Lost, Quantile)) and not (
            isinstance(self.recipe, Lost) and self.recipe.values
        )


def filled_columns(tables: Tables) -> tuple[frozenset[str], dict[str, pd.Timestamp]]:
    """ "table.column" of every column that holds a value, and the first day of each table of events.

    "deals.type=renewal" where there are renewals.
    """
    filled: set[str] = set()
    begins = {}
    for name in tables.names:
        table, event = tables[name], TABLES[name].event
        asked = {column: table[column].count() for column in table.columns}
        if event is not None:
            asked["first event"] = table[event].min().cast("timestamp")
        if name == "deals":
            asked["type=renewal"] = (table.type.lower() == "renewal").sum()
        found = table.aggregate(**asked).to_pyarrow().to_pylist()[0]
        first = found.pop("first event", None)
        if first is not None:
            begins[name] = pd.Timestamp(first)
        filled |= {f"{name}.{column}" for column, count in found.items() if count}
    return frozenset(filled), begins


def cannot(kpi: Kpi, filled: frozenset[str]) -> str:
    """Why this data cannot support a KPI, with what would enable it; empty where it can."""
    if kpi.cannot:
        return kpi.cannot
    if "touches.by_sales" in kpi.needs and "touches.by_sales" not in filled:
        return "needs touches by sales (see metrics.sales_touches) of leads after they became MQLs: none is on record"
    missing = [need for need in kpi.needs if not any(one in filled for one in need.split(" or "))]
    if missing == ["deals.type=renewal"]:
        return "needs deals of type renewal: none is on record"
    return f"needs {', '.join(missing)}: add the table, or map the column, under tables" if missing else ""


def dimensions_of(kpi: Kpi, filled: frozenset[str]) -> tuple[str, ...]:
    """The dimensions that every measure of a KPI carries in this data."""
    if kpi.recipe is None:
        return ()
    sets = [_measure_dimensions(measure, filled) for measure in kpi.recipe.measures]
    return tuple(name for name in ("channel", "segment", "campaign", "content") if all(name in one for one in sets))


def _measure_dimensions(measure: str, filled: frozenset[str]) -> tuple[str, ...]:
    if measure in _SPENT:
        return tuple(name for name in SPEND_DIMENSIONS if f"spend.{name}" in filled)
    start = measure.split("_")[0].split(":")[0]
    possible = next((names for word, names in _OF_MEASURE.items() if word in (start, measure)), _BY_RECORD)
    return tuple(name for name in possible if any(f"{table}.{name}" in filled for table in _CARRIERS[name]))


_CARRIERS = {
    "channel": ("leads", "deals", "touches"),
    "segment": ("leads", "deals", "accounts"),
    "campaign": ("leads", "deals", "touches"),
    "content": ("touches",),
}
