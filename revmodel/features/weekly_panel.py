"""The weekly history that arrivals are learned from: spend, arrivals, indicators, annotations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import CHANNEL, GROUP_DIMS, SEGMENT, STAGE, WEEK
from revmodel.features.spend_days import spend_by_week
from revmodel.features.tables import WeeklyPanel
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.dialect import whole_numbers

__all__ = ["WeeklyPanelBuilder"]


class WeeklyPanelBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → WeeklyPanel, weeks ending on the as-of date and every seven days before it.

    From the week of the first arrival on, or the latest ``history_weeks``. Arrivals are records that entered the
    funnel anew (a deal grown from a known lead did not), by their first stage; columns are the combinations seen.
    by: dimensions of records (dims.GROUP_DIMS) that columns tell apart; channel and segment they always do.
    Indicators are NaN in weeks without a value. An annotation that falls outside the weeks has no column.
    After ``fit``: weeks_ (last days, oldest first), entries_ (stage, channel, segment and what else ``by`` names),
    channels_ (of spend).
    """

    def __init__(self, history_weeks: int | None = None, by: Sequence[str] = (CHANNEL, SEGMENT)) -> None:
        self.history_weeks = history_weeks
        self.by = by

    def fit(self, journeys: Journeys, y: None = None) -> WeeklyPanelBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the weeks and the columns."""
        arrivals = _arrivals(journeys, self._keys)
        weeks = int(arrivals["weeks_ago"].max()) + 1 if len(arrivals) else 1
        if self.history_weeks is not None:
            weeks = min(weeks, self.history_weeks)
        self.weeks_ = pd.date_range(end=pd.Timestamp(journeys.as_of), periods=weeks, freq="7D", name=WEEK)
        seen = arrivals.loc[arrivals["weeks_ago"] < weeks, self._keys].drop_duplicates()
        self.entries_ = _in_order(seen, tuple(journeys.funnel.stages))
        spend = journeys.tables["spend"].channel.name(CHANNEL).as_table() if "spend" in journeys.tables else None
        self.channels_ = () if spend is None else tuple(sorted(spend.distinct().to_pyarrow()[CHANNEL].to_pylist()))
        return self

    def transform(self, journeys: Journeys) -> WeeklyPanel:
        """Count and sum by week."""
        arrivals = _wide(_arrivals(journeys, self._keys), self._keys, self.weeks_)
        spend = spend_by_week(_spend_by_day(journeys), self.weeks_)
        return WeeklyPanel(
            spend=spend.reindex(columns=list(self.channels_), fill_value=0.0),
            arrivals=arrivals.reindex(columns=self.entries_).fillna(0).astype(np.int64),
            indicators=_wide(_indicators(journeys), ["name"], self.weeks_),
            annotations=_wide(_annotations(journeys, len(self.weeks_)), ["name"], self.weeks_).fillna(0.0),
        )

    @property
    def _keys(self) -> list[str]:
        return [STAGE, *(name for name in GROUP_DIMS if name in (CHANNEL, SEGMENT) or name in self.by)]

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Names of the spend and arrivals columns, as "spend:<channel>" and "arrivals:<stage>/<channel>/<segment>"."""
        spend = [f"spend:{channel}" for channel in self.channels_]
        return np.array([*spend, *(f"arrivals:{'/'.join(entry)}" for entry in self.entries_)], dtype=object)


def _arrivals(journeys: Journeys, keys: Sequence[str]) -> pd.DataFrame:
    """The keys (stage first), weeks_ago, value: records that entered the funnel anew."""
    each = journeys.records
    fresh = each.filter(each.first_stage.isin(journeys.funnel.stages) & ~each.grown_from_lead)
    columns = {STAGE: fresh.first_stage, **{name: fresh[name] for name in keys if name != STAGE}}
    weeks_ago = _weeks_before(journeys.as_of, fresh.first_at)
    return _frame(fresh.group_by(**columns, weeks_ago=weeks_ago).aggregate(value=fresh.count()))


def _spend_by_day(journeys: Journeys) -> pd.DataFrame:
    """date, channel, spend: over campaigns and regions."""
    if "spend" not in journeys.tables:
        return pd.DataFrame(columns=["date", CHANNEL, "spend"])
    spend = journeys.tables["spend"]
    frame = _frame(spend.group_by(["date", CHANNEL]).aggregate(spend=spend.spend.sum()))
    return frame.assign(date=pd.to_datetime(frame["date"]))


def _indicators(journeys: Journeys) -> pd.DataFrame:
    """name, weeks_ago, value: the mean of the week's values."""
    if "indicators" not in journeys.tables:
        return pd.DataFrame(columns=["name", "weeks_ago", "value"])
    indicators = journeys.tables["indicators"]
    weeks_ago = _weeks_before(journeys.as_of, indicators.date)
    return _frame(indicators.group_by("name", weeks_ago=weeks_ago).aggregate(value=indicators.value.mean()))


def _annotations(journeys: Journeys, weeks: int) -> pd.DataFrame:
    """name, weeks_ago, value: share of the week's days covered; a day counts once however often it is annotated."""
    if "annotations" not in journeys.tables:
        return pd.DataFrame(columns=["name", "weeks_ago", "value"])
    annotations = journeys.tables["annotations"]
    oldest = ibis.least(_days_before(journeys.as_of, annotations.start), weeks * DAYS_PER_WEEK - 1)
    latest = ibis.greatest(_days_before(journeys.as_of, annotations.end), 0)
    spans = annotations.select("name", oldest=oldest, latest=latest)
    every_day = whole_numbers(weeks * DAYS_PER_WEEK)
    days = spans.inner_join(every_day, [every_day.number >= spans.latest, every_day.number <= spans.oldest])
    days = days.select("name", "number").distinct()
    covered = days.group_by("name", weeks_ago=days.number // DAYS_PER_WEEK).aggregate(days=days.count())
    return _frame(covered.select("name", "weeks_ago", value=covered.days.cast("float64") / DAYS_PER_WEEK))


def _days_before(as_of: dt.date, day: ir.Column) -> ir.IntegerColumn:
    return days_before(as_of, day.cast("timestamp(6)"))


def _weeks_before(as_of: dt.date, moment: ir.Column) -> ir.IntegerColumn:
    return _days_before(as_of, moment) // DAYS_PER_WEEK


def _frame(table: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.order_by(table.columns).to_pyarrow().to_pandas()
    return frame


def _in_order(entries: pd.DataFrame, stages: tuple[str, ...]) -> pd.MultiIndex:
    """Combinations of the keys, stages in the order of the funnel."""
    ordered = entries.sort_values(list(entries.columns))
    ordered = ordered.sort_values(STAGE, key=lambda stage: stage.map(stages.index), kind="stable")
    return pd.MultiIndex.from_frame(ordered.astype(object), names=list(entries.columns))


def _wide(counts: pd.DataFrame, columns: list[str], weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Long counts (…, weeks_ago, value) → (week × columns), NaN where there is no value; weeks outside left out."""
    inside = counts[counts["weeks_ago"] < len(weeks)]
    if inside.empty:
        return pd.DataFrame(index=weeks)
    wide = inside.set_index(["weeks_ago", *columns])["value"].unstack(columns).sort_index(axis=1)  # noqa: PD010
    wide = wide.reindex(np.arange(len(weeks))[::-1])
    wide.index = weeks
    return wide.astype(np.float64).rename_axis(columns=columns if len(columns) > 1 else None)
