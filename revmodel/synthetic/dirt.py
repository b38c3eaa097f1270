"""The faults that real exports bring, put into clean tables on purpose and written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from revmodel.synthetic.dirt_deals import DEAL_FAULTS
from revmodel.synthetic.dirt_records import RECORD_FAULTS
from revmodel.synthetic.dirt_spend import SPEND_FAULTS
from revmodel.synthetic.spoil import Fault, Found, Tables, some_rows

__all__ = ["FAULTS", "add_dirt"]

CHANNEL_VARIANTS = {
    "paid_search": ("Paid Search", "paid-search", "PAID_SEARCH"),
    "paid_social": ("Paid Social", "paid-social"),
    "webinars": ("Webinars", "webinars "),
}
UNMAPPED_STAGES = ("Discovery Call", "nurture")
EXAMPLES = 20


def add_dirt(
    tables: Tables, as_of: dt.date, rng: np.random.Generator, faults: Iterable[str] = ()
) -> tuple[Tables, pd.DataFrame]:
    """Copies of the tables with the faults named (all of ``FAULTS`` where none is), and a log.

    The log has table, fault, rows, where (≤ 20 examples).
    """
    spoilt = {name: table.copy() for name, table in tables.items()}
    log = []
    for fault in faults or FAULTS:
        table, where = FAULTS[fault](spoilt, as_of, rng)
        log.append({"table": table, "fault": fault, "rows": len(where), "where": ", ".join(where[:EXAMPLES])})
    return spoilt, pd.DataFrame(log)


def _duplicate_leads(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Leads exported twice: half of them the same row, half with another channel."""
    leads = tables["leads"]
    again = leads.loc[some_rows(leads, 0.004, rng, least=6)].copy()
    conflicting = again.index[::2]
    again.loc[conflicting, "channel"] = np.where(again.loc[conflicting, "channel"] == "direct", "organic", "direct")
    tables["leads"] = pd.concat([leads, again], ignore_index=True)
    return "leads", again["lead_id"].tolist()


def _unmapped_stages(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Stage names that no configuration knows."""
    changes = tables["stage_changes"]
    rows = some_rows(changes, 0.001, rng, least=4)
    changes.loc[rows, "to_stage"] = rng.choice(UNMAPPED_STAGES, len(rows))
    return "stage_changes", changes.loc[rows, "record_id"].tolist()


def _channel_variants(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """One channel typed in several ways."""
    leads = tables["leads"]
    candidates = leads[leads["channel"].isin(list(CHANNEL_VARIANTS))]
    rows = some_rows(candidates, 0.05, rng)
    leads.loc[rows, "channel"] = [str(rng.choice(CHANNEL_VARIANTS[name])) for name in leads.loc[rows, "channel"]]
    return "leads", leads.loc[rows, "lead_id"].tolist()


def _closed_before_created(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Wins dated some days before their deal was created."""
    changes, deals = tables["stage_changes"], tables["deals"]
    wins = changes[changes["to_stage"] == "won"]
    rows = some_rows(wins, 0.01, rng)
    created = deals.drop_duplicates("deal_id").set_index("deal_id")["created_at"]
    wrong = created.loc[changes.loc[rows, "record_id"]] - pd.to_timedelta(rng.integers(2, 20, len(rows)), unit="D")
    changes.loc[rows, "changed_at"] = wrong.to_numpy()
    return "stage_changes", changes.loc[rows, "record_id"].tolist()


def _negative_spend(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """A credit note booked as spend."""
    spend = tables["spend"]
    row = some_rows(spend[spend["spend"] > 0], 0.0, rng, least=1)
    spend.loc[row, "spend"] = -spend.loc[row, "spend"]
    return "spend", [
        f"{date} {name}" for date, name in zip(spend.loc[row, "date"], spend.loc[row, "channel"], strict=True)
    ]


def _dates_in_the_future(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """Touches dated after the as-of date: a calendar entry, a wrong clock."""
    touches = tables["touches"]
    rows = some_rows(touches, 0.0002, rng, least=5)
    ahead = pd.to_timedelta(rng.integers(3, 300, len(rows)), unit="D")
    touches.loc[rows, "occurred_at"] = (pd.Timestamp(as_of) + ahead).as_unit("s")
    return "touches", touches.loc[rows, "touch_id"].tolist()


def _orphan_deals(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals whose lead and account are not in the export."""
    deals = tables["deals"]
    rows = some_rows(deals, 0.005, rng)
    deals.loc[rows, "lead_id"] = [f"L-9{number:06d}" for number in range(len(rows))]
    deals.loc[rows, "account_id"] = [f"C-9{number:06d}" for number in range(len(rows))]
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _missing_channels(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Leads without a channel."""
    leads = tables["leads"]
    rows = some_rows(leads, 0.03, rng)
    leads.loc[rows, "channel"] = None
    return "leads", leads.loc[rows, "lead_id"].tolist()


def _ids_with_spaces(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Ids with spaces around them, as pasted from a sheet."""
    changes = tables["stage_changes"]
    rows = some_rows(changes, 0.004, rng)
    clean = changes.loc[rows, "record_id"].tolist()
    changes.loc[rows, "record_id"] = [f" {name}  " for name in clean]
    return "stage_changes", clean


FAULTS: dict[str, Fault] = {
    "duplicate_lead_ids": _duplicate_leads,
    "unmapped_stages": _unmapped_stages,
    "channel_variants": _channel_variants,
    "missing_channels": _missing_channels,
    "closed_before_created": _closed_before_created,
    "negative_spend": _negative_spend,
    "dates_in_the_future": _dates_in_the_future,
    "orphan_deals": _orphan_deals,
    "ids_with_spaces": _ids_with_spaces,
    **RECORD_FAULTS,
    **DEAL_FAULTS,
    **SPEND_FAULTS,
}
