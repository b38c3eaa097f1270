"""The periods that KPIs are told for, and which of them the data cover."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from revmodel.features.fiscal import Grain, period_label, period_of, shifted

__all__ = ["GRAINS", "PER_YEAR", "periods_between"]

GRAINS: tuple[Grain, ...] = ("week", "month", "quarter", "year")
PER_YEAR: dict[Grain, int] = {"week": 52, "month": 12, "quarter": 4, "year": 1}
_COVERED = 0.9  # a first period is told when the data begin within its first tenth


def periods_between(first: dt.date, as_of: dt.date, grain: Grain, fiscal_year_start_month: int = 1) -> pd.DataFrame:
    """Periods from ``first`` to the one that holds ``as_of``, oldest first.

    Columns: period, start, end (its last day), complete (over by the as-of date). A first period of which the data miss
    more than a tenth is left out, for it would look like growth; the period that holds the as-of date never is.
    """
    ends = period_of(pd.Series(pd.to_datetime([first, as_of])), grain, fiscal_year_start_month)
    starts = [ends[0]]
    while starts[-1] < ends[1]:
        starts.append(shifted(starts[-1], grain, 1))
    lasts = [shifted(start, grain, 1) - pd.Timedelta(days=1) for start in starts]
    missed = (pd.Timestamp(first).normalize() - starts[0]).days / ((lasts[0] - starts[0]).days + 1)
    table = pd.DataFrame(
        {
            "period": [period_label(start, grain, fiscal_year_start_month) for start in starts],
            "start": pd.DatetimeIndex(starts).as_unit("us"),
            "end": pd.DatetimeIndex(lasts).as_unit("us"),
        }
    )
    table["complete"] = table["end"] <= pd.Timestamp(as_of)
    return table.iloc[1 if missed > 1 - _COVERED and len(table) > 1 else 0 :].reset_index(drop=True)
