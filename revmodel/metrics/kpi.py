"""One KPI: what it is called, how it is computed, from what, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
_SPENT = ("spend", "impressions", "clicks", "spend_on_clicks")


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


def filled_columns(tables: Tables) -> frozenset[str]:
    """ "table.column" of every column that holds a value; "deals.type=renewal" where there are renewals."""
    found = set()
    for name in tables.names:
        table = tables[name]
        counts = table.aggregate(**{column: table[column].count() for column in table.columns}).to_pyarrow()
        found |= {f"{name}.{column}" for column in table.columns if counts[column][0].as_py()}
    if "deals" in tables:
        renewals = tables["deals"].filter(tables["deals"].type.lower() == "renewal")
        found |= {"deals.type=renewal"} if renewals.count().to_pyarrow().as_py() else set()
    return frozenset(found)


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
