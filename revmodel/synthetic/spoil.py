"""What the functions that spoil tables share: their types, and random rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["Fault", "Found", "Tables", "appended", "some_rows"]

Tables = dict[str, pd.DataFrame]
Found = tuple[str, list[str]]  # the table, and the ids or dates of the rows
Fault = Callable[[Tables, dt.date, np.random.Generator], Found]


def some_rows(table: pd.DataFrame, share: float, rng: np.random.Generator, least: int = 3) -> pd.Index:
    """Random row labels, in order."""
    size = min(max(least, round(len(table) * share)), len(table))
    return table.index[np.sort(rng.choice(len(table), size, replace=False))]


def appended(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with more rows; columns that these lack are empty there, in the table's types."""
    more = rows.reindex(columns=table.columns).astype(table.dtypes.to_dict())
    return pd.concat([table, more], ignore_index=True)
