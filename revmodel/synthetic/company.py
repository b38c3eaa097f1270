"""A whole simulated B2B company: what its systems recorded by a date, its plan, and the truth behind both."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from revmodel.errors import ConfigError
from revmodel.synthetic.context import (
    annotations_table,
    experiments_table,
    indicators_table,
    plan_table,
    spend_table,
    targets_table,
)
from revmodel.synthetic.customers import account_ids, accounts_table, subscriptions_table
from revmodel.synthetic.deals import deals_table, draw_amounts, history_table
from revmodel.synthetic.dirt import add_dirt
from revmodel.synthetic.environment import draw_environment
from revmodel.synthetic.funnel import simulate
from revmodel.synthetic.leads import Leads, draw_leads
from revmodel.synthetic.ledger import lead_ids, note_moves, stage_changes_table
from revmodel.synthetic.profile import BASELINE_LEADS_PER_WEEK, CHANNELS, LEAD_CHANNELS, REGIONS, SEGMENTS, Floats
from revmodel.synthetic.response import draw_response
from revmodel.synthetic.spend import draw_spend
from revmodel.synthetic.timeline import Timeline
from revmodel.synthetic.touches import touches_table
from revmodel.synthetic.truth import Truth, reveal
from revmodel.synthetic.world import World

__all__ = ["SCALES", "Company", "Size", "make_company"]

Size = Literal["small", "demo", "large"]
SCALES: dict[str, float] = {"small": 0.2, "demo": 1.0, "large": 10.0}
SHORTEST_YEARS = 0.5


@dataclass(frozen=True)
class Company:
    """One simulated company.

    tables : canonical tables by name, only what was recorded by the as-of date. plan : date, channel, spend of the 52
    weeks after it. truth : what no system shows. dirt_log : table, fault, rows, where; what was spoilt on purpose.
    """

    tables: dict[str, pd.DataFrame]
    plan: pd.DataFrame
    truth: Truth
    dirt_log: pd.DataFrame


def make_company(
    seed: int,
    size: Size = "demo",
    break_: bool = False,
    dirt: bool = False,
    as_of: dt.date = dt.date(2026, 9, 30),
    years: float = 3.0,
) -> Company:
    """Simulate a company; the same arguments give the same tables.

    seed : decides everything random. size : small has a fifth of the demo's leads and spend, large ten times.
    break_ : conversion falls and cycles lengthen abruptly after four fifths of the history.
    dirt : the tables get the faults of real exports, listed in ``dirt_log``. years : length of the history.
    Raises ConfigError: an unknown size, or less than half a year of history.
    """
    if size not in SCALES:
        raise ConfigError(f"size {size!r} came, wanted one of {', '.join(SCALES)}")
    if years < SHORTEST_YEARS:
        raise ConfigError(f"years = {years} came, wanted {SHORTEST_YEARS} or more: lift tests need the room")
    streams = dict(zip(_STREAMS, np.random.SeedSequence(seed).spawn(len(_STREAMS)), strict=True))
    rngs = {name: np.random.default_rng(stream) for name, stream in streams.items()}
    world = _simulate_world(Timeline.ending(as_of, years), SCALES[size], break_, rngs)
    tables = _tables(world, rngs)
    company = Company(tables, plan_table(world.plan, world.timeline), reveal(world, rngs["truth"]), _NO_DIRT.copy())
    if not dirt:
        return company
    spoilt, log = add_dirt(tables, as_of, rngs["dirt"])
    return replace(company, tables=spoilt, dirt_log=log)


# fmt: off
_STREAMS = (
    "spend", "environment", "response", "leads", "funnel", "ledger", "amounts", "history", "deals", "reasons",
    "touches", "accounts", "subscriptions", "booking", "indicators", "tests", "targets", "truth", "dirt",
)
# fmt: on
_NO_DIRT = pd.DataFrame(columns=["table", "fault", "rows", "where"])


def _simulate_world(timeline: Timeline, scale: float, break_: bool, rngs: dict[str, np.random.Generator]) -> World:
    """Everything that happens, recorded or not, up to the end of all journeys."""
    plan = draw_spend(timeline, scale, rngs["spend"])
    environment = draw_environment(timeline, break_, rngs["environment"])
    response = draw_response(timeline, plan, environment, scale, rngs["response"])
    expected = _expected_per_day(response.expected_leads(plan.weekly), environment.demand, scale)
    leads = draw_leads(timeline, expected, rngs["leads"])
    moves = simulate(leads.arrived, leads.traits, timeline, environment, rngs["funnel"])
    ledger = note_moves(leads, moves, rngs["ledger"])
    amounts = draw_amounts(leads, ledger, rngs["amounts"])
    return World(timeline, plan, environment, response, expected, leads, ledger, amounts)


def _expected_per_day(caused: Floats, demand: Floats, scale: float) -> Floats:
    """(day, cause): expected leads, the spend channels first and the baseline last."""
    baseline = BASELINE_LEADS_PER_WEEK * scale / 7 * demand
    return np.asarray(np.concatenate([caused, baseline[:, None]], axis=1))


def _tables(world: World, rngs: dict[str, np.random.Generator]) -> dict[str, pd.DataFrame]:
    """The canonical tables as recorded by the as-of date."""
    timeline, leads, ledger = world.timeline, world.leads, world.ledger
    ids = account_ids(leads)
    history = history_table(leads, ledger, world.amounts, timeline, rngs["history"])
    return {
        "accounts": accounts_table(leads, timeline, rngs["accounts"]),
        "leads": _leads_table(leads, timeline, ids),
        "touches": touches_table(leads, timeline, rngs["touches"]),
        "stage_changes": stage_changes_table(ledger, timeline, rngs["reasons"]),
        "deals": deals_table(leads, ledger, history, timeline, ids, rngs["deals"]),
        "deal_history": history,
        "spend": spend_table(world.plan, timeline, rngs["booking"]),
        "indicators": indicators_table(world.expected_per_day, world.environment, timeline, rngs["indicators"]),
        "experiments": experiments_table(world.plan, world.response, timeline, rngs["tests"]),
        "subscriptions": subscriptions_table(leads, ledger, world.amounts, timeline, rngs["subscriptions"]),
        "annotations": annotations_table(world.environment, timeline),
        "targets": targets_table(ledger, history, timeline, rngs["targets"]),
    }


def _leads_table(leads: Leads, timeline: Timeline, ids: pd.Index) -> pd.DataFrame:
    """The canonical leads, with the recorded channel (not the true cause)."""
    known = np.flatnonzero(leads.created < timeline.cut)
    channel = np.array(LEAD_CHANNELS)[leads.recorded[known]]
    quarter = timeline.quarter_names(leads.created[known]).str.lower()
    campaign = pd.Series(channel, dtype=object) + "_" + quarter
    return pd.DataFrame(
        {
            "lead_id": lead_ids(known),
            "created_at": timeline.stamp(leads.created[known]),
            "account_id": ids[leads.account[known]],
            "channel": channel,
            "campaign": campaign.where(np.isin(channel, CHANNELS), None),
            "region": np.array(REGIONS)[leads.traits.region[known]],
            "segment": np.array(SEGMENTS)[leads.traits.segment[known]],
        }
    )
