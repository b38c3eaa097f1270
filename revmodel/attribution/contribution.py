"""What each channel's spend added: leads, pipeline and revenue, through the funnel's lag, with intervals.

A contribution is counted by the week in which its leads came in. ``in_period`` counts what lands before the period
ends, ``long_term`` everything those leads bring within three years (forecast/later.py). Spend is the period's own,
so carry-over at a period's edges is set against the neighbour's spend; over the year this is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel import dims
from revmodel.attribution.history import HistoryPeriod
from revmodel.attribution.lead_value import Floats, LeadValue
from revmodel.errors import ModelError

__all__ = ["BASELINE", "HORIZONS", "MEDIA", "METRICS", "LeadContribution", "contribution_table"]

BASELINE, MEDIA = "baseline", "all media"
METRICS = ("leads", "pipeline", "revenue")
HORIZONS = ("in_period", "long_term")


@dataclass(frozen=True)
class LeadContribution:
    """Expected leads by what caused them.

    caused : (draw, week, channel, group), leads that the channel's spend brought, by the funnel group that says what
        they are worth
    baseline : (draw, week, group), leads that would have come without any spend: of a group, its records less those
        caused, which may be below zero where caused leads carry other names (attribution/from_model.py)
    spend : frame (week × channel), currency per week; its index holds the weeks' last days, oldest first
    """

    caused: Floats
    baseline: Floats
    spend: pd.DataFrame

    def __post_init__(self) -> None:
        """Refuse shapes that disagree."""
        draws, weeks, channels, groups = self.caused.shape
        if self.spend.shape != (weeks, channels) or self.baseline.shape != (draws, weeks, groups):
            raise ModelError(
                f"leads caused have shape {self.caused.shape}; spend {self.spend.shape} and baseline "
                f"{self.baseline.shape} must be ({weeks}, {channels}) and ({draws}, {weeks}, {groups})"
            )


def contribution_table(
    leads: LeadContribution,
    worth: LeadValue,
    history: Sequence[HistoryPeriod],
    marginal_revenue: Mapping[tuple[str, str], Floats] | None = None,
) -> pd.DataFrame:
    """One row a channel, period, metric and horizon; 'all media' and 'baseline' rows add up to everything.

    Leads have the horizon in_period alone: a lead lands in the week it comes in.

    marginal_revenue : (period label, horizon) → (draw, channel), revenue of the next unit of currency
    Columns: channel, kind (channel, media, baseline), period, period_start, period_end, metric, horizon, spend, mean,
    sd, p05 … p95, share_mean, share_p10, share_p90 (of all there was), cost_per_unit (spend / mean), romi_mean,
    romi_p05 … romi_p95, marginal_romi_mean, marginal_romi_p05 … marginal_romi_p95, note.
    ROMI is (gain − cost) / cost, of revenue alone; it is NaN where nothing was spent or revenue is not money.
    """
    if leads.caused.shape[0] != worth.revenue_within.shape[0] or leads.caused.shape[3] != worth.revenue_within.shape[1]:
        raise ModelError(
            f"leads have {leads.caused.shape[0]} draws × {leads.caused.shape[3]} groups, lead values "
            f"{worth.revenue_within.shape[:2]}: take both from the same draws and groups"
        )
    marginal = marginal_revenue or {}
    rows = [
        row
        for period in history
        for metric in METRICS
        for horizon in (HORIZONS if metric != "leads" else HORIZONS[:1])
        for row in _rows(leads, worth, period, metric, horizon, marginal.get((period.label, horizon)))
    ]
    return pd.DataFrame(rows)


def _rows(
    leads: LeadContribution,
    worth: LeadValue,
    period: HistoryPeriod,
    metric: str,
    horizon: str,
    marginal: Floats | None,
) -> Iterator[dict[str, object]]:
    per_lead = _worth_by_week(worth, period, metric, horizon)
    caused = np.einsum("dwcg,dgw->dc", leads.caused[:, period.weeks], per_lead)
    base = np.einsum("dwg,dgw->d", leads.baseline[:, period.weeks], per_lead)
    media, spend = caused.sum(axis=1), leads.spend.iloc[period.weeks].sum()
    lines = [(str(name), "channel", caused[:, c], float(spend.iloc[c])) for c, name in enumerate(leads.spend.columns)]
    lines += [(MEDIA, "media", media, float(spend.sum())), (BASELINE, "baseline", base, 0.0)]
    for i, (name, kind, draws, cost) in enumerate(lines):
        yield {
            dims.CHANNEL: name,
            "kind": kind,
            dims.PERIOD: period.label,
            "period_start": period.start,
            "period_end": period.end,
            dims.METRIC: metric,
            "horizon": horizon,
            "spend": cost,
            **_summary(draws, ""),
            "sd": float(draws.std()),
            **_share_of_all(draws, media + base),
            "cost_per_unit": cost / draws.mean() if cost > 0 and draws.mean() > 0 else np.nan,
            **_returns(draws, cost, metric, worth.is_money, _of_channel(marginal, kind, i)),
            "note": _note(kind, cost, metric, worth.is_money),
        }


def _worth_by_week(worth: LeadValue, period: HistoryPeriod, metric: str, horizon: str) -> Floats:
    """(draw, group, week of the period): worth of a lead that came in that week, by what the horizon lets count."""
    within = worth.within(metric)
    known, weeks = within.shape[2], period.weeks.size
    if horizon == "long_term":
        return np.repeat(worth.long_term(metric)[:, :, None], weeks, axis=2)
    if weeks > known:
        raise ModelError(
            f"{period.label} is {weeks} weeks long but lead values reach {known} weeks: compute them over {weeks} weeks"
        )
    return within[:, :, weeks - 1 :: -1]


def _summary(draws: Floats, prefix: str) -> dict[str, float]:
    quantiles = np.percentile(draws, dims.PERCENTILES)
    named = {f"{prefix}p{p:02d}": float(q) for p, q in zip(dims.PERCENTILES, quantiles, strict=True)}
    return {f"{prefix}mean": float(draws.mean()), **named}


def _share_of_all(draws: Floats, everything: Floats) -> dict[str, float]:
    """The mean is the ratio of means, so that shares add up to one; the interval is that of the draws' ratios."""
    if not (everything > 0).all():
        return dict.fromkeys(("share_mean", "share_p10", "share_p90"), float("nan"))
    low, high = np.percentile(draws / everything, (10, 90))
    return {"share_mean": float(draws.mean() / everything.mean()), "share_p10": float(low), "share_p90": float(high)}


def _of_channel(marginal: Floats | None, kind: str, channel: int) -> Floats | None:
    return marginal[:, channel] if marginal is not None and kind == "channel" else None


def _returns(draws: Floats, cost: float, metric: str, is_money: bool, marginal: Floats | None) -> dict[str, float]:
    unknown = np.full(1, np.nan)
    told = metric == "revenue" and is_money
    romi = (draws - cost) / cost if told and cost > 0 else unknown
    next_unit = marginal - 1.0 if told and marginal is not None else unknown
    return {**_summary(romi, "romi_"), **_summary(next_unit, "marginal_romi_")}


def _note(kind: str, cost: float, metric: str, is_money: bool) -> str:
    if kind == "baseline":
        return "would have come without any spend"
    if cost == 0:
        return "nothing was spent in this period: no return on spend to tell; what it shows is carry-over"
    if metric == "revenue" and not is_money:
        return "no amounts are known: wins are counted, so there is no return on spend to tell"
    return ""
