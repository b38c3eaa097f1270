"""Faults of leads, touches and names: imports, tests, lost tracking, repeated activities, shifted clocks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.synthetic.spoil import Fault, Found, Tables, appended, some_rows

__all__ = ["RECORD_FAULTS"]

_BREAK_WEEKS = 30  # since when a channel's leads come under another name
_SHIFT_HOURS = 9


def _near_spellings(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """A slip of the finger in a channel's name."""
    leads = tables["leads"]
    rows = some_rows(leads[leads["channel"] == "webinars"], 0.015, rng)
    leads.loc[rows, "channel"] = "webnars"
    return "leads", leads.loc[rows, "lead_id"].tolist()


def _region_variants(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Regions typed in capitals."""
    leads = tables["leads"]
    rows = some_rows(leads, 0.1, rng)
    leads.loc[rows, "region"] = leads.loc[rows, "region"].str.upper()
    return "leads", leads.loc[rows, "lead_id"].tolist()


def _broken_tracking(tables: Tables, as_of: dt.date, _rng: np.random.Generator) -> Found:
    """The tracking code of a channel is lost: its leads come as 'direct', while its spend goes on."""
    leads = tables["leads"]
    since = pd.Timestamp(as_of) - pd.Timedelta(weeks=_BREAK_WEEKS)
    rows = leads.index[leads["channel"].isin(["paid_search", "Paid Search", "paid-search", "PAID_SEARCH"])]
    rows = rows[leads.loc[rows, "created_at"] > since]
    leads.loc[rows, "channel"] = "direct"
    return "leads", leads.loc[rows, "lead_id"].tolist()


def _bulk_import(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """A bought list, imported in one minute."""
    leads = tables["leads"]
    n = max(100, round(0.08 * len(leads)))
    minute = pd.Timestamp(as_of) - pd.Timedelta(days=200) + pd.Timedelta(hours=10, minutes=31)
    ids = [f"L-8{number:06d}" for number in range(n)]
    rows = pd.DataFrame({
        "lead_id": ids, "created_at": minute + pd.to_timedelta(rng.integers(0, 60, n), unit="s"),
        "channel": "partners", "region": rng.choice(["amer", "emea"], n),
        "segment": rng.choice(["smb", "enterprise"], n),
    })  # fmt: skip
    tables["leads"] = appended(leads, rows)
    return "leads", ids


def _test_records(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Accounts that colleagues made to try something."""
    accounts = tables["accounts"]
    rows = some_rows(accounts, 0.015, rng)
    accounts.loc[rows, "name"] = [f"Test Account {number}" for number in range(len(rows))]
    return "accounts", accounts.loc[rows, "account_id"].tolist()


def _default_dates(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Accounts whose date of creation is the system's zero."""
    accounts = tables["accounts"]
    rows = some_rows(accounts, 0.002, rng)
    accounts.loc[rows, "created_at"] = pd.Timestamp("1970-01-01").as_unit("s")
    return "accounts", accounts.loc[rows, "account_id"].tolist()


def _repeated_activities(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Activities exported once for every company of the person."""
    touches = tables["touches"]
    again = touches.loc[some_rows(touches, 0.06, rng)].copy()
    again["touch_id"] = again["touch_id"] + "-2"
    tables["touches"] = pd.concat([touches, again], ignore_index=True)
    return "touches", again["touch_id"].tolist()


def _shifted_clock(tables: Tables, _as_of: dt.date, _rng: np.random.Generator) -> Found:
    """A source that writes its own local time."""
    touches = tables["touches"]
    rows = touches.index[touches["channel"] == "webinars"]
    touches.loc[rows, "occurred_at"] = touches.loc[rows, "occurred_at"] + pd.Timedelta(hours=_SHIFT_HOURS)
    return "touches", touches.loc[rows, "touch_id"].tolist()


def _merge_cycles(tables: Tables, as_of: dt.date, rng: np.random.Generator) -> Found:
    """Two leads, each merged into the other."""
    first, second = tables["leads"].loc[some_rows(tables["leads"], 0.0, rng, least=2), "lead_id"]
    at = pd.Timestamp(as_of) - pd.Timedelta(days=40)
    tables["merges"] = pd.DataFrame({
        "from_id": [first, second], "into_id": [second, first], "merged_at": [at, at + pd.Timedelta(days=3)],
        "record_type": "lead",
    })  # fmt: skip
    return "merges", [first, second]


RECORD_FAULTS: dict[str, Fault] = {
    "near_spellings": _near_spellings,
    "region_variants": _region_variants,
    "broken_tracking": _broken_tracking,
    "bulk_import": _bulk_import,
    "test_records": _test_records,
    "default_dates": _default_dates,
    "repeated_activities": _repeated_activities,
    "shifted_clock": _shifted_clock,
    "merge_cycles": _merge_cycles,
}
