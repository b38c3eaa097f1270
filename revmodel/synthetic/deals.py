"""Deals: their amounts, and the history of amount, close date and forecast category that a CRM keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from revmodel.synthetic.leads import Leads, Traits
from revmodel.synthetic.ledger import Ledger, deal_ids, lead_ids
from revmodel.synthetic.profile import (
    CLOSED,
    LEAD_CHANNELS,
    PROFILES,
    REGIONS,
    SEGMENT_PROFILES,
    SEGMENTS,
    STAGES,
    WON,
    Floats,
    Ints,
)
from revmodel.synthetic.timeline import Timeline

__all__ = ["SLIPPAGE_FACTOR", "Amounts", "deals_table", "draw_amounts", "expected_amount", "history_table"]

AMOUNT_LOG_SD, WHALE_SHARE, WHALE_FACTOR, FIT_IN_AMOUNT = 0.55, 0.012, 4.0, 0.08
SLIPPAGE_LOG_MEAN, SLIPPAGE_LOG_SD = -0.10, 0.18
SLIPPAGE_FACTOR = float(np.exp(SLIPPAGE_LOG_MEAN + SLIPPAGE_LOG_SD**2 / 2))  # mean of won / first amount
CATEGORY = {
    "opportunity": "pipeline",
    "proposal": "best_case",
    "negotiation": "commit",
    "won": "closed",
    "lost": "omitted",
}
PROBABILITY = {"opportunity": 0.2, "proposal": 0.4, "negotiation": 0.7, "won": 1.0, "lost": 0.0}
EXPECTED_DAYS_TO_CLOSE = 60.0  # what sales say at creation for a mid-market deal; optimistic
MOST_PUSHES = 12
OWNERS_PER_REGION = (6, 5, 3)
_NAMES = np.array([*STAGES, *CLOSED.values()], dtype=object)


@dataclass(frozen=True)
class Amounts:
    """(deal,): amount first on file, amount when won (as it would be), the end (WON, LOST or −1), when it ended."""

    first: Floats
    final: Floats
    end: Ints
    closed: Floats


def expected_amount(cause: Ints, traits: Traits) -> Floats:
    """Expected amount first on file of a deal from each lead, currency, whales included."""
    whales = 1 + WHALE_SHARE * (WHALE_FACTOR - 1)
    return np.asarray(np.exp(_log_median(cause, traits) + AMOUNT_LOG_SD**2 / 2) * whales)


def _log_median(cause: Ints, traits: Traits) -> Floats:
    factor = np.array([*(profile.amount_factor for profile in PROFILES), 1.0])
    median = np.array([profile.amount_median for profile in SEGMENT_PROFILES])
    return np.asarray(np.log(median[traits.segment] * factor[cause]) + FIT_IN_AMOUNT * traits.fit)


def draw_amounts(leads: Leads, ledger: Ledger, rng: np.random.Generator) -> Amounts:
    """Draw the amounts of every deal."""
    lead = ledger.deal_lead
    log_first = _log_median(leads.cause, leads.traits)[lead] + AMOUNT_LOG_SD * rng.standard_normal(len(lead))
    whale = rng.random(len(lead)) < WHALE_SHARE
    first = np.maximum(np.round(np.exp(log_first) * np.where(whale, WHALE_FACTOR, 1.0), -2), 500.0)
    slippage = rng.normal(SLIPPAGE_LOG_MEAN, SLIPPAGE_LOG_SD, len(lead))
    end, closed = np.full(len(lead), -1), np.full(len(lead), np.nan)
    ends = (ledger.deal >= 0) & (ledger.target >= WON)
    end[ledger.deal[ends]], closed[ledger.deal[ends]] = ledger.target[ends], ledger.day[ends]
    return Amounts(first, np.maximum(np.round(first * np.exp(slippage), -1), 400.0), end, closed)


def history_table(
    leads: Leads, ledger: Ledger, amounts: Amounts, timeline: Timeline, rng: np.random.Generator
) -> pd.DataFrame:
    """The canonical deal_history, as noted by the as-of date: a row at creation, at moves and at pushed close dates.

    Every deal's rows are ordered by recorded_at; the amount at the win is on the row of the win.
    """
    rows = _history_rows(leads, ledger, amounts, timeline, rng)
    known = rows[rows["recorded"] < timeline.cut]
    stage = pd.Series(_NAMES[known["target"].to_numpy()], index=known.index)
    table = pd.DataFrame(
        {
            "deal_id": deal_ids(known["deal"].to_numpy()),
            "recorded_at": timeline.stamp(known["recorded"].to_numpy()),
            "amount": known["amount"].to_numpy(),
            "close_date": timeline.stamp(known["close_day"].to_numpy()).normalize().date,
            "stage": stage.to_numpy(),
            "forecast_category": stage.map(CATEGORY).to_numpy(),
            "probability": _said_probability(stage, rng),
        }
    )
    return table.sort_values(["recorded_at", "deal_id"], kind="stable", ignore_index=True)


def _history_rows(
    leads: Leads, ledger: Ledger, amounts: Amounts, timeline: Timeline, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows of every deal in order of recording: deal, origin, target, day, recorded, close_day, amount."""
    rows = _moves_of_deals(ledger)
    rows["close_day"] = np.where(rows["target"] >= WON, rows["day"], np.nan)
    creation = rows["origin"] < 0
    rows.loc[creation, "close_day"] = _first_close_day(leads, ledger, rows[creation], timeline, rng)
    rows = pd.concat([rows, _pushes(rows[creation], amounts, timeline, rng)], ignore_index=True)
    rows = rows.sort_values(["deal", "recorded"], kind="stable", ignore_index=True)
    by_deal = rows.groupby("deal")
    rows["target"] = by_deal["target"].ffill().astype(int)
    rows["close_day"] = by_deal["close_day"].ffill()
    rows["amount"] = _amount_path(rows, amounts, rng)
    return rows


