"""What stands around the funnel: spend as booked, indicators, lift tests, annotations, targets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel import dims
from revmodel.synthetic.environment import Environment
from revmodel.synthetic.ledger import Ledger
from revmodel.synthetic.profile import CHANNELS, WON, Floats
from revmodel.synthetic.response import Response
from revmodel.synthetic.spend import SpendPlan
from revmodel.synthetic.timeline import Timeline

__all__ = ["annotations_table", "experiments_table", "indicators_table", "plan_table", "spend_table", "targets_table"]

COST_PER_CLICK = {"paid_search": 6.5, "paid_social": 4.0}
CLICK_RATE = {"paid_search": 0.035, "paid_social": 0.006}
TARGET_STRETCH = 1.04  # targets are set a little above what the year so far would give


def spend_table(plan: SpendPlan, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """The canonical spend: a row a week and channel, dated on the Monday; dark weeks have spend 0."""
    table = _long(plan.weekly[timeline.history], timeline.mondays[timeline.history])
    price = table["channel"].map(COST_PER_CLICK).to_numpy(dtype=float) * rng.lognormal(0, 0.08, len(table))
    table["clicks"] = np.round(table["spend"].to_numpy() / price)
    table["impressions"] = np.round(table["clicks"] / table["channel"].map(CLICK_RATE).to_numpy(dtype=float))
    table["currency"] = "EUR"
    return table


def plan_table(plan: SpendPlan, timeline: Timeline) -> pd.DataFrame:
    """Planned spend of the 52 weeks whose Mondays lie after the as-of date: date, channel, spend."""
    return _long(plan.weekly[timeline.future], timeline.mondays[timeline.future])


def _long(weekly: Floats, mondays: pd.DatetimeIndex) -> pd.DataFrame:
    dates = np.repeat(np.asarray(mondays.date), len(CHANNELS))
    return pd.DataFrame({"date": dates, "channel": np.tile(CHANNELS, len(mondays)), "spend": weekly.reshape(-1)})


def indicators_table(
    expected_per_day: Floats, environment: Environment, timeline: Timeline, rng: np.random.Generator
) -> pd.DataFrame:
    """Weekly signals, dated on the Monday after the week they measure, so nothing is known before it happened.

    demo_requests follow the week's own leads, site_sessions run a week ahead of leads, intent two to three weeks.
    expected_per_day : (day, cause), expected leads.
    """
    leads = expected_per_day.sum(axis=1).reshape(-1, 7).sum(axis=1)
    demand = environment.demand.reshape(-1, 7).mean(axis=1)
    measured = np.arange(timeline.history.start - 1, timeline.history.stop - 1)
    signals = {
        "site_sessions": 85
        * (0.5 * leads[measured] + 0.5 * leads[measured + 1])
        * rng.lognormal(0, 0.05, len(measured)),
        "demo_requests": rng.poisson(0.3 * leads[measured]).astype(float),
        "intent": 50 * (demand[measured + 2] + demand[measured + 3]) / 2 * rng.lognormal(0, 0.06, len(measured)),
    }
    dates = timeline.mondays[timeline.history].date
    parts = [pd.DataFrame({"date": dates, "name": name, "value": np.round(v, 1)}) for name, v in signals.items()]
    return pd.concat(parts, ignore_index=True)


def experiments_table(
    plan: SpendPlan, response: Response, timeline: Timeline, rng: np.random.Generator
) -> pd.DataFrame:
    """The canonical lift tests that ended by the as-of date.

    spend_change : currency over the whole test, against the spend without it; lift : leads gained inside the test's
    weeks (negative where spend was cut), measured with error lift_se.
    """
    with_tests, without = response.expected_leads(plan.weekly), response.expected_leads(plan.untested)
    rows = []
    for test in plan.tests:
        channel, weeks = CHANNELS.index(test.channel), slice(test.first_week, test.last_week)
        days = slice(test.first_week * 7, test.last_week * 7)
        lift = float((with_tests - without)[days, channel].sum())
        se = 0.25 * abs(lift) + 0.03 * float(without[days, channel].sum())
        end = timeline.mondays[test.last_week - 1].date() + dt.timedelta(days=6)
        row = {
            "name": test.name,
            "channel": test.channel,
            "start": timeline.mondays[test.first_week].date(),
            "end": end,
            "spend_change": round(float((plan.weekly - plan.untested)[weeks, channel].sum()), 2),
            "lift": round(lift + float(rng.normal(0, se)), 1),
            "lift_se": round(se, 1),
            "metric": dims.LEADS,
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    return table[table["end"] <= timeline.as_of].reset_index(drop=True)


def annotations_table(environment: Environment, timeline: Timeline) -> pd.DataFrame:
    """The canonical annotations. The site outage halves the leads of its week; the other events change nothing."""
    outage = timeline.mondays[environment.outage_week].date()
    price = timeline.mondays[timeline.history.start + round(timeline.history_weeks * 0.35)].date()
    launch = timeline.mondays[timeline.history.start + round(timeline.history_weeks * 0.7)].date()
    rows = [
        (price, price + dt.timedelta(days=27), "List prices raised", "price_change", "all"),
        (outage, outage + dt.timedelta(days=6), "Web site down", "outage", "all"),
        (launch, launch + dt.timedelta(days=41), "Competitor launches a cobot line", "competitor_launch", "smb"),
    ]
    return pd.DataFrame(rows, columns=["start", "end", "name", "kind", "scope"])


def targets_table(ledger: Ledger, history: pd.DataFrame, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """Quarterly targets, for whole quarters of the history and the two that follow the as-of date.

    A target is the mean of the year before its quarter, stretched; the first two quarters, which have no past, share
    theirs. period is written 2026Q4.
    """
    actual = _by_quarter(ledger, history, timeline)
    first_day = pd.PeriodIndex(actual.index, freq="Q").start_time
    coming = pd.period_range(pd.Period(timeline.as_of + dt.timedelta(days=1), freq="Q"), periods=2, freq="Q")
    whole = actual[(first_day >= pd.Timestamp(timeline.start)) & (first_day < coming[0].start_time)]
    rows = []
    for period in [*pd.PeriodIndex(whole.index, freq="Q"), *coming]:
        past = whole[pd.PeriodIndex(whole.index, freq="Q") < min(period, coming[0])].tail(4)
        base = past.mean() if len(past) >= 2 else whole.head(2).mean()
        stretched = base * TARGET_STRETCH * rng.lognormal(0, 0.03, len(base))
        rows += [(str(period), metric, _round(value)) for metric, value in zip(base.index, stretched, strict=True)]
    return pd.DataFrame(rows, columns=["period", "metric", "value"])


def _by_quarter(ledger: Ledger, history: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """(quarter, metric): what was noted by the as-of date."""
    known = ledger.recorded < timeline.cut
    entry = known & (ledger.origin < 0) & (ledger.deal < 0)
    wins = known & (ledger.target == WON)
    first = history.drop_duplicates("deal_id")
    won = history[history["stage"] == "won"]
    columns = {
        dims.LEADS: timeline.quarter_names(ledger.day[entry]).value_counts(),
        dims.PIPELINE_CREATED: first.groupby(_quarters(first["recorded_at"]))["amount"].sum(),
        dims.WINS: timeline.quarter_names(ledger.day[wins]).value_counts(),
        dims.BOOKINGS: won.groupby(_quarters(won["recorded_at"]))["amount"].sum(),
    }
    return pd.DataFrame(columns).fillna(0).sort_index().astype(float)


def _quarters(stamps: pd.Series) -> pd.Series:
    return pd.Series(stamps.dt.year.astype(str) + "Q" + stamps.dt.quarter.astype(str))


def _round(value: float) -> float:
    """Targets are round numbers: three digits."""
    return float(f"{value:.3g}") if value > 100 else float(round(value))
