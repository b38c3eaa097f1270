"""The truth behind a simulated company: what each channel caused, what more or less spend would do, what comes next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.synthetic.future import future_by_week, open_deal_outcomes
from revmodel.synthetic.leads import CAUSES_OF_LEADS
from revmodel.synthetic.ledger import lead_ids
from revmodel.synthetic.profile import CHANNELS, FIRST_DEAL_STAGE, LEAD_CHANNELS, WON, Floats
from revmodel.synthetic.timeline import BURN_IN_WEEKS
from revmodel.synthetic.values import LeadValues, values_by_cohort, values_to_come
from revmodel.synthetic.world import World

__all__ = ["CURVE_WEEKS", "METRICS", "Truth", "reveal"]

METRICS = ("leads", "pipeline", "revenue")
CURVE_WEEKS = 13
MULTIPLIERS = np.round(np.linspace(0, 2, 21), 2)


@dataclass(frozen=True)
class Truth:
    """What no system shows. A lead has one cause: a spend channel or "baseline"; causes add up to the total.

    contribution : channel (baseline included), metric (leads, pipeline, revenue), horizon ("in_period": what lands by
        the as-of date; "long_term": whatever leads of the history ever bring), spend, expected (given the company's
        laws), realised (what luck made of it); romi_expected for revenue: (expected − spend) / spend.
    by_week : week (Monday), channel, spend, then expected_ and realised_ leads, pipeline, revenue of the leads created
        in that week, long-term. carry_in_leads : those of the expected that spend before the first week caused.
    response_curves : channel, multiplier of the planned spend of the 13 weeks after the as-of date, spend in them, and
        incremental_leads, _pipeline, _revenue they bring in all, against none (expected).
    conversion : quarter, channel (recorded), leads, won, share_won in the end, as it really happens.
    lead_values : channel, what a lead caused in the coming 13 weeks is worth: p_opportunity, p_won, pipeline, revenue.
    causes : lead_id, cause, for the leads on record.
    future : week (0 = the seven days after the as-of date), week_start, week_end, channel (recorded), segment, leads,
        opportunities, pipeline_created, wins, bookings: what really happens in the next 52 weeks, if the plan is kept.
    open_deals : deal_id, outcome (won, lost, never), closed_at, amount of each deal that is open on record.
    """

    contribution: pd.DataFrame
    by_week: pd.DataFrame
    response_curves: pd.DataFrame
    conversion: pd.DataFrame
    lead_values: pd.DataFrame
    causes: pd.DataFrame
    future: pd.DataFrame
    open_deals: pd.DataFrame


def reveal(world: World, rng: np.random.Generator) -> Truth:
    """Compute the truth of one company; ``rng`` is only for the averages over lead journeys."""
    cohorts = values_by_cohort(world, rng)
    coming = values_to_come(world, rng)
    known = np.flatnonzero(world.leads.created < world.timeline.cut)
    causes = pd.DataFrame({"lead_id": lead_ids(known), "cause": np.array(CAUSES_OF_LEADS)[world.leads.cause[known]]})
    lead_facts = _lead_facts(world)
    return Truth(
        contribution=_contribution(world, cohorts, lead_facts),
        by_week=_by_week(world, cohorts, lead_facts),
        response_curves=_response_curves(world, coming),
        conversion=_conversion(world, lead_facts),
        lead_values=coming,
        causes=causes,
        future=future_by_week(world),
        open_deals=open_deal_outcomes(world),
    )


def _lead_facts(world: World) -> pd.DataFrame:
    """One row a lead of the history: cause, when created, and what it brings, long-term and by the cut."""
    leads, ledger, amounts, cut = world.leads, world.ledger, world.amounts, world.timeline.cut
    opened, closed = np.full(len(leads), np.nan), np.full(len(leads), np.nan)
    pipeline, revenue = np.zeros(len(leads)), np.zeros(len(leads))
    entered = (ledger.deal >= 0) & (ledger.origin < 0) & (ledger.target == FIRST_DEAL_STAGE)
    opened[ledger.lead[entered]] = ledger.day[entered]
    won = amounts.end == WON
    pipeline[ledger.deal_lead] = amounts.first
    revenue[ledger.deal_lead[won]] = amounts.final[won]
    closed[ledger.deal_lead[won]] = amounts.closed[won]
    facts = pd.DataFrame({"cause": leads.cause, "recorded": leads.recorded, "created": leads.created, "leads": 1.0})
    facts = facts.assign(pipeline=pipeline, revenue=revenue, won=~np.isnan(closed))
    facts["pipeline_in_period"] = np.where(opened < cut, pipeline, 0.0)
    facts["revenue_in_period"] = np.where(closed < cut, revenue, 0.0)
    facts["week"] = world.timeline.week_of(leads.created)
    return facts[facts["created"] < cut]


def _expected_leads_by_week(world: World) -> Floats:
    """(week of history, cause): expected leads on days up to the cut."""
    by_day = world.expected_per_day[BURN_IN_WEEKS * 7 :].copy()
    by_day[world.timeline.cut :] = 0
    by_week = by_day.reshape(-1, 7, by_day.shape[1]).sum(axis=1)
    return np.asarray(by_week[: world.timeline.history_weeks])


def _contribution(world: World, cohorts: LeadValues, facts: pd.DataFrame) -> pd.DataFrame:
    """Expected and realised effect of each cause over the history, both horizons."""
    expected_leads = _expected_leads_by_week(world)
    realised = facts.groupby("cause").sum().reindex(range(len(CAUSES_OF_LEADS)), fill_value=0)
    spend = np.append(world.plan.weekly[world.timeline.history].sum(axis=0), 0.0)
    parts = []
    for horizon, suffix in (("in_period", "_in_period"), ("long_term", "")):
        for metric in METRICS:
            if metric == "leads":
                expected, column = expected_leads.sum(axis=0), "leads"
            else:
                column = metric + suffix
                expected = (expected_leads * cohorts.by_week(column)).sum(axis=0)
            rows = {"channel": CAUSES_OF_LEADS, "metric": metric, "horizon": horizon, "spend": spend}
            parts.append(pd.DataFrame({**rows, "expected": expected, "realised": realised[column].to_numpy()}))
    table = pd.concat(parts, ignore_index=True)
    money = (table["metric"] == "revenue") & (table["spend"] > 0)
    table["romi_expected"] = ((table["expected"] - table["spend"]) / table["spend"].where(money)).where(money)
    return table


def _by_week(world: World, cohorts: LeadValues, facts: pd.DataFrame) -> pd.DataFrame:
    """Expected and realised effect of each cause by the week in which the leads came."""
    history = world.timeline.history
    expected_leads = _expected_leads_by_week(world)
    shape = expected_leads.shape
    week = facts["week"].to_numpy() - history.start
    spend = np.column_stack([world.plan.weekly[history], np.zeros(shape[0])])
    columns = {
        "week": np.repeat(np.asarray(world.timeline.mondays[history].date), shape[1]),
        "channel": np.tile(CAUSES_OF_LEADS, shape[0]),
        "spend": spend.reshape(-1),
        "carry_in_leads": _carry_in(world).reshape(-1),
    }
    for metric in METRICS:
        expected = expected_leads * (1.0 if metric == "leads" else cohorts.by_week(metric))
        realised = np.zeros(shape)
        np.add.at(realised, (week, facts["cause"].to_numpy()), facts[metric].to_numpy())
        columns[f"expected_{metric}"] = expected.reshape(-1)
        columns[f"realised_{metric}"] = realised.reshape(-1)
    return pd.DataFrame(columns)


def _carry_in(world: World) -> Floats:
    """(week of history, cause): expected leads from spend before the first week of the history."""
    before = world.plan.weekly.copy()
    before[world.timeline.history.start :] = 0
    by_day = world.response.expected_leads(before)
    by_week = by_day.reshape(-1, 7, len(CHANNELS)).sum(axis=1)[world.timeline.history]
    return np.column_stack([by_week, np.zeros(len(by_week))])


def _response_curves(world: World, lead_values: pd.DataFrame) -> pd.DataFrame:
    """What multiples of the planned spend of the coming weeks would bring, each channel by itself."""
    window = slice(world.timeline.future.start, world.timeline.future.start + CURVE_WEEKS)
    planned = world.plan.weekly[window].sum(axis=0)
    values = lead_values.set_index("channel").loc[list(CHANNELS)]
    parts = []
    for multiplier in MULTIPLIERS:
        spend = np.zeros_like(world.plan.weekly)
        spend[window] = world.plan.weekly[window] * multiplier
        leads = world.response.expected_leads(spend).sum(axis=0)
        columns = {"channel": CHANNELS, "multiplier": multiplier, "spend": planned * multiplier}
        columns["incremental_leads"] = leads
        for metric in ("pipeline", "revenue"):
            columns[f"incremental_{metric}"] = leads * values[metric].to_numpy()
        parts.append(pd.DataFrame(columns))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["channel", "multiplier"], ignore_index=True)


def _conversion(world: World, facts: pd.DataFrame) -> pd.DataFrame:
    """Of the leads of each quarter and recorded channel, how many are won in the end."""
    quarter = world.timeline.quarter_names(facts["created"].to_numpy())
    channel = np.array(LEAD_CHANNELS)[facts["recorded"].to_numpy()]
    named = pd.DataFrame({"quarter": quarter, "channel": channel, "won": facts["won"].to_numpy()})
    table = named.groupby(["quarter", "channel"])["won"].agg(leads="size", won="sum").reset_index()
    table["share_won"] = table["won"] / table["leads"]
    return table