def _moves_of_deals(ledger: Ledger) -> pd.DataFrame:
    chosen = ledger.deal >= 0
    columns = {name: getattr(ledger, name)[chosen] for name in ("deal", "origin", "target", "day", "recorded")}
    return pd.DataFrame(columns)


def _first_close_day(
    leads: Leads, ledger: Ledger, creation: pd.DataFrame, timeline: Timeline, rng: np.random.Generator
) -> Floats:
    """The close date that sales first enter: a typical cycle ahead, often rounded up to the quarter's end."""
    segment = leads.traits.segment[ledger.deal_lead[creation["deal"].to_numpy()]]
    factor = np.array([profile.dwell_factor for profile in SEGMENT_PROFILES])[segment]
    day = creation["day"].to_numpy() + EXPECTED_DAYS_TO_CLOSE * factor * rng.lognormal(0, 0.3, len(creation))
    _, quarter_end = timeline.quarter_bounds(day)
    return np.asarray(np.where(rng.random(len(day)) < 0.5, quarter_end - 0.5, day))


def _pushes(creation: pd.DataFrame, amounts: Amounts, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """Rows for close dates that passed while the deal was open; forgotten deals are never updated."""
    deal = creation["deal"].to_numpy()
    alive = amounts.end[deal] >= 0
    deal, due = deal[alive], creation["close_day"].to_numpy()[alive]
    parts = []
    for _ in range(MOST_PUSHES):
        noticed = due + rng.uniform(-3, 4, len(due))
        open_still = (noticed < amounts.closed[deal] - 1) & (noticed < timeline.cut)
        deal, noticed, due = deal[open_still], noticed[open_still], due[open_still]
        due = due + rng.choice([14.0, 30.0, 45.0, 91.0], len(due), p=[0.2, 0.4, 0.25, 0.15])
        noticed = np.floor(noticed) + rng.uniform(0.35, 0.74, len(due))
        parts.append(pd.DataFrame({"deal": deal, "origin": 0, "day": noticed, "recorded": noticed, "close_day": due}))
    return pd.concat(parts, ignore_index=True)


def _amount_path(rows: pd.DataFrame, amounts: Amounts, rng: np.random.Generator) -> Floats:
    """The amount on each row: from the first towards the final one in random steps; a win has the final one."""
    deal = rows["deal"].to_numpy()
    steps = pd.Series(rng.exponential(1, len(rows)) * (rng.random(len(rows)) < 0.35), index=rows.index)
    steps[rows["origin"].to_numpy() < 0] = 0.0
    done = steps.groupby(deal).cumsum().to_numpy()
    whole = steps.groupby(deal).transform("sum").to_numpy() + 1.0
    first, final = amounts.first[deal], amounts.final[deal]
    between = np.round(first * (final / first) ** (done / whole), -2)
    won = rows["target"].to_numpy() == WON
    amount = np.where(done == 0, first, np.maximum(between, 400.0))
    return np.asarray(np.where(won, final, amount))


def _said_probability(stage: pd.Series, rng: np.random.Generator) -> Floats:
    """What sales say: the stage's percentage, at times moved by hand; certain once closed."""
    base = stage.map(PROBABILITY).to_numpy(dtype=float)
    moved = np.clip(base + rng.choice([0.0, 0.0, 0.0, 0.1, -0.1], len(base)), 0.05, 0.95)
    return np.asarray(np.round(np.where((base > 0) & (base < 1), moved, base), 2))


def deals_table(
    leads: Leads,
    ledger: Ledger,
    history: pd.DataFrame,
    timeline: Timeline,
    account_ids: pd.Index,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The canonical deals: created by the as-of date, with the current fields as a CRM export shows them."""
    created = ledger.day[(ledger.deal >= 0) & (ledger.origin < 0)]
    created = created[np.argsort(ledger.deal[(ledger.deal >= 0) & (ledger.origin < 0)])]
    owners = _owners(leads.traits.region[ledger.deal_lead], rng)
    known = np.flatnonzero(created < timeline.cut)
    lead = ledger.deal_lead[known]
    table = pd.DataFrame(
        {
            "deal_id": deal_ids(known),
            "created_at": timeline.stamp(created[known]),
            "account_id": account_ids[leads.account[lead]],
            "lead_id": lead_ids(lead),
            "type": "new",
            "owner": owners[known],
            "channel": np.array(LEAD_CHANNELS)[leads.recorded[lead]],
            "segment": np.array(SEGMENTS)[leads.traits.segment[lead]],
            "currency": "EUR",
        }
    )
    current = history.groupby("deal_id")[["amount", "close_date", "stage"]].last()
    return table.join(current, on="deal_id")


def _owners(region: Ints, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """A seller of the region for each deal."""
    size = np.array(OWNERS_PER_REGION)[region]
    seller = np.floor(rng.random(len(region)) * size).astype(int) + 1
    return np.array(
        [f"{REGIONS[code]}_rep_{number}" for code, number in zip(region, seller, strict=True)], dtype=object
    )
