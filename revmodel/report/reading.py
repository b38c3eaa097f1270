"""What a page asks of a run: which number leads, in which unit, and the rows that tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from revmodel.dims import BOOKINGS, CHANNEL, LEADS, METRIC, PIPELINE_CREATED, WINS
from revmodel.errors import EmptyTableError
from revmodel.forecast.totals import quarter_totals
from revmodel.report.tables import RunFolder

__all__ = ["AnyRun", "Run", "rows_of"]

_NAMES = {BOOKINGS: "bookings", WINS: "wins", PIPELINE_CREATED: "new pipeline", LEADS: "new leads"}
_LEADING = (BOOKINGS, WINS, PIPELINE_CREATED, LEADS)


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples."""
    return frame.itertuples(index=False)


class AnyRun:
    """A run's folder, whatever it holds.

    Unless a run knows better, values are in money, it has no table of spend, and fiscal years begin in January.
    """

    has_amounts = True
    has_spend = False
    start_month = 1

    def __init__(self, folder: RunFolder) -> None:
        """Hold the folder."""
        self.folder, self.manifest = folder, folder.manifest

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of the run, None where it is absent or empty."""
        found = self.folder.tables.get(name)
        return None if found is None or found.empty else found

    @property
    def currency(self) -> str:
        """The company's currency."""
        return str(self.manifest["currency"])

    @property
    def budget_unit(self) -> str | None:
        """The currency where the budget counts money, None where it counts something else."""
        summary = self.table("allocation_summary")
        told = summary is not None and "in_money" in summary  # runs of an earlier version do not say
        in_money = bool(summary["in_money"].iloc[0]) if summary is not None and told else self.has_amounts
        return self.currency if in_money else None


class Run(AnyRun):
    """A run that holds a forecast, with the questions that every part of its page asks of it."""

    def __init__(self, folder: RunFolder) -> None:
        """Hold the folder. Raises EmptyTableError: the run holds no forecast."""
        super().__init__(folder)
        forecast = self.table("forecast")
        if forecast is None:
            raise EmptyTableError(f"{folder.path} holds no table forecast: run 'revmodel forecast' first")
        self.forecast = forecast
        held = set(forecast[METRIC])
        self.metrics = [metric for metric in _LEADING if metric in held]
        self.leading = self.metrics[0]
        self.has_amounts = BOOKINGS in held
        self.has_spend = any(item.get("table") == "spend" for item in self.manifest["inputs"])
        self.start_month = int(self.manifest["fiscal_year_start_month"])

    def unit(self, metric: str) -> str | None:
        """The currency of a metric in money, None for counts."""
        is_money = metric in (BOOKINGS, "revenue") or metric in (PIPELINE_CREATED, "pipeline")
        return self.currency if is_money and self.has_amounts else None

    def name(self, metric: str) -> str:
        """What a metric is called; pipeline without amounts counts opportunities."""
        if metric == PIPELINE_CREATED and not self.has_amounts:
            return "new opportunities"
        return _NAMES.get(metric, metric)

    def quarters(self, metric: str) -> pd.DataFrame:
        """One row a quarter, in order: the total's row of the forecast with ``actual``, what is in already."""
        totals = quarter_totals(self.forecast)
        return totals[totals[METRIC] == metric].sort_values("period_start", ignore_index=True)

    def condition(self) -> str:
        """What a forecast rests on."""
        return "if spend follows the plan" if self.has_spend else "if leads keep coming as they have"

    def contributions(self) -> pd.DataFrame | None:
        """The latest, longest telling of contribution: revenue in money where there is, else what is closest to it."""
        table = self.table("contribution")
        if table is None:
            return None
        held = set(table[METRIC])
        order = ("revenue", "pipeline", "leads") if self.has_amounts else ("leads", "pipeline", "revenue")
        metric = next(metric for metric in order if metric in held)
        rows = table[table[METRIC] == metric]
        horizon = "long_term" if "long_term" in set(rows["horizon"]) else str(rows["horizon"].iloc[0])
        rows = rows[rows["horizon"] == horizon]
        days = rows["period_end"] - rows["period_start"]
        longest: pd.DataFrame = rows[days == days.max()].drop_duplicates(CHANNEL).reset_index(drop=True)
        return longest

    def targets_set(self) -> bool:
        """Whether any total has a target."""
        return bool(np.isfinite(self.forecast["target"].astype(float)).any())
