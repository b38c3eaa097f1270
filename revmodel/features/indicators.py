"""Leading indicators by week with lags and growth, as each week knew them, and their link to leads and pipeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import UNKNOWN
from revmodel.features.correlation import lagged_correlation
from revmodel.features.regional_panel import RegionalPanelBuilder
from revmodel.features.weekly_panel import WeeklyPanelBuilder
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys

__all__ = ["LAGS_WEEKS", "IndicatorBuilder", "IndicatorFeatures"]

LAGS_WEEKS = (0, 1, 2, 4, 8, 13)
OUTCOMES = ("leads", "opportunities")
_USUAL_SHARE = 0.9  # of values are published within the delay
_COLUMNS = ["name", "weeks_ago", "recorded_weeks_ago", "replaced_weeks_ago", "total", "values"]
_LINKS = ["name", "outcome", "lag_weeks", "correlation", "low", "high", "weeks", "effective_weeks"]


@dataclass(frozen=True)
class IndicatorFeatures:
    """frame: (week × column), index the last day of each week, oldest first; "<name>:lag<w>" is the mean of the values
    of w weeks before, "<name>:growth<g>" its relative change over g weeks at the latest lag that is usually published;
    both as on record at the end of the row's week, NaN where nothing was.

    links: name, outcome (leads, opportunities by week), lag_weeks (by which the indicator goes before), correlation,
    low, high (95 %), weeks, effective_weeks; see lagged_correlation.
    """

    frame: pd.DataFrame
    links: pd.DataFrame


class IndicatorBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → IndicatorFeatures over the weeks of WeeklyPanelBuilder.

    lags: whole weeks. growth_weeks: over how many weeks growth is taken. A value counts from when it was recorded
    (at its date where that is not given); one recorded again later replaces the earlier one from then on, so that each
    week has what it could have known. Regions are averaged, as in the weekly panel.
    After ``fit``: weeks_, names_, delay_weeks_ (name → whole weeks within which nine in ten values were recorded).
    """

    def __init__(
        self, lags: Sequence[int] = LAGS_WEEKS, growth_weeks: int = 4, history_weeks: int | None = None
    ) -> None:
        self.lags = lags
        self.growth_weeks = growth_weeks
        self.history_weeks = history_weeks

    def fit(self, journeys: Journeys, y: None = None) -> IndicatorBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the weeks, the names, and how late each indicator is published."""
        self.weeks_ = WeeklyPanelBuilder(self.history_weeks).fit(journeys).weeks_
        values = _vintages(journeys)
        self.names_ = tuple(sorted(values["name"].unique()))
        self.delay_weeks_ = {name: _usual_delay(values[values["name"] == name]) for name in self.names_}
        return self

    def transform(self, journeys: Journeys) -> IndicatorFeatures:
        """Values by week and lag as they were known, and how they go with what came later."""
        values = _vintages(journeys)
        columns = {}
        for name in self.names_:
            own = values[values["name"] == name]
            for lag in self.lags:
                columns[f"{name}:lag{lag}"] = _as_known(own, lag, len(self.weeks_))
            delay = self.delay_weeks_[name]
            now, before = (_as_known(own, delay + back, len(self.weeks_)) for back in (0, self.growth_weeks))
            columns[f"{name}:growth{self.growth_weeks}"] = np.divide(
                now - before, before, out=np.full(len(now), np.nan), where=before > 0
            )
        frame = pd.DataFrame(columns, index=self.weeks_)
        return IndicatorFeatures(frame, self._links(journeys, values))

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        names = [
            (name, what)
            for name in self.names_
            for what in (*(f"lag{lag}" for lag in self.lags), f"growth{self.growth_weeks}")
        ]
        return np.array([f"{name}:{what}" for name, what in names], dtype=object)

    def _links(self, journeys: Journeys, values: pd.DataFrame) -> pd.DataFrame:
        """All lags of all indicators with all outcomes; values as they are on record at the as-of date."""
        panel = RegionalPanelBuilder(self.history_weeks).fit_transform(journeys).frame
        outcomes = panel.groupby("week")[list(OUTCOMES)].sum().reindex(self.weeks_, fill_value=0)
        rows = []
        for name in self.names_:
            final = _as_known(values[values["name"] == name], 0, len(self.weeks_), final=True)
            for outcome in OUTCOMES:
                later = outcomes[outcome].to_numpy(dtype=np.float64)
                rows += [(name, outcome, lag, *lagged_correlation(final, later, lag)) for lag in self.lags]
        return pd.DataFrame(rows, columns=_LINKS)


def _vintages(journeys: Journeys) -> pd.DataFrame:
    """Sums and numbers of values by name, week, week of recording and week in which a later value replaced them."""
    if "indicators" not in journeys.tables:
        return pd.DataFrame(columns=_COLUMNS)
    rows, as_of = journeys.tables["indicators"], journeys.as_of
    day = rows.date.cast("timestamp(6)")
    recorded = ibis.greatest(rows.recorded_at.fill_null(day), day)
    keys = {"name": rows.name, "days_ago": days_before(as_of, day), "region": rows.region.fill_null(UNKNOWN)}
    at_once = rows.group_by(**keys, recorded_ago=days_before(as_of, recorded)).aggregate(
        total=rows.value.sum(), values=rows.value.count()
    )
    window = ibis.window(group_by=["name", "days_ago", "region"], order_by=ibis.desc("recorded_ago"))
    replaced = at_once.mutate(replaced_ago=at_once.recorded_ago.lead().over(window))
    weeks = replaced.group_by(
        name=replaced["name"],
        weeks_ago=replaced.days_ago // DAYS_PER_WEEK,
        recorded_weeks_ago=replaced.recorded_ago // DAYS_PER_WEEK,
        replaced_weeks_ago=replaced.replaced_ago // DAYS_PER_WEEK,
    ).aggregate(total=replaced.total.sum(), values=replaced["values"].sum())
    frame: pd.DataFrame = weeks.order_by(_COLUMNS[:4]).to_pyarrow().to_pandas()
    return frame


def _as_known(values: pd.DataFrame, lag: int, weeks: int, *, final: bool = False) -> npt.NDArray[np.float64]:
    """(week,), oldest first: the mean of the values of ``lag`` weeks before, as known at each week's end, or by now."""
    week = values["weeks_ago"].to_numpy(dtype=np.int64) - lag
    known_in = np.zeros_like(week) if final else week
    recorded = values["recorded_weeks_ago"].to_numpy(dtype=np.int64) >= known_in
    replaced = values["replaced_weeks_ago"].to_numpy(dtype=np.float64) >= known_in  # NaN, never replaced, is False
    counts = (week >= 0) & (week < weeks) & recorded & ~replaced
    place = weeks - 1 - week[counts]
    total = np.bincount(place, weights=values["total"].to_numpy(dtype=np.float64)[counts], minlength=weeks)
    number = np.bincount(place, weights=values["values"].to_numpy(dtype=np.float64)[counts], minlength=weeks)
    mean: npt.NDArray[np.float64] = np.divide(total, number, out=np.full(weeks, np.nan), where=number > 0)
    return mean


def _usual_delay(values: pd.DataFrame) -> int:
    """Whole weeks from a value's week to the one in which nine in ten were first recorded."""
    first = values.sort_values("recorded_weeks_ago", ascending=False).drop_duplicates("weeks_ago")
    late = (first["weeks_ago"] - first["recorded_weeks_ago"]).to_numpy(dtype=np.float64)
    return math.ceil(float(np.quantile(late, _USUAL_SHARE, method="inverted_cdf")))
