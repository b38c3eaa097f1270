"""Features made by hand, for forecasters that read nothing else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from revmodel.features.tables import Features, Groups, HazardCells, OpenRecords, WeeklyPanel, WonDeals

AS_OF = dt.date(2026, 9, 30)


def features_of(weekly: dict[str, np.ndarray], as_of: dt.date = AS_OF) -> Features:
    """Features whose realised totals by week are ``weekly``: metric → (week,), oldest first, ending on ``as_of``."""
    longest = max(len(values) for values in weekly.values())
    weeks = pd.date_range(end=pd.Timestamp(as_of), periods=longest, freq="7D")
    realised = pd.concat(
        pd.DataFrame({"metric": metric, "date": weeks[-len(values) :], "value": np.asarray(values, dtype=float)})
        for metric, values in weekly.items()
    ).assign(channel="paid_search", segment="all")
    realised = realised[realised["value"] != 0]  # an event that did not happen has no row
    empty = pd.DataFrame(index=weeks)
    return Features(
        as_of=as_of,
        cells=HazardCells(pd.DataFrame(), pd.DataFrame(), (), Groups.of(pd.DataFrame())),
        open_records=OpenRecords(pd.DataFrame()),
        won_deals=WonDeals(pd.DataFrame({"won_at": pd.to_datetime([]), "amount": np.array([])})),
        panel=WeeklyPanel(empty, empty, empty, empty),
        realised=realised.reset_index(drop=True),
    )
