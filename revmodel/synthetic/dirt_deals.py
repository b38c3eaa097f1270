"""Faults of deals and their history: amounts, closings, links to leads, owners."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.synthetic.spoil import Fault, Found, Tables, appended, some_rows

__all__ = ["DEAL_FAULTS"]

_ENDS = ("won", "lost")
_CENTS_MONTHS = 2
_BATCH_ROWS = 80


def _amounts_in_cents(tables: Tables, as_of: dt.date, _rng: np.random.Generator) -> Found:
    """Two months of deals in cents, in their history as well."""
    deals, history = tables["deals"], tables["deal_history"]
    end = pd.Timestamp(as_of).replace(day=1) - pd.DateOffset(months=8)
    rows = deals.index[(deals["created_at"] >= end - pd.DateOffset(months=_CENTS_MONTHS)) & (deals["created_at"] < end)]
    deals.loc[rows, "amount"] *= 100
    history.loc[history["deal_id"].isin(deals.loc[rows, "deal_id"]), "amount"] *= 100
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _corrected_units(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Amounts first entered in thousands, and corrected."""
    history = tables["deal_history"]
    again = history[history["deal_id"].duplicated()]
    rows = some_rows(again.drop_duplicates("deal_id"), 0.02, rng, least=5)
    before = history.groupby("deal_id")["amount"].shift()
    history.loc[rows, "amount"] = 1000 * before.loc[rows]
    return "deal_history", history.loc[rows, "deal_id"].tolist()


