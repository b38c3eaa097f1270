"""Accounts, and the subscriptions that wins begin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from revmodel.synthetic.deals import Amounts
from revmodel.synthetic.leads import Leads, industry_of
from revmodel.synthetic.ledger import Ledger
from revmodel.synthetic.profile import INDUSTRIES, REGIONS, SEGMENT_PROFILES, SEGMENTS, WON, Floats
from revmodel.synthetic.timeline import Timeline

__all__ = ["account_ids", "accounts_table", "subscriptions_table"]

EMPLOYEES_MEDIAN = (60, 450, 4_200)
DAYS_PER_MONTH = 30.4375
_FIRST_WORDS = (
    "Alder",
    "Baltic",
    "Cobalt",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
)
_LAST_WORDS = ("Works", "Foods", "Logistics", "Pharma", "Motors", "Systems", "Retail", "Labs", "Supply")


def account_ids(leads: Leads) -> pd.Index:
    """The id of each account number."""
    return pd.Index([f"C-{number:06d}" for number in range(1, int(leads.account.max(initial=0)) + 2)])


def accounts_table(leads: Leads, timeline: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    """The canonical accounts: one row a company, from its first lead on."""
    number, first = np.unique(leads.account, return_index=True)
    segment, region = leads.traits.segment[first], leads.traits.region[first]
    employees = np.round(np.array(EMPLOYEES_MEDIAN)[segment] * rng.lognormal(0, 0.5, len(number))).astype(int)
    words = rng.integers(0, [len(_FIRST_WORDS), len(_LAST_WORDS)], (len(number), 2))
    names = [f"{_FIRST_WORDS[a]} {_LAST_WORDS[b]} {n + 1}" for (a, b), n in zip(words, number, strict=True)]
    table = pd.DataFrame(
        {
            "account_id": account_ids(leads)[number],
            "name": names,
            "segment": np.array(SEGMENTS)[segment],
            "industry": np.array(INDUSTRIES)[industry_of(len(number), rng)],
            "region": np.array(REGIONS)[region],
            "employees": employees,
            "created_at": timeline.stamp(leads.created[first]),
        }
    )
    return table[leads.created[first] < timeline.cut].sort_values("created_at", kind="stable", ignore_index=True)


def subscriptions_table(
    leads: Leads, ledger: Ledger, amounts: Amounts, timeline: Timeline, rng: np.random.Generator
) -> pd.DataFrame:
    """The canonical subscriptions: the won amount as twelve months' revenue, and the ends known by the as-of date."""
    won = np.flatnonzero(amounts.end == WON)
    lead = ledger.deal_lead[won]
    started = np.floor(amounts.closed[won]) + rng.integers(1, 15, len(won)).astype(float)
    ended = started + _lifetime_months(leads.traits.segment[lead], rng) * DAYS_PER_MONTH
    margin = np.clip(rng.normal(0.72, 0.05, len(won)), 0.5, 0.9)
    noted = np.full(len(leads) if len(won) else 0, np.nan)
    noted[ledger.lead[ledger.target == WON]] = ledger.recorded[ledger.target == WON]
    known = (started < timeline.cut) & (noted[lead] < timeline.cut)
    table: pd.DataFrame = pd.DataFrame(
        {
            "customer_id": [f"S-{number + 1:05d}" for number in won],
            "account_id": account_ids(leads)[leads.account[lead]],
            "started_at": timeline.stamp(started),
            "ended_at": timeline.stamp(np.where(ended < timeline.cut, np.floor(ended), np.nan)),
            "mrr": np.round(amounts.final[won] / 12, 2),
            "gross_margin": np.round(margin, 3),
        }
    )
    return table.take(np.flatnonzero(known)).sort_values("started_at", kind="stable", ignore_index=True)


def _lifetime_months(segment: np.ndarray[tuple[int], np.dtype[np.int64]], rng: np.random.Generator) -> Floats:
    """Months until churn; each customer has its own rate, so the churn of a cohort slows with time."""
    rate = np.array([profile.churn_per_month for profile in SEGMENT_PROFILES])[segment]
    own = rate * rng.gamma(2.0, 1 / 2.0, len(segment))
    return np.asarray(np.maximum(rng.exponential(1, len(segment)) / np.maximum(own, 1e-6), 1.0))
