"""The weekly panel by channel, region and segment: spend, impressions, clicks, leads and opportunities."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from revmodel.dims import ALL, CHANNEL, SEGMENT, UNKNOWN, WEEK
from revmodel.features.realised import opportunities
from revmodel.features.spend_days import channel_cadences, spread
from revmodel.features.weekly_panel import WeeklyPanelBuilder
from revmodel.journeys.days import DAYS_PER_WEEK, days_before
from revmodel.journeys.events import DEAL, LEAD
from revmodel.journeys.reconstruct import Journeys

__all__ = ["MEASURES", "REGION", "RegionalPanel", "RegionalPanelBuilder"]

REGION = "region"
PAID = ("spend", "impressions", "clicks")
MEASURES = (*PAID, "leads", "opportunities")
_GROUP = [CHANNEL, REGION, SEGMENT]


@dataclass(frozen=True)
class RegionalPanel:
    """frame: one row a week and group, weeks oldest first, gaps filled with zeros; columns

    week (Timestamp of its last day), channel, region, segment, spend (currency), impressions, clicks (counts, as
    floats where monthly rows are spread over weeks), leads, opportunities (counts).
    """

    frame: pd.DataFrame

    def wide(self, measure: str) -> pd.DataFrame:
        """(week × (channel, region, segment)) of one measure."""
        return self.frame.set_index([WEEK, *_GROUP])[measure].unstack(_GROUP)  # noqa: PD010


class RegionalPanelBuilder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Journeys → RegionalPanel over the weeks of WeeklyPanelBuilder; its totals are that panel's.

    leads: records that entered the funnel anew in a lead stage; opportunities: first entries into a deal stage (or
    wins that skipped them all). Their region is the record's own, else its lead's, else its account's, else
    "unknown". A spend row that names no region stands under the region "unknown", one that names no segment under the
    segment "all", as records without a segment do. Spend rows cover the days that rows of their channel are apart.
    After ``fit``: weeks_, groups_ (channel, region, segment seen in any measure within the weeks).
    """

    def __init__(self, history_weeks: int | None = None) -> None:
        self.history_weeks = history_weeks

    def fit(self, journeys: Journeys, y: None = None) -> RegionalPanelBuilder:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the weeks and the groups."""
        self._learn(journeys)
        return self

    def transform(self, journeys: Journeys) -> RegionalPanel:
        """Count and sum by week and group; groups that were not seen in fit are left out."""
        return self._filled(_panel(journeys, self.weeks_))

    def fit_transform(self, journeys: Journeys, y: None = None) -> RegionalPanel:  # noqa: ARG002
        """Learn the weeks and groups and give their panel, from one reading of the rows."""
        return self._filled(self._learn(journeys))

    def _learn(self, journeys: Journeys) -> pd.DataFrame:
        """The panel as it was counted, without empty weeks, and what is learnt from it."""
        self.weeks_ = WeeklyPanelBuilder(self.history_weeks).fit(journeys).weeks_
        panel = _panel(journeys, self.weeks_)
        self.groups_ = panel[_GROUP].drop_duplicates().sort_values(_GROUP, ignore_index=True)
        return panel

    def _filled(self, panel: pd.DataFrame) -> RegionalPanel:
        """Every week of every group, zero where nothing was counted."""
        weeks = pd.DataFrame({WEEK: self.weeks_})
        every = weeks.merge(self.groups_, how="cross")
        sums = panel.groupby([WEEK, *_GROUP], as_index=False)[list(MEASURES)].sum()
        filled = every.merge(sums, on=[WEEK, *_GROUP], how="left").fillna(dict.fromkeys(MEASURES, 0.0))
        counts = {name: filled[name].astype(np.int64) for name in MEASURES if name not in PAID}
        return RegionalPanel(filled.assign(**counts))

    def get_feature_names_out(self, input_features: None = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Columns of the frame."""
        return np.array([WEEK, *_GROUP, *MEASURES], dtype=object)


