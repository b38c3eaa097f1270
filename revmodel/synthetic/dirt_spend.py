"""Faults of spend: other units, totals beside parts, repeated rows, swapped columns, rows that end."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.synthetic.spoil import Fault, Found, Tables, some_rows

__all__ = ["SPEND_FAULTS"]

_THOUSANDS_WEEKS = 6
_MISSING_WEEKS = 26


def _named(spend: pd.DataFrame) -> list[str]:
    return [f"{date} {name}" for date, name in zip(spend["date"], spend["channel"], strict=True)]


def _in_thousands(tables: Tables, as_of: dt.date, _rng: np.random.Generator) -> Found:
    """Some weeks of the largest channel in thousands."""
    spend = tables["spend"]
    end = pd.Timestamp(as_of) - pd.Timedelta(weeks=60)
    dates = pd.to_datetime(spend["date"])
    during = (dates <= end) & (dates > end - pd.Timedelta(weeks=_THOUSANDS_WEEKS))
    rows = spend.index[(spend["channel"] == "paid_search") & during]
    spend.loc[rows, "spend"] /= 1000
    return "spend", _named(spend.loc[rows])


def _missing_spend(tables: Tables, as_of: dt.date, _rng: np.random.Generator) -> Found:
    """The account of a channel is not exported any more."""
    spend = tables["spend"]
    since = pd.Timestamp(as_of) - pd.Timedelta(weeks=_MISSING_WEEKS)
    gone = (spend["channel"] == "outbound") & (pd.to_datetime(spend["date"]) > since)
    tables["spend"] = spend[~gone].reset_index(drop=True)
    return "spend", _named(spend[gone])


def _totals_beside_parts(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """A channel's total, and the campaigns it is the sum of."""
    spend = tables["spend"]
    totals = spend[(spend["channel"] == "content") & (spend["spend"] > 0)]
    share = rng.uniform(0.2, 0.8, len(totals))
    parts = [totals.assign(spend=totals["spend"] * part, campaign=name) for name, part in
             (("always on", share), ("launch", 1 - share))]  # fmt: skip
    tables["spend"] = pd.concat([spend, *parts], ignore_index=True)
    return "spend", _named(totals)


def _repeated_spend(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Rows that a join repeated."""
    spend = tables["spend"]
    again = spend.loc[some_rows(spend[spend["spend"] > 0], 0.03, rng)]
    tables["spend"] = pd.concat([spend, again], ignore_index=True)
    return "spend", _named(again)


def _swapped_columns(tables: Tables, _as_of: dt.date, _rng: np.random.Generator) -> Found:
    """Clicks under impressions and the reverse."""
    spend = tables["spend"]
    rows = spend.index[(spend["channel"] == "paid_search") & (spend["clicks"] < spend["impressions"])]
    spend.loc[rows, ["clicks", "impressions"]] = spend.loc[rows, ["impressions", "clicks"]].to_numpy()
    return "spend", _named(spend.loc[rows])


def _missing_currency(tables: Tables, _as_of: dt.date, rng: np.random.Generator) -> Found:
    """Rows without a currency."""
    spend = tables["spend"]
    rows = some_rows(spend, 0.02, rng)
    spend.loc[rows, "currency"] = None
    return "spend", _named(spend.loc[rows])


SPEND_FAULTS: dict[str, Fault] = {
    "spend_in_thousands": _in_thousands,
    "missing_spend": _missing_spend,
    "totals_beside_parts": _totals_beside_parts,
    "repeated_spend": _repeated_spend,
    "swapped_columns": _swapped_columns,
    "missing_currency": _missing_currency,
}