def _placeholder_amounts(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals worth one euro."""
    deals = tables["deals"]
    rows = some_rows(deals, 0.03, rng)
    deals.loc[rows, "amount"] = 1.0
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _negative_amounts(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Credits booked as deals."""
    deals = tables["deals"]
    rows = some_rows(deals[deals["amount"] > 1], 0.003, rng)
    deals.loc[rows, "amount"] *= -1
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _repeated_deals(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals exported once for every product."""
    deals = tables["deals"]
    again = deals.loc[some_rows(deals[deals["amount"] > 1], 0.03, rng)].copy()
    again["deal_id"] = again["deal_id"] + "-2"
    again["stage"] = None
    tables["deals"] = pd.concat([deals, again], ignore_index=True)
    return "deals", again["deal_id"].tolist()


def _created_closed(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals that were entered when they were won."""
    n = max(20, round(0.06 * len(tables["deals"])))
    ids = [f"D-8{number:05d}" for number in range(n)]
    created = pd.Timestamp(as_of) - pd.to_timedelta(
        rng.integers(40, 400, n) * 86_400 + rng.integers(30_000, 60_000, n), unit="s"
    )
    closed = created + pd.Timedelta(minutes=4)
    deals = pd.DataFrame({"deal_id": ids, "created_at": created, "type": "new", "stage": "won", "channel": "partners"})
    moves = {"record_id": ids, "record_type": "deal", "from_stage": "opportunity", "to_stage": "won"}
    changes = pd.DataFrame(moves | {"changed_at": closed, "recorded_at": closed})
    tables["deals"] = appended(tables["deals"], deals)
    tables["stage_changes"] = appended(tables["stage_changes"], changes)
    return "deals", ids


def _closed_without_history(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Open deals that the CRM shows as lost, without a change that says when."""
    deals = tables["deals"]
    rows = some_rows(deals[~deals["stage"].isin(_ENDS) & deals["stage"].notna()], 0.2, rng)
    deals.loc[rows, "stage"] = "lost"
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _backdated_closes(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """Closes that were recorded a month after the date they bear."""
    changes = tables["stage_changes"]
    old = changes["changed_at"] < pd.Timestamp(as_of) - pd.Timedelta(days=90)
    closes = changes[changes["to_stage"].isin(_ENDS) & (changes["record_type"] == "deal") & old]
    rows = some_rows(closes, 0.12, rng)
    late = pd.to_timedelta(rng.integers(20, 60, len(rows)), unit="D")
    changes.loc[rows, "recorded_at"] = (changes.loc[rows, "changed_at"] + late).astype(changes["recorded_at"].dtype)
    return "stage_changes", changes.loc[rows, "record_id"].tolist()


def _batch_changes(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """A clean-up: closes of the last months, all made in one minute."""
    changes = tables["stage_changes"]
    recent = changes["changed_at"] > pd.Timestamp(as_of) - pd.Timedelta(days=300)
    rows = some_rows(changes[(changes["to_stage"] == "disqualified") & recent], 0.0, rng, least=_BATCH_ROWS)
    minute = pd.Timestamp(as_of) - pd.Timedelta(days=2) + pd.Timedelta(hours=17, minutes=5)
    changes.loc[rows, ["changed_at", "recorded_at"]] = minute
    return "stage_changes", changes.loc[rows, "record_id"].tolist()


def _deals_without_leads(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals that nobody linked to a lead."""
    deals = tables["deals"]
    rows = some_rows(deals, 0.3, rng)
    deals.loc[rows, "lead_id"] = None
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _deals_before_leads(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Deals linked to a contact that was added later."""
    deals, leads = tables["deals"], tables["leads"].drop_duplicates("lead_id").set_index("lead_id")["created_at"]
    linked = deals[deals["lead_id"].isin(leads.index) & (deals["stage"] != "won")]
    rows = some_rows(linked, 0.04, rng, least=8)
    early = leads.loc[deals.loc[rows, "lead_id"]] - pd.to_timedelta(rng.integers(5, 40, len(rows)), unit="D")
    deals.loc[rows, "created_at"] = early.to_numpy()
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _owner_left(tables: Tables, as_of: dt.date, _rng: np.random.Generator) -> Found:
    """All deals of which nothing was recorded for a year belong to somebody who is gone."""
    deals, history, changes = tables["deals"], tables["deal_history"], tables["stage_changes"]
    year_ago = pd.Timestamp(as_of) - pd.Timedelta(days=365)
    busy = set(history.loc[history["recorded_at"] > year_ago, "deal_id"])
    busy |= set(changes.loc[changes["changed_at"] > year_ago, "record_id"].str.strip())
    rows = deals.index[~deals["deal_id"].isin(busy) & (deals["created_at"] < year_ago)]
    deals.loc[rows, "owner"] = "left_the_company"
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _leaking_type(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """A type that is set when a deal is won."""
    deals = tables["deals"]
    rows = some_rows(deals[deals["stage"] == "won"], 0.5, rng)
    deals.loc[rows, "type"] = "customer"
    return "deals", deals.loc[rows, "deal_id"].tolist()


def _ends_before_start(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Subscriptions whose two dates were swapped."""
    subscriptions = tables["subscriptions"]
    rows = some_rows(subscriptions, 0.02, rng)
    before = subscriptions.loc[rows, "started_at"] - pd.Timedelta(days=30)
    subscriptions["ended_at"] = subscriptions["ended_at"].astype(subscriptions["started_at"].dtype)
    subscriptions.loc[rows, "ended_at"] = before
    return "subscriptions", subscriptions.loc[rows, "customer_id"].tolist()


DEAL_FAULTS: dict[str, Fault] = {
    "amounts_in_cents": _amounts_in_cents,
    "corrected_units": _corrected_units,
    "placeholder_amounts": _placeholder_amounts,
    "negative_amounts": _negative_amounts,
    "repeated_deals": _repeated_deals,
    "created_closed": _created_closed,
    "closed_without_history": _closed_without_history,
    "backdated_closes": _backdated_closes,
    "batch_changes": _batch_changes,
    "deals_without_leads": _deals_without_leads,
    "deals_before_leads": _deals_before_leads,
    "owner_left": _owner_left,
    "leaking_type": _leaking_type,
    "ends_before_start": _ends_before_start,
}