def _panel(journeys: Journeys, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """week, channel, region, segment and the measures, several rows a cell; 0 where a row is not about a measure."""
    parts = [_paid(journeys, weeks), _counted(journeys, weeks)]
    columns = [WEEK, *_GROUP, *MEASURES]
    filled = [part.reindex(columns=columns).fillna(dict.fromkeys(MEASURES, 0.0)) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _paid(journeys: Journeys, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """Spend, impressions and clicks by week and group, laid over the days that rows pay for."""
    if "spend" not in journeys.tables:
        return pd.DataFrame()
    spend = journeys.tables["spend"]
    keys = {"date": spend.date, CHANNEL: spend.channel, REGION: spend.region.fill_null(UNKNOWN)}
    by_day = spend.group_by(**keys, segment=spend.segment.fill_null(ALL)).aggregate(
        **{name: spend[name].sum().fill_null(0.0) for name in PAID}
    )
    rows = by_day.order_by(["date", *_GROUP]).to_pyarrow().to_pandas()
    rows = rows.assign(date=pd.to_datetime(rows["date"]))
    cadence = channel_cadences(rows)
    parts = []
    for values, of_group in rows.groupby(_GROUP, sort=True):
        dates = pd.DatetimeIndex(of_group["date"])
        by_week = {
            name: spread(dates, of_group[name].to_numpy(dtype=np.float64), cadence[values[0]], weeks) for name in PAID
        }
        part = pd.DataFrame({WEEK: weeks, **by_week}).assign(**dict(zip(_GROUP, values, strict=True)))
        parts.append(part[(part[list(PAID)] != 0).any(axis=1)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _counted(journeys: Journeys, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """leads and opportunities by week and group."""
    each, funnel = journeys.records, journeys.funnel
    fresh = (
        each.filter(each.first_stage.isin(funnel.lead_stages) & ~each.grown_from_lead) if funnel.lead_stages else None
    )
    made = opportunities(each, journeys) if funnel.deal_stages else None
    parts = []
    for name, rows, moment in (("leads", fresh, "first_at"), ("opportunities", made, "made_at")):
        if rows is not None:
            weeks_ago = days_before(journeys.as_of, rows[moment]) // DAYS_PER_WEEK
            dated = rows.mutate(weeks_ago=weeks_ago.cast("int64")).select(
                "record_type", "record_id", CHANNEL, SEGMENT, "weeks_ago"
            )
            keyed = _with_region(dated, journeys)
            counts = keyed.group_by([*_GROUP, "weeks_ago"]).aggregate(**{name: keyed.count()})
            parts.append(counts.filter(counts.weeks_ago < len(weeks)).to_pyarrow().to_pandas())
    if not parts:
        return pd.DataFrame()
    together = pd.concat(parts, ignore_index=True)
    place = len(weeks) - 1 - together["weeks_ago"].to_numpy(dtype=np.int64)
    by_week: pd.DataFrame = together.assign(week=weeks[place])
    return by_week


def _with_region(rows: ir.Table, journeys: Journeys) -> ir.Table:
    """Rows of records with their region: the record's own, else its lead's, else its account's."""
    parts = [part for part in (_of_leads(journeys), _of_deals(journeys)) if part is not None]
    if not parts:
        return rows.mutate(region=ibis.literal(UNKNOWN))
    regions = ibis.union(*parts) if len(parts) > 1 else parts[0]
    if "accounts" in journeys.tables:
        accounts = journeys.tables["accounts"].select(of_account="account_id", account_region="region")
        regions = regions.left_join(accounts, regions.account_id == accounts.of_account)
        regions = regions.mutate(region=ibis.coalesce(regions.region, regions.account_region))
    regions = regions.select("record_type", "record_id", "region")
    joined = rows.left_join(regions, ["record_type", "record_id"])
    return joined.mutate(region=joined.region.fill_null(UNKNOWN)).select(*rows.columns, "region")


def _of_leads(journeys: Journeys) -> ir.Table | None:
    if "leads" not in journeys.tables:
        return None
    leads = journeys.tables["leads"]
    return leads.select("region", "account_id", record_type=ibis.literal(LEAD), record_id="lead_id")


def _of_deals(journeys: Journeys) -> ir.Table | None:
    if "deals" not in journeys.tables:
        return None
    deals = journeys.tables["deals"].select("region", "account_id", "lead_id", record_id="deal_id")
    if "leads" in journeys.tables:
        leads = journeys.tables["leads"].select(of_lead="lead_id", lead_region="region", lead_account="account_id")
        joined = deals.left_join(leads, deals.lead_id == leads.of_lead)
        deals = joined.mutate(
            region=ibis.coalesce(joined.region, joined.lead_region),
            account_id=ibis.coalesce(joined.account_id, joined.lead_account),
        )
    return deals.select("region", "account_id", record_type=ibis.literal(DEAL), record_id="record_id")
