"""What this data does not allow, in plain sentences."""

from __future__ import annotations

import ibis
import pandas as pd

from revmodel.journeys.events import DEAL
from revmodel.journeys.reconstruct import Journeys
from revmodel.sources.wording import plural

__all__ = ["sentences"]

_WITHOUT = {
    "spend": "No spend table: contribution and budget need one with date, channel, spend",
    "stage_changes": "No stage_changes table: conversion and time to close need one with record_id, "
    "to_stage, changed_at",
    "experiments": "No experiments table: spend effects rest on history alone; lift tests (name, channel, start, end, "
    "spend_change, lift, lift_se) would pin them down",
    "targets": "No targets table: the chance of hitting target needs one with period, metric, value",
    "subscriptions": "No subscriptions table: lifetime value needs one with customer_id, started_at, mrr",
}


def sentences(journeys: Journeys) -> list[str]:
    """One sentence for each thing that cannot be done, or only in part, and what would enable it."""
    tables = journeys.tables
    missing = [sentence for name, sentence in _WITHOUT.items() if name not in tables]
    return [*missing, *_about_amounts(journeys), *_about_time_at_risk(journeys), *_about_zombies(journeys)]


def _about_amounts(journeys: Journeys) -> list[str]:
    if not journeys.funnel.deal_stages:
        return ["The funnel has no deals (funnel.first_deal_stage): wins are counted; there is no pipeline in money"]
    if "deals" not in journeys.tables:
        return ["No deals table: pipeline and bookings are counts; money needs deals and deal_history with amounts"]
    deals = journeys.records.filter(journeys.records.record_type == DEAL)
    row = deals.aggregate(deals=deals.count(), known=deals.first_amount.count()).to_pyarrow().to_pylist()[0]
    if row["known"] == 0:
        return [
            "No amount is dated: pipeline and bookings are counts; money needs a deal_history table with deal_id, "
            "recorded_at, amount (the amounts in deals are today's)"
        ]
    if row["known"] < row["deals"]:
        return [
            f"{row['deals'] - row['known']:,} of {row['deals']:,} deals have no amount on file by {journeys.as_of}: "
            "they count in pipeline created with the mean amount of the others, and in bookings not at all"
        ]
    return []


def _about_time_at_risk(journeys: Journeys) -> list[str]:
    return [
        f"Exits from {row.stage!r} are on record only from {row.exits_recorded_from:%Y-%m-%d}, entries from "
        f"{row.first_entry:%Y-%m-%d}: what became of {row.records:,} earlier records before that day is not known; "
        "they count as at risk only from then on"
        for row in journeys.truncated.itertuples()
    ]


def _about_zombies(journeys: Journeys) -> list[str]:
    spells = journeys.spells
    zombies = spells.filter(spells.zombie)
    by_stage = zombies.group_by("stage").aggregate(n=zombies.count(), weeks=zombies.zombie_after_weeks.max())
    frame: pd.DataFrame = by_stage.order_by(ibis.desc("n"), "stage").to_pyarrow().to_pandas()
    return [
        f"{plural(n, 'record has', 'records have')} been open in {stage!r} for {plural(weeks, 'week')} or more: when "
        "they will close cannot be said; they are set apart and not forecast"
        for stage, n, weeks in zip(frame["stage"], frame["n"], frame["weeks"], strict=True)
    ]
